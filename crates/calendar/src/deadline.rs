//! When the data of a period is due, and when the period locks.

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::{CIVIL_OFFSET_SECONDS, Period, civil_day};

/// The days of a rule at the most: ten years.
pub const DEADLINE_DAYS: u32 = 3660;

/// How many civil days after the last day of a period its data is due, and the period locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadlineRule {
    /// Days until the last one on which data is on time; 0 is the last day of the period.
    pub due_after_days: u32,
    /// Days until the last one on which late data is taken; none means that it always is.
    pub lock_after_days: Option<u32>,
}

/// What becomes of data that is complete at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Refused: the period has not begun.
    NotYet,
    /// Taken, and on time.
    Open,
    /// Taken, and marked as late.
    Late,
    /// Refused: too late.
    Locked,
}

impl Standing {
    /// Every standing, in the order of time.
    pub const ALL: [Self; 4] = [Self::NotYet, Self::Open, Self::Late, Self::Locked];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Open => "open",
            Self::Late => "late",
            Self::Locked => "locked",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The days of one obligation. Days are civil days in Vietnam, and the day itself is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// The first day on which data is taken: the first of the period.
    pub opens_on: NaiveDate,
    /// The last day on which data is on time.
    pub due_on: NaiveDate,
    /// The last day on which data is taken; none if the period never locks.
    pub closes_on: Option<NaiveDate>,
}

impl Deadline {
    /// The days of a period under a rule. An extension moves the day on which data is due, and with
    /// it the lock, if that would come before; it never makes a day earlier.
    pub fn new(period: &Period, rule: DeadlineRule, extended_to: Option<NaiveDate>) -> Self {
        let after = |days: u32| {
            let days = Days::new(u64::from(days));
            period
                .end_on
                .checked_add_days(days)
                .unwrap_or(NaiveDate::MAX)
        };
        let due_on = after(rule.due_after_days);
        let due_on = extended_to.map_or(due_on, |day| day.max(due_on));
        Self {
            opens_on: period.start_on,
            due_on,
            closes_on: rule.lock_after_days.map(|days| after(days).max(due_on)),
        }
    }

    /// What becomes of data that is complete at `at`.
    pub fn standing(&self, at: DateTime<Utc>) -> Standing {
        let day = civil_day(at);
        if day < self.opens_on {
            Standing::NotYet
        } else if day <= self.due_on {
            Standing::Open
        } else if self.closes_on.is_none_or(|last| day <= last) {
            Standing::Late
        } else {
            Standing::Locked
        }
    }

    /// The first instant at which the period is locked; none if it never is.
    pub fn locks_at(&self) -> Option<DateTime<Utc>> {
        let midnight = self.closes_on?.and_time(NaiveTime::MIN).and_utc();
        let next = midnight.checked_add_signed(TimeDelta::days(1))?;
        next.checked_sub_signed(TimeDelta::seconds(i64::from(CIVIL_OFFSET_SECONDS)))
    }
}
