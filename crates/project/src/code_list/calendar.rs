//! The calendar, from the code list `periods`.

use calendar::{Calendar, Period, PeriodCode};

use super::Table;
use crate::contract::day;
use crate::problem::{Mark, Sink};

/// Takes the rows of `codes.periods` as the calendar; rows with a problem are left out.
pub(crate) fn calendar(table: &Table<'_>, sink: &Sink<'_>) -> Calendar {
    let index = ["code", "kind", "start_on", "end_on"].map(|name| (name, table.index(name)));
    for (name, _) in index.iter().filter(|(_, index)| index.is_none()) {
        sink.at(
            Mark::FILE,
            format!("the calendar needs a column `{name}`: add it to the contract"),
        );
    }
    let [
        (_, Some(code)),
        (_, Some(kind)),
        (_, Some(start)),
        (_, Some(end)),
    ] = index
    else {
        return Calendar::default();
    };
    let mut periods: Vec<Period> = Vec::new();
    for row in &table.rows {
        let cell = |i: usize| row.cells[i].as_str();
        let period: PeriodCode = match cell(code).parse() {
            Ok(period) => period,
            Err(error) => {
                sink.at(table.place(row, code), format!("{error}"));
                continue;
            }
        };
        let expected = period.kind().as_str();
        if cell(kind) != expected {
            let found = cell(kind);
            let message =
                format!("kind of period `{period}` must be `{expected}`, found `{found}`");
            sink.at(table.place(row, kind), message);
        }
        // Cells that are no days are reported with their types.
        let (Some(start_on), Some(end_on)) = (day(cell(start)), day(cell(end))) else {
            continue;
        };
        if end_on < start_on {
            let message = format!("period `{period}` ends on {end_on}, before {start_on}");
            sink.at(table.place(row, end), message);
        } else if periods.iter().all(|p| p.code != period) {
            periods.push(Period {
                code: period,
                start_on,
                end_on,
            });
        }
    }
    match Calendar::new(periods) {
        Ok(calendar) => calendar,
        Err(error) => {
            sink.at(Mark::FILE, error.to_string());
            Calendar::default()
        }
    }
}
