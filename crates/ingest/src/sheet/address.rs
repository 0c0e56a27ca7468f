//! Places in a sheet as its readers name them: `D14`, `D4:D6`. Rows count from 1, columns from 0.

use std::fmt;

/// The last row that spreadsheet programs have.
pub(super) const LAST_ROW: u64 = 1_048_576;

/// How many columns they have.
const COLUMNS: usize = 16_384;

/// The letters of a column.
pub(crate) fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        let digit = (left - 1) % 26;
        letters.insert(0, b'A' + u8::try_from(digit).unwrap_or_default());
        left = (left - 1) / 26;
    }
    letters.into_iter().map(char::from).collect()
}

/// The name of a cell.
pub(crate) fn cell(column: usize, row: u64) -> String {
    format!("{}{row}", letters(column))
}

/// The column and the row of `D14`; none for what names no cell.
pub(super) fn parse(text: &str) -> Option<(usize, u64)> {
    let digits = text.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, number) = text.split_at(digits);
    if letters.is_empty() || letters.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = |letter: u8| usize::from(letter.to_ascii_uppercase() - b'A') + 1;
    let column = letters
        .bytes()
        .fold(0, |sum, letter| sum * 26 + value(letter))
        - 1;
    let row: u64 = number.parse().ok()?;
    ((1..=LAST_ROW).contains(&row) && column < COLUMNS).then_some((column, row))
}

/// A block of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: u64,
    pub(super) right: usize,
    pub(super) bottom: u64,
}

impl Area {
    /// The block named `D4:D6`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':')?;
        let ((left, top), (right, bottom)) = (parse(first)?, parse(last)?);
        Some(Self {
            left,
            top,
            right,
            bottom,
        })
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (cell(self.left, self.top), cell(self.right, self.bottom));
        write!(f, "{first}:{last}")
    }
}

#[cfg(test)]
mod tests;
