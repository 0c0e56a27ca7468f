//! What a form says of the contract that it was made under, so that a filled form is held against
//! the contract that its sender saw.

use super::{Contract, Version};
use crate::DatasetName;
use crate::text::sha256;

const DATASET: &str = "dataset";
const VERSION: &str = "contract_version";
const SHA256: &str = "contract_sha256";
const TABLE: &str = "table";
const MADE_BY: &str = "made_by";

/// The stamp of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The dataset that the form is for.
    pub dataset: DatasetName,
    /// The contract's version.
    pub version: Version,
    /// The SHA-256 of the contract's text in hex.
    pub contract_sha256: String,
    /// The sheet of the form that takes the rows.
    pub table: String,
    /// The program that made the form.
    pub made_by: String,
}

impl Stamp {
    /// The sheet that holds the stamp: a line of it is a key and a value.
    pub const SHEET: &'static str = "_dtm";

    /// The stamp of a form for this contract.
    pub fn of(contract: &Contract, table: &str, made_by: &str) -> Self {
        Self {
            dataset: contract.dataset.clone(),
            version: contract.version,
            contract_sha256: sha256(contract.source.as_bytes()),
            table: table.to_owned(),
            made_by: made_by.to_owned(),
        }
    }

    /// The lines of the stamp.
    pub fn lines(&self) -> [(&'static str, String); 5] {
        [
            (DATASET, self.dataset.to_string()),
            (VERSION, self.version.to_string()),
            (SHA256, self.contract_sha256.clone()),
            (TABLE, self.table.clone()),
            (MADE_BY, self.made_by.clone()),
        ]
    }

    /// The stamp that these lines are; none if a dataset, a version or a table is missing. Unknown
    /// keys are passed over.
    pub fn read<'a>(lines: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let (mut dataset, mut version, mut table) = (None, None, None);
        let (mut contract_sha256, mut made_by) = (String::new(), String::new());
        for (key, value) in lines {
            match key {
                DATASET => dataset = value.parse().ok(),
                VERSION => version = numbers(value),
                TABLE => table = Some(value.to_owned()),
                SHA256 => value.clone_into(&mut contract_sha256),
                MADE_BY => value.clone_into(&mut made_by),
                _ => {}
            }
        }
        Some(Self {
            dataset: dataset?,
            version: version?,
            contract_sha256,
            table: table?,
            made_by,
        })
    }
}

fn numbers(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let mut next = || parts.next().flatten();
    let (major, minor, patch) = (next()?, next()?, next()?);
    parts.next().is_none().then_some(Version {
        major,
        minor,
        patch,
    })
}

#[cfg(test)]
mod tests;
