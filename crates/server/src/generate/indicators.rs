//! Indicators: what an agency says of itself, mostly what its dossiers add up to.

use std::collections::BTreeMap;

use project::ColumnType;

use super::Generator;
use super::cells::{Cell, Row, Sheet};
use super::country::Agency;
use super::dice::Dice;
use super::exchanges::{CALL_COUNT, TO_SYSTEM};
use super::faults::{Breakable, Fault};
use super::incidents::{ENDED_AT, STARTED_AT};
use super::plan::Made;
use super::tally::Tally;

pub(super) static SHEET: Sheet = Sheet {
    dataset: "raw.indicators",
    columns: &[
        ("agency_code", ColumnType::String),
        ("indicator_code", ColumnType::String),
        ("disaggregation", ColumnType::String),
        ("value", ColumnType::Decimal(20, 2)),
        ("note", ColumnType::String),
    ],
    breakable: Breakable {
        codes: &[(0, "Z99"), (1, "unlisted_indicator")],
        times: &[],
        counts: &[3],
        texts: &[4],
        types: &[(3, "chưa thống kê")],
        required: &[1, 3],
        late: None,
    },
};

/// How far an agency's figures are from the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honesty {
    /// What it reports is what its dossiers add up to.
    Exact,
    /// A few dossiers more or less.
    Minor,
    /// Figures that cannot come from its dossiers.
    Gross,
    /// It does not report.
    Silent,
}

/// The agency's honesty in the period: of every 25 agencies about one is silent, two are grossly
/// off, three slightly.
pub(super) fn honesty(generator: &Generator, agency: &Agency) -> Honesty {
    let draw = |other: &Agency| {
        generator
            .dice(&["honesty", other.code.as_str()])
            .below(u64::MAX)
    };
    let own = draw(agency);
    let rank = generator
        .agencies
        .iter()
        .filter(|other| draw(other) < own)
        .count();
    let count = generator.agencies.len();
    match rank {
        rank if rank * 25 < count => Honesty::Silent,
        rank if rank * 25 < count * 3 => Honesty::Gross,
        rank if rank * 25 < count * 6 => Honesty::Minor,
        _ => Honesty::Exact,
    }
}

/// What an agency that does not count writes beside its figures.
const ESTIMATED: &str = "Số liệu ước tính, chưa đối soát với hệ thống một cửa";

/// How many rows an agency reports; none if it is silent.
pub(super) fn count(generator: &Generator, agency: &Agency) -> u64 {
    if honesty(generator, agency) == Honesty::Silent {
        return 0;
    }
    let listed = |(code, _): &&(&str, i64)| generator.indicators.iter().any(|known| known == code);
    let values = values(generator, agency, &Tally::default());
    let totals = values.iter().filter(listed).count();
    let channels = if generator
        .indicators
        .iter()
        .any(|code| code == "dossiers_received_total")
    {
        3
    } else {
        0
    };
    (totals + channels) as u64
}

/// The agency's rows: totals first, then dossiers by channel, then, without end, figures per
/// commune.
pub(super) fn rows<'g>(
    generator: &'g Generator,
    agency: &'g Agency,
) -> impl Iterator<Item = Row<'g>> {
    let tally = Tally::of(generator, agency);
    let mut dice = generator.dice(&["indicators", agency.code.as_str()]);
    let factor = stretch(honesty(generator, agency), &mut dice);
    let listed = |code: &str| generator.indicators.iter().find(|known| *known == code);
    let mut reported = Vec::new();
    for (code, value) in values(generator, agency, &tally) {
        if let Some(code) = listed(code) {
            let is_sum = code.starts_with("dossiers_") || code.starts_with("results_");
            let factor = if is_sum { factor } else { 1.0 };
            // Cut, not rounded: a small sum is not stretched by more than the factor.
            let value = value + (value as f64 * (factor - 1.0)) as i64;
            let note = (factor > 1.1).then_some(ESTIMATED);
            reported.push(row(agency, code, Cell::text("total"), value, note));
        }
    }
    if let Some(code) = listed("dossiers_received_total") {
        for (channel, value) in ["channel:1", "channel:2", "channel:3"]
            .into_iter()
            .zip(tally.received_by_channel)
        {
            reported.push(row(agency, code, Cell::text(channel), value, None));
        }
    }
    let communes = (0_u64..).map_while(move |number| {
        let kinds = generator.indicators.len().max(1) as u64;
        let code = generator.indicators.get((number % kinds) as usize)?;
        let commune = Cell::owned(format!("commune:{:05}", number / kinds));
        Some(row(agency, code, commune, dice.between(0, 900), None))
    });
    reported.into_iter().chain(communes)
}

fn row<'g>(
    agency: &'g Agency,
    code: &'g str,
    disaggregation: Cell<'g>,
    value: i64,
    note: Option<&'static str>,
) -> Row<'g> {
    vec![
        Cell::text(agency.code.as_str()),
        Cell::text(code),
        disaggregation,
        Cell::Hundredths(value * 100),
        note.map_or(Cell::Null, Cell::text),
    ]
}

/// By how much the agency stretches its sums. One factor for all of them, so that parts stay within
/// their wholes and only the dossiers themselves give it away.
fn stretch(honesty: Honesty, dice: &mut Dice) -> f64 {
    match honesty {
        Honesty::Exact | Honesty::Silent => 1.0,
        Honesty::Minor if dice.chance(0.5) => dice.real(1.002, 1.012),
        Honesty::Minor => dice.real(0.988, 0.998),
        Honesty::Gross => dice.real(1.15, 1.6),
    }
}

/// Every figure that an agency knows, by indicator code.
fn values(generator: &Generator, agency: &Agency, tally: &Tally) -> Vec<(&'static str, i64)> {
    let mut dice = generator.dice(&["figures", agency.code.as_str()]);
    let procedures = agency
        .procedures
        .iter()
        .filter_map(|index| generator.procedures.get(*index));
    let (mut services, mut full, mut partial) = (0, 0, 0);
    for procedure in procedures {
        services += 1;
        full += i64::from(procedure.full_online);
        partial += i64::from(procedure.online && !procedure.full_online);
    }
    let users: i64 = agency.systems.iter().map(|system| system.users).sum();
    let accounts = users + users / 3;
    let visits = users * dice.between(2, 9);
    let (calls_out, calls_in) = calls(generator, agency);
    let (incident_count, downtime) = downtime(generator, agency);
    let levels: Vec<i64> = [0.05, 0.03, 0.015, 0.005]
        .into_iter()
        .map(|share| (services as f64 * share * dice.real(0.2, 2.0)) as i64)
        .collect();
    let level = |index: usize| levels.get(index).copied().unwrap_or(0);
    vec![
        ("services_total", services),
        ("services_full_online", full),
        ("services_partial_online", partial),
        ("services_with_dossier", tally.procedures.len() as i64),
        ("dossiers_received_total", tally.received),
        (
            "dossiers_received_online",
            tally.received_by_channel.get(1).copied().unwrap_or(0),
        ),
        ("dossiers_received_full_online", tally.full_online),
        ("dossiers_resolved", tally.resolved),
        ("dossiers_on_time", tally.on_time),
        ("dossiers_overdue", tally.resolved - tally.on_time),
        ("dossiers_in_progress", tally.in_progress),
        ("dossiers_withdrawn", tally.withdrawn),
        ("payments_total", tally.payments),
        ("payments_online", tally.payments_online),
        ("results_signed", tally.signed),
        ("dossiers_reusing_data", tally.reusing),
        ("ratings_total", tally.rated),
        ("ratings_satisfied", tally.content),
        ("accounts_total", accounts),
        (
            "accounts_vneid",
            (accounts as f64 * dice.real(0.6, 0.98)) as i64,
        ),
        ("logins_vneid", (visits as f64 * dice.real(0.2, 0.6)) as i64),
        ("monthly_active_users", users),
        ("visits", visits),
        ("api_calls_out", calls_out),
        ("api_calls_in", calls_in),
        ("sharing_services", dice.between(2, 40)),
        ("connected_systems", agency.systems.len() as i64),
        ("incidents", incident_count),
        ("downtime_minutes", downtime),
        ("proactive_level_1", level(0)),
        ("proactive_level_2", level(1)),
        ("proactive_level_3", level(2)),
        ("proactive_level_4", level(3)),
    ]
}

/// The calls of the agency's systems, and the calls of others' systems to them, as they land.
fn calls(generator: &Generator, agency: &Agency) -> (i64, i64) {
    let calls = generator.calls.get_or_init(|| {
        let mut calls = BTreeMap::<String, (i64, i64)>::new();
        for agency in &generator.agencies {
            for row in landed(generator, Made::Exchanges, agency) {
                let count = row.get(CALL_COUNT).and_then(Cell::as_int).unwrap_or(0);
                let to = row
                    .get(TO_SYSTEM)
                    .and_then(Cell::as_text)
                    .unwrap_or_default();
                calls.entry(agency.code.to_string()).or_default().0 += count;
                // A system's code begins with its owner's, which has no dot of its own here.
                let owner = to.split('.').next().unwrap_or_default();
                calls.entry(owner.to_owned()).or_default().1 += count;
            }
        }
        calls
    });
    calls.get(agency.code.as_str()).copied().unwrap_or_default()
}

/// How many incidents land, and how many minutes those that are over lasted.
fn downtime(generator: &Generator, agency: &Agency) -> (i64, i64) {
    let (mut count, mut seconds) = (0, 0);
    for row in landed(generator, Made::Incidents, agency) {
        count += 1;
        let started = row.get(STARTED_AT).and_then(Cell::as_int);
        let ended = row.get(ENDED_AT).and_then(Cell::as_int);
        seconds += started
            .zip(ended)
            .map_or(0, |(started, ended)| ended - started);
    }
    (count, seconds / 60)
}

fn landed<'g>(
    generator: &'g Generator,
    made: Made,
    agency: &'g Agency,
) -> impl Iterator<Item = Row<'g>> {
    let parcels = generator.parcels_of(made, agency).into_iter();
    parcels
        .flat_map(move |parcel| generator.lines_of(agency, &parcel))
        .filter(|line| !line.fault.is_some_and(Fault::is_refused))
        .map(|line| line.row)
}
