//! Putting a log entry, and finding out what became of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::Schema;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use project::DatasetName;
use serde_json::Value;

use super::entry::{Entry, Plan};
use super::{COMMIT_ID, CommitRequest, Committed};
use crate::error::{LakeError, Result};
use crate::given::Given;
use crate::table::{Head, Table, entry_path};

/// Tries of one put while the store does not answer.
const PUTS: u32 = 6;
/// Tries of an append on ever newer versions, while others commit in between.
const REBASES: u32 = 100;

/// Whose entry lies at the version that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Landed {
    Here,
    Elsewhere,
}

impl Table {
    /// Makes staged files visible, once. An append that loses a race is tried again on the newer
    /// version; a lost answer is looked up, not repeated.
    ///
    /// # Errors
    /// `Conflict` when a `Replace` finds the table moved on, or when the columns have changed so
    /// that the files no longer fit; `Unavailable` when the store does not answer: then the change
    /// may have happened, and the same request with the same `app` finds out.
    pub async fn commit(&self, request: CommitRequest) -> Result<Committed> {
        self.carry_out(Plan::requested(request)?).await
    }

    pub(crate) async fn carry_out(&self, plan: Plan) -> Result<Committed> {
        let _queue = self.commit_lock().lock().await;
        let started = Instant::now();
        let done = self.carry_out_alone(plan).await;
        let dataset = self.dataset().to_string();
        let outcome = match &done {
            Ok(done) if done.already => "already",
            Ok(_) => "done",
            Err(_) => "failed",
        };
        let labels = [
            ("dataset", dataset.clone()),
            ("outcome", outcome.to_owned()),
        ];
        metrics::counter!("dtm_commits_total", &labels).increment(1);
        metrics::histogram!("dtm_commit_seconds", "dataset" => dataset)
            .record(started.elapsed().as_secs_f64());
        done
    }

    async fn carry_out_alone(&self, plan: Plan) -> Result<Committed> {
        let given = &self.place().given;
        self.refresh().await?;
        let first = self.version();
        for attempt in 1..=REBASES {
            let head = self.head();
            if let Some(done) = self.already(&head, &plan).await? {
                return Ok(done);
            }
            self.check(&head, &plan, first)?;
            let version = head.version() + 1;
            let entry = plan.entry(given, Some(&head))?;
            match put_entry(self.store(), self.dataset(), given, version, &entry).await? {
                Landed::Here => {
                    self.advance(&head, version, &entry.bytes).await;
                    let Entry { at, info, .. } = entry;
                    return Ok(Committed {
                        version,
                        committed_at: at,
                        already: false,
                        info: Arc::new(info),
                    });
                }
                Landed::Elsewhere => {
                    let dataset = self.dataset().to_string();
                    metrics::counter!("dtm_commit_conflicts_total", "dataset" => dataset)
                        .increment(1);
                    tokio::time::sleep(given.wait(attempt)).await;
                    self.refresh().await?;
                }
            }
        }
        Err(LakeError::conflict(format!(
            "cannot commit to dataset `{}`: others committed first {REBASES} times; try again",
            self.dataset()
        )))
    }

    /// The commit that carried this application number, if there was one.
    async fn already(&self, head: &Head, plan: &Plan) -> Result<Option<Committed>> {
        let Some((app, number)) = &plan.app else {
            return Ok(None);
        };
        match self.application_version(head, app).await? {
            Some(newest) if newest >= *number => {}
            _ => return Ok(None),
        }
        let carries = |applications: &[(String, i64)]| {
            applications
                .iter()
                .any(|(name, version)| name == app && version == number)
        };
        let found = self.find(|record| carries(&record.applications)).await?;
        Ok(Some(match found {
            Some(record) => Committed {
                version: record.version,
                committed_at: record.committed_at,
                already: true,
                info: Arc::new(record.info),
            },
            // Its log entry has been cleaned away: it is at least as old as what is there.
            None => Committed {
                version: head.version(),
                committed_at: self.place().given.now(),
                already: true,
                info: Arc::default(),
            },
        }))
    }

    fn check(&self, head: &Head, plan: &Plan, first: i64) -> Result<()> {
        head.check_writable(self.dataset())?;
        let base = plan.base.unwrap_or(first);
        if plan.alone && head.version() != base {
            return Err(LakeError::conflict(format!(
                "cannot commit to dataset `{}`: it was at version {base} and is now at {}; \
                 compute the change again",
                self.dataset(),
                head.version()
            )));
        }
        let there: HashSet<&str> = match plan.rewritten.is_empty() {
            true => HashSet::new(),
            false => head.files().iter().map(|file| file.path()).collect(),
        };
        if let Some(gone) = plan
            .rewritten
            .iter()
            .find(|path| !there.contains(path.as_str()))
        {
            return Err(LakeError::conflict(format!(
                "cannot rewrite file `{gone}` of dataset `{}`: it was removed meanwhile",
                self.dataset()
            )));
        }
        for file in &plan.files {
            if file.partition_by() != head.partition_by() || !fits(file.schema(), head.schema()) {
                return Err(LakeError::conflict(format!(
                    "cannot commit file `{}` to dataset `{}`: its columns changed after the file \
                     was written; write it again",
                    file.path(),
                    self.dataset()
                )));
            }
        }
        Ok(())
    }
}

/// Whether files of columns `old` can be read as columns `new`.
fn fits(old: &Arc<Schema>, new: &Arc<Schema>) -> bool {
    if Arc::ptr_eq(old, new) {
        return true;
    }
    let known = old
        .fields()
        .iter()
        .all(|field| new.field_with_name(field.name()).is_ok());
    known
        && new
            .fields()
            .iter()
            .all(|field| match old.field_with_name(field.name()) {
                Ok(old) => {
                    old.data_type() == field.data_type()
                        && (field.is_nullable() || !old.is_nullable())
                }
                Err(_) => field.is_nullable(),
            })
}

/// Puts `entry` as `version`. The same bytes are put again until the entry that lies there is
/// known to be ours or somebody else's: only then may another version be tried.
pub(crate) async fn put_entry(
    store: &Arc<dyn ObjectStore>,
    dataset: &DatasetName,
    given: &Given,
    version: i64,
    entry: &Entry,
) -> Result<Landed> {
    let path = entry_path(version);
    let doing = format!("cannot commit version {version} of dataset `{dataset}`");
    let mut attempt = 0;
    loop {
        attempt += 1;
        let payload = PutPayload::from(entry.bytes.clone());
        let refusal = match store.put_opts(&path, payload, PutMode::Create.into()).await {
            Ok(_) => return Ok(Landed::Here),
            Err(error) => error,
        };
        // The store may have written and failed to say so, then found its own entry in the way.
        let there = lies_there(store, &path, &entry.id).await;
        let error = match there {
            Ok(Some(landed)) => return Ok(landed),
            Ok(None) => LakeError::store(&doing, refusal),
            Err(error) => LakeError::store(&doing, error),
        };
        let again = matches!(error, LakeError::Unavailable(_) | LakeError::Conflict(_));
        if !again || attempt >= PUTS {
            return Err(match error {
                LakeError::Conflict(fault) => LakeError::unavailable(fault.to_string()),
                error => error,
            });
        }
        metrics::counter!("dtm_commit_retries_total", "dataset" => dataset.to_string())
            .increment(1);
        tokio::time::sleep(given.wait(attempt)).await;
    }
}

/// Whose entry lies at `path`; none when there is none.
async fn lies_there(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    id: &str,
) -> std::result::Result<Option<Landed>, Error> {
    let bytes = match store.get(path).await {
        Ok(got) => got.bytes().await?,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    // An entry that is not ours may hold anything.
    let written: Value = serde_json::from_slice(first).unwrap_or_default();
    let ours = written["commitInfo"][COMMIT_ID].as_str() == Some(id);
    Ok(Some(if ours {
        Landed::Here
    } else {
        Landed::Elsewhere
    }))
}
