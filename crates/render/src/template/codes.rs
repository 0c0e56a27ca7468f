//! The codes that columns may hold, side by side on a sheet of their own.

use std::collections::HashSet;

use project::Contract;
use rust_xlsxwriter::{Formula, Worksheet};

use super::{CODES, CodeLists, ListedCode, Looks, list_of};
use crate::RenderError;
use crate::sheet::fitted;

/// A longer list is no help in a drop-down.
const MOST: usize = 10_000;

/// A list takes two columns.
const COLUMNS: u16 = 2;

/// The lists of a contract, in the order of its columns.
pub(super) struct Codes {
    lists: Vec<(String, Vec<ListedCode>)>,
    too_long: Vec<(String, usize)>,
}

impl Codes {
    pub(super) fn of(contract: &Contract, lists: CodeLists<'_>) -> Self {
        let mut codes = Self {
            lists: Vec::new(),
            too_long: Vec::new(),
        };
        let mut seen = HashSet::new();
        for column in &contract.columns {
            let Some((list, _)) = list_of(contract, column) else {
                continue;
            };
            if !seen.insert(list) {
                continue;
            }
            let Some(mut entries) = lists(list) else {
                continue;
            };
            let mut known = HashSet::new();
            entries.retain(|entry| known.insert(entry.code.clone()));
            match entries.len() {
                0 => {}
                1..=MOST => codes.lists.push((list.to_owned(), entries)),
                count => codes.too_long.push((list.to_owned(), count)),
            }
        }
        codes
    }

    /// Whether there is no list to offer.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// How many codes a list has that is too long to be offered.
    pub(super) fn too_long(&self, list: &str) -> Option<usize> {
        let found = self.too_long.iter().find(|(name, _)| name == list)?;
        Some(found.1)
    }

    /// The place of a list's codes; none if it is not offered.
    pub(super) fn place(&self, list: &str) -> Option<Formula> {
        let place = self.lists.iter().position(|(name, _)| name == list)?;
        let (_, entries) = self.lists.get(place)?;
        let column = u16::try_from(place).ok()?.checked_mul(COLUMNS)?;
        let letters = rust_xlsxwriter::utility::column_number_to_name(column);
        let last = entries.len() + 1;
        Some(Formula::new(format!(
            "='{CODES}'!${letters}$2:${letters}${last}"
        )))
    }

    /// Writes the lists.
    pub(super) fn fill(&self, sheet: &mut Worksheet, looks: &Looks) -> Result<(), RenderError> {
        for (column, (list, entries)) in (0..).step_by(COLUMNS.into()).zip(&self.lists) {
            sheet.write_string_with_format(0, column, list, &looks.optional)?;
            sheet.set_column_width(column, 20)?;
            sheet.set_column_width(column + 1, 48)?;
            for (row, entry) in (1..).zip(entries) {
                let (code, name) = (fitted(&entry.code).0, fitted(&entry.name).0);
                sheet.write_string_with_format(row, column, code, &looks.text)?;
                sheet.write_string(row, column + 1, name)?;
            }
        }
        Ok(())
    }
}
