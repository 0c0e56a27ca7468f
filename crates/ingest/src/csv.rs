//! CSV: RFC 4180 with a header, columns in any order, an empty cell is null.

use std::borrow::Cow;

use project::Contract;

use crate::body::Text;
use crate::cell::Cell;
use crate::judge::Judge;
use crate::records::{Block, Framing, Records};
use crate::rows::Rows;
use crate::{IngestError, Limits, header, row_text};

/// Why a record is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Broken {
    NotUtf8,
    StrayQuote,
    OpenQuote,
    Cells { expected: usize, found: usize },
}

impl Broken {
    fn message(&self) -> project::Text {
        let (vi, en) = match self {
            Self::NotUtf8 => ("dòng không phải UTF-8", "the row is not UTF-8"),
            Self::StrayQuote => (
                "dấu ngoặc kép đặt sai chỗ; ô có dấu ngoặc kép phải nằm trong ngoặc kép",
                "a quote stands in the wrong place; a cell with quotes must itself be quoted",
            ),
            Self::OpenQuote => (
                "dấu ngoặc kép không được đóng",
                "a quote is opened and not closed",
            ),
            Self::Cells { expected, found } => {
                return project::Text {
                    vi: format!("dòng có {found} ô, tiêu đề có {expected} cột"),
                    en: format!("the row has {found} cells, the header has {expected} columns"),
                };
            }
        };
        project::Text {
            vi: vi.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// Checks a CSV body.
pub(crate) fn check(
    text: Text,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    // The header is row 0, so that the row behind it is row 1.
    let mut records = Records::new(text, Framing::Csv, limits, 0);
    let mut block = Block::default();
    records.fill(&mut block, 1)?;
    let names = header_names(block.record(0))?;
    let places = header::places(&names, contract, limits)?;
    loop {
        records.fill(&mut block, limits.batch_rows)?;
        if block.len() == 0 {
            return Ok(());
        }
        let mut rows = Rows::new(contract, limits, block.len());
        let mut cells = Vec::with_capacity(names.len());
        let mut ordered = vec![Cell::Null; contract.columns.len()];
        for (row, record) in (block.first_row..).zip(block.records()) {
            match split(record, names.len(), &mut cells) {
                Ok(()) => {
                    for (place, cell) in places.iter().zip(cells.drain(..)) {
                        ordered[*place] = cell;
                    }
                    rows.push(row, &ordered, &[])?;
                }
                Err(broken) => {
                    let text = String::from_utf8_lossy(record);
                    rows.malformed(row, broken.message(), row_text::fragment(&text));
                }
            }
        }
        judge.decide(rows.finish(), &|row, masked| {
            let record = block.record(usize::try_from(row - block.first_row).unwrap_or(usize::MAX));
            let mut cells = Vec::new();
            // It could be split before.
            let _split = split(record, names.len(), &mut cells);
            row_text::object(names.iter().map(String::as_str).zip(&cells), masked)
        })?;
    }
}

fn header_names(record: &[u8]) -> Result<Vec<String>, IngestError> {
    let refuse = |message: &str| {
        let hint = "Send UTF-8 text whose first line names the columns, separated by `,`.";
        Err(IngestError::refused("malformed", Vec::new(), message, hint))
    };
    if record.is_empty() {
        return refuse("the body is empty: it has no header");
    }
    let Ok(text) = std::str::from_utf8(record) else {
        return refuse("the header is not UTF-8");
    };
    let mut cells = Vec::new();
    if split_cells(text, &mut cells).is_err() {
        return refuse("the header is broken: a quote is not closed or in the wrong place");
    }
    Ok(cells
        .iter()
        .map(|cell| cell.shown().unwrap_or_default().to_owned())
        .collect())
}

fn split<'a>(record: &'a [u8], expected: usize, cells: &mut Vec<Cell<'a>>) -> Result<(), Broken> {
    cells.clear();
    let text = std::str::from_utf8(record).map_err(|_| Broken::NotUtf8)?;
    split_cells(text, cells)?;
    let found = cells.len();
    if found == expected {
        Ok(())
    } else {
        Err(Broken::Cells { expected, found })
    }
}

fn split_cells<'a>(record: &'a str, cells: &mut Vec<Cell<'a>>) -> Result<(), Broken> {
    let mut rest = record;
    loop {
        let (cell, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => {
                let (cell, behind) = match rest.split_once(',') {
                    Some((cell, behind)) => (cell, Some(behind)),
                    None => (rest, None),
                };
                if cell.contains('"') {
                    return Err(Broken::StrayQuote);
                }
                (Cow::Borrowed(cell), behind)
            }
        };
        cells.push(if cell.is_empty() {
            Cell::Null
        } else {
            Cell::Text(cell)
        });
        match behind {
            Some(behind) => rest = behind,
            None => return Ok(()),
        }
    }
}

/// The cell whose opening quote was just passed, and what lies behind the comma that ends it.
fn quoted_cell(text: &str) -> Result<(Cow<'_, str>, Option<&str>), Broken> {
    let mut from = 0;
    let mut doubled = false;
    loop {
        let close = from + text[from..].find('"').ok_or(Broken::OpenQuote)?;
        let behind = &text[close + 1..];
        if behind.starts_with('"') {
            doubled = true;
            from = close + 2;
            continue;
        }
        let cell = &text[..close];
        let cell = if doubled {
            cell.replace("\"\"", "\"").into()
        } else {
            cell.into()
        };
        return match behind.strip_prefix(',') {
            Some(behind) => Ok((cell, Some(behind))),
            None if behind.is_empty() => Ok((cell, None)),
            None => Err(Broken::StrayQuote),
        };
    }
}

#[cfg(test)]
mod tests;
