//! Working days: Monday to Friday, without the days off, with the days that are worked instead.

use chrono::{Datelike, NaiveDate};

/// A Monday, counted as `NaiveDate` counts.
const A_MONDAY: i64 = 1;
/// More working days than lie between any two days of the calendar.
const MOST: i64 = 400_000_000;

/// Which days are worked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkingDays {
    /// From Monday to Friday, and not worked; in order.
    off: Vec<i64>,
    /// Saturdays and Sundays that are worked; in order.
    extra: Vec<i64>,
}

impl WorkingDays {
    /// Monday to Friday but for `off`, and the Saturdays and Sundays of `worked`. A day that is in
    /// both is worked.
    pub fn new(
        off: impl IntoIterator<Item = NaiveDate>,
        worked: impl IntoIterator<Item = NaiveDate>,
    ) -> Self {
        let sorted = |mut days: Vec<i64>| {
            days.sort_unstable();
            days.dedup();
            days
        };
        let worked = sorted(worked.into_iter().map(number).collect());
        let off = off.into_iter().map(number);
        let off = off.filter(|day| on_weekday(*day) && worked.binary_search(day).is_err());
        Self {
            off: sorted(off.collect()),
            extra: worked.iter().copied().filter(|d| !on_weekday(*d)).collect(),
        }
    }

    /// Whether the day is worked.
    pub fn has(&self, day: NaiveDate) -> bool {
        let day = number(day);
        self.count(day) > self.count(day - 1)
    }

    /// The working days after `from`, up to `to` and with it; negative where `to` comes first.
    pub fn between(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        self.count(number(to)) - self.count(number(from))
    }

    /// The working day to which there are so many from `day`, as [`Self::between`] counts.
    pub fn after(&self, day: NaiveDate, count: i64) -> Option<NaiveDate> {
        if !(-MOST..=MOST).contains(&count) {
            return None;
        }
        let day = number(day);
        let wanted = self.count(day) + count;
        // Seven days have five working days but for those off, of which each costs at most a week.
        let lists = i64::try_from(self.off.len() + self.extra.len()).ok()?;
        let reach = (count.abs() + lists) * 7 + 14;
        let (mut low, mut high) = (day - reach, day + reach);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.count(middle) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        NaiveDate::from_num_days_from_ce_opt(i32::try_from(low).ok()?)
    }

    /// The working days up to the day and with it, from a day that stays the same.
    fn count(&self, day: i64) -> i64 {
        let until = |days: &[i64]| days.partition_point(|other| *other <= day);
        let (week, weekday) = week(day);
        let worked = week * 5 + (weekday + 1).min(5);
        let by_lists = i64::try_from(until(&self.extra)).unwrap_or(i64::MAX)
            - i64::try_from(until(&self.off)).unwrap_or(i64::MAX);
        worked + by_lists
    }
}

fn number(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce())
}

/// The week, and the day in it from Monday.
fn week(day: i64) -> (i64, i64) {
    let days = day - A_MONDAY;
    (days.div_euclid(7), days.rem_euclid(7))
}

fn on_weekday(day: i64) -> bool {
    week(day).1 < 5
}
