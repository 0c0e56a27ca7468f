//! Exchanges: how often an agency's systems called others, per day.

use project::ColumnType;

use super::Generator;
use super::cells::{Cell, Row, Sheet};
use super::country::Agency;
use super::dice::Dice;
use super::faults::Breakable;
use super::workdays::day_number;

pub(super) const TO_SYSTEM: usize = 2;
pub(super) const CALL_COUNT: usize = 4;

pub(super) static SHEET: Sheet = Sheet {
    dataset: "raw.exchanges",
    columns: &[
        ("called_on", ColumnType::Date),
        ("from_system_code", ColumnType::String),
        ("to_system_code", ColumnType::String),
        ("service_code", ColumnType::String),
        ("call_count", ColumnType::Int64),
        ("error_count", ColumnType::Int64),
        ("payload_bytes", ColumnType::Int64),
        ("response_ms_p95", ColumnType::Int32),
    ],
    breakable: Breakable {
        codes: &[(3, "unlisted_service")],
        // More than a year back: out of the period whatever its kind.
        times: &[(0, 0, 400)],
        counts: &[CALL_COUNT, 5, 6],
        texts: &[1, TO_SYSTEM],
        types: &[(CALL_COUNT, "nhiều"), (7, "nhanh"), (0, "hôm kia")],
        required: &[0, 3, CALL_COUNT],
        late: None,
    },
};

/// A line between two systems.
struct Link<'g> {
    from: &'g str,
    to: String,
    service: &'g str,
    calls_per_day: f64,
    error_share: f64,
    bytes_per_call: i64,
    response_ms: i64,
}

/// How many rows an agency reports in the period.
pub(super) fn count(generator: &Generator, agency: &Agency) -> u64 {
    let mut dice = generator.standing_dice(&["links", agency.code.as_str()]);
    let links = if agency.province.is_some() {
        dice.between(8, 15)
    } else {
        dice.between(4, 9)
    };
    links as u64 * days(generator)
}

fn days(generator: &Generator) -> u64 {
    let period = generator.period();
    (day_number(period.end_on) - day_number(period.start_on) + 1).max(1) as u64
}

/// One row per link and day, link by link, without end.
pub(super) fn rows<'g>(
    generator: &'g Generator,
    agency: &'g Agency,
) -> impl Iterator<Item = Row<'g>> {
    let code = agency.code.as_str();
    let mut dice = generator.dice(&["exchanges", code]);
    let mut standing = generator.standing_dice(&["lines", code]);
    let first = day_number(generator.period().start_on);
    let days = days(generator);
    let mut link = None;
    (0_u64..).map_while(move |index| {
        if index % days == 0 {
            link = link_of(generator, agency, index / days, &mut standing);
        }
        link.as_ref()
            .map(|link| row(link, first + (index % days) as i32, generator, &mut dice))
    })
}

fn row<'g>(link: &Link<'g>, day: i32, generator: &Generator, dice: &mut Dice) -> Row<'g> {
    let busy = if generator.workdays.is_open(day) {
        1.0
    } else {
        0.22
    };
    let calls = (link.calls_per_day * busy * dice.real(0.85, 1.15)) as i64;
    let trouble = if dice.chance(0.01) { 30.0 } else { 1.0 };
    let errors =
        (calls as f64 * (link.error_share * trouble).min(0.9) * dice.real(0.5, 1.5)) as i64;
    let slow = if trouble > 1.0 { 6 } else { 1 };
    vec![
        Cell::Day(day),
        Cell::text(link.from),
        Cell::owned(link.to.clone()),
        Cell::text(link.service),
        Cell::Int(calls),
        Cell::Int(errors.min(calls)),
        Cell::Int(calls * link.bytes_per_call + dice.between(0, 999)),
        Cell::Int(link.response_ms * slow + dice.between(0, 60)),
    ]
}

/// The n-th link: one of the agency's systems calls the provider of a service. Services come in an
/// order of the agency's own; when all are used, they come again with other callers, and after
/// those with other answering nodes, so that no two links have one key.
fn link_of<'g>(
    generator: &'g Generator,
    agency: &'g Agency,
    number: u64,
    standing: &mut Dice,
) -> Option<Link<'g>> {
    let services = generator.services.len().max(1) as u64;
    let callers = agency.systems.len().max(1) as u64;
    let offset = generator
        .standing_dice(&["services", agency.code.as_str()])
        .below(services);
    let (round, turn) = (number / services, number % services);
    let service = generator
        .services
        .get(((turn + offset) % services) as usize)?;
    let from = agency.systems.get(((round + turn) % callers) as usize)?;
    let provider = service.1.as_deref().and_then(|code| generator.agency(code));
    let answering = provider.or(generator.agencies.first())?;
    let answering = answering
        .systems
        .iter()
        .find(|system| system.code != from.code)?;
    let to = match round / callers {
        0 => answering.code.clone(),
        node => format!("{}.N{node}", answering.code),
    };
    let popular = Dice::new(0, &["service", &service.0]).real(0.0003, 0.006);
    Some(Link {
        from: &from.code,
        to,
        service: &service.0,
        calls_per_day: agency.weight as f64 * popular * standing.real(0.5, 1.6),
        error_share: standing.real(0.0, 0.02),
        bytes_per_call: standing.between(900, 9_000),
        response_ms: standing.between(80, 1_900),
    })
}
