//! Periods in numbers: what comes before and after, what holds what, and the days under a rule.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::PeriodKind;

/// The years that four digits can write.
const YEARS: std::ops::RangeInclusive<i32> = 0..=9999;

impl PeriodKind {
    /// Every kind, the shortest first.
    pub const ALL: [Self; 5] = [
        Self::Month,
        Self::Quarter,
        Self::Half,
        Self::NineMonths,
        Self::Year,
    ];

    /// The kind that the word stands for in the calendar table.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How many months one of the kind has.
    fn months(self) -> u8 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Half => 6,
            Self::NineMonths => 9,
            Self::Year => 12,
        }
    }

    /// How many of the kind a year has.
    fn in_a_year(self) -> u8 {
        12 / self.months()
    }
}

/// The day of a month on which periods begin: the 1st, or a day of the month before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstDay(u32);

impl FirstDay {
    /// The rule of the shipped calendar: from the 15th of the month before to the 14th.
    pub const DEFAULT: Self = Self(15);

    /// A day that every month has; none otherwise.
    pub fn new(day: u32) -> Option<Self> {
        (1..=28).contains(&day).then_some(Self(day))
    }
}

/// A period in numbers. Its code is what it is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    kind: PeriodKind,
    year: i32,
    /// Which of its kind in the year, from 1.
    number: u8,
}

impl Span {
    /// Reads a period code; none if the text has none of its forms.
    pub fn read(text: &str) -> Option<Self> {
        let (year, rest) = text.split_at_checked(4)?;
        if !year.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
        let (kind, number) = match *rest.as_bytes() {
            [] => (PeriodKind::Year, 1),
            [b'-', b'Q', number] => (PeriodKind::Quarter, digit(number)?),
            [b'-', b'H', number] => (PeriodKind::Half, digit(number)?),
            [b'-', b'9', b'M'] => (PeriodKind::NineMonths, 1),
            [b'-', tens, ones] => (PeriodKind::Month, digit(tens)? * 10 + digit(ones)?),
            _ => return None,
        };
        Self::new(kind, year.parse().ok()?, number)
    }

    fn new(kind: PeriodKind, year: i32, number: u8) -> Option<Self> {
        let fits = YEARS.contains(&year) && (1..=kind.in_a_year()).contains(&number);
        fits.then_some(Self { kind, year, number })
    }

    /// The period of that kind that holds the day; none if there is no such one: the nine months
    /// hold no day of the last quarter.
    pub fn holding(day: NaiveDate, kind: PeriodKind, first: FirstDay) -> Option<Self> {
        let (mut year, mut month) = (day.year(), day.month());
        if first.0 > 1 && day.day() >= first.0 {
            month += 1;
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        let month = u8::try_from(month).ok()?;
        Self::new(kind, year, (month - 1) / kind.months() + 1)
    }

    /// What kind it is of.
    pub fn kind(self) -> PeriodKind {
        self.kind
    }

    /// The period that comes so many of its kind later, or before.
    pub fn plus(self, count: i64) -> Option<Self> {
        let place = self.place().checked_add(count)?;
        let in_a_year = i64::from(self.kind.in_a_year());
        let year = i32::try_from(place.div_euclid(in_a_year)).ok()?;
        let number = u8::try_from(place.rem_euclid(in_a_year) + 1).ok()?;
        Self::new(self.kind, year, number)
    }

    /// How many of their kind it comes after the other; none if they are of two kinds.
    pub fn minus(self, other: Self) -> Option<i64> {
        (self.kind == other.kind).then(|| self.place() - other.place())
    }

    fn place(self) -> i64 {
        i64::from(self.year) * i64::from(self.kind.in_a_year()) + i64::from(self.number) - 1
    }

    /// Its months in the year, both ends.
    fn months(self) -> (u8, u8) {
        let last = self.number * self.kind.months();
        (last - self.kind.months() + 1, last)
    }

    fn holds(self, other: Self) -> bool {
        let ((first, last), (from, to)) = (self.months(), other.months());
        self.year == other.year && first <= from && to <= last
    }

    /// The period of that kind that holds all of this one: itself, if it is of that kind.
    pub fn within(self, kind: PeriodKind) -> Option<Self> {
        let (first, _) = self.months();
        Self::new(kind, self.year, (first - 1) / kind.months() + 1)
            .filter(|outer| outer.holds(self))
    }

    /// The periods of that kind that it holds, in order: itself, if it is of that kind.
    pub fn parts(self, kind: PeriodKind) -> impl Iterator<Item = Self> {
        (1..=kind.in_a_year())
            .filter_map(move |number| Self::new(kind, self.year, number))
            .filter(move |part| self.holds(*part))
    }

    /// Its first and its last day.
    pub fn days(self, first: FirstDay) -> Option<(NaiveDate, NaiveDate)> {
        let (from, to) = self.months();
        let start = begins(self.year, from, first)?;
        let next = begins(self.year, to + 1, first)?;
        Some((start, next.pred_opt()?))
    }
}

/// The first day of that month of the year; the 13th is the first one of the next year.
fn begins(year: i32, month: u8, first: FirstDay) -> Option<NaiveDate> {
    let months_before = if first.0 > 1 { 2 } else { 1 };
    let place = i64::from(year) * 12 + i64::from(month) - months_before;
    let year = i32::try_from(place.div_euclid(12)).ok()?;
    let month = u32::try_from(place.rem_euclid(12) + 1).ok()?;
    NaiveDate::from_ymd_opt(year, month, first.0)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, number, .. } = self;
        match self.kind {
            PeriodKind::Month => write!(f, "{year:04}-{number:02}"),
            PeriodKind::Quarter => write!(f, "{year:04}-Q{number}"),
            PeriodKind::Half => write!(f, "{year:04}-H{number}"),
            PeriodKind::NineMonths => write!(f, "{year:04}-9M"),
            PeriodKind::Year => write!(f, "{year:04}"),
        }
    }
}
