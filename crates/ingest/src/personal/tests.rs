use proptest::prelude::*;
use regex::Regex;

use super::PERSONAL_DATA_PATTERN;
use super::excerpt;
use crate::{looks_personal, mask};

#[test]
fn citizen_ids_phones_and_addresses_look_personal() {
    let personal = [
        "001099012345",
        "số 001099012345.",
        "0912345678",
        "+84912345678",
        "84912345678",
        "gọi 0912345678, hoặc sau",
        "van.a@example.gov.vn",
        "<a_b+c@x-y.vn>",
    ];
    for text in personal {
        assert!(looks_personal(text), "{text}");
    }
}

#[test]
fn what_is_longer_shorter_or_otherwise_does_not() {
    let plain = [
        "",
        "0010990123456",
        "00109901234",
        "101099012345",
        "09123456789",
        "0212345678",
        "091234567",
        "H26.01-260915-0001",
        "000.00.26.H26-260915-0001",
        "a@b",
        "@example.vn",
        "2026-09-15T08:30:00+07:00",
        "٠٠١٠٩٩٠١٢٣٤٥",
    ];
    for text in plain {
        assert!(!looks_personal(text), "{text}");
    }
}

#[test]
fn excerpts_are_short_and_hide_what_looks_personal() {
    assert_eq!(mask("001099012345"), "00•••");
    assert_eq!(mask("ế"), "ế•••");
    assert_eq!(excerpt("001099012345", false), "00•••");
    assert_eq!(excerpt("Nguyễn Văn A", true), "Ng•••");
    assert_eq!(excerpt(&"ế".repeat(41), false), "ế".repeat(40));
    assert_eq!(excerpt("a\u{1b}[0m\n", false), "a\u{fffd}[0m\u{fffd}");
    let late = format!("{} a@b.vn", "x".repeat(60));
    assert_eq!(excerpt(&late, false), "xx•••");
}

proptest! {
    #[test]
    fn the_quick_answer_is_the_patterns(text in "[0-9+@a.8 -]{0,30}|[a-z.-]{0,25}[03+]?[0-9]{9,13}[a-z]{0,12}") {
        let pattern = Regex::new(PERSONAL_DATA_PATTERN).unwrap();
        prop_assert_eq!(looks_personal(&text), pattern.is_match(&text));
    }
}

#[test]
fn what_is_shown_neither_commands_a_terminal_nor_turns_a_line_nor_stays_unseen() {
    let shown = super::harmless("a\u{1b}[2J\u{202e}b\u{200b}\u{feff}ế");
    assert_eq!(shown, "a\u{fffd}[2J\u{fffd}b\u{fffd}\u{fffd}ế");
    assert_eq!(super::excerpt("\u{202e}x", false), "\u{fffd}x");
    assert_eq!(super::mask("\u{202e}xyz"), "\u{fffd}x•••");
}
