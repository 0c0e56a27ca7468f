//! What an agency's landed rows add up to: the truth that its indicators are measured against.

use std::collections::BTreeSet;

use super::Generator;
use super::cells::{Cell, Row};
use super::country::Agency;
use super::dossiers::{
    CHANNEL, DOSSIER_ID, DUE_AT, FEE_AMOUNT, FEE_PAID_ONLINE, FINISHED_AT, PROCEDURE_CODE,
    RECEIVED_AT, RESULT_SIGNED, REUSED_PAPER_COUNT, SATISFACTION, STATE, UPDATED_AT,
};
use super::faults::Fault;
use super::lines::Line;
use super::plan::Made;
use super::workdays::{civil_day_of, day_number};

/// The sums over one agency's dossiers of the period, each dossier in its newest landed state.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Tally {
    pub(super) received: i64,
    pub(super) received_by_channel: [i64; 3],
    pub(super) full_online: i64,
    pub(super) resolved: i64,
    pub(super) on_time: i64,
    pub(super) in_progress: i64,
    pub(super) withdrawn: i64,
    pub(super) payments: i64,
    pub(super) payments_online: i64,
    pub(super) signed: i64,
    pub(super) reusing: i64,
    pub(super) rated: i64,
    pub(super) content: i64,
    pub(super) procedures: BTreeSet<String>,
}

impl Tally {
    /// Counts every part of the agency's dossiers as the national plan sends them.
    pub(super) fn of(generator: &Generator, agency: &Agency) -> Self {
        let mut tally = Self::default();
        for parcel in generator.parcels_of(Made::Dossiers, agency) {
            let mut group: Vec<Row<'_>> = Vec::new();
            for line in generator.lines_of(agency, &parcel) {
                tally.take(generator, &mut group, line);
            }
            tally.close(generator, &mut group);
        }
        tally
    }

    /// The states of a dossier stand together, so only one dossier's rows are held at a time.
    fn take<'g>(&mut self, generator: &Generator, group: &mut Vec<Row<'g>>, line: Line<'g>) {
        if line.fault.is_some_and(Fault::is_refused) {
            return;
        }
        let row = line.row;
        if group
            .first()
            .is_some_and(|first| counter(first) != counter(&row))
        {
            self.close(generator, group);
        }
        // A late state carries another day in its id, and so is another dossier.
        match group
            .iter_mut()
            .find(|held| held.get(DOSSIER_ID) == row.get(DOSSIER_ID))
        {
            Some(held) if int(held, UPDATED_AT) < int(&row, UPDATED_AT) => *held = row,
            Some(_) => {}
            None => group.push(row),
        }
    }

    fn close(&mut self, generator: &Generator, group: &mut Vec<Row<'_>>) {
        for row in group.drain(..) {
            self.add(generator, &row);
        }
    }

    fn add(&mut self, generator: &Generator, row: &Row<'_>) {
        let period = generator.period();
        let (first, last) = (day_number(period.start_on), day_number(period.end_on));
        let within =
            |column| int(row, column).is_some_and(|at| (first..=last).contains(&civil_day_of(at)));
        let state = text(row, STATE);
        if within(RECEIVED_AT) {
            self.add_received(generator, row);
        }
        if matches!(state, "9" | "10") && within(FINISHED_AT) {
            self.resolved += 1;
            let in_time = int(row, FINISHED_AT) <= int(row, DUE_AT);
            self.on_time += i64::from(in_time);
            self.signed += i64::from(truth(row, RESULT_SIGNED));
            if let Some(answer) = int(row, SATISFACTION) {
                self.rated += 1;
                self.content += i64::from(answer >= 4);
            }
        }
        self.withdrawn += i64::from(state == "7" && within(UPDATED_AT));
        self.in_progress += i64::from(matches!(state, "1" | "2" | "4" | "5" | "6"));
    }

    fn add_received(&mut self, generator: &Generator, row: &Row<'_>) {
        self.received += 1;
        let channel = text(row, CHANNEL);
        let index = channel.parse::<usize>().unwrap_or(0).wrapping_sub(1);
        if let Some(count) = self.received_by_channel.get_mut(index) {
            *count += 1;
        }
        let procedure = text(row, PROCEDURE_CODE);
        self.full_online += i64::from(channel == "2" && generator.is_full_online(procedure));
        self.payments += i64::from(int(row, FEE_AMOUNT).is_some_and(|fee| fee > 0));
        self.payments_online += i64::from(truth(row, FEE_PAID_ONLINE));
        self.reusing += i64::from(int(row, REUSED_PAPER_COUNT).is_some_and(|count| count > 0));
        if !self.procedures.contains(procedure) {
            self.procedures.insert(procedure.to_owned());
        }
    }
}

fn counter<'r>(row: &'r Row<'_>) -> (&'r str, &'r str) {
    let id = text(row, DOSSIER_ID);
    let unit = id.split('-').next().unwrap_or_default();
    (unit, id.rsplit('-').next().unwrap_or_default())
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> &'r str {
    row.get(column).and_then(Cell::as_text).unwrap_or_default()
}

fn int(row: &Row<'_>, column: usize) -> Option<i64> {
    row.get(column).and_then(Cell::as_int)
}

fn truth(row: &Row<'_>, column: usize) -> bool {
    row.get(column).and_then(Cell::as_bool).unwrap_or(false)
}
