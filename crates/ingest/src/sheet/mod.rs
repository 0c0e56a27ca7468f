//! Spreadsheets: XLSX and ODS.
//!
//! One sheet of the workbook holds the rows ([`choose`]): the one that the form of the dataset
//! names, or the only one whose header fits. The header is the first row that is not empty; its
//! cells are names or labels of columns. Empty rows are passed over. Every verdict names the cell.
//!
//! A workbook is an archive of XML that people and programs of all kinds made, and it may be made
//! to do harm: its parts are read forward only, within bounds that are counted while it expands
//! ([`package`]), and nothing is taken that has two meanings ([`value`]). Macros, links to other
//! files and everything that only decorates are never read.

mod address;
mod choose;
mod disguise;
mod look;
mod moment;
mod number;
mod ods;
mod package;
mod places;
mod row;
mod value;
mod xlsx;
mod xml;

use std::borrow::Cow;
use std::fs::File;
use std::sync::Arc;

use project::Contract;

use crate::cell::Cell;
use crate::judge::Judge;
use crate::{IngestError, Limits, row_text};
use address::Area;
use choose::Chosen;
use package::Package;
use row::{Glance, Row, Rows};
use value::{Taken, Value};

pub(crate) use places::Places;

/// Sheets of a workbook.
const MAX_SHEETS: usize = 256;

/// Merged cells that are told of.
const MAX_MERGED: usize = 10_000;

/// A batch ends behind the row that fills it.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The forms of workbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Office Open XML.
    Xlsx,
    /// OpenDocument.
    Ods,
}

/// Checks a workbook.
pub(crate) fn check(
    file: File,
    kind: Kind,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let package = Package::open(file, limits)?;
    let gauge = package.gauge();
    let mut workbook = Workbook::open(package, kind, limits)?;
    let glances = workbook.glances()?;
    let chosen = choose::choose(&glances, contract, limits)?;
    drop(glances);
    gauge.restart();
    let mut rows = workbook.rows(chosen.sheet)?;
    Reading::new(&chosen, contract, limits).read(&mut *rows, judge)
}

/// A workbook of either form.
enum Workbook {
    Xlsx(xlsx::Workbook),
    Ods(ods::Workbook),
}

impl Workbook {
    fn open(package: Package, kind: Kind, limits: &Limits) -> Result<Self, IngestError> {
        let other = |is, not| {
            let message = format!("the body is {is}, and was sent as {not}");
            let hint = "Send the body under the media type of its form.";
            Err(IngestError::refused("malformed", Vec::new(), message, hint))
        };
        match kind {
            Kind::Xlsx if package.has("content.xml") => other("OpenDocument", "XLSX"),
            Kind::Ods if package.has("[Content_Types].xml") => other("Office Open XML", "ODS"),
            Kind::Xlsx => Ok(Self::Xlsx(xlsx::Workbook::open(package, limits)?)),
            Kind::Ods => Ok(Self::Ods(ods::Workbook::open(package, limits)?)),
        }
    }

    fn glances(&mut self) -> Result<Vec<Glance>, IngestError> {
        match self {
            Self::Xlsx(workbook) => workbook.glances(),
            Self::Ods(workbook) => workbook.glances(),
        }
    }

    fn rows(&mut self, sheet: usize) -> Result<Box<dyn Rows + '_>, IngestError> {
        match self {
            Self::Xlsx(workbook) => workbook.rows(sheet),
            Self::Ods(workbook) => workbook.rows(sheet),
        }
    }
}

/// The refusal of a workbook that cannot be read.
fn malformed(message: impl Into<String>) -> IngestError {
    let hint = "Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and \
                send that.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

/// The rows of a sheet on their way to the judge.
struct Reading<'a> {
    chosen: &'a Chosen,
    contract: &'a Contract,
    limits: &'a Limits,
    /// For every column of the contract, that of the sheet.
    columns: Arc<[Option<usize>]>,
    next_row: u64,
    last_sheet_row: u64,
    batch: Vec<Kept>,
    batch_bytes: usize,
}

/// A row of a batch.
struct Kept {
    sheet_row: u64,
    /// In the order of the contract.
    values: Vec<Taken>,
    /// What stands beside the table, by column of the sheet.
    beside: Vec<(usize, Taken)>,
}

impl<'a> Reading<'a> {
    fn new(chosen: &'a Chosen, contract: &'a Contract, limits: &'a Limits) -> Self {
        let mut columns = vec![None; contract.columns.len()];
        for (column, place) in chosen.places.iter().enumerate() {
            if let Some(place) = place {
                columns[*place] = Some(column);
            }
        }
        Self {
            chosen,
            contract,
            limits,
            columns: columns.into(),
            next_row: 1,
            last_sheet_row: chosen.header_row,
            batch: Vec::new(),
            batch_bytes: 0,
        }
    }

    fn read(mut self, rows: &mut dyn Rows, judge: &mut Judge<'_>) -> Result<(), IngestError> {
        let mut row = Row::new();
        while rows.next(&mut row)? {
            if row.number <= self.chosen.header_row || row.is_empty() {
                continue;
            }
            let rows = self.next_row - 1 + self.batch.len() as u64;
            if rows.saturating_add(row.repeats) > self.limits.rows {
                return Err(IngestError::body_limit("rows", self.limits.rows));
            }
            for at in 0..row.repeats {
                self.take(&row, row.number + at);
                if self.batch.len() >= self.limits.batch_rows || self.batch_bytes >= BATCH_BYTES {
                    self.decide(judge)?;
                }
            }
        }
        self.decide(judge)?;
        self.check_merged(rows.merged())
    }

    fn take(&mut self, row: &Row, sheet_row: u64) {
        let mut values = vec![Taken::Null; self.contract.columns.len()];
        let mut beside = Vec::new();
        for (column, value) in row.cells.iter().enumerate() {
            match self.chosen.places.get(column).copied().flatten() {
                Some(place) => {
                    values[place] = Taken::of(value, self.contract.columns[place].column_type);
                }
                None if *value == Value::Empty || self.chosen.notes.contains(&column) => {}
                None => beside.push((column, Taken::Text(value.shown()))),
            }
        }
        self.batch.push(Kept {
            sheet_row,
            values,
            beside,
        });
        self.batch_bytes += row.size_bytes() + self.contract.columns.len() * size_of::<Taken>();
        self.last_sheet_row = sheet_row;
    }

    fn decide(&mut self, judge: &mut Judge<'_>) -> Result<(), IngestError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let first_row = self.next_row;
        let mended = !self.chosen.notes.is_empty();
        let rows = crate::rows::Rows::new(self.contract, self.limits, batch.len());
        let mut rows = rows.mended(mended);
        for (row, kept) in (first_row..).zip(&batch) {
            let cells: Vec<Cell<'_>> = kept.values.iter().map(Taken::cell).collect();
            rows.push(row, &cells, &kept.cells_beside())?;
        }
        self.next_row += batch.len() as u64;
        let mut decoded = rows.finish();
        decoded.places = Some(Places {
            rows: batch.iter().map(|kept| kept.sheet_row).collect(),
            columns: self.columns.clone(),
        });
        judge.decide(decoded, &|row, masked| {
            let slot = usize::try_from(row - first_row).unwrap_or(usize::MAX);
            match batch.get(slot) {
                Some(kept) => self.as_received(kept, masked),
                None => String::new(),
            }
        })
    }

    /// The row in the order of the sheet.
    fn as_received(&self, kept: &Kept, masked: &dyn Fn(&str) -> bool) -> String {
        let places = self.chosen.places.iter().flatten();
        let own = places.map(|place| {
            let name = Cow::Borrowed(self.contract.columns[*place].name.as_str());
            (name, kept.values[*place].cell())
        });
        let fields: Vec<(Cow<'_, str>, Cell<'_>)> = own.chain(kept.cells_beside()).collect();
        let hidden = |name: &str| self.contract.column(name).is_none() || masked(name);
        row_text::object(
            fields.iter().map(|(name, cell)| (name.as_ref(), cell)),
            &hidden,
        )
    }

    /// A value that stands once for several rows or columns is a guess in all but the first.
    fn check_merged(&self, merged: &[Area]) -> Result<(), IngestError> {
        const SHOWN: usize = 10;
        let columns = self.chosen.places.len();
        let in_rows = |area: &&Area| {
            area.bottom > self.chosen.header_row
                && area.top <= self.last_sheet_row
                && area.left < columns
        };
        let areas: Vec<String> = merged.iter().filter(in_rows).map(Area::to_string).collect();
        if areas.is_empty() {
            return Ok(());
        }
        let mut named = areas[..areas.len().min(SHOWN)].join(", ");
        if areas.len() > SHOWN {
            named += &format!(" and {} more", areas.len() - SHOWN);
        }
        let message = format!("cells are merged: {named}");
        let hint = "Unmerge them and write the value into every cell.";
        Err(IngestError::refused(
            "merged_cells",
            Vec::new(),
            message,
            hint,
        ))
    }
}

impl Kept {
    fn cells_beside(&self) -> Vec<(Cow<'_, str>, Cell<'_>)> {
        let cells = self.beside.iter();
        cells
            .map(|(column, taken)| (address::letters(*column).into(), taken.cell()))
            .collect()
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
