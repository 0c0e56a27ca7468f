//! Where in a sheet the rows of a batch stand, so that people find them.

use std::sync::Arc;

use project::{Contract, Text};

use super::address;
use crate::Verdict;

/// The places of a batch's rows.
#[derive(Debug)]
pub(crate) struct Places {
    /// The number in the sheet of every row.
    pub(crate) rows: Vec<u64>,
    /// The column in the sheet of every column of the contract, if it has one there.
    pub(crate) columns: Arc<[Option<usize>]>,
}

impl Places {
    /// Says in a verdict where it is about: a cell, as `D14`, or a whole row, as `14:14`.
    pub(crate) fn say(&self, slot: usize, contract: &Contract, verdict: &mut Verdict) {
        let Some(row) = self.rows.get(slot) else {
            return;
        };
        let column = verdict.column.as_deref().and_then(|name| {
            match contract
                .columns
                .iter()
                .position(|column| column.name == name)
            {
                Some(place) => self
                    .columns
                    .get(place)
                    .copied()
                    .flatten()
                    .map(address::letters),
                // A cell beside the table has no column but that of the sheet.
                None => Some(name.to_owned()),
            }
        });
        let Text { vi, en } = &mut verdict.message;
        match column {
            Some(column) => {
                let cell = format!("{column}{row}");
                vi.insert_str(0, &format!("ô {cell}: "));
                en.insert_str(0, &format!("cell {cell}: "));
                verdict.cell = Some(cell);
            }
            None => {
                vi.insert_str(0, &format!("dòng {row} của trang tính: "));
                en.insert_str(0, &format!("row {row} of the sheet: "));
                verdict.cell = Some(format!("{row}:{row}"));
            }
        }
    }
}
