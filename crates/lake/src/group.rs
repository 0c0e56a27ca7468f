//! Many submissions, one commit: what waits while a commit is under way goes into the next.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::commit::{CommitRequest, Committed, SUBMISSIONS};
use crate::error::{LakeError, Result};
use crate::table::Table;
use crate::write::StagedFile;

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
}

/// The one writer of a raw table. Cheap to clone; clones share one queue.
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
            table,
            waiting,
            most: settings.group.max(1),
            doubtful: HashMap::new(),
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
    /// Submissions whose commit had no answer, and the version known before it.
    doubtful: HashMap<String, i64>,
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
        group = match self.settle_doubts(group).await {
            Some(group) => group,
            None => return,
        };
        while !group.is_empty() {
            let before = self.table.version();
            match self.attempt(&group).await {
                Ok(done) if done.already => group = self.answer_listed(group, &done).await,
                Ok(done) => {
                    for waiting in group {
                        self.doubtful.remove(&waiting.submission.submission_id);
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
                Err(error) => {
                    for waiting in group {
                        if error.is_unavailable() {
                            let id = waiting.submission.submission_id.clone();
                            self.doubtful.entry(id).or_insert(before);
                        }
                        answer(waiting, Err(error.again()));
                    }
                    return;
                }
            }
        }
    }

    async fn attempt(&self, group: &[Waiting]) -> Result<Committed> {
        self.table.refresh().await?;
        let last = self
            .table
            .application_version(&self.table.head(), &self.app)
            .await?;
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
        self.table.commit(request).await
    }

    /// Answers those of a group that an earlier commit landed; gives the others.
    async fn answer_listed(&mut self, group: Vec<Waiting>, done: &Committed) -> Vec<Waiting> {
        let listed = done.info.get(SUBMISSIONS).and_then(Value::as_array);
        let listed: HashSet<_> = listed
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut rest = Vec::new();
        for waiting in group {
            let id = waiting.submission.submission_id.as_str();
            if !listed.contains(id) {
                rest.push(waiting);
                continue;
            }
            self.doubtful.remove(id);
            self.drop_copies(&waiting, done.version).await;
            answer(waiting, Ok(done.clone()));
        }
        rest
    }

    /// Looks in the log for submissions whose earlier commit had no answer.
    async fn settle_doubts(&mut self, group: Vec<Waiting>) -> Option<Vec<Waiting>> {
        let ids = group
            .iter()
            .map(|waiting| &waiting.submission.submission_id);
        let since = ids.filter_map(|id| self.doubtful.get(id)).min().copied();
        let Some(since) = since else {
            return Some(group);
        };
        let landed = match self.table.submissions_since(since).await {
            Ok(landed) => landed,
            Err(error) => {
                for waiting in group {
                    answer(waiting, Err(error.again()));
                }
                return None;
            }
        };
        let mut rest = group;
        for (record, _) in landed {
            let done = Committed {
                version: record.version,
                committed_at: record.committed_at,
                already: true,
                info: record.info,
            };
            rest = self.answer_listed(rest, &done).await;
        }
        Some(rest)
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

fn answer(waiting: Waiting, outcome: Result<Committed>) {
    // Nobody waits for an answer whose call was dropped.
    let _ = waiting.answer.send(outcome);
}
