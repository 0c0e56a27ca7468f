//! The tasks on one table.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{DateTime, Utc};
use engine::Statement;
use lake::{CompactSettings, Portion, StagedFile, Table, WriteSettings};
use project::DatasetName;
use service::{MaintenanceState, MaintenanceStep, MaintenanceTask, Result};

use super::cited::Cited;
use crate::handles::Handles;
use crate::{failure, staging};

/// A table and what is to be done to it.
pub(super) struct Work<'a> {
    pub(super) handles: &'a Handles,
    pub(super) id: &'a str,
    pub(super) table: Table,
    pub(super) cited: &'a Cited,
    /// Whatever is younger stays.
    pub(super) since: DateTime<Utc>,
    pub(super) delete: bool,
}

/// What a task did.
#[derive(Default)]
struct Done {
    dry_run: bool,
    files_removed: u64,
    files_added: u64,
    bytes_removed: u64,
    bytes_added: u64,
}

impl Work<'_> {
    /// Does every task that has something to do. One that fails does not stop the next.
    pub(super) async fn take(&self) -> Vec<MaintenanceStep> {
        let mut steps = Vec::new();
        for task in MaintenanceTask::OF_TABLES {
            let started = Instant::now();
            let done = match task {
                MaintenanceTask::Compact => self.compact().await,
                MaintenanceTask::Checkpoint => self.checkpoint().await,
                MaintenanceTask::Vacuum => self.vacuum().await,
                MaintenanceTask::Erase => Ok(None),
            };
            let (state, done, message) = match done {
                Ok(None) => continue,
                Ok(Some(done)) if done.dry_run => (MaintenanceState::DryRun, done, None),
                Ok(Some(done)) => (MaintenanceState::Done, done, None),
                Err(error) => {
                    let message = match error.hint {
                        Some(hint) => format!("{}. {hint}", error.message),
                        None => error.message,
                    };
                    (MaintenanceState::Failed, Done::default(), Some(message))
                }
            };
            steps.push(MaintenanceStep {
                dataset: self.dataset().clone(),
                task,
                state,
                version: Some(self.table.version()),
                files_removed: done.files_removed,
                files_added: done.files_added,
                bytes_removed: done.bytes_removed,
                bytes_added: done.bytes_added,
                seconds: started.elapsed().as_secs_f64(),
                message,
            });
        }
        steps
    }

    fn dataset(&self) -> &DatasetName {
        self.table.dataset()
    }

    /// Puts small files together and shows readers of published figures the new files.
    async fn compact(&self) -> Result<Option<Done>> {
        let small = self.handles.settings.maintain.small_file_bytes;
        let half = self.settings().target_file_bytes as u64 / 2;
        let settings = CompactSettings {
            small_file_bytes: small.min(half),
            small_files: self.handles.settings.maintain.small_files,
            ..CompactSettings::default()
        };
        let portions = self.table.snapshot().small_files(&settings);
        let mut done = Done::default();
        for small in portions.map_err(failure::lake)? {
            tracing::debug!(dataset = %self.dataset(), files = small.count(), "rewriting");
            let files = self.sorted(&small).await?;
            tracing::debug!(dataset = %self.dataset(), files = files.len(), "written");
            done.files_removed += small.count();
            done.bytes_removed += small.bytes();
            done.files_added += files.len() as u64;
            done.bytes_added += files.iter().map(StagedFile::bytes).sum::<u64>();
            let committed = self
                .table
                .compact(&small, files.clone(), super::note(self.id))
                .await;
            if let Err(error) = committed {
                // Whether the commit happened is not known when the store does not answer.
                if !matches!(error, lake::LakeError::Unavailable(_)) {
                    self.table.discard(files).await.map_err(failure::lake)?;
                }
                return Err(failure::lake(error));
            }
            tracing::debug!(dataset = %self.dataset(), "committed");
        }
        self.show().await?;
        Ok((done.files_removed > 0).then_some(done))
    }

    /// The rows of small files, in the order of the contract's sort keys.
    async fn sorted(&self, small: &Portion) -> Result<Vec<StagedFile>> {
        let sort_by = self.sort_keys();
        let (layer, name) = (self.dataset().layer().as_str(), self.dataset().name());
        let keys = self.table.partition_by().into_iter().chain(sort_by.clone());
        let mut keys: Vec<String> = keys.map(|key| format!("\"{key}\"")).collect();
        if keys.is_empty() {
            // Any order makes one stream, and so one file, of many.
            keys.push("1".to_owned());
        }
        let sql = format!(
            "select * from {layer}.\"{name}\" order by {}",
            keys.join(", ")
        );
        let provider = small.provider().map_err(failure::lake)?;
        let tables = BTreeMap::from([(self.dataset().clone(), provider)]);
        let session = self
            .handles
            .engine
            .session(tables, staging::limits(self.handles));
        let session = session.map_err(failure::engine)?;
        let statement = Statement::parse(&sql).map_err(failure::engine)?;
        let planned = session.plan(&statement, &BTreeMap::new()).await;
        let planned = planned.map_err(failure::engine)?;
        let settings = WriteSettings {
            sort_by,
            ..self.settings()
        };
        staging::staged(&session, &planned, &self.table, &settings).await
    }

    /// How its files are written by runs.
    fn settings(&self) -> WriteSettings {
        let project = self.handles.project();
        let transformation = project.transformations.get(self.dataset());
        staging::settings(
            transformation.map(|t| &t.write),
            self.table.snapshot().bytes(),
        )
    }

    /// The contract's sort keys that the table has; none for a table whose contract is gone.
    fn sort_keys(&self) -> Vec<String> {
        let schema = self.table.schema();
        let contract = self.handles.contract(self.dataset());
        let keys = contract
            .map(|contract| contract.sort_by)
            .unwrap_or_default();
        let has = |name: &String| schema.index_of(name).is_ok();
        keys.into_iter().filter(has).collect()
    }

    /// Moves the published version over rewritings, also those of maintenance that was cut off.
    async fn show(&self) -> Result<()> {
        let newest = self.table.refresh().await.map_err(failure::lake)?;
        let shown = self.handles.published.newest().await?;
        let Some(shown) = shown.version(self.dataset()) else {
            return Ok(());
        };
        let same = shown < newest
            && self
                .table
                .same_rows(shown, newest)
                .await
                .map_err(failure::lake)?;
        if !same {
            return Ok(());
        }
        let dataset = self.dataset();
        let publication = self
            .handles
            .published
            .publish(None, (self.handles.now(), None), |set| {
                if set.version(dataset) == Some(shown) {
                    set.versions.insert(dataset.to_string(), newest);
                }
            });
        publication.await.map(drop)
    }

    async fn checkpoint(&self) -> Result<Option<Done>> {
        let newest = self.table.version();
        let commits = i64::try_from(self.handles.settings.maintain.checkpoint_commits);
        let commits = commits.unwrap_or(i64::MAX).max(1);
        // Most tables are young: nothing needs to be read.
        if newest < commits {
            return Ok(None);
        }
        let last = self.table.last_checkpoint().await.map_err(failure::lake)?;
        if newest - last.unwrap_or(0) < commits {
            return Ok(None);
        }
        self.table.checkpoint().await.map_err(failure::lake)?;
        Ok(Some(Done::default()))
    }

    async fn vacuum(&self) -> Result<Option<Done>> {
        let cited = self.cited.of(self.dataset());
        let unneeded = self.table.unneeded(&cited, self.since).await;
        let unneeded = unneeded.map_err(failure::lake)?;
        if unneeded.paths.is_empty() {
            return Ok(None);
        }
        if self.delete {
            let deleted = self.table.delete_unneeded(&unneeded).await;
            deleted.map_err(failure::lake)?;
        }
        Ok(Some(Done {
            dry_run: !self.delete,
            files_removed: unneeded.paths.len() as u64,
            bytes_removed: unneeded.bytes,
            ..Done::default()
        }))
    }
}
