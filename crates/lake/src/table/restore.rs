//! A table put back to what it was.

use std::collections::HashSet;

use arrow::datatypes::FieldRef;
use serde_json::{Map, Value};

use super::{Snapshot, Table};
use crate::commit::{Committed, Plan, RESTORES};
use crate::error::{LakeError, Result};

impl Snapshot {
    /// Whether both versions have the same columns, by name, type and order, and the same
    /// partitions.
    pub fn same_columns(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.head.schema().fields(), other.head.schema().fields());
        let same = |(one, other): (&FieldRef, &FieldRef)| {
            one.name() == other.name()
                && one.data_type() == other.data_type()
                && one.is_nullable() == other.is_nullable()
        };
        ours.len() == theirs.len()
            && ours.iter().zip(theirs.iter()).all(same)
            && self.head.partition_by() == other.head.partition_by()
    }

    fn paths(&self) -> HashSet<&str> {
        self.head.files().iter().map(|file| file.path()).collect()
    }
}

impl Table {
    /// Makes a version whose files are exactly those of `to`, an older one of this table: rows that
    /// came since are not in it, and the versions before it stay as they are. The commit is named
    /// `RESTORE` and notes the version under `dtm.restores`, beside `info`. The caller has seen
    /// that the files are there ([`missing_files`](Self::missing_files)).
    ///
    /// # Errors
    /// `Conflict` when the table is not at version `base` any more, or when its columns are not
    /// those of `to`: nothing was committed. `Invalid` for a table that is not plain Delta.
    /// `Unavailable` when the store does not answer: then it may have happened, and
    /// [`same_rows`](Self::same_rows) tells.
    pub async fn restore(
        &self,
        to: &Snapshot,
        base: i64,
        mut info: Map<String, Value>,
    ) -> Result<Committed> {
        let from = self.snapshot_at(base).await?;
        from.layout()?;
        to.layout()?;
        if !to.same_columns(&from) {
            return Err(LakeError::conflict(format!(
                "cannot restore version {} of dataset `{}`: its columns are not those of version \
                 {base}",
                to.version(),
                self.dataset()
            )));
        }
        let (there, wanted) = (from.paths(), to.paths());
        let back = to.head.files().iter();
        let back = back.filter(|file| !there.contains(file.path()));
        let back = back.map(|file| file.again()).collect();
        let removed = there.difference(&wanted).map(|path| (*path).to_owned());
        let removed = removed.collect();
        info.insert(RESTORES.to_owned(), Value::from(to.version()));
        self.carry_out(Plan::restored(back, removed, base, info)?)
            .await
    }
}
