use proptest::prelude::*;

use super::{Area, cell, letters, parse};

#[test]
fn columns_are_counted_in_letters() {
    let names = [
        (0, "A"),
        (25, "Z"),
        (26, "AA"),
        (51, "AZ"),
        (701, "ZZ"),
        (702, "AAA"),
        (16_383, "XFD"),
    ];
    for (column, name) in names {
        assert_eq!(letters(column), name);
    }
}

#[test]
fn what_names_no_cell_of_a_sheet_is_none() {
    for text in [
        "",
        "A",
        "7",
        "A0",
        "XFE1",
        "AAAA1",
        "A1048577",
        "A-1",
        "A1B",
        "$A$1",
        "Ă1",
        "A 1",
        "A99999999999999999999",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
    for text in ["A1", "A1:", "A1:B0", "1:2"] {
        assert_eq!(Area::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn a_cell_is_found_by_its_name(column in 0..16_384_usize, row in 1..=1_048_576_u64) {
        prop_assert_eq!(parse(&cell(column, row)), Some((column, row)));
        prop_assert_eq!(parse(&cell(column, row).to_lowercase()), Some((column, row)));
    }
}
