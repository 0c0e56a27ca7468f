use chrono::{NaiveDate, TimeZone, Utc};

use crate::{Calendar, CalendarError, Period, PeriodCode, PeriodKind, civil_day, civil_day_end};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_forms_of_a_period_code_are_read_and_nothing_else() {
    for (text, kind) in [
        ("2026-09", PeriodKind::Month),
        ("2026-Q3", PeriodKind::Quarter),
        ("2026-H1", PeriodKind::Half),
        ("2026-9M", PeriodKind::NineMonths),
        ("2026", PeriodKind::Year),
    ] {
        assert_eq!(text.parse::<PeriodCode>().unwrap().kind(), kind, "{text}");
    }
    for text in [
        "", "26-09", "2026-13", "2026-00", "2026-Q5", "2026-9", "2026-+9", "năm2026",
    ] {
        let error = text.parse::<PeriodCode>().unwrap_err();
        assert_eq!(error, CalendarError::NotAPeriod(text.to_owned()));
    }
}

#[test]
fn a_month_runs_from_the_15th_to_the_14th() {
    for (text, code) in [
        ("2026-08-14", "2026-08"),
        ("2026-08-15", "2026-09"),
        ("2026-09-14", "2026-09"),
        ("2026-12-15", "2027-01"),
    ] {
        assert_eq!(PeriodCode::month_of(day(text)).as_str(), code);
    }
}

#[test]
fn the_civil_day_begins_seven_hours_before_the_utc_day() {
    let before = Utc.with_ymd_and_hms(2026, 9, 14, 16, 59, 59).unwrap();
    let after = Utc.with_ymd_and_hms(2026, 9, 14, 17, 0, 0).unwrap();
    assert_eq!(civil_day(before), day("2026-09-14"));
    assert_eq!(civil_day(after), day("2026-09-15"));
}

#[test]
fn the_end_of_a_civil_day_is_its_last_microsecond() {
    let end = civil_day_end(day("2026-09-14"));
    let next = Utc.with_ymd_and_hms(2026, 9, 14, 17, 0, 0).unwrap();
    assert_eq!((next - end).num_microseconds(), Some(1));
    assert_eq!(civil_day(end), day("2026-09-14"));
}

#[test]
fn a_calendar_refuses_doubled_and_reversed_rows_and_finds_the_rest() {
    let row = |code: &str, start: &str, end: &str| Period {
        code: code.parse().unwrap(),
        start_on: day(start),
        end_on: day(end),
    };
    let september = row("2026-09", "2026-08-15", "2026-09-14");
    assert!(Calendar::new([september.clone(), september.clone()]).is_err());
    assert!(Calendar::new([row("2026-09", "2026-09-14", "2026-08-15")]).is_err());
    let calendar = Calendar::new([september.clone()]).unwrap();
    assert_eq!(calendar.get(&september.code), Ok(&september));
    assert!(calendar.get(&"2026-10".parse().unwrap()).is_err());
    assert_eq!(
        calendar.containing(PeriodKind::Month, day("2026-09-01")),
        Some(&september)
    );
    assert_eq!(
        calendar.containing(PeriodKind::Year, day("2026-09-01")),
        None
    );
}
