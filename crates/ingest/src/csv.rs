//! CSV: RFC 4180 with a header, columns in any order, an empty cell is null.

use crate::blocks::{self, Decode};
use crate::body::Text;
use crate::cell::Cell;
use crate::csv_cells::{self, Broken};
use crate::csv_header::{self, Header};
use crate::fields::{Fields, Terms};
use crate::judge::Judge;
use crate::mended::unguarded;
use crate::records::{Block, Records};
use crate::rows::{Decoded, Rows};
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
    let cells = Cells {
        terms,
        header,
        charset,
    };
    blocks::check(records, &cells, limits, judge)
}

struct Cells<'a> {
    terms: Terms<'a>,
    header: Header,
    charset: Charset,
}

impl Decode for Cells<'_> {
    fn decode(&self, block: &Block) -> Result<Decoded, IngestError> {
        let Self { terms, header, .. } = self;
        let mended = header.has_notes();
        let mut rows = Rows::new(terms.contract, terms.limits, block.len()).mended(mended);
        let mut cells = Vec::with_capacity(header.names.len());
        let mut order = Order::new(*terms, header);
        for (row, record) in (block.first_row..).zip(block.texts()) {
            let split = match record {
                Ok(text) => split(text, header, &mut cells).map_err(|broken| (broken, text.into())),
                Err(bytes) => {
                    let broken = Broken::Undecodable(self.charset);
                    Err((broken, String::from_utf8_lossy(bytes)))
                }
            };
            match split {
                Ok(()) => order.push(row, &mut cells, &mut rows)?,
                Err((broken, text)) => {
                    rows.malformed(row, broken.message(), terms.kept_fragment(&text));
                }
            }
        }
        Ok(rows.finish())
    }

    fn row_text(&self, block: &Block, row: u64, masked: &dyn Fn(&str) -> bool) -> String {
        let header = &self.header;
        let mut cells = Vec::new();
        // Both could be done before.
        let text = std::str::from_utf8(block.row(row)).unwrap_or_default();
        let _split = split(text, header, &mut cells);
        let names = header.names.iter().map(|name| name.as_str().into());
        let own = names.zip(cells).zip(&header.places);
        let own = own.filter(|(_, place)| place.is_some());
        let own = own.map(|(named, _)| named).collect();
        self.terms.kept(own, masked)
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
    Mapped(Box<Fields<'a>>),
}

impl<'a> Order<'a> {
    fn new(terms: Terms<'a>, header: &'a Header) -> Self {
        let kind = match terms.mapping {
            None => Kind::Direct(vec![Cell::Null; terms.contract.columns.len()]),
            Some(_) => {
                let fields = Fields::new(terms).with_decimal_comma(header.decimal_comma);
                Kind::Mapped(Box::new(fields))
            }
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

fn split<'a>(text: &'a str, header: &Header, cells: &mut Vec<Cell<'a>>) -> Result<(), Broken> {
    cells.clear();
    if text.as_bytes() == header.record {
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
