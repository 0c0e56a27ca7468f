//! What appends: the journal is read forward, and what it holds is put into the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use audit::log::{LogError, Sequencer, Signer, SplitEntry};
use audit::{AuditError, Follower};
use service::{ErrorKind, ServiceError};

use super::AuditLog;
use crate::handles::Handles;
use crate::{House, failure};

/// Entries under one checkpoint, at the most.
const BATCH: usize = 5000;
/// Bytes of the journal under one checkpoint, after which no more are read for it.
const BATCH_BYTES: usize = 32 << 20;
/// Entries that are read at once.
const PIECE: usize = 64;
/// Time between two looks at the journal.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest time between two looks, after errors.
const PAUSE_MOST: Duration = Duration::from_secs(60);
/// How long a house that closes waits for its log.
const LAST_WAIT: Duration = Duration::from_secs(10);

pub(super) const KEPT: &str = "the audit log does not take entries; the journal keeps them for it";

/// The open log, and how far the journal has been read for it.
pub(super) struct Work {
    pub(super) sequencer: Sequencer,
    follower: Follower,
}

/// Why nothing is appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stuck {
    /// The log is not of this journal.
    #[error("{0}")]
    Foreign(String),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Journal(#[from] AuditError),
}

impl Stuck {
    /// As the caller sees it.
    pub(super) fn told(self) -> ServiceError {
        match self {
            Self::Foreign(message) => ServiceError::new(ErrorKind::Corrupt, message).hint(
                "Put back the newest journal of this home. If it is lost, keep the log's folder as \
                 evidence and remove the file `node` of the home: a new log begins then.",
            ),
            Self::Log(error) => failure::log(error),
            Self::Journal(error) => failure::audit(error),
        }
    }
}

/// Opens the log where it stands, and sees that its newest entry is the journal's.
pub(super) async fn open(handles: &Handles, log: &AuditLog) -> Result<Work, Stuck> {
    let trust = log.trust(handles)?;
    let signer = Arc::clone(&handles.keys) as Arc<dyn Signer>;
    let mut sequencer = Sequencer::open(Arc::clone(&log.files), signer, &trust).await?;
    let (size, entries) = (sequencer.next_sequence() - 1, handles.journal.entries());
    if size > entries {
        return Err(Stuck::Foreign(format!(
            "the audit log `{}` has {size} entries and the journal of this home {entries}: the \
             journal is older than the log",
            log.name.origin()
        )));
    }
    let mut follower = handles.journal.follow(size.max(1));
    if size > 0 {
        let newest = read(&mut follower, 1).await?;
        match sequencer.append(&newest).await {
            Err(LogError::Rewritten { sequence }) => {
                return Err(Stuck::Foreign(format!(
                    "entry {sequence} of the audit log `{}` is not that of the journal of this \
                     home: the journal is another one",
                    log.name.origin()
                )));
            }
            appended => appended?,
        };
    }
    Ok(Work {
        sequencer,
        follower,
    })
}

/// Puts all that is durable in the journal into the log.
async fn catch_up(handles: &Handles, log: &AuditLog) -> Result<(), Stuck> {
    let mut place = log.work.lock().await;
    // Whatever goes wrong, or when the caller goes away: what was taken is opened again.
    let mut work = match place.take() {
        Some(work) => work,
        None => open(handles, log).await?,
    };
    loop {
        let appended = work.sequencer.next_sequence() - 1;
        log.appended.store(appended, Ordering::Relaxed);
        measure(handles, log);
        let batch = read(&mut work.follower, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        work.sequencer.append(&batch).await?;
        metrics::counter!("dtm_audit_log_entries_total").increment(batch.len() as u64);
    }
    *place = Some(work);
    Ok(())
}

fn measure(handles: &Handles, log: &AuditLog) {
    let appended = log.appended.load(Ordering::Relaxed);
    let behind = handles.journal.entries().saturating_sub(appended);
    metrics::gauge!("dtm_audit_log_behind").set(behind as f64);
}

/// Entries of the journal that follow, at most `limit`.
async fn read(follower: &mut Follower, limit: usize) -> Result<Vec<SplitEntry>, Stuck> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    while entries.len() < limit && bytes < BATCH_BYTES {
        let lines = follower.read(PIECE.min(limit - entries.len())).await?;
        if lines.is_empty() {
            break;
        }
        for line in &lines {
            bytes += line.len();
            entries.push(SplitEntry::from_json(line)?);
        }
    }
    Ok(entries)
}

impl House {
    /// Puts into the log of this node what comes into its journal, until the house is told to stop.
    /// Does nothing in a house without a log.
    pub async fn sequence_when_due(&self) {
        let handles = self.gate.own();
        let Some(log) = handles.log.get() else {
            return;
        };
        let mut stopping = handles.stopping.subscribe();
        let mut told = None;
        let mut failures = 0_u32;
        loop {
            let pause = pause(failures, (handles.given.random)());
            let look = async {
                tokio::time::sleep(pause).await;
                catch_up(handles, log).await
            };
            let done = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                done = look => done,
            };
            match done {
                Ok(()) => {
                    failures = 0;
                    if told.take().is_some() {
                        tracing::info!("the audit log takes entries again");
                    }
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    measure(handles, log);
                    let why = failed(&error);
                    // Said once for as long as it stays the same.
                    if told.as_ref() != Some(&why) {
                        tracing::error!(%error, "{KEPT}");
                        told = Some(why);
                    }
                }
            }
        }
    }

    /// Stops, finishes what was begun, puts the rest of the journal into the log, and closes the
    /// books. A log that takes nothing within ten seconds is told: the journal keeps its entries,
    /// and the next who opens the home goes on.
    pub async fn close_with_log(&self) {
        self.stop();
        self.settled().await;
        let handles = self.gate.own();
        if let Some(log) = handles.log.get() {
            match tokio::time::timeout(LAST_WAIT, catch_up(handles, log)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    failed(&error);
                    tracing::warn!(%error, "{KEPT}");
                }
                Err(_) => tracing::warn!(error = "it took too long", "{KEPT}"),
            }
        }
        self.close().await;
    }
}

/// Counts an error; answers what it says.
fn failed(error: &Stuck) -> String {
    metrics::counter!("dtm_audit_log_errors_total").increment(1);
    error.to_string()
}

/// The time until the next look: after errors twice as long with each, and by chance between half
/// of that and all of it.
fn pause(failures: u32, chance: [u8; 32]) -> Duration {
    if failures == 0 {
        return PAUSE;
    }
    let half = (PAUSE * (1 << failures.min(6))).min(PAUSE_MOST) / 2;
    half + half * u32::from(chance[0]) / 256
}
