//! The form in which a foreign system writes days and instants.

use crate::ColumnType;

/// A pattern and the zone that its clock shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateForm {
    /// The pattern as written.
    pub pattern: String,
    /// The same in parts.
    pub parts: Vec<DatePart>,
    /// The zone.
    pub zone: Zone,
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatePart {
    /// `yyyy`
    Year,
    /// `MM`
    Month,
    /// `dd`
    Day,
    /// `HH`
    Hour,
    /// `mm`
    Minute,
    /// `ss`
    Second,
    /// A character that stands as it is.
    Literal(char),
}

impl DatePart {
    const ALL: [(&'static str, Self); 6] = [
        ("yyyy", Self::Year),
        ("MM", Self::Month),
        ("dd", Self::Day),
        ("HH", Self::Hour),
        ("mm", Self::Minute),
        ("ss", Self::Second),
    ];

    /// How many digits it has; none for a character that stands as it is.
    pub fn digits(self) -> Option<usize> {
        let part = Self::ALL.iter().find(|(_, part)| *part == self);
        part.map(|(letters, _)| letters.len())
    }
}

/// The zone of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Civil time.
    AsiaHoChiMinh,
    /// UTC.
    Utc,
}

impl DateForm {
    /// Reads a pattern for a column of that type, if it is known; else says what is wrong with it.
    pub(super) fn read(pattern: &str, zone: Zone, of: Option<ColumnType>) -> Result<Self, String> {
        let parts = parts(pattern)?;
        if let Some(of) = of {
            check(pattern, &parts, of)?;
        }
        Ok(Self {
            pattern: pattern.to_owned(),
            parts,
            zone,
        })
    }
}

/// Whether the parts are those of the type, each once.
fn check(pattern: &str, parts: &[DatePart], of: ColumnType) -> Result<(), String> {
    let needed: &[DatePart] = match of {
        ColumnType::Date => &[DatePart::Year, DatePart::Month, DatePart::Day],
        ColumnType::Timestamp => &[
            DatePart::Year,
            DatePart::Month,
            DatePart::Day,
            DatePart::Hour,
            DatePart::Minute,
        ],
        _ => {
            return Err(format!(
                "`date` reads days and instants, the column is {of}"
            ));
        }
    };
    let count = |wanted: DatePart| parts.iter().filter(|part| **part == wanted).count();
    for (letters, part) in DatePart::ALL {
        let is_needed = needed.contains(&part);
        let may_stand = is_needed || (part == DatePart::Second && of == ColumnType::Timestamp);
        match count(part) {
            0 if is_needed => return Err(format!("`{pattern}` lacks `{letters}`")),
            0 | 1 if may_stand => {}
            0 => {}
            1 => return Err(format!("`{pattern}` has `{letters}`, the column is {of}")),
            _ => return Err(format!("`{pattern}` has `{letters}` twice")),
        }
    }
    Ok(())
}

fn parts(pattern: &str) -> Result<Vec<DatePart>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let known = DatePart::ALL
            .iter()
            .find(|(letters, _)| rest.starts_with(letters));
        match known {
            Some((letters, part)) => {
                parts.push(*part);
                rest = &rest[letters.len()..];
            }
            None if first.is_alphanumeric() && first != 'T' => {
                return Err(format!(
                    "`{pattern}` breaks at `{rest}`: known are `yyyy`, `MM`, `dd`, `HH`, `mm`, \
                     `ss`, `T` and what is no letter and no digit"
                ));
            }
            None => {
                parts.push(DatePart::Literal(first));
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    Ok(parts)
}
