//! Back-pressure: how much is in work, how often a client comes, and whose turn it is.
//!
//! Whoever comes takes a [`Seat`], or is refused and told when to come again: there are so many
//! seats in all and for each agency, and a client may come so often. What a seat holds (a body that
//! arrives, waits or is judged) is so bounded. Whoever has a seat waits for a [`Place`], where work
//! is done; places are given by turns that are fair between agencies. One place more is for small
//! work of an agency that has none: it does not wait until a large one of another has ended. Wide
//! work takes half of the places at most: one alone keeps every core busy, and each has its memory.
//!
//! Nothing here waits for a clock: the instant is asked for, and only to say how long to wait.

mod pace;
mod queue;
mod rate;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use project::AgencyCode;
use tokio::sync::{oneshot, watch};

use queue::Ticket;
use state::{Lane, State};

/// Asked for the instant.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The largest cost that is small.
pub const SMALL_COST: u64 = 512 << 10;

/// What is done at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// By this, turns are fair.
    pub cost: u64,
    /// Whether it keeps every core busy by itself.
    pub wide: bool,
}

/// The bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// Seats in all.
    pub seats: usize,
    /// Seats of one agency.
    pub seats_per_agency: usize,
    /// Places, of which wide work takes half at most, and one in any case; one for small work comes
    /// on top.
    pub places: usize,
    /// How often a client comes in a second; 0 is as often as it likes.
    pub client_per_second: u32,
    /// How often it comes at once.
    pub client_burst: u32,
}

/// The bound that was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Seats in all.
    Seats,
    /// Seats of one agency.
    SeatsPerAgency,
    /// The rate of a client.
    ClientPerSecond,
}

/// Not now. Nothing is kept of who was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub bound: Bound,
    /// Seconds, from 1 to 60, after which there is probably room.
    pub retry_after_s: u64,
}

/// There are no turns any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// Seats and places. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Admission {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State<oneshot::Sender<Lane>>>,
    /// How many seats are taken.
    taken: watch::Sender<usize>,
    clock: Clock,
}

/// A seat, of an agency. Dropping it gives it back.
pub struct Seat {
    shared: Arc<Shared>,
    agency: AgencyCode,
}

/// A place to work at. Dropping it gives it to the next.
pub struct Place {
    shared: Arc<Shared>,
    agency: AgencyCode,
    lane: Lane,
}

impl Admission {
    /// With nobody in it.
    pub fn new(limits: AdmissionLimits, clock: Clock) -> Self {
        let shared = Shared {
            state: Mutex::new(State::new(limits, clock())),
            taken: watch::Sender::new(0),
            clock,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// A seat for a client of that name, for work of that agency.
    pub fn enter(&self, client: &str, agency: &AgencyCode) -> Result<Seat, Refusal> {
        let now = (self.shared.clock)();
        let mut state = self.shared.lock();
        state.may_come(client, now)?;
        state.may_sit(agency, now)?;
        Ok(self.shared.seat(&mut state, agency, now))
    }

    /// A seat for whoever has come before and goes on: as [`Self::enter`], and not counted as
    /// coming again.
    pub fn again(&self, agency: &AgencyCode) -> Result<Seat, Refusal> {
        let now = (self.shared.clock)();
        let mut state = self.shared.lock();
        state.may_sit(agency, now)?;
        Ok(self.shared.seat(&mut state, agency, now))
    }

    /// A seat for whoever is bounded elsewhere; it is counted and never refused.
    pub fn guest(&self, agency: &AgencyCode) -> Seat {
        let now = (self.shared.clock)();
        let mut state = self.shared.lock();
        self.shared.seat(&mut state, agency, now)
    }

    /// Waits until no seat is taken.
    pub async fn emptied(&self) {
        let mut taken = self.shared.taken.subscribe();
        // The sender is ours, so it is there.
        let _ = taken.wait_for(|taken| *taken == 0).await;
    }

    /// Gives no turn any more; those who wait for one are told.
    pub fn close(&self) {
        self.shared.lock().close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State<oneshot::Sender<Lane>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seat(
        self: &Arc<Self>,
        state: &mut State<oneshot::Sender<Lane>>,
        agency: &AgencyCode,
        now: DateTime<Utc>,
    ) -> Seat {
        state.sit(agency, now);
        self.taken.send_replace(state.taken());
        Seat {
            shared: Arc::clone(self),
            agency: agency.clone(),
        }
    }
}

impl Seat {
    /// A place, when it is this one's turn. Dropped before, it has never waited.
    pub async fn turn(&self, work: Work) -> Result<Place, Closed> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = {
            let mut state = self.shared.lock();
            let ticket = state.wait(&self.agency, work, sender).ok_or(Closed)?;
            state.serve(|sender, lane| sender.send(lane).is_ok());
            Waiting {
                seat: self,
                ticket,
                given: receiver,
            }
        };
        let lane = (&mut waiting.given).await.map_err(|_| Closed)?;
        Ok(Place {
            shared: Arc::clone(&self.shared),
            agency: self.agency.clone(),
            lane,
        })
    }
}

/// One who waits. Dropped before its turn, it leaves the queue.
struct Waiting<'a> {
    seat: &'a Seat,
    ticket: Ticket,
    given: oneshot::Receiver<Lane>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.seat.shared.lock();
        self.given.close();
        // Its turn may have come while it went. Taken before, there is nothing here any more.
        match self.given.try_recv() {
            Ok(lane) => state.leave(&self.seat.agency, lane),
            Err(_) => state.forget(&self.seat.agency, self.ticket),
        }
        state.serve(|sender, lane| sender.send(lane).is_ok());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.leave(&self.agency, self.lane);
        state.serve(|sender, lane| sender.send(lane).is_ok());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let now = (self.shared.clock)();
        let mut state = self.shared.lock();
        state.stand(&self.agency, now);
        self.shared.taken.send_replace(state.taken());
    }
}

#[cfg(test)]
mod tests;
