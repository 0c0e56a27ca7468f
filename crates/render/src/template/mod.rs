//! The form of a dataset: a workbook made from its contract, which an agency fills in and sends
//! back as a submission.
//!
//! The first sheet takes the rows: a header of labels, and for every column a format and, where a
//! spreadsheet can say it, a rule. What a sheet allows is never stricter than the contract and often more
//! lenient; the judgement is made when the file is received. A second sheet explains the columns, a
//! hidden one holds the codes, and a very hidden one the [`Stamp`], by which the reader of
//! submissions knows the form again. Nothing is a formula but the places of code lists, nothing is
//! protected, and the same contract gives the same bytes.

mod codes;
mod column;
mod guide;
mod rules;
mod words;

use project::{Check, Column, Contract, Rule, Stamp};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};

use crate::RenderError;
use codes::Codes;

/// The sheet that takes the rows.
const ROWS: &str = "Dữ liệu";
/// The sheet that explains the columns.
const GUIDE: &str = "Hướng dẫn";
/// The hidden sheet of codes.
const CODES: &str = "Danh mục";

/// Headers of columns that must be filled in.
const REQUIRED: &str = "#FFE699";
/// Headers of the others.
const OPTIONAL: &str = "#DDEBF7";

const MADE_BY: &str = concat!("dtm ", env!("CARGO_PKG_VERSION"));

/// A code that a column may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCode {
    /// The code.
    pub code: String,
    /// What it stands for, in Vietnamese.
    pub name: String,
}

/// The codes of a list by its name, in the order in which they are offered; none for a list that is
/// not known.
pub type CodeLists<'l> = &'l dyn Fn(&str) -> Option<Vec<ListedCode>>;

/// The form of a contract's dataset as XLSX.
pub fn template(contract: &Contract, lists: CodeLists<'_>) -> Result<Vec<u8>, RenderError> {
    let mut workbook = Workbook::new();
    // The form says when its contract was made, by its hash; a clock would make it another file
    // every time.
    let epoch = ExcelDateTime::from_timestamp(0)?;
    let properties = DocProperties::new()
        .set_title(&contract.title.vi)
        .set_creation_datetime(&epoch);
    workbook.set_properties(&properties);
    let codes = Codes::of(contract, lists);
    let looks = Looks::new();
    column::fill(
        named(workbook.add_worksheet(), ROWS)?,
        contract,
        &codes,
        &looks,
    )?;
    guide::fill(
        named(workbook.add_worksheet(), GUIDE)?,
        contract,
        &codes,
        &looks,
    )?;
    if !codes.is_empty() {
        let sheet = named(workbook.add_worksheet(), CODES)?;
        codes.fill(sheet, &looks)?;
        sheet.set_hidden(true);
    }
    let sheet = named(workbook.add_worksheet(), Stamp::SHEET)?;
    for (row, (key, value)) in (0..).zip(Stamp::of(contract, ROWS, MADE_BY).lines()) {
        sheet.write_string(row, 0, key)?;
        sheet.write_string_with_format(row, 1, value, &looks.text)?;
    }
    sheet.set_very_hidden(true);
    Ok(workbook.save_to_buffer()?)
}

fn named<'w>(sheet: &'w mut Worksheet, name: &str) -> Result<&'w mut Worksheet, RenderError> {
    Ok(sheet.set_name(name)?)
}

/// The formats of cells.
struct Looks {
    title: Format,
    required: Format,
    optional: Format,
    text: Format,
    wrapped: Format,
}

impl Looks {
    fn new() -> Self {
        let head = |color: &str| {
            Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_border(FormatBorder::Thin)
                .set_background_color(color)
        };
        Self {
            title: Format::new().set_bold().set_font_size(14),
            required: head(REQUIRED),
            optional: head(OPTIONAL),
            text: Format::new().set_num_format("@"),
            wrapped: Format::new()
                .set_num_format("@")
                .set_text_wrap()
                .set_align(FormatAlign::Top),
        }
    }

    fn head(&self, column: &Column) -> &Format {
        if column.required {
            &self.required
        } else {
            &self.optional
        }
    }
}

/// The rules that speak of a column and of nothing else.
fn rules_of<'c>(contract: &'c Contract, column: &Column) -> impl Iterator<Item = &'c Rule> {
    let rules = contract.rules.iter();
    rules.filter(move |rule| rule.column.as_deref() == Some(&column.name))
}

/// The code list that a column's values are from.
fn list_of<'c>(contract: &'c Contract, column: &Column) -> Option<(&'c str, &'c Rule)> {
    rules_of(contract, column).find_map(|rule| match &rule.check {
        Check::CodeList(list) => Some((list.as_str(), rule)),
        _ => None,
    })
}

/// What a column means, in Vietnamese if the contract says it.
fn meaning(column: &Column) -> &str {
    match column.description_vi.as_str() {
        "" => &column.description,
        vi => vi,
    }
}

#[cfg(test)]
mod tests;
