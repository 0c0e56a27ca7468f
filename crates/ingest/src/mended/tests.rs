use super::{guarded, unguarded};
use crate::cell::Cell;

#[test]
fn what_a_spreadsheet_takes_for_a_formula_is_guarded_and_comes_back_as_it_was() {
    for (text, expected) in [
        ("=1+1", "'=1+1"),
        ("+84", "'+84"),
        ("@sum(a1)", "'@sum(a1)"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("'quoted", "''quoted"),
        ("-5", "-5"),
        ("-5.25", "-5.25"),
        ("-", "'-"),
        ("-1-1", "'-1-1"),
        ("Huế", "Huế"),
        ("", ""),
    ] {
        assert_eq!(guarded(text), expected, "{text}");
        for cell in [
            Cell::Text(expected.into()),
            Cell::Text(expected.to_owned().into()),
        ] {
            assert_eq!(unguarded(cell), Cell::Text(text.into()), "{text}");
        }
    }
    // What nobody guarded stays.
    assert_eq!(
        unguarded(Cell::Text("'quoted'".into())),
        Cell::Text("'quoted'".into())
    );
}
