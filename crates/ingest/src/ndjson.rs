//! NDJSON: one object per line; keys in any order; null and a key left out are one.

use std::borrow::Cow;

use project::{Contract, Text};

use crate::cell::Cell;
use crate::json::{self, Broken};
use crate::judge::Judge;
use crate::records::{Block, Framing, Records};
use crate::rows::Rows;
use crate::{Charset, IngestError, Limits, body, row_text};

/// Checks an NDJSON body.
pub(crate) fn check(
    text: body::Text,
    charset: Option<Charset>,
    contract: &Contract,
    limits: &Limits,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    let mut records = Records::new(text, Framing::Lines, limits, 1);
    let mut block = Block::default();
    let charset = charset.unwrap_or(Charset::Utf8);
    let undecodable = charset.undecodable("line");
    loop {
        records.fill(&mut block, limits.batch_rows)?;
        if block.len() == 0 {
            return Ok(());
        }
        let mut rows = Rows::new(contract, limits, block.len());
        let mut line = Line::new(contract);
        for (row, record) in (block.first_row..).zip(block.records()) {
            match std::str::from_utf8(record) {
                Ok(text) => match line.read(text, limits) {
                    Ok(()) => rows.push(row, &line.cells, &line.unknown)?,
                    Err(Broken::TooDeep) => {
                        return Err(IngestError::row_limit("nesting", limits.nesting, row));
                    }
                    Err(Broken::TooManyFields) => {
                        return Err(IngestError::row_limit("columns", limits.columns, row));
                    }
                    Err(broken) => rows.malformed(row, message(broken), row_text::fragment(text)),
                },
                Err(_) => {
                    let text = String::from_utf8_lossy(record);
                    rows.malformed(row, undecodable.clone(), row_text::fragment(&text));
                }
            }
        }
        judge.decide(rows.finish(), &|row, masked| {
            let record = block.record(usize::try_from(row - block.first_row).unwrap_or(usize::MAX));
            as_received(record, limits, masked)
        })?;
    }
}

/// A line's values, in the order of the contract's columns.
struct Line<'a, 'c> {
    contract: &'c Contract,
    cells: Vec<Cell<'a>>,
    seen: Vec<bool>,
    unknown: Vec<(Cow<'a, str>, Cell<'a>)>,
}

impl<'a, 'c> Line<'a, 'c> {
    fn new(contract: &'c Contract) -> Self {
        let columns = contract.columns.len();
        let (cells, seen) = (vec![Cell::Null; columns], vec![false; columns]);
        Self {
            contract,
            cells,
            seen,
            unknown: Vec::new(),
        }
    }

    fn read(&mut self, text: &'a str, limits: &Limits) -> Result<(), Broken> {
        let Self {
            contract,
            cells,
            seen,
            unknown,
        } = self;
        cells.fill(Cell::Null);
        seen.fill(false);
        unknown.clear();
        let columns = &contract.columns;
        // Most writers keep to one order, mostly the contract's: the next column is tried first.
        let mut next = 0;
        let mut fields = 0;
        json::object(text, limits.nesting, |key, cell| {
            fields += 1;
            if fields > limits.columns {
                return Err(Broken::TooManyFields);
            }
            let place = match columns.get(next) {
                Some(column) if column.name == *key => Some(next),
                _ => columns.iter().position(|column| column.name == *key),
            };
            let Some(place) = place else {
                unknown.push((key, cell));
                return Ok(());
            };
            if std::mem::replace(&mut seen[place], true) {
                return Err(Broken::DuplicateKey);
            }
            cells[place] = cell;
            next = place + 1;
            Ok(())
        })?;
        let mut names: Vec<&str> = unknown.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Broken::DuplicateKey);
        }
        Ok(())
    }
}

fn as_received(record: &[u8], limits: &Limits, masked: &dyn Fn(&str) -> bool) -> String {
    let mut fields = Vec::new();
    // Both could be read before.
    let text = std::str::from_utf8(record).unwrap_or_default();
    let _read = json::object(text, limits.nesting, |key, cell| {
        fields.push((key, cell));
        Ok(())
    });
    row_text::object(
        fields.iter().map(|(key, cell)| (key.as_ref(), cell)),
        masked,
    )
}

fn message(broken: Broken) -> Text {
    let (vi, en) = match broken {
        Broken::Syntax(at) => {
            return Text {
                vi: format!("dòng không phải JSON, sai từ byte {}", at + 1),
                en: format!("the line is not JSON; it breaks at byte {}", at + 1),
            };
        }
        Broken::NotAnObject => (
            "mỗi dòng phải là một đối tượng JSON",
            "expected one JSON object per line",
        ),
        // The other two are limits of the body, not faults of the row.
        Broken::DuplicateKey | Broken::TooDeep | Broken::TooManyFields => {
            ("một trường được ghi hai lần", "a field is given twice")
        }
    };
    Text {
        vi: vi.to_owned(),
        en: en.to_owned(),
    }
}

#[cfg(test)]
mod tests;
