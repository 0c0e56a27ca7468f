//! CSV: RFC 4180 with a header, columns in any order, an empty cell is null.

use crate::body::Text;
use crate::cell::Cell;
use crate::csv_cells::{self, Broken};
use crate::csv_header::{self, Header};
use crate::fields::{Fields, Terms};
use crate::judge::Judge;
use crate::mended::unguarded;
use crate::records::{Block, Records};
use crate::rows::Rows;
use crate::{Charset, Coding, IngestError};

/// Checks a CSV body.
pub(crate) fn check(
    text: Text,
    coding: Coding,
    terms: Terms<'_>,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let limits = terms.limits;
    let coding = terms
        .mapping
        .map_or(coding, |mapping| mapping.declared(coding));
    let Coding {
        charset, dialect, ..
    } = coding;
    let charset = charset.unwrap_or(Charset::Utf8);
    let mut records = Records::new(text, csv_header::first_framing(dialect), limits, 0);
    let header = Header::read(&mut records, charset, dialect, terms)?;
    let mended = header.has_notes();
    let mut block = Block::default();
    loop {
        records.fill(&mut block, limits.batch_rows)?;
        if block.len() == 0 {
            return Ok(());
        }
        let mut rows = Rows::new(terms.contract, limits, block.len()).mended(mended);
        let mut cells = Vec::with_capacity(header.names.len());
        let mut order = Order::new(terms, &header);
        for (row, record) in (block.first_row..).zip(block.records()) {
            match split(record, &header, charset, &mut cells) {
                Ok(()) => order.push(row, &mut cells, &mut rows)?,
                Err(broken) => {
                    let text = String::from_utf8_lossy(record);
                    rows.malformed(row, broken.message(), terms.kept_fragment(&text));
                }
            }
        }
        judge.decide(rows.finish(), &|row, masked| {
            let record = block.record(usize::try_from(row - block.first_row).unwrap_or(usize::MAX));
            let mut cells = Vec::new();
            // It could be split before.
            let _split = split(record, &header, charset, &mut cells);
            let names = header.names.iter().map(|name| name.as_str().into());
            let own = names.zip(cells).zip(&header.places);
            let own = own.filter(|(_, place)| place.is_some());
            terms.kept(own.map(|(named, _)| named).collect(), masked)
        })?;
    }
}

/// Cells in the body's order on their way to the contract's.
struct Order<'a> {
    terms: Terms<'a>,
    header: &'a Header,
    kind: Kind<'a>,
}

enum Kind<'a> {
    /// A cell for every column of the contract.
    Direct(Vec<Cell<'a>>),
    Mapped(Fields<'a>),
}

impl<'a> Order<'a> {
    fn new(terms: Terms<'a>, header: &'a Header) -> Self {
        let kind = match terms.mapping {
            None => Kind::Direct(vec![Cell::Null; terms.contract.columns.len()]),
            Some(_) => Kind::Mapped(Fields::new(terms).with_decimal_comma(header.decimal_comma)),
        };
        Self {
            terms,
            header,
            kind,
        }
    }

    /// Adds a row; takes its cells.
    fn push(
        &mut self,
        row: u64,
        cells: &mut Vec<Cell<'a>>,
        rows: &mut Rows<'_>,
    ) -> Result<(), IngestError> {
        let placed = self.header.places.iter().zip(cells.drain(..));
        match &mut self.kind {
            Kind::Direct(ordered) => {
                let mended = self.header.has_notes();
                for (place, cell) in placed {
                    let Some(place) = place else { continue };
                    let cell = if mended { unguarded(cell) } else { cell };
                    ordered[*place] = if self.header.decimal_comma {
                        cell.with_comma(self.terms.contract.columns[*place].column_type)
                    } else {
                        cell
                    };
                }
                rows.push(row, ordered, &[])
            }
            Kind::Mapped(fields) => {
                fields.start();
                for (place, cell) in placed {
                    let Some(place) = place else { continue };
                    fields.put(*place, cell);
                }
                fields.end();
                rows.push_fields(row, fields)
            }
        }
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

#[cfg(test)]
mod tests;
