//! The files by which two versions differ, and those that may hold rows with given values.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use deltalake::datafusion::catalog::TableProvider;
use deltalake::datafusion::common::ScalarValue;

use super::{DataFile, Portion, Snapshot, Table, provider};
use crate::commit::CommitRequest;
use crate::error::Result;
use crate::write::StagedFile;

/// The files that hold rows with given values.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Those that may hold such a row.
    pub all: Portion,
    /// Those of them that may hold other rows, too.
    pub mixed: Portion,
}

impl Snapshot {
    /// The files that `older` has and this version has not, and the other way round.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta; `Corrupt` when a file has no row count.
    pub fn since(&self, older: &Self) -> Result<(Portion, Portion)> {
        let lacking = |from: &Self, other: &Self| {
            let there = other.head.files().iter();
            let there: HashSet<&str> = there.map(|file| file.path()).collect();
            let files = from.head.files().iter();
            let files = files.filter(|file| !there.contains(file.path()));
            from.portion(files.map(Arc::clone).collect())
        };
        self.layout()?;
        Ok((lacking(older, self)?, lacking(self, older)?))
    }

    /// The files that may hold a row of which every column of one of `boxes` has one of its values.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta; `Corrupt` when a file has no row count.
    pub fn holding_any(&self, boxes: &[BTreeMap<String, Vec<ScalarValue>>]) -> Result<Holding> {
        self.layout()?;
        let (mut all, mut mixed) = (Vec::new(), Vec::new());
        let partition_by = self.head.partition_by();
        for file in self.head.files().iter() {
            let may = |values: &BTreeMap<String, Vec<ScalarValue>>| {
                let mut columns = values.iter();
                columns.all(|(column, values)| file.may_hold_value(column, values))
            };
            let only = |values: &BTreeMap<String, Vec<ScalarValue>>| {
                may(values) && values.keys().all(|column| partition_by.contains(column))
            };
            if boxes.iter().any(may) {
                all.push(Arc::clone(file));
                if !boxes.iter().any(only) {
                    mixed.push(Arc::clone(file));
                }
            }
        }
        Ok(Holding {
            all: self.portion(all)?,
            mixed: self.portion(mixed)?,
        })
    }

    /// Reads this version as if `files`, which are staged, had taken the place of a portion.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta.
    pub fn with(&self, portion: &Portion, files: &[StagedFile]) -> Result<Arc<dyn TableProvider>> {
        let gone: HashSet<&str> = portion.paths_of().collect();
        let stay = self.head.files().iter();
        let stay = stay.filter(|file| !gone.contains(file.path()));
        let come = files.iter();
        let come = come.map(|file| Arc::new(DataFile::new(file.add(0))));
        let files = stay.map(Arc::clone).chain(come).collect();
        provider::exactly(self, Arc::new(files))
    }
}

impl Portion {
    /// Puts `files` in place of the portion, if the table is still at `base`.
    pub fn replaced_by(&self, base: i64, files: Vec<StagedFile>) -> CommitRequest {
        let paths = self.paths_of().map(str::to_owned).collect();
        CommitRequest::amend(paths, files).with_base(base)
    }
}

impl Table {
    /// A change of nothing but the notes for the history, if the table is still at `base`.
    pub fn noting(base: i64) -> CommitRequest {
        CommitRequest::amend(Vec::new(), Vec::new()).with_base(base)
    }
}
