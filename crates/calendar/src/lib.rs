//! Periods and civil time: pure decisions over dates.
//!
//! *What is here*: period codes and their arithmetic, the calendar table, Vietnam's civil day,
//! working days, deadlines and locks.
//! *What is never here*: a clock, a file, a time zone database; callers hand in the instant.
//! *How it is checked*: unit tests beside the code (`cargo test -p calendar`).
//! *Where to go next*: `warehouse/codes/periods.csv` is the table, which `project` reads into
//! [`Calendar`].

mod deadline;
mod period;
mod span;
mod working;

pub use deadline::{DEADLINE_DAYS, Deadline, DeadlineRule, Standing};
pub use period::{Calendar, CalendarError, Period, PeriodCode, PeriodKind};
pub use span::{FirstDay, Span};
pub use working::WorkingDays;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};

/// Seconds that the civil time of Asia/Ho_Chi_Minh is ahead of UTC. The zone has had no other
/// offset since 1975, so a fixed one is exact for every date this system holds.
pub const CIVIL_OFFSET_SECONDS: i32 = 7 * 3600;

/// The instant as civil time in Vietnam.
pub fn civil(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(CIVIL_OFFSET_SECONDS) {
        Some(offset) => at.with_timezone(&offset),
        None => at.fixed_offset(),
    }
}

/// The civil day in Vietnam at that instant.
pub fn civil_day(at: DateTime<Utc>) -> NaiveDate {
    civil(at).date_naive()
}

/// The last microsecond of the civil day in Vietnam.
pub fn civil_day_end(day: NaiveDate) -> DateTime<Utc> {
    let next_midnight = day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1);
    next_midnight - TimeDelta::seconds(i64::from(CIVIL_OFFSET_SECONDS)) - TimeDelta::microseconds(1)
}

#[cfg(test)]
mod tests;
