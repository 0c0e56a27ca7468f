use chrono::{Datelike, Days, NaiveDate, TimeZone, Utc, Weekday};
use proptest::prelude::*;

use crate::{
    Calendar, CalendarError, Deadline, DeadlineRule, FirstDay, Period, PeriodCode, PeriodKind,
    Span, Standing, WorkingDays, civil_day, civil_day_end,
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
        "", "26-09", "2026-13", "2026-00", "2026-Q5", "2026-9", "2026-+9", "năm2026", "2026-Q0",
        "2026-H3", "2026-9m", "2026-q1", "2026-", "2026-001", "2026-09 ", "+026", "２026",
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

fn span(text: &str) -> Span {
    Span::read(text).unwrap_or_else(|| panic!("`{text}` is a period"))
}

#[test]
fn a_period_knows_what_holds_it_and_what_it_holds() {
    use PeriodKind::{Half, Month, NineMonths, Quarter, Year};
    for (inner, kind, outer) in [
        ("2026-01", Quarter, Some("2026-Q1")),
        ("2026-12", Quarter, Some("2026-Q4")),
        ("2026-06", Half, Some("2026-H1")),
        ("2026-07", Half, Some("2026-H2")),
        ("2026-09", NineMonths, Some("2026-9M")),
        ("2026-10", NineMonths, None),
        ("2026-Q3", NineMonths, Some("2026-9M")),
        ("2026-Q4", NineMonths, None),
        ("2026-H1", NineMonths, Some("2026-9M")),
        ("2026-H2", NineMonths, None),
        ("2026-9M", Year, Some("2026")),
        ("2026-9M", Half, None),
        ("2026-Q2", Month, None),
        ("2026", Year, Some("2026")),
    ] {
        assert_eq!(
            span(inner).within(kind),
            outer.map(span),
            "{inner} {kind:?}"
        );
    }
    let parts = |text: &str, kind| {
        let parts = span(text).parts(kind).map(|part| part.to_string());
        parts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(parts("2026-Q4", Month), "2026-10 2026-11 2026-12");
    assert_eq!(parts("2026-9M", Quarter), "2026-Q1 2026-Q2 2026-Q3");
    assert_eq!(parts("2026-9M", Half), "2026-H1");
    assert_eq!(parts("2026", Half), "2026-H1 2026-H2");
    assert_eq!(parts("2026-05", Month), "2026-05");
    assert_eq!(parts("2026-05", Quarter), "");
}

#[test]
fn the_days_of_a_period_follow_the_day_on_which_months_begin() {
    for (text, first, start, end) in [
        ("2026-01", 15, "2025-12-15", "2026-01-14"),
        ("2026-03", 15, "2026-02-15", "2026-03-14"),
        ("2026-Q1", 15, "2025-12-15", "2026-03-14"),
        ("2026-9M", 15, "2025-12-15", "2026-09-14"),
        ("2026-H2", 15, "2026-06-15", "2026-12-14"),
        ("2026", 15, "2025-12-15", "2026-12-14"),
        ("2028-02", 1, "2028-02-01", "2028-02-29"),
        ("2026", 1, "2026-01-01", "2026-12-31"),
        ("2026-03", 28, "2026-02-28", "2026-03-27"),
        ("9999", 1, "9999-01-01", "9999-12-31"),
    ] {
        let first = FirstDay::new(first).unwrap();
        let days = span(text).days(first).unwrap();
        assert_eq!(days, (day(start), day(end)), "{text}");
    }
    assert_eq!(FirstDay::new(0), None);
    assert_eq!(FirstDay::new(29), None);
}

/// The calendar table that the rule makes, for some years.
fn ruled(first: FirstDay) -> Calendar {
    let years = (2019..2032).map(|year| span(&year.to_string()));
    let spans = years.flat_map(|year| {
        let kinds = PeriodKind::ALL.into_iter();
        kinds.flat_map(move |kind| year.parts(kind).collect::<Vec<_>>())
    });
    let rows = spans.map(|span| {
        let (start_on, end_on) = span.days(first).unwrap();
        Period {
            code: span.to_string().parse().unwrap(),
            start_on,
            end_on,
        }
    });
    Calendar::new(rows).unwrap()
}

fn kinds() -> impl Strategy<Value = PeriodKind> {
    prop::sample::select(PeriodKind::ALL.to_vec())
}

fn spans() -> impl Strategy<Value = Span> {
    (0_u32..3_000_000, kinds())
        .prop_map(|(days, kind)| (after_1000(days), kind))
        .prop_filter_map(
            "the nine months hold no day of the last quarter",
            |(day, kind)| Span::holding(day, kind, FirstDay::DEFAULT),
        )
}

fn after_1000(days: u32) -> NaiveDate {
    day("1000-01-01") + Days::new(u64::from(days))
}

proptest! {
    #[test]
    fn the_period_of_a_day_is_the_one_that_a_table_of_the_rule_has(
        days in 0_u64..3650, kind in kinds(), first in 1_u32..=28,
    ) {
        let on = day("2020-06-01") + Days::new(days);
        let first = FirstDay::new(first).unwrap();
        let calendar = ruled(first);
        let found = calendar.containing(kind, on).map(|period| period.code.to_string());
        let span = Span::holding(on, kind, first);
        prop_assert_eq!(span.map(|span| span.to_string()), found);
    }

    #[test]
    fn a_month_of_the_rule_is_the_month_of_the_code(days in 0_u32..3_000_000) {
        let on = after_1000(days);
        let span = Span::holding(on, PeriodKind::Month, FirstDay::DEFAULT).unwrap();
        prop_assert_eq!(span.to_string(), PeriodCode::month_of(on).to_string());
    }

    #[test]
    fn a_period_is_read_as_it_is_shown(span in spans()) {
        let text = span.to_string();
        prop_assert_eq!(Span::read(&text), Some(span));
        prop_assert_eq!(text.parse::<PeriodCode>().unwrap().kind(), span.kind());
    }

    #[test]
    fn what_is_added_can_be_taken_away(span in spans(), count in -2000_i64..2000) {
        let Some(later) = span.plus(count) else { return Ok(()) };
        prop_assert_eq!(later.minus(span), Some(count));
        prop_assert_eq!(later.plus(-count), Some(span));
        prop_assert_eq!(later.kind(), span.kind());
        prop_assert_eq!((later > span, later == span), (count > 0, count == 0));
    }

    #[test]
    fn periods_of_a_kind_follow_each_other_without_a_gap(span in spans(), first in 1_u32..=28) {
        prop_assume!(span.kind() != PeriodKind::NineMonths);
        let first = FirstDay::new(first).unwrap();
        let (_, end) = span.days(first).unwrap();
        let (start, _) = span.plus(1).unwrap().days(first).unwrap();
        prop_assert_eq!(end.succ_opt().unwrap(), start);
    }

    #[test]
    fn what_lies_within_has_its_days_within(span in spans(), kind in kinds(), inner in kinds()) {
        let days = |span: Span| span.days(FirstDay::DEFAULT).unwrap();
        let (start, end) = days(span);
        if let Some(outer) = span.within(kind) {
            prop_assert!(days(outer).0 <= start && end <= days(outer).1);
        }
        for part in span.parts(inner) {
            prop_assert_eq!(part.within(span.kind()), Some(span));
        }
    }

    #[test]
    fn working_days_are_those_that_one_counts_day_by_day(
        from in 0_u64..400, length in 0_u64..120,
        off in prop::collection::vec(0_u64..600, 0..40),
        worked in prop::collection::vec(0_u64..600, 0..10),
    ) {
        let date = |days: u64| day("2025-12-01") + Days::new(days);
        let off: Vec<_> = off.into_iter().map(date).collect();
        let worked: Vec<_> = worked.into_iter().map(date).collect();
        let days = WorkingDays::new(off.clone(), worked.clone());
        let has = |on: NaiveDate| {
            let weekend = matches!(on.weekday(), Weekday::Sat | Weekday::Sun);
            worked.contains(&on) || !(weekend || off.contains(&on))
        };
        let (start, end) = (date(from), date(from + length));
        let counted = (from + 1..=from + length).filter(|n| has(date(*n))).count();
        let counted = i64::try_from(counted).unwrap();
        prop_assert_eq!(days.has(start), has(start));
        prop_assert_eq!(days.between(start, end), counted);
        prop_assert_eq!(days.between(end, start), -counted);
        for count in [counted, -counted] {
            let reached = days.after(start, count).unwrap();
            prop_assert!(days.has(reached));
            prop_assert_eq!(days.between(start, reached), count);
        }
    }
}

#[test]
fn working_days_beyond_the_calendar_are_none() {
    let days = WorkingDays::default();
    for count in [i64::MAX, i64::MIN, 400_000_000, -400_000_000] {
        assert_eq!(days.after(day("2026-09-01"), count), None);
    }
    assert_eq!(days.after(NaiveDate::MAX, 1), None);
    assert!(days.between(NaiveDate::MIN, NaiveDate::MAX) > 0);
}
