//! A stretch of rows being decoded: values into columns, what cannot be read into findings.

use std::borrow::Cow;
use std::collections::HashSet;

use arrow::array::ArrayRef;
use project::{Contract, Severity, Text};

use crate::cell::{Cell, Fault};
use crate::columns::ColumnBuilder;
use crate::fields::Fields;
use crate::personal::{excerpt, mask};
use crate::sheet::Places;
use crate::{IngestError, Limits, Verdict, mended};

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
    /// Whether a field that is passed over holds what looks personal.
    pub(crate) personal: bool,
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
            personal: false,
        }
    }

    /// Says that a value cannot be read.
    pub(crate) fn fault(
        &mut self,
        slot: usize,
        column: usize,
        contract: &Contract,
        fault: Fault,
        origin: Option<&str>,
        shown: Option<&str>,
    ) {
        let Some(named) = contract.columns.get(column) else {
            return;
        };
        let message = fault.message(&named.name, origin, named.column_type);
        self.unread(slot, column, &named.name, "type", message, shown);
    }

    fn unread(
        &mut self,
        slot: usize,
        column: usize,
        name: &str,
        rule: &str,
        message: Text,
        shown: Option<&str>,
    ) {
        let verdict = Verdict {
            row: self.row_numbers.get(slot).copied().unwrap_or_default(),
            column: Some(name.to_owned()),
            rule: rule.to_owned(),
            severity: Severity::Error,
            value_excerpt: shown.map(|value| excerpt(value, false)),
            cell: None,
            message,
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
    mended: bool,
    builders: Vec<ColumnBuilder>,
    decoded: Decoded,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(contract: &'a Contract, limits: &Limits, rows: usize) -> Self {
        let builder = |column: &project::Column| ColumnBuilder::new(column.column_type, rows);
        Self {
            contract,
            cell_bytes: limits.cell_bytes,
            mended: false,
            builders: contract.columns.iter().map(builder).collect(),
            decoded: Decoded::new(Vec::new(), Vec::with_capacity(rows)),
        }
    }

    /// Rows of a file of refused ones: a value that is still hidden is none.
    pub(crate) fn mended(mut self, mended: bool) -> Self {
        self.mended = mended;
        self
    }

    /// Adds a row: a cell for every column of the contract, and the fields that it does not have.
    pub(crate) fn push(
        &mut self,
        row: u64,
        cells: &[Cell<'_>],
        unknown: &[(Cow<'_, str>, Cell<'_>)],
    ) -> Result<(), IngestError> {
        self.add(row, cells, unknown, false, &|_| None)
    }

    /// Adds a row that was read field by field.
    pub(crate) fn push_fields(&mut self, row: u64, fields: &Fields<'_>) -> Result<(), IngestError> {
        let hidden = fields.are_foreign();
        self.decoded.personal |= fields.drop_personal();
        self.add(row, fields.cells(), fields.unknown(), hidden, &|column| {
            fields.origin(column)
        })?;
        let slot = self.decoded.row_numbers.len() - 1;
        for misfit in fields.misfits() {
            let Some(column) = self.contract.columns.get(misfit.column) else {
                continue;
            };
            let message = misfit.message(&column.name);
            let shown = hide(&misfit.value, hidden);
            let (place, name, rule) = (misfit.column, &column.name, misfit.rule());
            self.decoded
                .unread(slot, place, name, rule, message, shown.as_deref());
        }
        Ok(())
    }

    fn add<'o>(
        &mut self,
        row: u64,
        cells: &[Cell<'_>],
        unknown: &[(Cow<'_, str>, Cell<'_>)],
        hidden: bool,
        origin: &dyn Fn(usize) -> Option<&'o str>,
    ) -> Result<(), IngestError> {
        let slot = self.decoded.row_numbers.len();
        self.decoded.row_numbers.push(row);
        for (name, cell) in unknown {
            if is_over(cell, self.cell_bytes) {
                return Err(over(self.cell_bytes, row, name));
            }
            let finding = unknown_column(slot, row, name, cell, self.contract);
            self.decoded.findings.push(finding);
        }
        let columns = self
            .builders
            .iter_mut()
            .zip(&self.contract.columns)
            .zip(cells);
        for (place, ((builder, column), cell)) in columns.enumerate() {
            if is_over(cell, self.cell_bytes) {
                return Err(over(self.cell_bytes, row, &column.name));
            }
            if let Err(fault) = builder.push(cell) {
                let shown = hide(cell, hidden);
                let (contract, origin) = (self.contract, origin(place));
                self.decoded
                    .fault(slot, place, contract, fault, origin, shown.as_deref());
            } else if self.mended && mended::is_masked(cell) {
                let message = mended::masked(&column.name);
                let (name, rule) = (&column.name, mended::MASKED);
                self.decoded
                    .unread(slot, place, name, rule, message, cell.shown());
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

/// The value as people are shown it. A foreign list or object holds more than is taken of it.
fn hide<'c>(cell: &'c Cell<'_>, is_foreign: bool) -> Option<Cow<'c, str>> {
    match cell {
        Cell::Nested(text) if is_foreign => Some(mask(text).into()),
        _ => cell.shown().map(Cow::Borrowed),
    }
}

/// Whether the cell holds more than so many bytes.
fn is_over(cell: &Cell<'_>, cell_bytes: usize) -> bool {
    cell.shown().is_some_and(|value| value.len() > cell_bytes)
}

fn over(cell_bytes: usize, row: u64, column: &str) -> IngestError {
    IngestError::cell_limit(cell_bytes, row, &excerpt(column, false))
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
        // What nobody expects may well be a person's name.
        value_excerpt: cell.shown().map(mask),
        cell: None,
        message,
        row_text: None,
    };
    Finding {
        slot: Some(slot),
        verdict,
    }
}
