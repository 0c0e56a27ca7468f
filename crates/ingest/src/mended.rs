//! Files of refused rows, which people mend and send back.
//!
//! Such a file has the columns of its contract and beside them notes, which are passed over when it
//! comes back. As CSV its texts are guarded, because spreadsheets take some for formulas; the guard
//! is taken off again. What looked personal was hidden, and must not be taken for a value.

use std::borrow::Cow;

use project::Text;

use crate::cell::Cell;
use crate::personal::MASK;

/// The columns of notes: the row in the body that was refused, the rules that it broke, what they
/// say, and the row itself where it has no cells.
pub const NOTES: [&str; 4] = ["_row", "_rules", "_message", "_text"];

/// The rule that is broken by a value that is still hidden.
pub(crate) const MASKED: &str = "masked";

/// What spreadsheets take for the beginning of a formula, the wide forms among them, and the guard
/// itself, so that taking it off gives back any text.
const GUARDED: [char; 11] = [
    GUARD, '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

const GUARD: char = '\'';

/// The text as a cell of CSV that no spreadsheet takes for a formula; numbers stay as they are.
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(GUARDED) && !is_number(text) {
        Cow::Owned(format!("{GUARD}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The cell without its guard.
pub(crate) fn unguarded(cell: Cell<'_>) -> Cell<'_> {
    let Cell::Text(text) = cell else { return cell };
    let bare = |text: &str| {
        text.strip_prefix(GUARD)
            .is_some_and(|t| t.starts_with(GUARDED))
    };
    Cell::Text(match text {
        Cow::Borrowed(text) if bare(text) => Cow::Borrowed(&text[GUARD.len_utf8()..]),
        Cow::Owned(text) if bare(&text) => Cow::Owned(text[GUARD.len_utf8()..].to_owned()),
        text => text,
    })
}

pub(crate) fn is_note(name: &str) -> bool {
    NOTES.contains(&name)
}

/// Whether the value was hidden, and nobody put another in its place.
pub(crate) fn is_masked(cell: &Cell<'_>) -> bool {
    cell.shown().is_some_and(|text| text.ends_with(MASK))
}

pub(crate) fn masked(column: &str) -> Text {
    Text {
        vi: format!("`{column}` vẫn là giá trị bị che; hãy nhập lại, không kèm dữ liệu cá nhân"),
        en: format!("`{column}` is still hidden; type it again, without personal data"),
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once(['.', ',']) {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

#[cfg(test)]
mod tests;
