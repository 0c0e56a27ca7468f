//! Some files of a table, and what takes their place.

use std::sync::Arc;

use deltalake::datafusion::catalog::TableProvider;
use serde_json::{Map, Value};

use super::snapshot::counted;
use super::{DataFile, Snapshot, Table, provider};
use crate::commit::{CommitRequest, Committed};
use crate::error::{LakeError, Result};
use crate::write::StagedFile;

/// Files of one version that one commit can put others in place of.
#[derive(Debug, Clone)]
pub struct Portion {
    snapshot: Snapshot,
    files: Arc<Vec<Arc<DataFile>>>,
    rows: u64,
    bytes: u64,
}

impl Snapshot {
    /// The files that may hold rows of which `column`, a text, is one of `values`.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta; `Corrupt` when a file has no row count.
    pub fn holding(&self, column: &str, values: &[String]) -> Result<Portion> {
        self.layout()?;
        let files = self.head.files().iter();
        let files = files.filter(|file| file.may_hold(column, values));
        self.portion(files.map(Arc::clone).collect())
    }

    pub(super) fn portion(&self, files: Vec<Arc<DataFile>>) -> Result<Portion> {
        let mut rows = 0;
        for file in &files {
            rows += counted(file)?;
        }
        let portion = self.uncounted(files)?;
        Ok(Portion { rows, ..portion })
    }

    /// Files of which it is not known how many rows they have.
    pub(super) fn uncounted(&self, files: Vec<Arc<DataFile>>) -> Result<Portion> {
        self.layout()?;
        Ok(Portion {
            snapshot: self.clone(),
            rows: 0,
            bytes: files.iter().map(|file| file.size_bytes()).sum(),
            files: Arc::new(files),
        })
    }
}

impl Portion {
    /// Files.
    pub fn count(&self) -> u64 {
        self.files.len() as u64
    }

    /// Their size on the store.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads exactly these files.
    ///
    /// # Errors
    /// `Invalid` for a table that is not plain Delta.
    pub fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        provider::exactly(&self.snapshot, self.files.clone())
    }

    fn paths(&self) -> Vec<String> {
        self.paths_of().map(str::to_owned).collect()
    }

    pub(super) fn paths_of(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path())
    }
}

impl Table {
    /// Puts `files` in place of a portion whose rows they hold; `info` are notes for the history.
    /// Rows do not change, and whatever others committed meanwhile stays.
    ///
    /// # Errors
    /// `Corrupt` when the files do not hold as many rows as the log promised. `Conflict` when one
    /// of the portion's files was removed meanwhile, or the columns changed. Either way nothing was
    /// committed.
    pub async fn compact(
        &self,
        portion: &Portion,
        files: Vec<StagedFile>,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        let rows: u64 = files.iter().map(StagedFile::rows).sum();
        if rows != portion.rows {
            return Err(LakeError::corrupt(format!(
                "cannot compact dataset `{}`: the log says that its small files have {} rows, and \
                 {rows} were read from them",
                self.dataset(),
                portion.rows
            )));
        }
        let request = CommitRequest::rewrite(portion.paths(), files).with_info(info);
        self.commit(request).await
    }

    /// Puts `files` in place of a portion, with other rows in them; whatever others committed
    /// meanwhile stays. Of several amendments with one `app` and number one is committed.
    ///
    /// # Errors
    /// `Conflict` when one of the portion's files was removed meanwhile, or the columns changed:
    /// nothing was committed, and the amendment must be computed again. `Unavailable` when the
    /// store does not answer: then the same request finds out.
    pub async fn amend(
        &self,
        portion: &Portion,
        files: Vec<StagedFile>,
        (app, number): (String, i64),
        operation: &str,
        info: Map<String, Value>,
    ) -> Result<Committed> {
        let request = CommitRequest::amend(portion.paths(), files)
            .with_app(app, number)
            .with_operation(operation)
            .with_info(info);
        self.commit(request).await
    }

    /// The number that `app` last committed with, in the newest version known.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn number_of(&self, app: &str) -> Result<Option<i64>> {
        self.application_version(&self.head(), app).await
    }
}
