//! The sheet that takes the rows.

use std::collections::BTreeSet;

use project::{Column, ColumnType, Contract};
use rust_xlsxwriter::{Format, Note, Worksheet};

use super::codes::Codes;
use super::{Looks, list_of, meaning, rules, rules_of, words};
use crate::RenderError;
use crate::sheet::cut;

/// The last row of a sheet, from 0.
const LAST_ROW: u32 = 1_048_575;

/// How wide columns are, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 14..=40;

const HEADER_HEIGHT: f64 = 34.0;

/// Characters of a note; nobody reads a longer one, and the guide has all of it.
const NOTE_CHARACTERS: usize = 2_000;

/// The size of a note in pixels.
const NOTE: (u32, u32) = (360, 220);

/// Writes the header, and for every column its format and its rule.
pub(super) fn fill(
    sheet: &mut Worksheet,
    contract: &Contract,
    codes: &Codes,
    looks: &Looks,
) -> Result<(), RenderError> {
    for (place, column) in (0..).zip(&contract.columns) {
        let header = header(contract, column);
        let look = Format::new().set_num_format(number_format(column.column_type));
        sheet.set_column_format(place, &look)?;
        let width = header.chars().count() + 4;
        sheet.set_column_width(place, width.clamp(*WIDTHS.start(), *WIDTHS.end()) as f64)?;
        sheet.write_string_with_format(0, place, header, looks.head(column))?;
        let note = Note::new(cut(&note(contract, column, codes), NOTE_CHARACTERS))
            .add_author_prefix(false)
            .set_width(NOTE.0)
            .set_height(NOTE.1);
        sheet.insert_note(0, place, &note)?;
        let rule = rules::rule(contract, column, codes)?;
        sheet.add_data_validation(1, place, LAST_ROW, place, &rule)?;
    }
    sheet.set_row_height(0, HEADER_HEIGHT)?;
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// The header of a column: its label, unless that may also mean another column.
pub(super) fn header<'c>(contract: &'c Contract, column: &'c Column) -> &'c str {
    let names = |column: &'c Column| {
        let Column { name, label, .. } = column;
        BTreeSet::from([name.as_str(), label.vi.trim(), label.en.trim()])
    };
    let clear = |header: &&str| {
        let header = header.trim();
        let mut others = contract
            .columns
            .iter()
            .filter(|other| other.name != column.name);
        !header.is_empty() && !others.any(|other| names(other).contains(header))
    };
    let Column { name, label, .. } = column;
    let mut headers = [label.vi.as_str(), name, &label.en].into_iter();
    headers.find(clear).unwrap_or(name)
}

/// What is said of a column when the pointer rests on its header.
fn note(contract: &Contract, column: &Column, codes: &Codes) -> String {
    let mut lines = vec![
        format!("{} ({})", column.label.vi, column.name),
        words::required(column.required).to_owned(),
        words::kind(column.column_type),
        meaning(column).to_owned(),
    ];
    let rules = rules_of(contract, column);
    lines.extend(rules.map(|rule| format!("• {}", rule.message.vi)));
    if let Some((list, _)) = list_of(contract, column)
        && codes.place(list).is_none()
    {
        lines.push(words::not_offered(list, codes.too_long(list)));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn number_format(column_type: ColumnType) -> String {
    match column_type {
        ColumnType::String => "@".to_owned(),
        ColumnType::Int32 | ColumnType::Int64 | ColumnType::Decimal(_, 0) => "#,##0".to_owned(),
        ColumnType::Decimal(_, scale) => format!("#,##0.{}", "0".repeat(scale.min(30).into())),
        ColumnType::Float64 | ColumnType::Boolean => "General".to_owned(),
        ColumnType::Date => "dd/mm/yyyy".to_owned(),
        ColumnType::Timestamp => "dd/mm/yyyy hh:mm:ss".to_owned(),
    }
}
