//! The key within a body. Keys are kept as 128 bits of SHA-256: bounded memory for keys of any
//! length, and nobody can make two different keys meet.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use arrow::array::{Array, ArrayRef};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use project::{Contract, Text};
use sha2::{Digest, Sha256};

/// The keys seen so far, each with the row that had it first.
pub(crate) struct Keys {
    places: Vec<usize>,
    names: String,
    converter: Option<RowConverter>,
    first_rows: HashMap<[u8; 16], u64>,
}

/// A row whose key was seen before.
pub(crate) struct Repeated {
    pub(crate) slot: usize,
    pub(crate) first_row: u64,
}

impl Keys {
    pub(crate) fn new(contract: &Contract) -> Result<Self, ArrowError> {
        let place = |name: &String| contract.columns.iter().position(|c| c.name == *name);
        let places: Vec<usize> = contract.key.iter().filter_map(place).collect();
        let types = places
            .iter()
            .map(|place| contract.columns[*place].column_type.to_arrow());
        let fields: Vec<SortField> = types.map(SortField::new).collect();
        let names: Vec<String> = contract
            .key
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let converter = if fields.is_empty() {
            None
        } else {
            Some(RowConverter::new(fields)?)
        };
        Ok(Self {
            places,
            names: names.join(", "),
            converter,
            first_rows: HashMap::new(),
        })
    }

    /// Takes the keys of a batch. A key with a part that is null or could not be read names no row
    /// and is passed over; other rules speak of it.
    pub(crate) fn take(
        &mut self,
        columns: &[ArrayRef],
        row_numbers: &[u64],
    ) -> Result<Vec<Repeated>, ArrowError> {
        let Some(converter) = &self.converter else {
            return Ok(Vec::new());
        };
        let parts: Vec<ArrayRef> = self
            .places
            .iter()
            .map(|place| columns[*place].clone())
            .collect();
        let keys = converter.convert_columns(&parts)?;
        let mut repeated = Vec::new();
        for (slot, (key, row)) in keys.iter().zip(row_numbers).enumerate() {
            if parts.iter().any(|part| part.is_null(slot)) {
                continue;
            }
            let mut digest = [0; 16];
            digest.copy_from_slice(&Sha256::digest(key.as_ref())[..16]);
            match self.first_rows.entry(digest) {
                Entry::Occupied(first) => {
                    repeated.push(Repeated {
                        slot,
                        first_row: *first.get(),
                    });
                }
                Entry::Vacant(place) => {
                    place.insert(*row);
                }
            }
        }
        Ok(repeated)
    }

    /// What people are told of a repeated key.
    pub(crate) fn message(&self, first_row: u64) -> Text {
        Text {
            vi: format!("khóa ({}) đã có ở dòng {first_row}", self.names),
            en: format!("the key ({}) is already in row {first_row}", self.names),
        }
    }

    /// The key's column, if it is one.
    pub(crate) fn column(&self) -> Option<usize> {
        match self.places[..] {
            [place] => Some(place),
            _ => None,
        }
    }
}
