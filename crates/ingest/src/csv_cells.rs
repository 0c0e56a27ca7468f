//! A CSV record cut into cells: RFC 4180 with any delimiter and any quote or none.

use std::borrow::Cow;

use crate::Charset;
use crate::cell::Cell;
use crate::records::Marks;
use crate::words;

/// Why a record is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    Undecodable(Charset),
    StrayQuote,
    OpenQuote,
    Cells { expected: usize, found: usize },
    HeaderAgain,
}

impl Broken {
    pub(crate) fn message(&self) -> project::Text {
        let (vi, en) = match self {
            Self::Undecodable(charset) => return charset.undecodable("row"),
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
            Self::HeaderAgain => ("dòng lặp lại tiêu đề", "the row is the header once more"),
        };
        project::Text {
            vi: vi.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// The cells of a record; an empty one is null.
pub(crate) fn split<'a>(
    record: &'a str,
    marks: Marks,
    cells: &mut Vec<Cell<'a>>,
) -> Result<(), Broken> {
    let delimiter = char::from(marks.delimiter);
    let has = |quote: &u8| memchr::memchr(*quote, record.as_bytes()).is_some();
    match marks.quote.filter(has).map(char::from) {
        None => {
            split_plain(record, marks.delimiter, cells);
            Ok(())
        }
        Some('"') if delimiter == ',' => split_quoted(record, ',', '"', cells),
        Some(quote) => split_quoted(record, delimiter, quote, cells),
    }
}

/// Cuts at every delimiter, which is ASCII.
fn split_plain<'a>(record: &'a str, delimiter: u8, cells: &mut Vec<Cell<'a>>) {
    let mut start = 0;
    words::each(record.as_bytes(), delimiter, |end| {
        cells.push(cell_of(record[start..end].into()));
        start = end + 1;
    });
    cells.push(cell_of(record[start..].into()));
}

/// Inlined so that the usual marks are constants: characters that are known are found twice as
/// fast.
#[inline(always)]
fn split_quoted<'a>(
    record: &'a str,
    delimiter: char,
    quote: char,
    cells: &mut Vec<Cell<'a>>,
) -> Result<(), Broken> {
    let mut rest = record;
    loop {
        let (cell, behind) = match rest.strip_prefix(quote) {
            Some(quoted) => quoted_cell(quoted, delimiter, quote)?,
            None => {
                let (cell, behind) = match rest.split_once(delimiter) {
                    Some((cell, behind)) => (cell, Some(behind)),
                    None => (rest, None),
                };
                if cell.contains(quote) {
                    return Err(Broken::StrayQuote);
                }
                (Cow::Borrowed(cell), behind)
            }
        };
        cells.push(cell_of(cell));
        match behind {
            Some(behind) => rest = behind,
            None => return Ok(()),
        }
    }
}

fn cell_of(cell: Cow<'_, str>) -> Cell<'_> {
    if cell.is_empty() {
        Cell::Null
    } else {
        Cell::Text(cell)
    }
}

/// The cell whose opening quote was just passed, and what lies behind the delimiter that ends it.
fn quoted_cell(
    text: &str,
    delimiter: char,
    quote: char,
) -> Result<(Cow<'_, str>, Option<&str>), Broken> {
    let mut from = 0;
    let mut doubled = false;
    loop {
        let close = from + text[from..].find(quote).ok_or(Broken::OpenQuote)?;
        let behind = &text[close + 1..];
        if behind.starts_with(quote) {
            doubled = true;
            from = close + 2;
            continue;
        }
        let cell = &text[..close];
        let cell = if doubled {
            let (two, one) = (String::from_iter([quote; 2]), quote.to_string());
            cell.replace(&two, &one).into()
        } else {
            cell.into()
        };
        return match behind.strip_prefix(delimiter) {
            Some(behind) => Ok((cell, Some(behind))),
            None if behind.is_empty() => Ok((cell, None)),
            None => Err(Broken::StrayQuote),
        };
    }
}

#[cfg(test)]
mod tests;
