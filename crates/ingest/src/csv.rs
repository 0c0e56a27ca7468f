//! CSV: RFC 4180 with a header, columns in any order, an empty cell is null.

use project::{ColumnType, Contract};

use crate::body::Text;
use crate::cell::Cell;
use crate::csv_cells::{self, Broken};
use crate::csv_header::{self, Header};
use crate::judge::Judge;
use crate::mended::{is_note, unguarded};
use crate::records::{Block, Records};
use crate::rows::Rows;
use crate::{Charset, Coding, IngestError, Limits, row_text};

/// Checks a CSV body.
pub(crate) fn check(
    text: Text,
    coding: Coding,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let Coding {
        charset, dialect, ..
    } = coding;
    let charset = charset.unwrap_or(Charset::Utf8);
    let mut records = Records::new(text, csv_header::first_framing(dialect), limits, 0);
    let header = Header::read(&mut records, charset, dialect, contract, limits)?;
    let mended = header.has_notes();
    let mut block = Block::default();
    loop {
        records.fill(&mut block, limits.batch_rows)?;
        if block.len() == 0 {
            return Ok(());
        }
        let mut rows = Rows::new(contract, limits, block.len()).mended(mended);
        let mut cells = Vec::with_capacity(header.names.len());
        let mut ordered = vec![Cell::Null; contract.columns.len()];
        for (row, record) in (block.first_row..).zip(block.records()) {
            match split(record, &header, charset, &mut cells) {
                Ok(()) => {
                    for (place, cell) in header.places.iter().zip(cells.drain(..)) {
                        let Some(place) = place else { continue };
                        ordered[*place] = if mended { unguarded(cell) } else { cell };
                    }
                    if header.decimal_comma {
                        mark_numbers(&mut ordered, contract);
                    }
                    rows.push(row, &ordered, &[])?;
                }
                Err(broken) => {
                    let text = String::from_utf8_lossy(record);
                    rows.malformed(row, broken.message(), row_text::fragment(&text));
                }
            }
        }
        judge.decide(rows.finish(), &|row, masked| {
            let record = block.record(usize::try_from(row - block.first_row).unwrap_or(usize::MAX));
            let mut cells = Vec::new();
            // It could be split before.
            let _split = split(record, &header, charset, &mut cells);
            let names = header.names.iter().map(String::as_str);
            let own = names.zip(&cells).filter(|(name, _)| !is_note(name));
            row_text::object(own, masked)
        })?;
    }
}

fn split<'a>(
    record: &'a [u8],
    header: &Header,
    charset: Charset,
    cells: &mut Vec<Cell<'a>>,
) -> Result<(), Broken> {
    cells.clear();
    let text = std::str::from_utf8(record).map_err(|_| Broken::Undecodable(charset))?;
    if record == header.record {
        return Err(Broken::HeaderAgain);
    }
    csv_cells::split(text, header.marks, cells)?;
    let (expected, found) = (header.names.len(), cells.len());
    if found == expected {
        Ok(())
    } else {
        Err(Broken::Cells { expected, found })
    }
}

/// Says of the cells of numbers that they have a decimal comma.
fn mark_numbers(cells: &mut [Cell<'_>], contract: &Contract) {
    for (cell, column) in cells.iter_mut().zip(&contract.columns) {
        if let Cell::Text(text) = cell
            && is_number(column.column_type)
        {
            *cell = Cell::DecimalComma(std::mem::take(text));
        }
    }
}

fn is_number(column_type: ColumnType) -> bool {
    match column_type {
        ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64 | ColumnType::Decimal(..) => {
            true
        }
        ColumnType::String | ColumnType::Boolean | ColumnType::Date | ColumnType::Timestamp => {
            false
        }
    }
}

#[cfg(test)]
mod tests;
