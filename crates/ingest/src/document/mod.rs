//! Documents: a body that is one JSON or XML value, whose rows are cut out of the stream.
//!
//! Where the rows lie is told by an adapter; without one they are the items of the list that the
//! document is, the one object that it is, or the children of the root element. What stands around
//! them is the envelope: [`outer`] holds it to what the adapter says. A document that is broken
//! anywhere is refused as a whole, for its rows cannot be told from one another any more.

mod cut;
mod input;
mod json;
mod outer;
mod row;
mod xml;
mod xml_events;

use std::borrow::Cow;
use std::io::BufRead;

use project::Text;

use crate::cell::Cell;
use crate::fields::{Fields, Terms};
use crate::json::Broken;
use crate::judge::Judge;
use crate::rows::Rows;
use crate::{Charset, IngestError};

/// A block ends behind the row that fills it.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

/// Checks a JSON document in UTF-8, which the reader made of that charset.
pub(crate) fn check_json(
    reader: impl BufRead,
    charset: Option<Charset>,
    terms: Terms<'_>,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let charset = charset.unwrap_or(Charset::Utf8);
    check(json::Document::new(reader, charset, terms), terms, judge)
}

/// Checks an XML document in UTF-8. What it declares as its encoding counts unless the reader
/// followed a charset that was given beside the body.
pub(crate) fn check_xml(
    reader: impl BufRead,
    charset_given: bool,
    terms: Terms<'_>,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    check(
        xml::Document::new(reader, charset_given, terms),
        terms,
        judge,
    )
}

/// Takes a row's fields one by one.
type Visit<'v, 'a> = &'v mut dyn FnMut(Cow<'a, str>, Cell<'a>) -> Result<(), Broken>;

/// A document being cut into rows, a block of them at a time.
trait Source {
    /// Replaces the rows by the next ones, at most `rows`. None are left only once the document was
    /// read to its end and found whole.
    fn fill(&mut self, rows: usize) -> Result<(), IngestError>;

    /// Whether something around the rows that is passed over looks personal.
    fn passed_over_personal(&self) -> bool;

    /// The number of the first row of the block.
    fn first_row(&self) -> u64;

    /// How many rows there are.
    fn len(&self) -> usize;

    /// Hands every field of the row at that place of the block to `visit`, in order.
    fn fields<'a>(&'a self, at: usize, visit: Visit<'_, 'a>) -> Result<(), Unreadable>;

    /// The row as text, for one that has no fields.
    fn fragment(&self, at: usize) -> Cow<'_, str>;
}

/// Why a row has no fields.
enum Unreadable {
    /// It breaks the document, at that byte of the body.
    Document(u64),
    Broken(Broken),
    /// It has bytes that the charset does not have.
    Undecodable(Charset),
    /// Text stands beside its fields.
    Mixed,
}

impl From<Broken> for Unreadable {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

fn check(
    mut source: impl Source,
    terms: Terms<'_>,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    loop {
        source.fill(terms.limits.batch_rows)?;
        let count = source.len();
        if count == 0 {
            let personal = source.passed_over_personal();
            return if personal {
                judge.meet_personal()
            } else {
                Ok(())
            };
        }
        let first_row = source.first_row();
        let mut rows = Rows::new(terms.contract, terms.limits, count);
        let mut fields = Fields::new(terms);
        for (row, at) in (first_row..).zip(0..count) {
            fields.start();
            let read = source
                .fields(at, &mut |name, cell| fields.take(name, cell))
                .and_then(|()| fields.finish().map_err(Unreadable::Broken));
            let message = match read {
                Ok(()) => {
                    rows.push_fields(row, &fields)?;
                    continue;
                }
                Err(unreadable) => message(&unreadable, row, terms)?,
            };
            rows.malformed(row, message, terms.kept_fragment(&source.fragment(at)));
        }
        judge.decide(rows.finish(), &|row, masked| {
            let at = usize::try_from(row - first_row).unwrap_or(usize::MAX);
            let mut fields = Vec::new();
            // They could be read before.
            let _read = source.fields(at, &mut |name, cell| {
                fields.push((name, cell));
                Ok(())
            });
            terms.kept(fields, masked)
        })?;
    }
}

/// What people are told of a row without fields, if the body is not refused for it.
fn message(unreadable: &Unreadable, row: u64, terms: Terms<'_>) -> Result<Text, IngestError> {
    let limits = terms.limits;
    let (vi, en) = match unreadable {
        Unreadable::Document(at) => return Err(not_json(*at)),
        Unreadable::Undecodable(charset) => return Ok(charset.undecodable("row")),
        Unreadable::Broken(Broken::TooDeep) => {
            return Err(IngestError::row_limit("nesting", limits.nesting, row));
        }
        Unreadable::Broken(Broken::TooManyFields) => {
            return Err(IngestError::row_limit("columns", limits.columns, row));
        }
        Unreadable::Broken(Broken::NotAnObject | Broken::Syntax(_)) => (
            "mỗi dòng phải là một đối tượng JSON",
            "the row is no JSON object",
        ),
        Unreadable::Broken(Broken::DuplicateKey) => {
            ("một trường được ghi hai lần", "a field is given twice")
        }
        Unreadable::Mixed => (
            "dòng có chữ nằm ngoài các trường, hoặc một trường rỗng lại có nội dung",
            "text stands beside the row's fields, or in a field that is said to be nil",
        ),
    };
    Ok(Text {
        vi: vi.to_owned(),
        en: en.to_owned(),
    })
}

/// The refusal of a body that breaks at that byte, counted from 0.
fn not_json(at: u64) -> IngestError {
    let message = format!("the body is not JSON: it breaks at byte {}", at + 1);
    let hint = "Write the document with a JSON library, and send it again.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

/// The refusal of a body that was not written to its end.
fn cut_off(at: u64) -> IngestError {
    let message = format!("the body ends at byte {at} in the middle of the document");
    let hint = "Look whether the file was cut off on its way, and send it again.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

#[cfg(test)]
mod tests;
