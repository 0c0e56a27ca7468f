use proptest::prelude::*;

use super::{Cut, Cutter};

fn cut(bytes: &[u8]) -> (usize, Cut) {
    Cutter::new(3).read(bytes)
}

#[test]
fn a_value_ends_behind_its_bracket_or_quote_or_before_what_follows() {
    for (value, rest) in [
        (r#"{"a":[1,{}]}"#, ",2"),
        ("[]", "]"),
        (r#""a\"b\\""#, r#"",""#),
        ("-1.5e3", ",2"),
        ("true", "}"),
        ("null", " ]"),
        (r#"{"]}":"\"}"}"#, ""),
    ] {
        let bytes = [value, rest].concat();
        assert_eq!(cut(bytes.as_bytes()), (value.len(), Cut::Done), "{bytes}");
    }
}

#[test]
fn a_bracket_that_closes_another_is_wrong_where_it_stands() {
    assert_eq!(cut(br#"{"a":[1}"#), (7, Cut::Wrong));
    assert_eq!(cut(b"}"), (0, Cut::Wrong));
    assert_eq!(cut(b","), (0, Cut::Wrong));
    assert_eq!(cut(b"12\""), (2, Cut::Wrong));
    assert_eq!(cut(b"12["), (2, Cut::Wrong));
}

#[test]
fn levels_are_counted() {
    assert_eq!(cut(b"[[[]]]"), (6, Cut::Done));
    assert_eq!(cut(b"[[[["), (3, Cut::TooDeep));
}

proptest! {
    #[test]
    fn a_value_is_cut_the_same_wherever_the_buffers_end(
        text in r#"[\[{]["\\a,:\[{}\] ]{0,30}"#,
        sizes in prop::collection::vec(1..5_usize, 30),
    ) {
        let bytes = text.as_bytes();
        let whole = cut(bytes);
        let mut cutter = Cutter::new(3);
        let (mut at, mut end) = (0, Cut::Within);
        for size in sizes {
            let part = &bytes[at..bytes.len().min(at + size)];
            let (read, cut) = cutter.read(part);
            at += read;
            end = cut;
            if cut != Cut::Within {
                break;
            }
            prop_assert_eq!(read, part.len());
        }
        prop_assert_eq!((at, end), whole);
    }
}
