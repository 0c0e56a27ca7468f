use chrono::{NaiveDate, TimeZone, Utc};

use crate::{
    Calendar, CalendarError, Deadline, DeadlineRule, Period, PeriodCode, PeriodKind, Standing,
    civil_day, civil_day_end,
};

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

fn september() -> Period {
    Period {
        code: "2026-09".parse().unwrap(),
        start_on: day("2026-08-15"),
        end_on: day("2026-09-14"),
    }
}

/// Due on 24 September, locked after 14 October.
const RULE: DeadlineRule = DeadlineRule {
    due_after_days: 10,
    lock_after_days: Some(30),
};

fn standing(deadline: &Deadline, at: &str) -> Standing {
    deadline.standing(at.parse().unwrap())
}

#[test]
fn a_period_is_open_then_late_then_locked_by_the_civil_day() {
    let deadline = Deadline::new(&september(), RULE, None);
    for (at, expected) in [
        ("2026-08-14T16:59:59.999999999Z", Standing::NotYet),
        ("2026-08-14T17:00:00Z", Standing::Open),
        ("2026-09-24T16:59:59.999999999Z", Standing::Open),
        ("2026-09-24T17:00:00Z", Standing::Late),
        ("2026-10-14T16:59:59.999999999Z", Standing::Late),
        ("2026-10-14T17:00:00Z", Standing::Locked),
        ("9999-12-31T00:00:00Z", Standing::Locked),
    ] {
        assert_eq!(standing(&deadline, at), expected, "{at}");
    }
    let locks_at = deadline.locks_at().unwrap();
    assert_eq!(locks_at.to_rfc3339(), "2026-10-14T17:00:00+00:00");
    assert_eq!(deadline.standing(locks_at), Standing::Locked);
}

#[test]
fn without_a_lock_data_is_late_for_ever() {
    let rule = DeadlineRule {
        lock_after_days: None,
        ..RULE
    };
    let deadline = Deadline::new(&september(), rule, None);
    assert_eq!(deadline.locks_at(), None);
    assert_eq!(standing(&deadline, "9999-12-31T00:00:00Z"), Standing::Late);
}

#[test]
fn an_extension_moves_the_deadline_and_a_lock_that_would_come_before() {
    let extended = |to: &str| Deadline::new(&september(), RULE, Some(day(to)));
    let within = extended("2026-10-01");
    assert_eq!(within.due_on, day("2026-10-01"));
    assert_eq!(within.closes_on, Some(day("2026-10-14")));
    let beyond = extended("2026-11-20");
    assert_eq!(standing(&beyond, "2026-11-20T16:59:59Z"), Standing::Open);
    assert_eq!(standing(&beyond, "2026-11-20T17:00:00Z"), Standing::Locked);
    // An earlier day changes nothing.
    let shorter = extended("2026-09-15");
    assert_eq!(shorter, Deadline::new(&september(), RULE, None));
}

#[test]
fn days_beyond_the_calendar_do_not_overflow() {
    let last = Period {
        end_on: NaiveDate::MAX,
        ..september()
    };
    let deadline = Deadline::new(&last, RULE, None);
    assert_eq!(deadline.due_on, NaiveDate::MAX);
    assert_eq!(deadline.locks_at(), None);
    assert_eq!(standing(&deadline, "9999-12-31T00:00:00Z"), Standing::Open);
}
