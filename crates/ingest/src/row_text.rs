//! A refused row as quarantine keeps it: JSON, what looks like personal data masked.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::cell::{self, Cell, quoted};
use crate::personal::{looks_personal, mask};

/// Instants are shown in civil time.
const CIVIL_OFFSET: &str = "+07:00";

/// A row that could not be read keeps at most so many characters.
const FRAGMENT_CHARS: usize = 2_000;

/// The fields as a JSON object, in the order in which they came. `masked` names the columns whose
/// values are hidden whatever they look like.
pub(crate) fn object<'a>(
    fields: impl Iterator<Item = (&'a str, &'a Cell<'a>)>,
    masked: &dyn Fn(&str) -> bool,
) -> String {
    let mut text = String::from("{");
    for (name, cell) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text += &if shows_personal(name) {
            quoted(&mask(name))
        } else {
            quoted(name)
        };
        text.push(':');
        text += &match cell.shown() {
            Some(value) if masked(name) || shows_personal(value) => quoted(&mask(value)),
            _ => cell.json(),
        };
    }
    text.push('}');
    text
}

/// A row that has no fields, as a JSON string.
pub(crate) fn fragment(row: &str) -> String {
    if shows_personal(row) {
        return quoted(&mask(row));
    }
    match row.char_indices().nth(FRAGMENT_CHARS) {
        Some((end, _)) => quoted(&row[..end]),
        None => quoted(row),
    }
}

/// Whether the text looks like personal data, as it stands or as JSON would be read: whoever sees
/// `\u0030912345678` sees the number.
fn shows_personal(text: &str) -> bool {
    if looks_personal(text) {
        return true;
    }
    let mut parts = text.split("\\u");
    let mut read = parts.next().unwrap_or_default().to_owned();
    if read.len() == text.len() {
        return false;
    }
    for part in parts {
        let code = part.get(..4).map(|code| u32::from_str_radix(code, 16));
        match code.and_then(Result::ok) {
            Some(code) => {
                read.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                read.push_str(&part[4..]);
            }
            None => read.push_str(part),
        }
    }
    looks_personal(&read)
}

/// A row of a batch as a JSON object.
pub(crate) fn of_batch(batch: &RecordBatch, slot: usize, masked: &dyn Fn(&str) -> bool) -> String {
    let schema = batch.schema();
    let texts: Vec<Option<String>> = batch.columns().iter().map(|c| shown(c, slot)).collect();
    let cells: Vec<Cell<'_>> = batch
        .columns()
        .iter()
        .zip(&texts)
        .map(|(column, text)| match (text, column.data_type()) {
            (None, _) => Cell::Null,
            (Some(_), DataType::Boolean) => Cell::Bool(column.as_boolean().value(slot)),
            (Some(text), of) if of.is_numeric() && cell::float64(text).is_ok() => {
                Cell::Number(text)
            }
            (Some(text), _) => Cell::Text(text.into()),
        })
        .collect();
    object(
        schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .zip(&cells),
        masked,
    )
}

/// A value as people are shown it; none for null.
pub(crate) fn shown(array: &dyn Array, slot: usize) -> Option<String> {
    if array.is_null(slot) {
        return None;
    }
    if let DataType::Timestamp(unit, Some(zone)) = array.data_type()
        && **zone != *CIVIL_OFFSET
    {
        let civil = DataType::Timestamp(*unit, Some(CIVIL_OFFSET.into()));
        return shown(&cast(&array.slice(slot, 1), &civil).ok()?, 0);
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options).ok()?;
    formatter.value(slot).try_to_string().ok()
}

#[cfg(test)]
mod tests;
