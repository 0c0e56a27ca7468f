//! When people work: working days, office hours, and the times at which dossiers come in.

use calendar::{CIVIL_OFFSET_SECONDS, Period};
use chrono::{Datelike, NaiveDate, Weekday};

use super::dice::{Dice, Weights};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;
const OPENS: i64 = 7 * 3600 + 1800;
const OFFICE_HOURS: i64 = 17 * 3600 - OPENS;
const OFFSET: i64 = CIVIL_OFFSET_SECONDS as i64;
/// How far the table of working days reaches around the period.
const MARGIN_DAYS: i32 = 800;

/// The civil day counted from 1970-01-01.
pub(super) fn day_number(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - 719_163
}

/// The day of that number.
pub(super) fn day_of(number: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(number + 719_163).unwrap_or(NaiveDate::MAX)
}

/// The civil day on which an instant falls.
pub(super) fn civil_day_of(at: i64) -> i32 {
    (at + OFFSET).div_euclid(DAY) as i32
}

/// The instant at that civil day and second of the day.
pub(super) fn civil_instant(day: i32, second: i64) -> i64 {
    i64::from(day) * DAY + second - OFFSET
}

fn is_working(day: NaiveDate) -> bool {
    // Public holidays on fixed dates; those of the lunar calendar are left out of made-up data.
    let holiday = matches!(
        (day.month(), day.day()),
        (1, 1) | (4, 30) | (5, 1) | (9, 1 | 2)
    );
    !holiday && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The working days around a period. A *position* counts working days with a fraction for the time
/// between opening and closing.
#[derive(Debug)]
pub(super) struct Workdays {
    first: i32,
    /// For each civil day from `first`, how many working days lie before it.
    before: Vec<u32>,
    days: Vec<i32>,
}

impl Workdays {
    /// The working days around that period.
    pub(super) fn around(period: &Period) -> Self {
        let first = day_number(period.start_on) - MARGIN_DAYS;
        let last = day_number(period.end_on) + MARGIN_DAYS;
        let (mut before, mut days) = (Vec::new(), Vec::new());
        for day in first..=last {
            before.push(days.len() as u32);
            if is_working(day_of(day)) {
                days.push(day);
            }
        }
        Self {
            first,
            before,
            days,
        }
    }

    /// Whether offices are open on that day.
    pub(super) fn is_open(&self, day: i32) -> bool {
        self.days.get(self.index(day)) == Some(&day)
    }

    /// The position of an instant; outside office hours that of the next opening or last closing.
    pub(super) fn position(&self, at: i64) -> f64 {
        let day = civil_day_of(at);
        let index = self.index(day);
        if !self.is_open(day) {
            return index as f64;
        }
        let second = (at + OFFSET).rem_euclid(DAY) - OPENS;
        index as f64 + second.clamp(0, OFFICE_HOURS) as f64 / OFFICE_HOURS as f64
    }

    /// The instant of a position.
    pub(super) fn instant(&self, position: f64) -> i64 {
        let index = position.max(0.0) as usize;
        let second = (position.fract() * OFFICE_HOURS as f64) as i64;
        civil_instant(self.day(index), OPENS + second)
    }

    /// The close of business so many working days after the day of an instant.
    pub(super) fn due(&self, at: i64, days: u32) -> i64 {
        let index = self.position(at) as usize + days as usize;
        civil_instant(self.day(index), OPENS + OFFICE_HOURS)
    }

    fn index(&self, day: i32) -> usize {
        let offset = (day - self.first).max(0) as usize;
        self.before
            .get(offset)
            .map_or(self.days.len(), |index| *index as usize)
    }

    fn day(&self, index: usize) -> i32 {
        self.days
            .get(index)
            .or(self.days.last())
            .copied()
            .unwrap_or(self.first)
    }
}

/// The times at which dossiers come in during a period.
#[derive(Debug)]
pub(super) struct Receipts {
    first: i32,
    desk_days: Weights,
    online_days: Weights,
    online_hours: Weights,
}

/// How busy each hour of a day is online.
const ONLINE_HOURS: [u64; 24] = [
    2, 1, 1, 1, 1, 2, 4, 8, 14, 16, 15, 10, 7, 9, 13, 14, 12, 8, 6, 7, 9, 9, 6, 3,
];

impl Receipts {
    /// The times of that period.
    pub(super) fn during(period: &Period) -> Self {
        let days: Vec<NaiveDate> = period
            .start_on
            .iter_days()
            .take_while(|d| *d <= period.end_on)
            .collect();
        let desk = |day: &NaiveDate| match (is_working(*day), day.weekday()) {
            (true, Weekday::Mon) => 130,
            (true, _) => 100,
            (false, Weekday::Sat) => 4,
            (false, _) => 0,
        };
        Self {
            first: day_number(period.start_on),
            desk_days: Weights::new(days.iter().map(desk)),
            online_days: Weights::new(days.iter().map(|day| 30 + desk(day))),
            online_hours: Weights::new(ONLINE_HOURS),
        }
    }

    /// A time at a counter or by post: office hours, few at noon.
    pub(super) fn at_desk(&self, dice: &mut Dice) -> i64 {
        let day = self.first + self.desk_days.draw(dice) as i32;
        let (from, to) = match dice.below(100) {
            0..55 => (OPENS, 11 * 3600 + 1800),
            55..58 => (11 * 3600 + 1800, 13 * 3600),
            _ => (13 * 3600, OPENS + OFFICE_HOURS),
        };
        civil_instant(day, dice.between(from, to - 1))
    }

    /// A time online: round the clock, weekends too.
    pub(super) fn online(&self, dice: &mut Dice) -> i64 {
        let day = self.first + self.online_days.draw(dice) as i32;
        let hour = self.online_hours.draw(dice) as i64;
        civil_instant(day, hour * 3600 + dice.between(0, 3599))
    }
}
