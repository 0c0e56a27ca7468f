//! A stretch of rows being decoded: values into columns, what cannot be read into findings.

use std::borrow::Cow;
use std::collections::HashSet;

use arrow::array::ArrayRef;
use project::{Contract, Severity, Text};

use crate::cell::{Cell, Fault};
use crate::columns::ColumnBuilder;
use crate::personal::excerpt;
use crate::sheet::Places;
use crate::{IngestError, Limits, Verdict};

/// Rows as columns, before any rule has spoken.
pub(crate) struct Decoded {
    /// The contract's columns; a value that could not be read is null.
    pub(crate) columns: Vec<ArrayRef>,
    /// The number in the body of every row of the columns.
    pub(crate) row_numbers: Vec<u64>,
    /// What was found so far.
    pub(crate) findings: Vec<Finding>,
    /// Place and column of every value that could not be read.
    pub(crate) unreadable: HashSet<(usize, usize)>,
    /// Where the rows stand, if the body is a sheet.
    pub(crate) places: Option<Places>,
}

/// A verdict, and the place in the columns of the row it is about; malformed rows have none.
pub(crate) struct Finding {
    pub(crate) slot: Option<usize>,
    pub(crate) verdict: Verdict,
}

impl Decoded {
    pub(crate) fn new(columns: Vec<ArrayRef>, row_numbers: Vec<u64>) -> Self {
        Self {
            columns,
            row_numbers,
            findings: Vec::new(),
            unreadable: HashSet::new(),
            places: None,
        }
    }

    /// Says that a value cannot be read.
    pub(crate) fn fault(
        &mut self,
        slot: usize,
        column: usize,
        contract: &Contract,
        fault: Fault,
        shown: Option<&str>,
    ) {
        let Some(named) = contract.columns.get(column) else {
            return;
        };
        let verdict = Verdict {
            row: self.row_numbers.get(slot).copied().unwrap_or_default(),
            column: Some(named.name.clone()),
            rule: "type".to_owned(),
            severity: Severity::Error,
            value_excerpt: shown.map(|value| excerpt(value, false)),
            cell: None,
            message: fault.message(&named.name, named.column_type),
            row_text: None,
        };
        self.unreadable.insert((slot, column));
        self.findings.push(Finding {
            slot: Some(slot),
            verdict,
        });
    }
}

/// Rows being decoded from text.
pub(crate) struct Rows<'a> {
    contract: &'a Contract,
    cell_bytes: usize,
    builders: Vec<ColumnBuilder>,
    decoded: Decoded,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(contract: &'a Contract, limits: &Limits, rows: usize) -> Self {
        let builder = |column: &project::Column| ColumnBuilder::new(column.column_type, rows);
        Self {
            contract,
            cell_bytes: limits.cell_bytes,
            builders: contract.columns.iter().map(builder).collect(),
            decoded: Decoded::new(Vec::new(), Vec::with_capacity(rows)),
        }
    }

    /// Adds a row: a cell for every column of the contract, and the fields that it does not have.
    pub(crate) fn push(
        &mut self,
        row: u64,
        cells: &[Cell<'_>],
        unknown: &[(Cow<'_, str>, Cell<'_>)],
    ) -> Result<(), IngestError> {
        let slot = self.decoded.row_numbers.len();
        self.decoded.row_numbers.push(row);
        for (name, cell) in unknown {
            bound(self.cell_bytes, row, name, cell)?;
            self.decoded
                .findings
                .push(unknown_column(slot, row, name, cell, self.contract));
        }
        let columns = self
            .builders
            .iter_mut()
            .zip(&self.contract.columns)
            .zip(cells);
        for (place, ((builder, column), cell)) in columns.enumerate() {
            bound(self.cell_bytes, row, &column.name, cell)?;
            if let Err(fault) = builder.push(cell) {
                self.decoded
                    .fault(slot, place, self.contract, fault, cell.shown());
            }
        }
        Ok(())
    }

    /// Adds a row that has no cells.
    pub(crate) fn malformed(&mut self, row: u64, message: Text, row_text: String) {
        let verdict = Verdict {
            row,
            column: None,
            rule: "malformed".to_owned(),
            severity: Severity::Error,
            value_excerpt: None,
            cell: None,
            message,
            row_text: Some(row_text.into()),
        };
        self.decoded.findings.push(Finding {
            slot: None,
            verdict,
        });
    }

    pub(crate) fn finish(mut self) -> Decoded {
        self.decoded.columns = self
            .builders
            .into_iter()
            .map(ColumnBuilder::finish)
            .collect();
        self.decoded
    }
}

fn bound(cell_bytes: usize, row: u64, column: &str, cell: &Cell<'_>) -> Result<(), IngestError> {
    if cell.shown().is_some_and(|value| value.len() > cell_bytes) {
        return Err(IngestError::cell_limit(
            cell_bytes,
            row,
            &excerpt(column, false),
        ));
    }
    Ok(())
}

fn unknown_column(
    slot: usize,
    row: u64,
    name: &str,
    cell: &Cell<'_>,
    contract: &Contract,
) -> Finding {
    let name = excerpt(name, false);
    let message = Text {
        vi: format!("`{}` không có cột `{name}`", contract.dataset),
        en: format!("`{}` has no column `{name}`", contract.dataset),
    };
    let verdict = Verdict {
        row,
        column: Some(name),
        rule: "unknown_column".to_owned(),
        severity: Severity::Error,
        value_excerpt: cell.shown().map(|value| excerpt(value, false)),
        cell: None,
        message,
        row_text: None,
    };
    Finding {
        slot: Some(slot),
        verdict,
    }
}
