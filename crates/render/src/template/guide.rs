//! The sheet that explains the columns.

use project::Contract;
use rust_xlsxwriter::Worksheet;

use super::codes::Codes;
use super::column::header;
use super::{Looks, list_of, meaning, rules_of, words};
use crate::RenderError;
use crate::sheet::fitted;

const HEADS: [(&str, f64); 8] = [
    (words::LABEL, 26.0),
    (words::NAME, 24.0),
    (words::TYPE, 26.0),
    (words::REQUIRED, 16.0),
    (words::MEANING, 44.0),
    (words::RULES, 48.0),
    (words::RULES_EN, 48.0),
    (words::LIST, 36.0),
];

/// Writes what the dataset is, how the form is filled in, and a line for every column.
pub(super) fn fill(
    sheet: &mut Worksheet,
    contract: &Contract,
    codes: &Codes,
    looks: &Looks,
) -> Result<(), RenderError> {
    let title = format!(
        "{} ({} {})",
        contract.title.vi, contract.dataset, contract.version
    );
    sheet.write_string_with_format(0, 0, fitted(&title).0, &looks.title)?;
    let mut row = 1;
    let purpose = [contract.purpose.vi.as_str(), &contract.limitations_vi];
    for line in purpose.into_iter().chain(words::HOW) {
        if !line.is_empty() {
            sheet.write_string(row, 0, fitted(line).0)?;
            row += 1;
        }
    }
    row += 1;
    for (place, (head, width)) in (0..).zip(HEADS) {
        sheet.write_string_with_format(row, place, head, &looks.optional)?;
        sheet.set_column_width(place, width)?;
    }
    for column in &contract.columns {
        row += 1;
        let told = |of: fn(&project::Text) -> &str| {
            let rules = rules_of(contract, column).map(|rule| of(&rule.message));
            rules.collect::<Vec<_>>().join("\n")
        };
        let list = list_of(contract, column).map(|(list, _)| match codes.place(list) {
            Some(_) => words::offered(list),
            None => words::not_offered(list, codes.too_long(list)),
        });
        let cells = [
            header(contract, column).to_owned(),
            column.name.clone(),
            words::kind(column.column_type),
            words::required(column.required).to_owned(),
            meaning(column).to_owned(),
            told(|text| &text.vi),
            told(|text| &text.en),
            list.unwrap_or_default(),
        ];
        for (place, cell) in (0..).zip(cells) {
            let look = match place {
                0 => looks.head(column),
                _ => &looks.wrapped,
            };
            sheet.write_string_with_format(row, place, fitted(&cell).0, look)?;
        }
    }
    row += 2;
    let mut whole = contract
        .rules
        .iter()
        .filter(|rule| rule.column.is_none())
        .peekable();
    if whole.peek().is_some() {
        sheet.write_string_with_format(row, 0, words::WHOLE_ROWS, &looks.title)?;
    }
    for rule in whole {
        row += 1;
        sheet.write_string(row, 0, fitted(&rule.message.vi).0)?;
        sheet.write_string(row, 6, fitted(&rule.message.en).0)?;
    }
    Ok(())
}
