use proptest::prelude::*;

use super::{day, day_first, of_serial, of_text, time, time_of_day_first};

#[test]
fn a_number_of_days_is_a_day_in_both_reckonings() {
    let shown = |serial, from_1904| of_serial(serial, from_1904).map(time);
    assert_eq!(
        shown(46_280.0, false).as_deref(),
        Some("2026-09-15T00:00:00")
    );
    assert_eq!(
        shown(44_818.0, true).as_deref(),
        Some("2026-09-15T00:00:00")
    );
    assert_eq!(shown(61.0, false).as_deref(), Some("1900-03-01T00:00:00"));
    assert_eq!(shown(0.0, true).as_deref(), Some("1904-01-01T00:00:00"));
    assert_eq!(
        shown(2_958_465.0, false).as_deref(),
        Some("9999-12-31T00:00:00")
    );
    let time = shown(46_280.354_166_666_664, false);
    assert_eq!(time.as_deref(), Some("2026-09-15T08:30:00"));
    // The last half of a millisecond belongs to the next day.
    let time = shown(46_280.999_999_999_9, false);
    assert_eq!(time.as_deref(), Some("2026-09-16T00:00:00"));
}

#[test]
fn a_number_that_programs_read_as_different_days_is_none() {
    for serial in [
        -1.0,
        0.0,
        0.5,
        1.0,
        59.0,
        60.0,
        60.9,
        2_958_466.0,
        f64::NAN,
        f64::INFINITY,
    ] {
        assert_eq!(of_serial(serial, false), None, "{serial}");
    }
    assert_eq!(of_serial(-0.1, true), None);
}

#[test]
fn the_day_comes_first_and_has_two_digits() {
    assert_eq!(day_first("15/09/2026").as_deref(), Some("2026-09-15"));
    assert_eq!(day_first("05/09/2026").as_deref(), Some("2026-09-05"));
    for text in [
        "09/15/2026",
        "31/02/2026",
        "00/01/2026",
        "1/9/2026",
        "15/9/2026",
        "15/09/26",
        "15-09-2026",
        "15/09/2026 ",
        " 15/09/2026",
        "15/09/2026 08:30",
        "2026/09/15",
        "१५/09/2026",
        "ab/cd/efgh",
        "",
    ] {
        assert_eq!(day_first(text), None, "{text}");
    }
    let time = time_of_day_first("15/09/2026 08:30");
    assert_eq!(time.as_deref(), Some("2026-09-15T08:30"));
    let time = time_of_day_first("15/09/2026 08:30:59");
    assert_eq!(time.as_deref(), Some("2026-09-15T08:30:59"));
    for text in [
        "15/09/2026 8:30",
        "15/09/2026 24:00",
        "15/09/2026T08:30",
        "09/15/2026 08:30",
    ] {
        assert_eq!(time_of_day_first(text), None, "{text}");
    }
}

#[test]
fn moments_in_files_are_iso() {
    let shown = |text: &str| of_text(text).map(time);
    assert_eq!(shown("2026-09-15").as_deref(), Some("2026-09-15T00:00:00"));
    let time = shown("2026-09-15T08:30:00.5");
    assert_eq!(time.as_deref(), Some("2026-09-15T08:30:00.500"));
    assert_eq!(shown("2026-13-15"), None);
    assert_eq!(shown("PT08H30M00S"), None);
}

proptest! {
    #[test]
    fn any_day_is_read_back(days in 61..2_958_466_i32, from_1904: bool) {
        let at = of_serial(f64::from(days), from_1904);
        if let Some(at) = at {
            let text = day(at);
            prop_assert_eq!(of_text(&text), Some(at));
            let (date, parts) = (text.clone(), text.split('-').collect::<Vec<_>>());
            if date.len() == 10 {
                let typed = format!("{}/{}/{}", parts[2], parts[1], parts[0]);
                prop_assert_eq!(day_first(&typed), Some(date));
            }
        }
    }
}
