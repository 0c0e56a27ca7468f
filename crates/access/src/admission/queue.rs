//! Who is next: turns that are fair between agencies, whatever each of them sends.

use std::collections::{BTreeMap, VecDeque};

use project::AgencyCode;

use super::Work;

/// Start-time fair queueing: each agency has a line of its own, and the line that has been served
/// the least, by cost, is next. A line that was empty starts where the others are, so what was not
/// used is not saved up. Within a line the order is that of arrival.
pub(super) struct FairQueue<T> {
    lines: BTreeMap<AgencyCode, Line<T>>,
    /// The virtual time: the start of whoever was served last.
    served: u64,
    tickets: u64,
}

struct Line<T> {
    waiting: VecDeque<Waiting<T>>,
    /// The virtual time at which its next one starts.
    start: u64,
}

struct Waiting<T> {
    ticket: Ticket,
    work: Work,
    item: T,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

impl<T> FairQueue<T> {
    pub(super) fn new() -> Self {
        Self {
            lines: BTreeMap::new(),
            served: 0,
            tickets: 0,
        }
    }

    /// Puts it at the end of its agency's line.
    pub(super) fn push(&mut self, agency: &AgencyCode, work: Work, item: T) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let served = self.served;
        let line = self.lines.entry(agency.clone()).or_insert_with(|| Line {
            waiting: VecDeque::new(),
            start: served,
        });
        if line.waiting.is_empty() {
            line.start = line.start.max(served);
        }
        line.waiting.push_back(Waiting { ticket, work, item });
        ticket
    }

    /// The next of those whose agency and work fit, with these.
    pub(super) fn pop(
        &mut self,
        fits: impl Fn(&AgencyCode, Work) -> bool,
    ) -> Option<(AgencyCode, Work, T)> {
        let heads = self.lines.iter().filter_map(|(agency, line)| {
            let head = line.waiting.front()?;
            fits(agency, head.work).then_some((line.start, head.ticket, agency))
        });
        let (start, _, agency) = heads.min()?;
        let agency = agency.clone();
        let line = self.lines.get_mut(&agency)?;
        let Waiting { work, item, .. } = line.waiting.pop_front()?;
        line.start = start.saturating_add(work.cost);
        self.served = self.served.max(start);
        let served = self.served;
        // A line that owes nothing is as one that was never there.
        self.lines
            .retain(|_, line| !line.waiting.is_empty() || line.start > served);
        Some((agency, work, item))
    }

    /// Takes one out that waits no longer. It costs its line nothing.
    pub(super) fn remove(&mut self, agency: &AgencyCode, ticket: Ticket) {
        if let Some(line) = self.lines.get_mut(agency) {
            line.waiting.retain(|waiting| waiting.ticket != ticket);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.served = 0;
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lines.values().map(|line| line.waiting.len()).sum()
    }

    #[cfg(test)]
    fn lines(&self) -> usize {
        self.lines.len()
    }
}

#[cfg(test)]
mod tests;
