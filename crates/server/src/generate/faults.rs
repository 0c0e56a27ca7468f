//! Spoiled rows: what agencies really get wrong, in a known share and of known kinds.

use std::fmt;

use super::cells::{Cell, Row};
use super::dice::Dice;

/// What is wrong with a spoiled row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A row of the same file again.
    Duplicate,
    /// A state that belongs to an earlier period; it lands with a warning.
    Late,
    /// A code that is in no code list.
    WrongCode,
    /// An order of times that cannot be.
    ImpossibleDate,
    /// A negative count or amount.
    Negative,
    /// A citizen id, a phone number or an e-mail address in a text.
    PersonalData,
    /// Text where a number or a time belongs; only in CSV and NDJSON.
    BadType,
    /// A required value that is not there.
    Missing,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Duplicate,
        Self::Late,
        Self::WrongCode,
        Self::ImpossibleDate,
        Self::Negative,
        Self::PersonalData,
        Self::BadType,
        Self::Missing,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::WrongCode => "wrong_code",
            Self::ImpossibleDate => "impossible_date",
            Self::Negative => "negative",
            Self::PersonalData => "personal_data",
            Self::BadType => "bad_type",
            Self::Missing => "missing",
        }
    }

    /// Whether the contracts refuse such a row; otherwise it lands with a warning.
    pub fn is_refused(self) -> bool {
        self != Self::Late
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a sheet's rows can be broken; columns are indexes of cells, an empty list switches a kind
/// off.
pub(super) struct Breakable {
    /// Columns under a code list, with a code that is in none.
    pub(super) codes: &'static [(usize, &'static str)],
    /// A time, the time it may not precede, and how many seconds it is put before it; for days, how
    /// many days.
    pub(super) times: &'static [(usize, usize, i64)],
    /// Columns that may not be negative.
    pub(super) counts: &'static [usize],
    /// Texts that people fill in.
    pub(super) texts: &'static [usize],
    /// Numbers and times, with the text that is put there.
    pub(super) types: &'static [(usize, &'static str)],
    /// Required columns.
    pub(super) required: &'static [usize],
    /// Makes a row's state belong to an earlier period, so many days back.
    pub(super) late: Option<fn(&mut Row<'_>, i64)>,
}

impl Breakable {
    /// Whether a row can be broken so.
    pub(super) fn allows(&self, fault: Fault) -> bool {
        match fault {
            Fault::Duplicate => true,
            Fault::Late => self.late.is_some(),
            Fault::WrongCode => !self.codes.is_empty(),
            Fault::ImpossibleDate => !self.times.is_empty(),
            Fault::Negative => !self.counts.is_empty(),
            Fault::PersonalData => !self.texts.is_empty(),
            Fault::BadType => !self.types.is_empty(),
            Fault::Missing => !self.required.is_empty(),
        }
    }

    /// Breaks the row.
    pub(super) fn spoil(&self, fault: Fault, row: &mut Row<'_>, days_back: i64, dice: &mut Dice) {
        let (column, cell) = match fault {
            Fault::Duplicate => return,
            Fault::Late => {
                if let Some(late) = self.late {
                    late(row, days_back);
                }
                return;
            }
            Fault::WrongCode => match dice.pick(self.codes) {
                Some((column, code)) => (*column, Cell::text(code)),
                None => return,
            },
            Fault::ImpossibleDate => match dice.pick(self.times) {
                Some((column, anchor, by)) => (*column, before(row.get(*anchor), *by)),
                None => return,
            },
            Fault::Negative => match dice.pick(self.counts) {
                Some(column) => (*column, negative(row.get(*column))),
                None => return,
            },
            Fault::PersonalData => match dice.pick(self.texts) {
                Some(column) => (*column, Cell::owned(personal_data(dice))),
                None => return,
            },
            Fault::BadType => match dice.pick(self.types) {
                Some((column, text)) => (*column, Cell::text(text)),
                None => return,
            },
            Fault::Missing => match dice.pick(self.required) {
                Some(column) => (*column, Cell::Null),
                None => return,
            },
        };
        if let Some(slot) = row.get_mut(column) {
            *slot = cell;
        }
    }
}

fn before(anchor: Option<&Cell<'_>>, by: i64) -> Cell<'static> {
    match anchor {
        Some(Cell::Day(day)) => Cell::Day(*day - by as i32),
        Some(Cell::At(at)) => Cell::At(*at - by),
        _ => Cell::Null,
    }
}

fn negative(cell: Option<&Cell<'_>>) -> Cell<'static> {
    match cell {
        Some(Cell::Hundredths(value)) => Cell::Hundredths(-value.abs() - 100),
        Some(other) => Cell::Int(-other.as_int().unwrap_or(0).abs() - 1),
        None => Cell::Null,
    }
}

/// Made-up data that looks personal: a citizen id of an unissued series, a phone number, a reserved
/// e-mail domain.
fn personal_data(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!("001099{:06}", dice.below(1_000_000)),
        1 => format!("0912{:06}", dice.below(1_000_000)),
        _ => format!("nguoi.dan.{}@example.com", dice.below(10_000)),
    }
}
