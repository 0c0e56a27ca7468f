//! What is taken and who waits; every change of it in one step.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use project::AgencyCode;

use super::pace::Pace;
use super::queue::{FairQueue, Ticket};
use super::rate::Rates;
use super::{AdmissionLimits, Bound, Refusal, SMALL_COST, Work};

/// What kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// One of the places for all.
    Common,
    /// One of those, taken by wide work.
    Wide,
    /// The one for small work.
    Small,
}

/// What an agency has.
struct Holding {
    seats: usize,
    places: usize,
    pace: Pace,
}

pub(super) struct State<T> {
    limits: AdmissionLimits,
    rates: Option<Rates>,
    queue: FairQueue<T>,
    holdings: BTreeMap<AgencyCode, Holding>,
    taken: usize,
    pace: Pace,
    common: usize,
    /// How many of the common places wide work may take yet.
    wide: usize,
    small: usize,
    closed: bool,
}

impl<T> State<T> {
    pub(super) fn new(limits: AdmissionLimits, now: DateTime<Utc>) -> Self {
        Self {
            rates: Rates::new(limits.client_per_second, limits.client_burst),
            queue: FairQueue::new(),
            holdings: BTreeMap::new(),
            taken: 0,
            pace: Pace::since(now),
            common: limits.places.max(1),
            wide: (limits.places / 2).max(1),
            small: 1,
            closed: false,
            limits,
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Whether the client's rate is kept; counts the call.
    pub(super) fn may_come(&mut self, client: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let Some(rates) = &mut self.rates else {
            return Ok(());
        };
        rates.take(client, now).map_err(|wait| Refusal {
            bound: Bound::ClientPerSecond,
            retry_after_s: whole_seconds(wait),
        })
    }

    /// Whether there is a seat for the agency.
    pub(super) fn may_sit(&self, agency: &AgencyCode, now: DateTime<Utc>) -> Result<(), Refusal> {
        // A quarter of those who are there has left: others were refused too and come again.
        let until = |pace: &Pace, seats: usize| pace.seconds_until(seats / 4, now);
        if let Some(holding) = self.holdings.get(agency)
            && holding.seats >= self.limits.seats_per_agency
        {
            return Err(Refusal {
                bound: Bound::SeatsPerAgency,
                retry_after_s: until(&holding.pace, holding.seats),
            });
        }
        if self.taken >= self.limits.seats {
            return Err(Refusal {
                bound: Bound::Seats,
                retry_after_s: until(&self.pace, self.taken),
            });
        }
        Ok(())
    }

    pub(super) fn sit(&mut self, agency: &AgencyCode, now: DateTime<Utc>) {
        if self.taken == 0 {
            self.pace.begun(now);
        }
        self.taken += 1;
        let holding = self.holdings.entry(agency.clone());
        let holding = holding.or_insert_with(|| Holding {
            seats: 0,
            places: 0,
            pace: Pace::since(now),
        });
        holding.seats += 1;
    }

    pub(super) fn stand(&mut self, agency: &AgencyCode, now: DateTime<Utc>) {
        self.taken = self.taken.saturating_sub(1);
        self.pace.left(now);
        if let Some(holding) = self.holdings.get_mut(agency) {
            holding.seats = holding.seats.saturating_sub(1);
            holding.pace.left(now);
        }
        self.forget_idle(agency);
    }

    /// Puts one who wants a place into the queue; none when there are no turns any more.
    pub(super) fn wait(&mut self, agency: &AgencyCode, work: Work, who: T) -> Option<Ticket> {
        (!self.closed).then(|| self.queue.push(agency, work, who))
    }

    /// Gives free places to those who are next. Whoever does not take it is passed over.
    pub(super) fn serve(&mut self, give: impl Fn(T, Lane) -> bool) {
        loop {
            let (lane, next) = if self.common > 0 {
                let may_be_wide = self.wide > 0;
                let fits = |_: &AgencyCode, work: Work| may_be_wide || !work.wide;
                (Lane::Common, self.queue.pop(fits))
            } else if self.small > 0 {
                let holdings = &self.holdings;
                let small = |agency: &AgencyCode, work: Work| {
                    let held = holdings.get(agency).map_or(0, |holding| holding.places);
                    work.cost <= SMALL_COST && held == 0
                };
                (Lane::Small, self.queue.pop(small))
            } else {
                return;
            };
            let Some((agency, work, who)) = next else {
                return;
            };
            let lane = match lane {
                Lane::Common if work.wide => Lane::Wide,
                lane => lane,
            };
            if give(who, lane) {
                self.count(lane, |free| *free -= 1);
                if let Some(holding) = self.holdings.get_mut(&agency) {
                    holding.places += 1;
                }
            }
        }
    }

    /// Frees a place.
    pub(super) fn leave(&mut self, agency: &AgencyCode, lane: Lane) {
        self.count(lane, |free| *free += 1);
        if let Some(holding) = self.holdings.get_mut(agency) {
            holding.places = holding.places.saturating_sub(1);
        }
        self.forget_idle(agency);
    }

    /// Takes one out of the queue.
    pub(super) fn forget(&mut self, agency: &AgencyCode, ticket: Ticket) {
        self.queue.remove(agency, ticket);
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.queue.clear();
    }

    /// Counts a place of the lane as taken or free.
    fn count(&mut self, lane: Lane, change: impl Fn(&mut usize)) {
        match lane {
            Lane::Common => change(&mut self.common),
            Lane::Wide => {
                change(&mut self.common);
                change(&mut self.wide);
            }
            Lane::Small => change(&mut self.small),
        }
    }

    fn forget_idle(&mut self, agency: &AgencyCode) {
        if let Some(holding) = self.holdings.get(agency)
            && holding.seats == 0
            && holding.places == 0
        {
            self.holdings.remove(agency);
        }
        if self.holdings.is_empty() && self.queue.waiting() == 0 {
            // Who was served when nobody else wanted it owes nobody anything.
            self.queue.clear();
        }
    }
}

fn whole_seconds(wait: TimeDelta) -> u64 {
    let millis = wait.num_milliseconds().max(0);
    u64::try_from(millis).unwrap_or(0).div_ceil(1000).max(1)
}
