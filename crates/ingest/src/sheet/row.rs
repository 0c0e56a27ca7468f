//! Rows as either form of workbook gives them.

use super::address::{self, Area};
use super::value::Value;
use crate::{IngestError, Limits};

/// A row of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Its number at the left edge of the sheet.
    pub(super) number: u64,
    /// How often it stands, below itself.
    pub(super) repeats: u64,
    /// Its cells from the first column on, up to the last that is not empty.
    pub(super) cells: Vec<Value>,
    bytes: usize,
}

impl Row {
    pub(super) fn new() -> Self {
        Self {
            number: 0,
            repeats: 1,
            cells: Vec::new(),
            bytes: 0,
        }
    }

    /// Begins another row.
    pub(super) fn begin(&mut self, number: u64, repeats: u64) {
        self.number = number;
        self.repeats = repeats;
        self.cells.clear();
        self.bytes = 0;
    }

    /// Puts a value into a cell; nothing if it is empty. False if the cell has one.
    pub(super) fn put(
        &mut self,
        column: usize,
        value: Value,
        limits: &Limits,
    ) -> Result<bool, IngestError> {
        if value == Value::Empty {
            return Ok(true);
        }
        if column >= limits.columns {
            return Err(IngestError::body_limit("columns", limits.columns as u64));
        }
        if let Value::Text(text) = &value
            && text.len() > limits.cell_bytes
        {
            let column = address::letters(column);
            return Err(IngestError::cell_limit(
                limits.cell_bytes,
                self.number,
                &column,
            ));
        }
        self.bytes += value.size_bytes();
        if self.bytes > limits.row_bytes {
            return Err(IngestError::row_limit(
                "row_bytes",
                limits.row_bytes,
                self.number,
            ));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, Value::Empty);
        }
        let cell = &mut self.cells[column];
        Ok(std::mem::replace(cell, value) == Value::Empty)
    }

    /// About how much memory it takes.
    pub(super) fn size_bytes(&self) -> usize {
        self.bytes + size_of::<Self>()
    }

    /// Whether there is nothing in it to be seen.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// A sheet from its first row to its last.
pub(super) trait Rows {
    /// Replaces `row` by the next one, which may be empty. False behind the last.
    fn next(&mut self, row: &mut Row) -> Result<bool, IngestError>;

    /// The cells that were merged, as far as the sheet was read.
    fn merged(&self) -> &[Area];
}

/// A sheet at a glance.
#[derive(Debug)]
pub(super) struct Glance {
    pub(super) name: String,
    pub(super) visible: bool,
    /// Its first rows that are not empty: one, or as many as a stamp may have.
    pub(super) head: Vec<Row>,
}

impl Glance {
    /// Reads the first rows of a sheet.
    pub(super) fn take(
        name: &str,
        visible: bool,
        rows: &mut dyn Rows,
    ) -> Result<Self, IngestError> {
        const STAMP_ROWS: usize = 16;
        let most = match name {
            project::Stamp::SHEET => STAMP_ROWS,
            _ => 1,
        };
        let mut head = Vec::new();
        let mut row = Row::new();
        while head.len() < most && rows.next(&mut row)? {
            if !row.is_empty() {
                head.push(row.clone());
            }
        }
        Ok(Self {
            name: name.to_owned(),
            visible,
            head,
        })
    }
}
