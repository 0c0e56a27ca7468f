//! Workbooks, written row by row: what a spreadsheet program opens without changing a value.
//!
//! Text is text whatever it begins with, so nothing in a cell is ever a formula or a link. A
//! spreadsheet keeps 15 digits of a number and knows no day before March 1900; what has more digits
//! or is older is written as text, not rounded. Rows go to temporary files of a folder that is
//! handed in, so that memory does not grow with them.

mod book;
mod cell;

pub(crate) use book::{Book, Head, SHEET_COLUMNS, SHEET_ROWS, cut, fitted};
pub(crate) use cell::{Cell, Days};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
