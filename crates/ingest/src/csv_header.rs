//! The header of a CSV body: its names, and the dialect that nobody declared.

use std::io::BufRead;

use unicode_normalization::UnicodeNormalization;

use crate::cell::Cell;
use crate::coding::{Delimiter, Dialect, Quote};
use crate::csv_cells::split;
use crate::fields::Terms;
use crate::records::{Block, Framing, Marks, Records};
use crate::{Charset, IngestError, header, mended};

/// What the rows behind a header are read by.
#[derive(Debug)]
pub(crate) struct Header {
    /// The header as it stands in the body.
    pub(crate) record: Vec<u8>,
    /// Its names, in the body's order.
    pub(crate) names: Vec<String>,
    /// For every name, the place of its column in the contract, or with a mapping that of its field
    /// among those that are known; none for notes.
    pub(crate) places: Vec<Option<usize>>,
    pub(crate) marks: Marks,
    pub(crate) decimal_comma: bool,
}

impl Header {
    /// Whether the body is a file of refused rows.
    pub(crate) fn has_notes(&self) -> bool {
        self.places.contains(&None)
    }

    /// Reads the header, which is row 0, and lets the records go on behind it.
    pub(crate) fn read<R: BufRead>(
        records: &mut Records<R>,
        charset: Charset,
        dialect: Dialect,
        terms: Terms<'_>,
    ) -> Result<Self, IngestError> {
        let mut delimiter = dialect.delimiter;
        let mut block = Block::default();
        records.fill(&mut block, 1)?;
        if let Some(named) = separator_line(block.row(0)) {
            if delimiter.is_some_and(|declared| declared != named) {
                return Err(refuse(
                    "the body's first line names another delimiter than is declared",
                    delimiter,
                ));
            }
            delimiter = Some(named);
            records.go_on(framing(named, dialect.quote), 0);
            records.fill(&mut block, 1)?;
        }
        let record = block.row(0);
        if record.is_empty() {
            return Err(refuse("the body is empty: it has no header", delimiter));
        }
        let Ok(text) = std::str::from_utf8(record) else {
            let message = format!("the header is not {}", charset.name());
            return Err(refuse(&message, delimiter));
        };
        if let Some(error) = misread(text) {
            return Err(error);
        }
        let found = delimiter.unwrap_or_else(|| best(text, dialect.quote, terms));
        let marks = marks(found, dialect.quote);
        let Some(names) = names(text, marks) else {
            let message = "the header is broken: a quote is not closed or in the wrong place";
            return Err(refuse(message, delimiter));
        };
        let (names, places) = match terms.mapping {
            None => {
                let places = header::noted_places(&names, terms.contract, terms.limits);
                (names, places)
            }
            Some(mapping) => {
                let names: Vec<String> = names.iter().map(|name| foreign(name)).collect();
                let places = header::foreign_places(&names, mapping, terms.limits);
                let places = places.map(|places| places.into_iter().map(Some).collect());
                (names, places)
            }
        };
        let places = places.map_err(|error| with_hint(error, delimiter, &names))?;
        records.go_on(Framing::Csv(marks), 1);
        Ok(Self {
            record: record.to_vec(),
            names,
            places,
            marks,
            decimal_comma: dialect
                .decimal_comma
                .unwrap_or(found == Delimiter::Semicolon),
        })
    }
}

/// How a body's first records are cut, before its header has spoken.
pub(crate) fn first_framing(dialect: Dialect) -> Framing {
    framing(dialect.delimiter.unwrap_or(Delimiter::Comma), dialect.quote)
}

fn framing(delimiter: Delimiter, quote: Quote) -> Framing {
    Framing::Csv(marks(delimiter, quote))
}

fn marks(delimiter: Delimiter, quote: Quote) -> Marks {
    let quote = match quote {
        Quote::Double => Some(b'"'),
        Quote::Single => Some(b'\''),
        Quote::None => None,
    };
    let delimiter = delimiter.byte();
    Marks { delimiter, quote }
}

/// The delimiter that a first line of `sep=` names, as spreadsheets write it.
fn separator_line(record: &[u8]) -> Option<Delimiter> {
    let (name, delimiter) = record.split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    let mut all = Delimiter::ALL.into_iter();
    all.find(|known| delimiter == [known.byte()])
}

/// The name of a foreign column as adapters write it.
fn foreign(name: &str) -> String {
    name.trim().nfc().collect()
}

fn names(header: &str, marks: Marks) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    split(header, marks, &mut cells).ok()?;
    let name = |cell: &Cell<'_>| cell.shown().unwrap_or_default().to_owned();
    Some(cells.iter().map(name).collect())
}

/// The delimiter by which every name is a column of the contract, or known to the mapping. Where there is none the body is
/// refused, and this one makes most sense of the header; a header of one name has none, and `,`
/// stands for it.
fn best(header: &str, quote: Quote, terms: Terms<'_>) -> Delimiter {
    let sense = |delimiter: Delimiter| {
        let names = names(header, marks(delimiter, quote)).unwrap_or_default();
        let is_known = |name: &&String| match terms.mapping {
            None => {
                mended::is_note(name) || terms.contract.columns.iter().any(|c| c.name == **name)
            }
            Some(mapping) => mapping.names().contains(&foreign(name).as_str()),
        };
        let known = names.iter().filter(is_known).count();
        (known == names.len(), known, names.len())
    };
    let mut best = (Delimiter::Comma, sense(Delimiter::Comma));
    for delimiter in Delimiter::ALL {
        let found = sense(delimiter);
        if found > best.1 {
            best = (delimiter, found);
        }
    }
    best.0
}

/// What a header holds if the text was written in another way than it is read: its names would be
/// told as unknown, and nobody would see why.
fn misread(header: &str) -> Option<IngestError> {
    let (message, hint) = if header.contains('\0') {
        (
            "the header holds NUL bytes: the text seems to be UTF-16 or UTF-32, or no text",
            "Send it as UTF-8, or declare its charset, as in `charset=utf-16le`.",
        )
    } else if header.starts_with('\u{feff}') {
        (
            "the body begins with two byte order marks",
            "Save the file once more without a mark, and send that.",
        )
    } else if header.contains('\r') && !header.contains(['"', '\'']) {
        (
            "the lines of the body end with a carriage return alone",
            "Save the file with the line breaks of Unix or Windows, and send that.",
        )
    } else {
        return None;
    };
    let rule = "malformed";
    Some(IngestError::refused(rule, Vec::new(), message, hint))
}

fn refuse(message: &str, declared: Option<Delimiter>) -> IngestError {
    let delimiters = match declared {
        Some(delimiter) => delimiter.shown(),
        None => "`,`, `;`, tabs or `|`",
    };
    let hint = format!("Send text whose first line names the columns, separated by {delimiters}.");
    IngestError::refused("malformed", Vec::new(), message, hint)
}

/// A header that is one name and holds another delimiter than the declared one is told so.
fn with_hint(mut error: IngestError, declared: Option<Delimiter>, names: &[String]) -> IngestError {
    if let (IngestError::Refused { rule, hint, .. }, Some(declared), [name]) =
        (&mut error, declared, names)
        && *rule == "unknown_column"
    {
        let mut all = Delimiter::ALL.into_iter();
        let other = all.find(|other| name.contains(char::from(other.byte())));
        if let Some(other) = other {
            let (declared, other) = (declared.shown(), other.shown());
            *hint = format!("Separate cells by {declared}, as declared, not by {other}.");
        }
    }
    error
}

#[cfg(test)]
mod tests;
