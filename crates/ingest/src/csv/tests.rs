use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::split_cells;
use crate::cell::Cell;
use crate::samples::{contract_of, judged, judged_with};
use crate::{Format, Limits};

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged(Format::Csv, body.as_bytes()));
}

#[test]
fn a_body_without_a_header_is_refused() {
    check("", expect![[""]]);
    check("\u{feff}\n\n", expect![[""]]);
    check("\"id\n", expect![[""]]);
    expect![[""]].assert_eq(&judged(Format::Csv, b"\xff\xfei\0d\0\n\0"));
}

#[test]
fn a_header_is_held_against_the_contract_with_every_column_named() {
    check("count,day\n1,2026-09-01\n", expect![[""]]);
    check("id,colour,size\n", expect![[""]]);
    check("id,count,id,count\n", expect![[""]]);
    check("id;count;day\nA;1;2026-09-01\n", expect![[""]]);
    check("id\tcount\nA\t1\n", expect![[""]]);
    let limits = Limits {
        columns: 2,
        ..Limits::default()
    };
    let body = b"id,count,day\n";
    expect![[""]].assert_eq(&judged_with(
        Format::Csv,
        &crate::samples::contract(),
        &limits,
        body,
    ));
}

#[test]
fn broken_rows_are_told_by_row_and_the_others_land() {
    let body = b"id,count\nA,1\nB\nC,1,2\n\xff,1\nD\"x,1\n\"E\"x,1\nF,2\n\"G,3\n";
    expect![[""]].assert_eq(&judged(Format::Csv, body));
}

#[test]
fn values_that_cannot_be_read_say_what_was_expected() {
    check(
        "id,count,small,price,ratio,flag,day,at\n\
         A,1.0,2147483648,1.234,nan,yes,15/09/2026,2026-09-15\n\
         B,\" 1\",x,1e2,1e999,2,1899-01-01,2026-09-15T25:00\n\
         C\u{1},,,,,,,\n",
        expect![[""]],
    );
}

#[test]
fn rules_speak_of_what_could_be_read() {
    check(
        "count,id\n-1,A\n,B\n100,C\n5,\n001099012345,D\n-5,001099012345\n1,A\nx,A\n",
        expect![[""]],
    );
}

#[test]
fn rows_land_in_the_contracts_order_whatever_the_headers() {
    check(
        "\u{feff}day,id,flag,price\r\n2026-09-01,\"a \"\"b\"\", c\nd\",TRUE,12.5\r\n\r\n,e\u{302}\u{301},\"\",\r\n",
        expect![[""]],
    );
}

#[test]
fn a_cell_over_the_limit_is_named() {
    let limits = Limits {
        cell_bytes: 3,
        ..Limits::default()
    };
    let body = b"id,count\nabc,1\nabcd,2\n";
    expect![[""]].assert_eq(&judged_with(
        Format::Csv,
        &crate::samples::contract(),
        &limits,
        body,
    ));
}

#[test]
fn a_column_alone_may_be_null_only_in_quotes() {
    let contract = contract_of(&[("a", project::ColumnType::String, false)], &[]);
    let shown = judged_with(
        Format::Csv,
        &contract,
        &Limits::default(),
        b"a\nx\n\n\"\"\ny\n",
    );
    expect![[""]].assert_eq(&shown);
}

proptest! {
    #[test]
    fn cells_are_what_was_written(row in prop::collection::vec("[a,;\"\n ếx]{0,6}", 1..6)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&row).unwrap();
        let record = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let mut cells = Vec::new();
        split_cells(record.strip_suffix('\n').unwrap(), &mut cells).unwrap();
        let cells: Vec<&str> = cells.iter().map(|c| c.shown().unwrap_or_default()).collect();
        prop_assert_eq!(cells, row);
    }

    #[test]
    fn what_is_taken_at_all_is_taken_as_another_reader_takes_it(record in "[a,\" ]{1,12}") {
        let mut cells: Vec<Cell<'_>> = Vec::new();
        if split_cells(&record, &mut cells).is_ok() {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(record.as_bytes());
            let other = reader.records().next().unwrap().unwrap();
            let cells: Vec<&str> = cells.iter().map(|c| c.shown().unwrap_or_default()).collect();
            prop_assert_eq!(cells, other.iter().collect::<Vec<_>>());
        }
    }
}
