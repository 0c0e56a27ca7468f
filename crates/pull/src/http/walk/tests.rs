use super::*;

fn text(text: &str) -> Option<Point> {
    Some(Point::Text(text.to_owned()))
}

#[test]
fn the_later_watermark_is_the_greater() {
    for (one, other, later) in [
        (text("a"), text("b"), text("b")),
        (text("b"), text("a"), text("b")),
        (None, text("a"), text("a")),
        (
            Some(Point::Number(9)),
            Some(Point::Number(10)),
            Some(Point::Number(10)),
        ),
        // As texts they would sort the other way.
        (
            text("2026-01-01T00:00:00Z"),
            text("2026-01-01T00:00:00.5Z"),
            text("2026-01-01T00:00:00.5Z"),
        ),
        (
            text("2026-01-01T06:59:00+07:00"),
            text("2026-01-01T00:00:00Z"),
            text("2026-01-01T00:00:00Z"),
        ),
    ] {
        assert_eq!(greatest(one, other, "page 1").unwrap(), later);
    }
}

#[test]
fn watermarks_of_different_kinds_are_not_compared() {
    for (one, other) in [
        (text("9"), Some(Point::Number(10))),
        (text("2026-01-01"), text("2026-01-01T00:00:00Z")),
    ] {
        let error = greatest(one, other, "page 1").unwrap_err();
        assert!(error.to_string().contains("cannot be compared"), "{error}");
    }
}

#[test]
fn a_mark_says_little_and_reads_back() {
    let walk = Walk {
        since: text("2026-01-01"),
        at: At::Page(2),
        pages: 1,
        ..Walk::default()
    };
    let mark = crate::mark::write(&walk).unwrap();
    assert_eq!(
        mark.0,
        r#"{"since":"2026-01-01","at":{"page":2},"pages":1,"largest":0,"doubtful":false,"restarts":0}"#
    );
    assert_eq!(crate::mark::read::<Walk>(&mark).unwrap(), walk);
    assert_eq!(
        crate::HttpSource::told(&mark).as_deref(),
        Some("2026-01-01 + 1")
    );
    let linked = Walk {
        at: At::Link("/list?token=of-the-test".to_owned()),
        pages: 3,
        ..Walk::default()
    };
    let mark = crate::mark::write(&linked).unwrap();
    assert_eq!(crate::HttpSource::told(&mark).as_deref(), Some("+ 3"));
    let none = crate::Mark("0001:a.csv".to_owned());
    assert_eq!(crate::HttpSource::told(&none), None);
}

#[test]
fn a_mark_of_another_source_is_refused() {
    for other in ["", "{}", "[1]", r#"{"at":"start","pages":0,"file":"x"}"#] {
        let read = crate::mark::read::<Walk>(&crate::Mark(other.to_owned()));
        assert!(matches!(read, Err(PullError::Mark(_))), "{other}");
    }
}
