use expect_test::{Expect, expect};

use super::decode;
use crate::problem::Sink;

fn check(bytes: &[u8], expected: Expect) {
    let sink = Sink::new("x");
    let text = decode(bytes, &sink).map(str::to_owned);
    let problems: Vec<String> = sink
        .into_problems()
        .iter()
        .map(|p| format!("{p}\n"))
        .collect();
    expected.assert_eq(&format!("{text:?}\n{}", problems.concat()));
}

#[test]
fn text_must_be_utf_8_without_a_mark_and_composed() {
    check(
        "tiếng Việt\n".as_bytes(),
        expect![[r#"
        Some("tiếng Việt\n")
    "#]],
    );
    check(
        b"a\nb \xff c\n",
        expect![[r#"
        None
        x:2:3: the file is no UTF-8 from here: save it as UTF-8
    "#]],
    );
    check(
        b"Vi\xe1\xbb\x87t \xff",
        expect![[r#"
        None
        x:1:6: the file is no UTF-8 from here: save it as UTF-8
    "#]],
    );
    check(
        "\u{feff}a".as_bytes(),
        expect![[r#"
        Some("a")
        x:1:1: the file begins with a byte order mark: save it as UTF-8 without one
    "#]],
    );
    check(
        "a\nTie\u{302}\u{301}ng\nVie\u{323}\u{302}t\n".as_bytes(),
        expect![[r#"
            Some("a\nTie\u{302}\u{301}ng\nVie\u{323}\u{302}t\n")
            x:2:3: the text is not composed, the first of 2 such lines: save the file in Unicode form NFC
        "#]],
    );
}
