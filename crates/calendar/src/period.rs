//! Period codes and the calendar table that gives them their days.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use crate::Span;

/// What is wrong with a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The text has none of the forms of a period code.
    #[error("`{0}` is no period: expected `2026-09`, `2026-Q3`, `2026-H1`, `2026-9M` or `2026`")]
    NotAPeriod(String),
    /// The calendar table has no such row.
    #[error("period `{0}` is not in the calendar table")]
    Unknown(String),
    /// Two rows of the calendar table have one code, or a row ends before it starts.
    #[error("period `{0}` of the calendar table {1}")]
    BadRow(String, &'static str),
}

/// The kinds of reporting period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// `2026-09`
    Month,
    /// `2026-Q3`
    Quarter,
    /// `2026-H1`
    Half,
    /// `2026-9M`
    NineMonths,
    /// `2026`
    Year,
}

impl PeriodKind {
    /// The word for the kind in the calendar table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Half => "half",
            Self::NineMonths => "nine_months",
            Self::Year => "year",
        }
    }
}

/// A well-formed period code such as `2026-09`; whether the calendar has it is another question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeriodCode(String);

impl PeriodCode {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind, read from the form of the code.
    pub fn kind(&self) -> PeriodKind {
        match self.0.as_bytes().get(5) {
            None => PeriodKind::Year,
            Some(b'Q') => PeriodKind::Quarter,
            Some(b'H') => PeriodKind::Half,
            Some(b'9') => PeriodKind::NineMonths,
            Some(_) => PeriodKind::Month,
        }
    }

    /// The code of the month period that holds `day` under the default rule (15th to 14th).
    pub fn month_of(day: NaiveDate) -> Self {
        let (mut year, mut month) = (day.year(), day.month());
        if day.day() >= 15 {
            month += 1;
            if month == 13 {
                (year, month) = (year + 1, 1);
            }
        }
        Self(format!("{year:04}-{month:02}"))
    }
}

impl FromStr for PeriodCode {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        match Span::read(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(CalendarError::NotAPeriod(text.to_owned())),
        }
    }
}

impl fmt::Display for PeriodCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A row of the calendar table: both days belong to the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The code.
    pub code: PeriodCode,
    /// The first civil day.
    pub start_on: NaiveDate,
    /// The last civil day.
    pub end_on: NaiveDate,
}

/// The calendar table.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    periods: BTreeMap<PeriodCode, Period>,
}

impl Calendar {
    /// Takes the rows of the table; refuses a code given twice and a row that ends before it
    /// starts.
    pub fn new(rows: impl IntoIterator<Item = Period>) -> Result<Self, CalendarError> {
        let mut periods = BTreeMap::new();
        for row in rows {
            let code = row.code.clone();
            if row.end_on < row.start_on {
                return Err(CalendarError::BadRow(
                    code.to_string(),
                    "ends before it starts",
                ));
            }
            if periods.insert(code.clone(), row).is_some() {
                return Err(CalendarError::BadRow(code.to_string(), "is given twice"));
            }
        }
        Ok(Self { periods })
    }

    /// The period with that code.
    pub fn get(&self, code: &PeriodCode) -> Result<&Period, CalendarError> {
        self.periods
            .get(code)
            .ok_or_else(|| CalendarError::Unknown(code.to_string()))
    }

    /// All periods, by code.
    pub fn periods(&self) -> impl Iterator<Item = &Period> {
        self.periods.values()
    }

    /// The period of that kind that holds `day`.
    pub fn containing(&self, kind: PeriodKind, day: NaiveDate) -> Option<&Period> {
        self.periods
            .values()
            .find(|p| p.code.kind() == kind && p.start_on <= day && day <= p.end_on)
    }
}
