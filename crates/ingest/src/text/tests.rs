use std::borrow::Cow;

use super::normalised;

#[test]
fn control_characters_are_refused_and_layout_is_not() {
    for text in ["a\0", "\u{1b}[0m", "a\u{7f}", "ế\u{85}", "ế\u{1}"] {
        assert!(normalised(text).is_err(), "{text:?}");
    }
    assert_eq!(normalised("a\tb\r\nế").unwrap(), "a\tb\r\nế");
}

#[test]
fn what_turns_the_direction_of_writing_is_refused() {
    for turning in ['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'] {
        assert!(normalised(&format!("a{turning}b")).is_err(), "{turning:?}");
    }
    assert!(normalised("a\u{200d}b").is_ok());
}

#[test]
fn decomposed_letters_are_composed_and_composed_ones_are_not_copied() {
    assert_eq!(normalised("e\u{302}\u{301}").unwrap(), "ế");
    assert!(matches!(normalised("Hồ sơ ế").unwrap(), Cow::Borrowed(_)));
}
