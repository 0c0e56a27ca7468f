//! Dossiers: one row per reported state, all states of a dossier one after another.

use std::collections::VecDeque;

use chrono::Datelike;
use project::ColumnType;

use super::Generator;
use super::cells::{Cell, Row, Sheet};
use super::country::Agency;
use super::course::{Case, Course};
use super::dice::Dice;
use super::faults::Breakable;
use super::procedures::Procedure;
use super::workdays::{DAY, civil_day_of, civil_instant, day_number, day_of};

pub(super) const DOSSIER_ID: usize = 0;
pub(super) const PROCEDURE_CODE: usize = 1;
pub(super) const AGENCY_CODE: usize = 2;
pub(super) const APPLICANT_KIND: usize = 3;
pub(super) const CHANNEL: usize = 4;
pub(super) const RECEIVED_AT: usize = 5;
pub(super) const DUE_AT: usize = 6;
pub(super) const FINISHED_AT: usize = 7;
pub(super) const RETURNED_AT: usize = 8;
pub(super) const STATE: usize = 9;
pub(super) const FEE_AMOUNT: usize = 10;
pub(super) const FEE_PAID_ONLINE: usize = 11;
pub(super) const PAPER_COUNT: usize = 12;
pub(super) const REUSED_PAPER_COUNT: usize = 13;
pub(super) const RESULT_SIGNED: usize = 14;
pub(super) const SATISFACTION: usize = 15;
pub(super) const UPDATED_AT: usize = 16;

pub(super) static SHEET: Sheet = Sheet {
    dataset: "raw.dossiers",
    columns: &[
        ("dossier_id", ColumnType::String),
        ("procedure_code", ColumnType::String),
        ("agency_code", ColumnType::String),
        ("applicant_kind", ColumnType::String),
        ("channel", ColumnType::String),
        ("received_at", ColumnType::Timestamp),
        ("due_at", ColumnType::Timestamp),
        ("finished_at", ColumnType::Timestamp),
        ("returned_at", ColumnType::Timestamp),
        ("state", ColumnType::String),
        ("fee_amount", ColumnType::Int64),
        ("fee_paid_online", ColumnType::Boolean),
        ("paper_count", ColumnType::Int32),
        ("reused_paper_count", ColumnType::Int32),
        ("result_signed", ColumnType::Boolean),
        ("satisfaction", ColumnType::Int32),
        ("updated_at", ColumnType::Timestamp),
    ],
    breakable: Breakable {
        codes: &[
            (PROCEDURE_CODE, "9.999999"),
            (AGENCY_CODE, "Z99"),
            (STATE, "99"),
            (CHANNEL, "app"),
            (APPLICANT_KIND, "K"),
        ],
        times: &[
            (DUE_AT, RECEIVED_AT, 3 * DAY),
            (FINISHED_AT, RECEIVED_AT, 2 * DAY),
        ],
        counts: &[FEE_AMOUNT, REUSED_PAPER_COUNT, PAPER_COUNT],
        texts: &[DOSSIER_ID],
        types: &[
            (FEE_AMOUNT, "miễn phí"),
            (PAPER_COUNT, "đủ"),
            (UPDATED_AT, "hôm qua"),
            (RECEIVED_AT, "sáng thứ Hai"),
        ],
        required: &[DOSSIER_ID, PROCEDURE_CODE, STATE, RECEIVED_AT, CHANNEL],
        late: Some(put_back),
    },
};

/// Moves a state back into an earlier period; the id follows its receipt.
fn put_back(row: &mut Row<'_>, days: i64) {
    for cell in row.iter_mut() {
        if let Cell::At(at) = cell {
            *at -= days * DAY;
        }
    }
    let received = row
        .get(RECEIVED_AT)
        .and_then(Cell::as_int)
        .unwrap_or_default();
    let id = row
        .get(DOSSIER_ID)
        .and_then(Cell::as_text)
        .unwrap_or_default();
    let mut parts = id.splitn(3, '-');
    if let (Some(unit), Some(_), Some(counter)) = (parts.next(), parts.next(), parts.next()) {
        let id = format!("{unit}-{}-{counter}", short_day(received));
        if let Some(cell) = row.get_mut(DOSSIER_ID) {
            *cell = Cell::owned(id);
        }
    }
}

fn short_day(at: i64) -> String {
    let day = day_of(civil_day_of(at));
    format!("{:02}{:02}{:02}", day.year() % 100, day.month(), day.day())
}

/// The dossiers of one agency, without end; parts of one agency have disjoint ids.
pub(super) struct Dossiers<'g> {
    generator: &'g Generator,
    agency: &'g Agency,
    dice: Dice,
    /// The last second of the period: nothing later is known yet.
    cutoff: i64,
    first_unit: i64,
    counter: u64,
    rows: VecDeque<Row<'g>>,
}

/// How many units an agency has, per part of its dossiers. Unit numbers have two digits and never
/// begin with a zero, so that an id never looks like a phone number.
const UNITS: i64 = 20;

impl<'g> Dossiers<'g> {
    /// The dossiers of that part.
    pub(super) fn new(generator: &'g Generator, agency: &'g Agency, part: u32) -> Self {
        let last_day = day_number(generator.period().end_on);
        Self {
            generator,
            agency,
            dice: generator.dice(&["dossiers", agency.code.as_str(), &part.to_string()]),
            cutoff: civil_instant(last_day, DAY - 1),
            first_unit: 10 + i64::from(part) * UNITS,
            counter: 0,
            rows: VecDeque::new(),
        }
    }

    fn make(&mut self) {
        let taken = self.agency.demand.draw(&mut self.dice);
        let procedure = self.agency.procedures.get(taken).copied().unwrap_or(0);
        let Some(procedure) = self.generator.procedures.get(procedure) else {
            return;
        };
        let (channel, received) = self.receive(procedure);
        let margin = self.agency.habits.margin;
        let case = Case {
            procedure,
            margin,
            channel,
            received,
            cutoff: self.cutoff,
        };
        let course = case.course(&self.generator.workdays, &mut self.dice);
        let mut row = self.row(&case, &course);
        self.earlier_states(&row, received, &course);
        self.result(&mut row, &course);
        self.rows.push_back(row);
    }

    /// Through which channel it came, and when.
    fn receive(&mut self, procedure: &Procedure) -> (&'static str, i64) {
        let habits = &self.agency.habits;
        let receipts = &self.generator.receipts;
        if procedure.online && self.dice.chance(habits.online) {
            return ("2", receipts.online(&mut self.dice));
        }
        let by_post = self.dice.chance(habits.postal);
        (
            if by_post { "3" } else { "1" },
            receipts.at_desk(&mut self.dice),
        )
    }

    /// The row without what only a result has.
    fn row(&mut self, case: &Case<'g>, course: &Course) -> Row<'g> {
        let (procedure, received) = (case.procedure, case.received);
        let habits = &self.agency.habits;
        let agency = self.agency.code.as_str();
        self.counter += 1;
        let unit = self.first_unit + self.dice.between(0, UNITS - 1);
        let day = short_day(received);
        let online = case.channel == "2";
        let fee = if online {
            procedure.fee / 2
        } else {
            procedure.fee
        };
        let paid_online = match fee {
            0 => Cell::Null,
            _ => Cell::Bool(online && self.dice.chance(habits.paid_online)),
        };
        let papers = 0..procedure.papers;
        let reused = papers.filter(|_| self.dice.chance(habits.reuse)).count();
        let business = self.dice.chance(procedure.business);
        let due = self.generator.workdays.due(received, procedure.due_days);
        vec![
            Cell::owned(format!("{agency}.{unit}-{day}-{:06}", self.counter)),
            Cell::text(&procedure.code),
            Cell::text(agency),
            Cell::text(if business { "2" } else { "1" }),
            Cell::text(case.channel),
            Cell::At(received),
            // What was not accepted was never promised.
            Some(due).filter(|_| course.state != "3").into(),
            course.finished.into(),
            course.returned.into(),
            Cell::text(course.state),
            Cell::Int(fee),
            paid_online,
            Cell::Int(procedure.papers),
            Cell::Int(reused as i64),
            Cell::Null,
            Cell::Null,
            Cell::At(course.at),
        ]
    }

    /// Whether the result is signed, and what the applicant thinks of it.
    fn result(&mut self, row: &mut Row<'g>, course: &Course) {
        let Some(finished) = course.finished else {
            return;
        };
        let signed = self.dice.chance(self.agency.habits.signed);
        if let Some(cell) = row.get_mut(RESULT_SIGNED) {
            *cell = Cell::Bool(signed);
        }
        if course.returned.is_none() || !self.dice.chance(0.24) {
            return;
        }
        let due = row.get(DUE_AT).and_then(Cell::as_int);
        let answer = self.satisfaction(due.is_none_or(|due| finished <= due));
        if let Some(cell) = row.get_mut(SATISFACTION) {
            *cell = Cell::Int(answer);
        }
    }

    /// One dossier in twelve was reported before, in one or two of its earlier states.
    fn earlier_states(&mut self, row: &Row<'g>, received: i64, course: &Course) {
        if !self.dice.chance(0.08) {
            return;
        }
        let accepted = received + self.dice.between(60, 5_400);
        let between = accepted + ((course.at - accepted) as f64 * self.dice.share()) as i64;
        let mut last = received - 1;
        for (state, at, told) in [
            ("2", accepted, true),
            ("4", between, self.dice.chance(0.35)),
        ] {
            if !told || at <= last || at >= course.at {
                continue;
            }
            last = at;
            let mut earlier = row.clone();
            for (column, cell) in [
                (STATE, Cell::text(state)),
                (FINISHED_AT, Cell::Null),
                (RETURNED_AT, Cell::Null),
                (UPDATED_AT, Cell::At(at)),
            ] {
                if let Some(slot) = earlier.get_mut(column) {
                    *slot = cell;
                }
            }
            self.rows.push_back(earlier);
        }
    }

    fn satisfaction(&mut self, on_time: bool) -> i64 {
        let content = self.agency.habits.content - if on_time { 0.0 } else { 0.25 };
        match (self.dice.chance(content), self.dice.below(10)) {
            (true, 0..6) => 5,
            (true, _) => 4,
            (false, 0..5) => 3,
            (false, 5..8) => 2,
            (false, _) => 1,
        }
    }
}

impl<'g> Iterator for Dossiers<'g> {
    type Item = Row<'g>;

    fn next(&mut self) -> Option<Row<'g>> {
        if self.rows.is_empty() {
            self.make();
        }
        self.rows.pop_front()
    }
}
