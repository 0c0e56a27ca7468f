//! The sender: in order, one at a time, until it is acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use books::JobLease;
use chrono::{DateTime, TimeDelta, Utc};
use service::Result;
use tokio::sync::{Mutex, Notify};

use super::kept::{self, Kept, When};
use super::settings::Sink;
use super::sink::Way;
use crate::alone::LEASE;
use crate::handles::Handles;
use crate::{failure, runs};

/// The job that the lease is for.
const JOB: &str = "lineage";
/// How long it waits after the first failure; doubled with each further one.
const BACK_OFF: TimeDelta = TimeDelta::seconds(1);
/// How long it waits at the most.
const BACK_OFF_MOST: TimeDelta = TimeDelta::minutes(5);

/// What came of a look at the outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Events that were acknowledged.
    pub sent: u64,
    /// Events of what was undone, which nobody is told.
    pub undone: u64,
    /// Events that still wait.
    pub waiting: u64,
    /// Why the first of them does, if it is the other side.
    pub error: Option<String>,
}

/// What a process knows of its sending.
#[derive(Default)]
pub(crate) struct Sender {
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Default)]
struct State {
    failures: u32,
    not_before: Option<DateTime<Utc>>,
    error: Option<String>,
    /// The time of the event that waits longest.
    oldest_at: Option<DateTime<Utc>>,
    way: Option<Way>,
}

/// What is to be done with an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Send,
    Wait,
    Drop,
}

impl Sender {
    /// There is something to send.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Waits until it is woken or `look` has passed; after a failure for as long as it backs off.
    pub(super) async fn is_due(&self, look: Duration) {
        let failures = self.state.lock().await.failures;
        if failures > 0 {
            let pause = capped(failures).to_std().unwrap_or(look);
            tokio::time::sleep(pause.min(look)).await;
            return;
        }
        tokio::select! {
            () = self.woken.notified() => {}
            () = tokio::time::sleep(look) => {}
        }
    }
}

/// One look: sends what may leave, until something may not or is not acknowledged.
pub(super) async fn deliver(handles: &Arc<Handles>) -> Result<Delivered> {
    let Some(sink) = &handles.settings.lineage.sink else {
        return Ok(Delivered::default());
    };
    let mut state = handles.outbox.state.lock().await;
    let paths = kept::list(handles).await?;
    let mut delivered = Delivered {
        waiting: paths.len() as u64,
        ..Delivered::default()
    };
    let now = handles.now();
    if paths.is_empty() {
        state.went_well();
    } else if state.not_before.is_some_and(|at| at > now) {
        delivered.error.clone_from(&state.error);
    } else {
        let holder = format!("process {}", (handles.given.ids)());
        let span = (now, now + LEASE);
        let lease = handles.books.lease_job(JOB, &holder, span, 0).await;
        // Without it another process is at it.
        if let Some(lease) = lease.map_err(failure::books)? {
            let turn = Turn {
                handles,
                sink,
                lease: &lease,
            };
            let done = turn.all(&mut state, paths, &mut delivered).await;
            let ended = handles.books.release_job(&lease, handles.now(), None);
            ended.await.map_err(failure::books)?;
            match done? {
                Ok(()) => state.went_well(),
                Err(why) => state.failed(handles, &why),
            }
            delivered.error.clone_from(&state.error);
        }
    }
    state.measure(handles, delivered.waiting);
    Ok(delivered)
}

/// The right to send, for one look.
struct Turn<'a> {
    handles: &'a Handles,
    sink: &'a Sink,
    lease: &'a JobLease,
}

impl Turn<'_> {
    /// Sends them in their order. The inner error is the other side's.
    async fn all(
        &self,
        state: &mut State,
        paths: Vec<String>,
        delivered: &mut Delivered,
    ) -> Result<Result<(), String>> {
        let mut known = BTreeMap::new();
        for path in paths {
            if self.handles.is_stopping() {
                break;
            }
            let Some(kept) = kept::get(self.handles, &path).await? else {
                delivered.waiting -= 1;
                continue;
            };
            state.oldest_at = time_of(&kept);
            match self.verdict(&kept, &mut known).await? {
                Verdict::Wait => return Ok(Ok(())),
                Verdict::Drop => delivered.undone += 1,
                Verdict::Send => {
                    if !self.still().await? {
                        return Ok(Ok(()));
                    }
                    if let Err(why) = self.send(state, &kept).await {
                        return Ok(Err(why));
                    }
                    delivered.sent += 1;
                }
            }
            kept::delete(self.handles, &path).await?;
            delivered.waiting -= 1;
            state.oldest_at = None;
        }
        Ok(Ok(()))
    }

    async fn send(&self, state: &mut State, kept: &Kept) -> Result<(), String> {
        let way = match &mut state.way {
            Some(way) => way,
            none => none.insert(Way::open(self.handles, self.sink)?),
        };
        let sent = way.give(&kept.event.to_string()).await;
        let outcome = if sent.is_ok() { "sent" } else { "failed" };
        metrics::counter!("dtm_lineage_events_total", "outcome" => outcome).increment(1);
        sent
    }

    /// Whether the lease is still ours.
    async fn still(&self) -> Result<bool> {
        let until = self.handles.now() + LEASE;
        let counts = self.handles.books.renew_job(self.lease, until).await;
        counts.map_err(failure::books)
    }

    /// What is known of a run that is over does not change.
    async fn verdict(&self, kept: &Kept, known: &mut BTreeMap<String, bool>) -> Result<Verdict> {
        if kept.when == When::Begun {
            return Ok(Verdict::Send);
        }
        let published = match known.get(&kept.run) {
            Some(published) => *published,
            None => {
                // In this order: a run is published before it is not open any more.
                let is_open = runs::is_open(self.handles, &kept.run).await?;
                let sets = &self.handles.published;
                let published = sets.names_since(&kept.run, kept.since).await?;
                if is_open && !published {
                    return Ok(Verdict::Wait);
                }
                known.insert(kept.run.clone(), published);
                published
            }
        };
        Ok(match kept.when {
            When::Published if !published => Verdict::Drop,
            _ => Verdict::Send,
        })
    }
}

impl State {
    fn went_well(&mut self) {
        if self.error.take().is_some() {
            tracing::info!("events of lineage are acknowledged again");
        }
        self.failures = 0;
        self.not_before = None;
    }

    /// Said once for as long as it stays the same.
    fn failed(&mut self, handles: &Handles, why: &str) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(handles.now() + pause(self.failures, (handles.given.random)()));
        // A token may have been changed, or what a name leads to.
        self.way = None;
        if self.error.as_deref() != Some(why) {
            tracing::warn!(
                error = why,
                "an event of lineage is not acknowledged; it waits"
            );
            self.error = Some(why.to_owned());
        }
    }

    fn measure(&mut self, handles: &Handles, waiting: u64) {
        if waiting == 0 {
            self.oldest_at = None;
        }
        let age = self.oldest_at.map(|at| handles.now() - at);
        let seconds = age.map_or(0, |age| age.num_seconds().max(0));
        metrics::gauge!("dtm_lineage_events_waiting").set(waiting as f64);
        metrics::gauge!("dtm_lineage_oldest_seconds").set(seconds as f64);
    }
}

/// The longest that is waited after so many failures.
fn capped(failures: u32) -> TimeDelta {
    let times = 1_i32 << failures.saturating_sub(1).min(16);
    (BACK_OFF * times).min(BACK_OFF_MOST)
}

/// Between half of that and all of it, by chance: nodes do not come back all at once.
fn pause(failures: u32, chance: [u8; 32]) -> TimeDelta {
    let half = capped(failures) / 2;
    let share = i32::from(chance[0]) * 256 + i32::from(chance[1]);
    half + half * share / 65_536
}

fn time_of(kept: &Kept) -> Option<DateTime<Utc>> {
    let text = kept.event["eventTime"].as_str()?;
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some(at.with_timezone(&Utc))
}
