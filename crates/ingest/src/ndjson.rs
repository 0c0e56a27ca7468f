//! NDJSON: one object per line; keys in any order; null and a key left out are one.

use project::Text;

use crate::blocks::{self, Decode};
use crate::fields::{Fields, Taking, Terms};
use crate::json::{self, Broken};
use crate::judge::Judge;
use crate::records::{Block, Framing, Records};
use crate::rows::{Decoded, Rows};
use crate::{Charset, IngestError, Limits, body};

/// Checks an NDJSON body.
pub(crate) fn check(
    text: body::Text,
    charset: Option<Charset>,
    terms: Terms<'_>,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let limits = terms.limits;
    let records = Records::new(text, Framing::Lines, limits, 1);
    let charset = charset.unwrap_or(Charset::Utf8);
    let lines = Lines {
        undecodable: charset.undecodable("line"),
        terms,
    };
    blocks::check(records, &lines, limits, judge)
}

struct Lines<'a> {
    terms: Terms<'a>,
    /// What is said of a line that is no text.
    undecodable: Text,
}

impl Decode for Lines<'_> {
    fn decode(&self, block: &Block) -> Result<Decoded, IngestError> {
        let (terms, limits) = (self.terms, self.terms.limits);
        let mut rows = Rows::new(terms.contract, limits, block.len());
        let mut fields = Fields::new(terms);
        for (row, record) in (block.first_row..).zip(block.texts()) {
            match record {
                Ok(text) => match read(text, limits, &mut fields) {
                    Ok(()) => rows.push_fields(row, &fields)?,
                    Err(Broken::TooDeep) => {
                        return Err(IngestError::row_limit("nesting", limits.nesting, row));
                    }
                    Err(Broken::TooManyFields) => {
                        return Err(IngestError::row_limit("columns", limits.columns, row));
                    }
                    Err(broken) => rows.malformed(row, message(broken), terms.kept_fragment(text)),
                },
                Err(bytes) => {
                    let text = String::from_utf8_lossy(bytes);
                    rows.malformed(row, self.undecodable.clone(), terms.kept_fragment(&text));
                }
            }
        }
        Ok(rows.finish())
    }

    fn row_text(&self, block: &Block, row: u64, masked: &dyn Fn(&str) -> bool) -> String {
        as_received(block.row(row), self.terms, masked)
    }
}

fn read<'a>(text: &'a str, limits: &Limits, fields: &mut Fields<'a>) -> Result<(), Broken> {
    fields.start();
    json::object_to(text, limits.nesting, Taking(fields))?;
    fields.finish()
}

fn as_received(record: &[u8], terms: Terms<'_>, masked: &dyn Fn(&str) -> bool) -> String {
    let mut fields = Vec::new();
    // Both could be read before.
    let text = std::str::from_utf8(record).unwrap_or_default();
    let _read = json::object(text, terms.limits.nesting, |key, cell| {
        fields.push((key, cell));
        Ok(())
    });
    terms.kept(fields, masked)
}

fn message(broken: Broken) -> Text {
    let (vi, en) = match broken {
        Broken::Syntax(at) => {
            return Text {
                vi: format!("dòng không phải JSON, sai từ byte {}", at + 1),
                en: format!("the line is not JSON; it breaks at byte {}", at + 1),
            };
        }
        Broken::NotAnObject => (
            "mỗi dòng phải là một đối tượng JSON",
            "expected one JSON object per line",
        ),
        // The other two are limits of the body, not faults of the row.
        Broken::DuplicateKey | Broken::TooDeep | Broken::TooManyFields => {
            ("một trường được ghi hai lần", "a field is given twice")
        }
    };
    Text {
        vi: vi.to_owned(),
        en: en.to_owned(),
    }
}

#[cfg(test)]
mod tests;
