//! Incidents and planned suspensions.

use project::ColumnType;

use super::Generator;
use super::cells::{Cell, Row, Sheet};
use super::country::Agency;
use super::dice::Dice;
use super::faults::Breakable;
use super::workdays::{DAY, civil_day_of, civil_instant, day_number};

pub(super) const STARTED_AT: usize = 4;
pub(super) const ENDED_AT: usize = 5;

pub(super) static SHEET: Sheet = Sheet {
    dataset: "raw.incidents",
    columns: &[
        ("incident_id", ColumnType::String),
        ("system_code", ColumnType::String),
        ("incident_kind", ColumnType::String),
        ("severity", ColumnType::String),
        ("started_at", ColumnType::Timestamp),
        ("ended_at", ColumnType::Timestamp),
        ("planned", ColumnType::Boolean),
        ("announced_at", ColumnType::Timestamp),
        ("affected_users", ColumnType::Int64),
    ],
    breakable: Breakable {
        codes: &[(2, "unlisted_kind"), (3, "urgent")],
        times: &[(ENDED_AT, STARTED_AT, 3600)],
        counts: &[8],
        texts: &[0, 1],
        types: &[(8, "toàn bộ"), (STARTED_AT, "đêm qua")],
        required: &[0, 3, STARTED_AT],
        late: None,
    },
};

/// How many rows an agency reports in the period; most have nothing to report.
pub(super) fn count(generator: &Generator, agency: &Agency) -> u64 {
    let mut dice = generator.dice(&["incident count", agency.code.as_str()]);
    if dice.chance(0.42) {
        dice.between(1, 4) as u64
    } else {
        0
    }
}

/// Rows without end.
pub(super) fn rows<'g>(
    generator: &'g Generator,
    agency: &'g Agency,
) -> impl Iterator<Item = Row<'g>> {
    let mut dice = generator.dice(&["incidents", agency.code.as_str()]);
    (1_u64..).map_while(move |number| row(generator, agency, number, &mut dice))
}

fn row<'g>(
    generator: &'g Generator,
    agency: &'g Agency,
    number: u64,
    dice: &mut Dice,
) -> Option<Row<'g>> {
    let system = dice.pick(&agency.systems)?;
    let period = generator.period();
    let (first, last) = (day_number(period.start_on), day_number(period.end_on));
    let planned = dice.chance(0.3);
    let listed = |code: &str| generator.incident_kinds.iter().find(|kind| *kind == code);
    let kind = match (planned, listed("maintenance")) {
        (true, Some(kind)) => kind,
        _ => dice.pick(&generator.incident_kinds)?,
    };
    let severity = match (planned, dice.below(10)) {
        (true, _) | (false, 0..5) => "low",
        (false, 5..8) => "medium",
        (false, 8) => "high",
        (false, _) => "critical",
    };
    // The last two days stay free, so that what has ended ended within the period.
    let day = dice.between(i64::from(first), i64::from((last - 2).max(first))) as i32;
    let second = if planned {
        dice.between(22 * 3600, DAY - 1)
    } else {
        dice.between(0, DAY - 1)
    };
    let started = civil_instant(day, second);
    let minutes = if planned {
        dice.real(60.0, 360.0)
    } else {
        dice.log_normal(45.0, 1.1)
    };
    let ended = started + (minutes.clamp(3.0, 2_000.0) * 60.0) as i64;
    let open = !planned && dice.chance(0.04);
    // Ten working days ahead is in good time; every fourth announcement comes too late.
    let ahead = if dice.chance(0.75) {
        dice.between(12, 20)
    } else {
        dice.between(1, 6)
    };
    let announced = civil_instant(civil_day_of(started) - ahead as i32, 9 * 3600);
    let affected = (system.users as f64 * dice.real(0.001, 0.2)) as i64;
    Some(vec![
        Cell::owned(format!("{}/SC/{}/{number}", agency.code, period.code)),
        Cell::text(&system.code),
        Cell::text(kind),
        Cell::text(severity),
        Cell::At(started),
        if open { Cell::Null } else { Cell::At(ended) },
        Cell::Bool(planned),
        if planned {
            Cell::At(announced)
        } else {
            Cell::Null
        },
        Cell::Int(affected),
    ])
}
