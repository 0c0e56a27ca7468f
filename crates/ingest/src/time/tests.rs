use chrono::{DateTime, NaiveDate};
use proptest::prelude::*;

use super::{YEAR, date, is_sane_day, is_sane_instant, timestamp};

#[test]
fn days_have_one_form_and_exist() {
    let bad = [
        "",
        "2026-9-15",
        "15/09/2026",
        "2026-09-15T00:00",
        "2026-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        " 2026-09-15",
        "2026-09-15 ",
        "20260915",
        "+026-09-15",
        "٢٠٢٦-٠٩-١٥",
    ];
    for text in bad {
        assert!(date(text).is_err(), "{text}");
    }
    assert_eq!(date("1899-12-31"), Err(YEAR));
    assert_eq!(date("1970-01-01"), Ok(0));
    assert_eq!(date("2024-02-29"), Ok(19_782));
}

#[test]
fn the_days_that_are_believed_begin_in_1900_and_end_in_9999() {
    for (first, text) in [(true, "1900-01-01"), (false, "9999-12-31")] {
        let day = date(text).unwrap();
        assert!(is_sane_day(day));
        assert!(!is_sane_day(if first { day - 1 } else { day + 1 }));
    }
    let first = timestamp("1900-01-01T00:00:00").unwrap();
    let last = timestamp("9999-12-31T23:59:59.999999").unwrap();
    assert!(is_sane_instant(first) && is_sane_instant(last));
    assert!(!is_sane_instant(first - 1) && !is_sane_instant(last + 1));
}

#[test]
fn instants_have_a_time_and_a_sane_offset() {
    let bad = [
        "",
        "2026-09-15",
        "2026-09-15T",
        "2026-09-15T08",
        "2026-09-15T8:30:00",
        "2026-09-15t08:30",
        "2026-09-15T24:00:00",
        "2026-09-15T23:60:00",
        "2026-09-15T23:59:60",
        "2026-09-15T08:30.5",
        "2026-09-15T08:30:00.",
        "2026-09-15T08:30:00.1234567890",
        "2026-09-15T08:30:00+15:00",
        "2026-09-15T08:30:00+7",
        "2026-09-15T08:30:00ZZ",
        "2026-09-15T08:30:00 +07:00",
        "2026-09-15  08:30:00",
        "2026-02-30T08:30:00",
        "2026-09-1ếT08:30",
    ];
    for text in bad {
        assert!(timestamp(text).is_err(), "{text}");
    }
    assert_eq!(timestamp("1899-01-01T00:00:00"), Err(YEAR));
}

#[test]
fn a_time_without_an_offset_is_vietnams() {
    let expected = Ok(1_789_435_800_000_000);
    for text in [
        "2026-09-15T08:30:00+07:00",
        "2026-09-15T08:30:00",
        "2026-09-15 08:30",
        "2026-09-15T01:30:00Z",
        "2026-09-15T08:30:00.000+0700",
        "2026-09-15 08:30:00+07",
        "2026-09-14T21:30:00-04:00",
    ] {
        assert_eq!(timestamp(text), expected, "{text}");
    }
    assert_eq!(
        timestamp("2026-09-15T08:30:00.1234567"),
        Ok(1_789_435_800_123_456)
    );
}

#[test]
fn the_days_of_every_month_are_those_of_the_calendar() {
    for year in (1900..2110).chain([9996, 9999]) {
        for (month, day) in (0..14).flat_map(|month| (0..33).map(move |day| (month, day))) {
            let known = NaiveDate::from_ymd_opt(year, month, day);
            let text = format!("{year}-{month:02}-{day:02}");
            assert_eq!(date(&text).ok(), known.map(|d| d.to_epoch_days()), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn the_calendar_agrees(days in -25_567..=2_932_896_i32, micros in 0..86_400_000_000_i64) {
        let day = NaiveDate::from_epoch_days(days).unwrap();
        prop_assert_eq!(date(&day.to_string()), Ok(days));
        let at = i64::from(days) * 86_400_000_000 + micros;
        let text = DateTime::from_timestamp_micros(at).unwrap().to_rfc3339();
        prop_assert_eq!(timestamp(&text), Ok(at));
        let to_the_second = at - at.rem_euclid(1_000_000);
        let text = DateTime::from_timestamp_micros(to_the_second).unwrap();
        let text = text.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        prop_assert_eq!(timestamp(&text), Ok(to_the_second));
        let vietnams = text.replace('Z', "+07:00");
        prop_assert_eq!(timestamp(&vietnams), Ok(to_the_second - 7 * 3_600_000_000));
    }
}
