//! Verdicts put together to rows: notes, then the cells as they were received.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use project::{ColumnType, Contract};
use render::Language;
use serde_json::value::RawValue;
use service::QuarantineFormat;

use crate::system::own;

/// The columns of the cells.
pub(crate) struct Columns {
    /// Names, and whether the column is one of numbers.
    cells: Vec<(String, bool)>,
    /// Whether the rows have fields of their own instead.
    foreign: bool,
}

/// A refused row, as far as its verdicts were read.
struct Row {
    number: i64,
    rules: Vec<String>,
    messages: Vec<String>,
    /// Columns whose value could not be read.
    unread: Vec<String>,
    text: String,
}

/// Verdicts in, rows out.
pub(crate) struct Rows {
    columns: Columns,
    format: QuarantineFormat,
    language: Language,
    with_text: bool,
    open: Option<Row>,
}

impl Columns {
    /// Those of the contract; none if the rows have fields of their own.
    pub(crate) fn of(contract: Option<&Contract>) -> Self {
        let number = |of| {
            use ColumnType::{Decimal, Float64, Int32, Int64};
            matches!(of, Int32 | Int64 | Float64 | Decimal(..))
        };
        let cells = contract.into_iter().flat_map(|contract| &contract.columns);
        let cells = cells.map(|c| (c.name.clone(), number(c.column_type)));
        Self {
            cells: cells.collect(),
            foreign: contract.is_none(),
        }
    }
}

impl Rows {
    pub(crate) fn new(columns: Columns, format: QuarantineFormat, language: Language) -> Self {
        Self {
            with_text: columns.foreign,
            columns,
            format,
            language,
            open: None,
        }
    }

    /// Some rows have no cells: there is a column for them as they stand.
    pub(crate) fn with_text(&mut self, fragments: bool) {
        self.with_text |= fragments;
    }

    /// The columns of the file.
    pub(crate) fn schema(&self) -> SchemaRef {
        let [number, rules, message, text] = ingest::NOTES;
        let of = |name: &str, of: DataType| Field::new(name, of, true);
        let mut fields = vec![
            of(number, DataType::Int64),
            of(rules, DataType::Utf8),
            of(message, DataType::Utf8),
        ];
        if self.with_text {
            fields.push(of(text, DataType::Utf8));
        }
        let cells = self.columns.cells.iter();
        fields.extend(cells.map(|(name, _)| of(name, DataType::Utf8)));
        Arc::new(Schema::new(fields))
    }

    /// Takes verdicts in the order of rows; gives the rows that are complete.
    pub(crate) fn take(&mut self, verdicts: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut complete = Vec::new();
        for at in 0..verdicts.num_rows() {
            let number = own::integer_at(verdicts, 0, at).unwrap_or_default();
            if self.open.as_ref().is_some_and(|open| open.number != number) {
                complete.extend(self.open.take());
            }
            let row = self.open.get_or_insert_with(|| Row {
                number,
                rules: Vec::new(),
                messages: Vec::new(),
                unread: Vec::new(),
                text: own::text_at(verdicts, 5, at).unwrap_or_default(),
            });
            row.add(verdicts, at, self.language);
        }
        self.written(&complete)
    }

    /// The last row.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let last: Vec<Row> = self.open.take().into_iter().collect();
        self.written(&last)
    }

    fn written(&self, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
        let text = |of: &dyn Fn(&Row) -> Option<String>| -> ArrayRef {
            let texts = rows.iter().map(|row| of(row).map(|text| self.safe(text)));
            Arc::new(texts.collect::<StringArray>())
        };
        let numbers = rows.iter().map(|row| row.number);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(numbers)),
            text(&|row| Some(row.rules.join(", "))),
            text(&|row| Some(row.messages.join("; "))),
        ];
        let fields: Vec<Fields<'_>> = rows.iter().map(|row| row.fields()).collect();
        if self.with_text {
            let bare = |row: &Row| self.columns.foreign || row.fields().is_none();
            columns.push(text(&|row| bare(row).then(|| row.bare())));
        }
        for (name, number) in &self.columns.cells {
            let cells = rows.iter().zip(&fields).map(|(row, fields)| {
                let cell = cell(fields.as_ref()?.get(name.as_str())?)?;
                let read = *number && !row.unread.contains(name);
                Some(self.safe(if read { with_point(cell) } else { cell }))
            });
            columns.push(Arc::new(cells.collect::<StringArray>()));
        }
        RecordBatch::try_new(self.schema(), columns)
    }

    /// The text as a cell that no spreadsheet takes for a formula.
    fn safe(&self, text: String) -> String {
        match self.format {
            QuarantineFormat::Csv => ingest::guarded(&text).into_owned(),
            // Text is text there.
            QuarantineFormat::Xlsx => text,
        }
    }
}

type Fields<'r> = Option<BTreeMap<Cow<'r, str>, &'r RawValue>>;

impl Row {
    fn add(&mut self, verdicts: &RecordBatch, at: usize, language: Language) {
        let rule = own::text_at(verdicts, 2, at).unwrap_or_default();
        let message = match language {
            Language::Vi => own::text_at(verdicts, 3, at),
            Language::En => own::text_at(verdicts, 4, at),
        };
        let message = message.unwrap_or_default();
        if let Some(column) = own::text_at(verdicts, 1, at)
            && rule == "type"
        {
            self.unread.push(column);
        }
        for (list, word) in [(&mut self.rules, rule), (&mut self.messages, message)] {
            if !list.contains(&word) {
                list.push(word);
            }
        }
    }

    /// The fields; none if the row could not be read as one.
    fn fields(&self) -> Fields<'_> {
        serde_json::from_str(&self.text).ok()
    }

    /// The row as it stands.
    fn bare(&self) -> String {
        let fragment = serde_json::from_str::<String>(&self.text);
        fragment.unwrap_or_else(|_| self.text.clone())
    }
}

/// The cell as it was received; none for null.
fn cell(value: &RawValue) -> Option<String> {
    match value.get() {
        "null" => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        other => Some(other.to_owned()),
    }
}

/// A number that was read with a decimal comma, as this file writes numbers.
fn with_point(text: String) -> String {
    match text.split_once(',') {
        Some((whole, fraction)) if !text.contains('.') && !fraction.contains(',') => {
            format!("{whole}.{fraction}")
        }
        _ => text,
    }
}
