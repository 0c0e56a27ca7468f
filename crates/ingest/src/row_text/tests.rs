use super::{fragment, object};
use crate::cell::Cell;

#[test]
fn what_is_personal_is_hidden_however_it_is_written() {
    for number in [
        "0912345678",
        "\\u0030912345678",
        "\\u00000912345678",
        "09123\\u00345678",
    ] {
        let broken = format!("{{\"phone\": \"{number}\", \"x\"");
        assert_eq!(fragment(&broken), "\"{\\\"•••\"", "{number}");
        let nested = format!("{{\"phone\":\"{number}\"}}");
        let cell = Cell::Nested(&nested);
        let row = object([("who", &cell)].into_iter(), &|_| false);
        assert_eq!(row, "{\"who\":\"{\\\"•••\"}", "{number}");
    }
}

#[test]
fn what_is_not_personal_is_kept_as_it_stands() {
    for row in [
        "{\"a\": \"\\u0111\\u1ed3ng\"",
        "\\u12",
        "\\uzzzz 0912",
        "{\"n\": 123456789}",
    ] {
        assert_eq!(fragment(row), crate::cell::quoted(row));
    }
}
