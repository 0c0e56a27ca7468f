//! Many submissions, one commit: what waits while a commit is under way goes into the next.

mod pace;
mod recent;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::commit::{CommitRequest, Committed, SUBMISSIONS};
use crate::error::{LakeError, Result};
use crate::table::Table;
use crate::write::{StagedFile, WriteSettings};
use pace::Pace;
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
    /// Memory of the rows that wait in no file yet; more wait for room.
    pub held_bytes: usize,
    /// More submissions than this within a `pause` are a crowd, for whose next the commits wait.
    pub crowd: usize,
    /// The time from the start of a crowd's commit to that of the next, in which others gather.
    pub pause: Duration,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            queue: 1024,
            group: 1024,
            held_bytes: 128 << 20,
            crowd: 16,
            // At most two in a second, the first ones of a crowd, which waited for nobody, among
            // them.
            pause: Duration::from_millis(530),
        }
    }
}

/// Rows that are in no file yet. Those of the submissions of one commit are written together.
#[derive(Debug, Clone, Default)]
pub struct HeldRows {
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// How they are sorted in their files, as in [`WriteSettings`].
    pub sort_by: Vec<String>,
}

impl HeldRows {
    /// The rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The memory that they take.
    fn bytes(&self) -> usize {
        let batches = self.batches.iter();
        batches.map(RecordBatch::get_array_memory_size).sum()
    }
}

/// A submission whose rows are staged.
#[derive(Debug, Clone)]
pub struct StagedSubmission {
    /// Its id: noted in the commit, and never committed twice by one committer.
    pub submission_id: String,
    /// Its rows that are in files.
    pub files: Vec<StagedFile>,
    /// Its rows that are not: hundreds of small submissions are one file.
    pub held: HeldRows,
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
    room: Arc<Semaphore>,
    held_kib: u32,
}

#[derive(Debug)]
struct Waiting {
    submission: StagedSubmission,
    answer: oneshot::Sender<Result<Committed>>,
    _room: OwnedSemaphorePermit,
}

impl GroupCommitter {
    /// Starts the committer of `table` as a task of `on`. It ends when it is drained or when the
    /// last clone is dropped.
    pub fn start(table: Table, settings: GroupSettings, on: &Handle) -> Self {
        let (queue, waiting) = mpsc::channel(settings.queue.max(1));
        let (ending, ended) = watch::channel(());
        let dataset = table.dataset().to_string();
        let held_kib = kib(settings.held_bytes).max(1);
        let worker = Worker {
            app: format!("dtm/{dataset}"),
            recent: Recent::after(table.version()),
            table,
            waiting,
            settings,
        };
        on.spawn(async move {
            worker.run().await;
            drop(ending);
        });
        Self {
            queue: Arc::new(Mutex::new(Some(queue))),
            ended,
            dataset,
            room: Arc::new(Semaphore::new(held_kib as usize)),
            held_kib,
        }
    }

    /// Commits a submission together with others that wait; returns when it is committed. When
    /// the call is dropped, the submission is committed all the same.
    ///
    /// # Errors
    /// `Unavailable` when the committer is drained, or when the store does not answer: then the
    /// submission may have been committed, and giving it again, staged anew, finds out. `Conflict`
    /// when the table's columns changed after the rows were staged, or the same submission is
    /// waiting. Files that surely were not committed are deleted, unless the committer was drained.
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
        // More than all of the room is let in alone.
        let wanted = kib(submission.held.bytes()).min(self.held_kib);
        let room = Arc::clone(&self.room).acquire_many_owned(wanted).await;
        let room = room.map_err(|_| ended())?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            submission,
            answer,
            _room: room,
        };
        let sent = match queue {
            Some(queue) => queue.send(waiting).await.is_ok(),
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
    settings: GroupSettings,
    recent: Recent,
}

/// The files that the held rows of a group were written to.
#[derive(Default)]
struct Written {
    of: usize,
    files: Vec<StagedFile>,
    /// Whether a commit was asked to name them and was not seen to fail: then it may have.
    offered: bool,
}

impl Worker {
    async fn run(mut self) {
        let mut group = Vec::new();
        let most = self.settings.group.max(1);
        let mut pace = Pace::new(self.settings.crowd, self.settings.pause);
        while self.waiting.recv_many(&mut group, most).await > 0 {
            let batch = self.alone(std::mem::take(&mut group)).await;
            pace.begun(Instant::now(), batch.len());
            self.commit(batch, false).await;
            // Whoever is alone is not made to wait; of many, each would be a commit of a few.
            if let Some(next) = pace.next() {
                sleep_until(next).await;
            }
        }
    }

    /// One of each submission; the others are told so.
    async fn alone(&self, group: Vec<Waiting>) -> Vec<Waiting> {
        let mut seen = HashSet::new();
        let (kept, twice): (Vec<_>, Vec<_>) = (group.into_iter())
            .partition(|waiting| seen.insert(waiting.submission.submission_id.clone()));
        let files = kept.iter().flat_map(|waiting| &waiting.submission.files);
        let named: HashSet<&str> = files.map(StagedFile::path).collect();
        for mut waiting in twice {
            let id = &waiting.submission.submission_id;
            let error = LakeError::conflict(format!("submission `{id}` is being committed"));
            let files = &mut waiting.submission.files;
            files.retain(|file| !named.contains(file.path()));
            self.refuse(vec![waiting], &error, false).await;
        }
        kept
    }

    /// Commits a group. Its files may have been offered to a commit before: then they stay if this
    /// one fails.
    async fn commit(&mut self, mut group: Vec<Waiting>, mut offered: bool) {
        let mut written = Written::default();
        while !group.is_empty() {
            let landed = match self.landed(&group).await {
                Ok(landed) => landed,
                Err(error) => return self.refuse(group, &error, offered).await,
            };
            group = self.answer_landed(group, &landed).await;
            if group.is_empty() {
                return self.throw_away(written).await;
            }
            let attempt = self.attempt(&group, &mut written).await;
            offered |= written.offered;
            match attempt {
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
                    self.throw_away(written).await;
                    for waiting in group {
                        Box::pin(self.commit(vec![waiting], offered)).await;
                    }
                    return;
                }
                Err(error) => return self.refuse(group, &error, offered).await,
            }
        }
    }

    /// Tells a group that it is not committed. Its files are deleted if no commit can name them.
    async fn refuse(&self, group: Vec<Waiting>, error: &LakeError, offered: bool) {
        let unknown = offered && !matches!(error, LakeError::Conflict(_));
        for mut waiting in group {
            if !unknown {
                let files = std::mem::take(&mut waiting.submission.files);
                self.discard(files).await;
            }
            answer(waiting, Err(error.again()));
        }
    }

    /// Writes the rows of a group that are in no file; again only for another group.
    async fn write(&self, group: &[Waiting], written: &mut Written) -> Result<()> {
        if written.of == group.len() {
            return Ok(());
        }
        self.throw_away(std::mem::take(written)).await;
        let held = || group.iter().map(|waiting| &waiting.submission.held);
        let Some(last) = held().rfind(|held| held.rows() > 0) else {
            return Ok(());
        };
        let mut writer = self.table.stage(&WriteSettings {
            sort_by: last.sort_by.clone(),
            ..WriteSettings::default()
        })?;
        for batch in together(held().flat_map(|held| &held.batches).collect()) {
            if let Err(error) = writer.write(batch).await {
                // The reason matters more than the cleaning.
                let _ = writer.abort().await;
                return Err(error);
            }
        }
        *written = Written {
            of: group.len(),
            files: writer.finish().await?,
            offered: false,
        };
        Ok(())
    }

    /// Deletes files that no commit can name; others stay for maintenance, which knows.
    async fn throw_away(&self, written: Written) {
        if !written.offered {
            self.discard(written.files).await;
        }
    }

    async fn discard(&self, files: Vec<StagedFile>) {
        if let Err(error) = self.table.discard(files).await {
            tracing::warn!(%error, "files of submissions stay for maintenance");
        }
    }

    /// The commit, unless others came first.
    async fn attempt(&self, group: &[Waiting], written: &mut Written) -> Result<Option<Committed>> {
        self.write(group, written).await?;
        let head = self.table.head();
        if head.version() > self.recent.to() {
            return Ok(None);
        }
        // From here on whoever lands submissions takes this number too, and is noticed.
        let last = self.table.application_version(&head, &self.app).await?;
        let mut files = written.files.clone();
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
        written.offered = true;
        let done = self.table.commit(request).await?;
        // Of another's commit under this number none of these are part.
        written.offered = !done.already;
        if !done.already {
            let dataset = self.table.dataset().to_string();
            metrics::histogram!("dtm_commit_submissions", "dataset" => dataset)
                .record(group.len() as f64);
        }
        Ok((!done.already).then_some(done))
    }

    /// Answers those of a group that have landed; gives the others.
    async fn answer_landed(&self, group: Vec<Waiting>, landed: &[Committed]) -> Vec<Waiting> {
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
        rest
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
                    info: Arc::new(record.info),
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
        let copies = files.filter(|file| !named.contains(file.path()));
        self.discard(copies.cloned().collect()).await;
    }
}

/// Small batches as one, so that each partition is opened once; batches of different columns, as
/// after a change of the contract, stay apart.
fn together(batches: Vec<&RecordBatch>) -> Vec<RecordBatch> {
    let first = batches.first().map(|batch| batch.schema());
    let one = first.and_then(|schema| {
        let alike = batches.iter().all(|batch| batch.schema() == schema);
        alike.then(|| concat_batches(&schema, batches.iter().copied()).ok())?
    });
    match one {
        Some(one) => vec![one],
        None => batches.into_iter().cloned().collect(),
    }
}

/// In whole KiB, which fit a semaphore.
fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

fn answer(waiting: Waiting, outcome: Result<Committed>) {
    // Nobody waits for an answer whose call was dropped.
    let _ = waiting.answer.send(outcome);
}
