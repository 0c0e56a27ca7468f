//! Many submissions, one commit: what waits while a commit is under way goes into the next.

mod recent;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::commit::{CommitRequest, Committed, SUBMISSIONS};
use crate::error::{LakeError, Result};
use crate::table::Table;
use crate::write::StagedFile;
use recent::Recent;

/// The key under which a commit notes what came with each submission.
const NOTES: &str = "dtm.notes";

/// The limits of a group committer.
#[derive(Debug, Clone, Copy)]
pub struct GroupSettings {
    /// Submissions that may wait; another waits for its place in the queue.
    pub queue: usize,
    /// Submissions in one commit.
    pub group: usize,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            queue: 1024,
            group: 256,
        }
    }
}

/// A submission whose rows are staged.
#[derive(Debug, Clone)]
pub struct StagedSubmission {
    /// Its id: noted in the commit, and never committed twice by one committer.
    pub submission_id: String,
    /// Its rows.
    pub files: Vec<StagedFile>,
    /// Notes for the history.
    pub info: Map<String, Value>,
    /// A version at which it had not landed. Every later commit is searched for it, so it lands
    /// once whoever else may have taken it up.
    pub since: i64,
}

/// The one writer of a raw table in this process. Cheap to clone; clones share one queue.
#[derive(Debug, Clone)]
pub struct GroupCommitter {
    queue: Arc<Mutex<Option<mpsc::Sender<Waiting>>>>,
    ended: watch::Receiver<()>,
    dataset: String,
}

#[derive(Debug)]
struct Waiting {
    submission: StagedSubmission,
    answer: oneshot::Sender<Result<Committed>>,
}

impl GroupCommitter {
    /// Starts the committer of `table` as a task of `on`. It ends when it is drained or when the
    /// last clone is dropped.
    pub fn start(table: Table, settings: GroupSettings, on: &Handle) -> Self {
        let (queue, waiting) = mpsc::channel(settings.queue.max(1));
        let (ending, ended) = watch::channel(());
        let dataset = table.dataset().to_string();
        let worker = Worker {
            app: format!("dtm/{dataset}"),
            recent: Recent::after(table.version()),
            table,
            waiting,
            most: settings.group.max(1),
        };
        on.spawn(async move {
            worker.run().await;
            drop(ending);
        });
        Self {
            queue: Arc::new(Mutex::new(Some(queue))),
            ended,
            dataset,
        }
    }

    /// Commits a submission together with others that wait; returns when it is committed. When
    /// the call is dropped, the submission is committed all the same.
    ///
    /// # Errors
    /// `Unavailable` when the committer is drained, or when the store does not answer: then the
    /// submission may have been committed, and giving it again finds out. `Conflict` when the
    /// table's columns changed after the rows were staged, or the same submission is waiting.
    pub async fn append(&self, submission: StagedSubmission) -> Result<Committed> {
        let ended = || {
            LakeError::unavailable(format!(
                "cannot commit to dataset `{}`: the node is shutting down; submit again later",
                self.dataset
            ))
        };
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (answer, answered) = oneshot::channel();
        let sent = match queue {
            Some(queue) => queue.send(Waiting { submission, answer }).await.is_ok(),
            None => false,
        };
        if !sent {
            return Err(ended());
        }
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Takes no more submissions, commits those that wait, and returns when all are answered.
    pub async fn drain(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut ended = self.ended.clone();
        // An error says that the task has ended, which is what is waited for.
        while ended.changed().await.is_ok() {}
    }
}

struct Worker {
    table: Table,
    app: String,
    waiting: mpsc::Receiver<Waiting>,
    most: usize,
    recent: Recent,
}

impl Worker {
    async fn run(mut self) {
        let mut group = Vec::new();
        while self.waiting.recv_many(&mut group, self.most).await > 0 {
            let batch = self.alone(std::mem::take(&mut group));
            self.commit(batch).await;
        }
    }

    /// One of each submission; the others are told so.
    fn alone(&self, group: Vec<Waiting>) -> Vec<Waiting> {
        let mut seen = HashSet::new();
        let mut kept = Vec::with_capacity(group.len());
        for waiting in group {
            if seen.insert(waiting.submission.submission_id.clone()) {
                kept.push(waiting);
            } else {
                let id = &waiting.submission.submission_id;
                let error = LakeError::conflict(format!("submission `{id}` is being committed"));
                answer(waiting, Err(error));
            }
        }
        kept
    }

    async fn commit(&mut self, mut group: Vec<Waiting>) {
        while !group.is_empty() {
            group = match self.answer_landed(group).await {
                Some(rest) if rest.is_empty() => return,
                Some(rest) => rest,
                None => return,
            };
            match self.attempt(&group).await {
                // Others committed meanwhile: who is in their commits is looked up above.
                Ok(None) => {}
                Ok(Some(done)) => {
                    let ids = group.iter().map(|w| w.submission.submission_id.clone());
                    self.recent.note(done.version, ids.collect());
                    for waiting in group {
                        answer(waiting, Ok(done.clone()));
                    }
                    return;
                }
                // One that does not fit must not stop the others.
                Err(error) if group.len() > 1 && !error.is_unavailable() => {
                    for waiting in group {
                        Box::pin(self.commit(vec![waiting])).await;
                    }
                    return;
                }
                Err(error) => return refuse(group, &error),
            }
        }
    }

    /// The commit, unless others came first.
    async fn attempt(&self, group: &[Waiting]) -> Result<Option<Committed>> {
        let head = self.table.head();
        if head.version() > self.recent.to() {
            return Ok(None);
        }
        // From here on whoever lands submissions takes this number too, and is noticed.
        let last = self.table.application_version(&head, &self.app).await?;
        let mut files = Vec::new();
        let (mut ids, mut notes) = (Vec::new(), Map::new());
        for Waiting { submission, .. } in group {
            ids.push(Value::from(submission.submission_id.clone()));
            files.extend(submission.files.iter().cloned());
            if !submission.info.is_empty() {
                let info = Value::Object(submission.info.clone());
                notes.insert(submission.submission_id.clone(), info);
            }
        }
        let mut info = Map::from_iter([(SUBMISSIONS.to_owned(), Value::Array(ids))]);
        if !notes.is_empty() {
            info.insert(NOTES.to_owned(), Value::Object(notes));
        }
        let request = CommitRequest::append(files)
            .with_app(self.app.clone(), last.unwrap_or_default() + 1)
            .with_operation("SUBMIT")
            .with_info(info);
        let done = self.table.commit(request).await?;
        if !done.already {
            let dataset = self.table.dataset().to_string();
            metrics::histogram!("dtm_commit_submissions", "dataset" => dataset)
                .record(group.len() as f64);
        }
        Ok((!done.already).then_some(done))
    }

    /// Answers those of a group that have landed; gives the others.
    async fn answer_landed(&mut self, group: Vec<Waiting>) -> Option<Vec<Waiting>> {
        let landed = match self.landed(&group).await {
            Ok(landed) => landed,
            Err(error) => {
                refuse(group, &error);
                return None;
            }
        };
        let mut rest = Vec::new();
        for waiting in group {
            let id = waiting.submission.submission_id.as_str();
            match landed.iter().find(|done| done.landed(id)) {
                Some(done) => {
                    self.drop_copies(&waiting, done.version).await;
                    answer(waiting, Ok(done.clone()));
                }
                None => rest.push(waiting),
            }
        }
        Some(rest)
    }

    /// The commits since each submission was known not to have landed that landed it.
    async fn landed(&mut self, group: &[Waiting]) -> Result<Vec<Committed>> {
        self.table.refresh().await?;
        self.recent.follow(&self.table).await?;
        let mut versions = BTreeSet::new();
        for Waiting { submission, .. } in group {
            let id = submission.submission_id.as_str();
            let found = match self.recent.version_of(id) {
                Some(version) => Some(version),
                None if submission.since < self.recent.from() => {
                    let found = self.table.find_after(submission.since, id).await?;
                    found.map(|record| record.version)
                }
                None => None,
            };
            versions.extend(found.filter(|version| *version > submission.since));
        }
        let mut landed = Vec::new();
        for version in versions {
            if let Some(record) = self.table.record(version).await? {
                landed.push(Committed {
                    version,
                    committed_at: record.committed_at,
                    already: true,
                    info: record.info,
                });
            }
        }
        Ok(landed)
    }

    /// A submission staged anew after a lost answer leaves files that no commit will name; one
    /// given again as it was is named by the commit that landed.
    async fn drop_copies(&self, waiting: &Waiting, version: i64) {
        let named = match self.table.added_at(version).await {
            Ok(named) => named,
            Err(error) => {
                tracing::warn!(%error, "files of a submission given twice stay for maintenance");
                return;
            }
        };
        let files = waiting.submission.files.iter();
        let copies = files
            .filter(|file| !named.contains(file.path()))
            .cloned()
            .collect();
        if let Err(error) = self.table.discard(copies).await {
            tracing::warn!(%error, "files of a submission given twice stay for maintenance");
        }
    }
}

fn refuse(group: Vec<Waiting>, error: &LakeError) {
    for waiting in group {
        answer(waiting, Err(error.again()));
    }
}

fn answer(waiting: Waiting, outcome: Result<Committed>) {
    // Nobody waits for an answer whose call was dropped.
    let _ = waiting.answer.send(outcome);
}
