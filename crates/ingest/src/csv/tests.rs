use expect_test::{Expect, expect};

use crate::samples::{contract_of, judged, judged_with};
use crate::{Format, Limits};

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged(Format::Csv, body.as_bytes()));
}

#[test]
fn a_body_without_a_header_is_refused() {
    check(
        "",
        expect![[r#"
            the body is empty: it has no header
            Send text whose first line names the columns, separated by `,`, `;`, tabs or `|`.
        "#]],
    );
    check(
        "\u{feff}\n\n",
        expect![[r#"
            the body is empty: it has no header
            Send text whose first line names the columns, separated by `,`, `;`, tabs or `|`.
        "#]],
    );
    check(
        "\"id\n",
        expect![[r#"
            the header is broken: a quote is not closed or in the wrong place
            Send text whose first line names the columns, separated by `,`, `;`, tabs or `|`.
        "#]],
    );
    expect![[r#"
        the header is not UTF-8
        Send text whose first line names the columns, separated by `,`, `;`, tabs or `|`.
    "#]]
    .assert_eq(&judged(Format::Csv, b"\xffid\n"));
}

#[test]
fn a_header_that_was_written_in_another_way_says_how() {
    check(
        "id\rA\r",
        expect![[r#"
        the lines of the body end with a carriage return alone
        Save the file with the line breaks of Unix or Windows, and send that.
    "#]],
    );
    check(
        "i\0d\0\n",
        expect![[r#"
        the header holds NUL bytes: the text seems to be UTF-16 or UTF-32, or no text
        Send it as UTF-8, or declare its charset, as in `charset=utf-16le`.
    "#]],
    );
    check(
        "\u{feff}\u{feff}id\nA\n",
        expect![[r#"
        the body begins with two byte order marks
        Save the file once more without a mark, and send that.
    "#]],
    );
}

#[test]
fn a_header_is_held_against_the_contract_with_every_column_named() {
    check(
        "count,day\n1,2026-09-01\n",
        expect![[r#"
            the body has no column `id`
            `raw.samples` requires these columns in every row.
        "#]],
    );
    check(
        "id,colour,size\n",
        expect![[r#"
        `raw.samples` has no column `colour`, `size`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
    "#]],
    );
    check(
        "id,count,id,count\n",
        expect![[r#"
            the body has `id`, `count` twice
            Give every column once.
        "#]],
    );
    check(
        "id;count;day\nA;1;2026-09-01\n",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | 2026-09-01 | ∅
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
    check(
        "id\tcount\nA\t1\n",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
    let limits = Limits {
        columns: 2,
        ..Limits::default()
    };
    let body = b"id,count,day\n";
    expect![[r#"
        the body is over the limit `columns` of 2
        Send less in it, or ask the operator to raise the limit.
    "#]]
    .assert_eq(&judged_with(
        Format::Csv,
        &crate::samples::contract(),
        &limits,
        body,
    ));
}

#[test]
fn broken_rows_are_told_by_row_and_the_others_land() {
    let body = b"id,count\nA,1\nB\nC,1,2\n\xff,1\nD\"x,1\n\"E\"x,1\nF,2\n\"G,3\n";
    expect![[r#"
        1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        7: F | 2 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused malformed - «∅»: the row has 1 cells, the header has 2 columns
            "B"
        3 refused malformed - «∅»: the row has 3 cells, the header has 2 columns
            "C,1,2"
        4 refused malformed - «∅»: the row is not UTF-8
            "�,1"
        5 refused malformed - «∅»: a quote stands in the wrong place; a cell with quotes must itself be quoted
            "D\"x,1"
        6 refused malformed - «∅»: a quote stands in the wrong place; a cell with quotes must itself be quoted
            "\"E\"x,1"
        8 refused malformed - «∅»: a quote is opened and not closed
            "\"G,3"
        8 received, 2 landed, 6 quarantined, 0 warned
    "#]].assert_eq(&judged(Format::Csv, body));
}

#[test]
fn values_that_cannot_be_read_say_what_was_expected() {
    check(
        "id,count,small,price,ratio,flag,day,at\n\
         A,1.0,2147483648,1.234,nan,yes,15/09/2026,2026-09-15\n\
         B,\" 1\",x,1e2,1e999,2,1899-01-01,2026-09-15T25:00\n\
         C\u{1},,,,,,,\n",
        expect![[r#"
            1 refused type count «1.0»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"id":"A","count":"1.0","small":"2147483648","price":"1.234","ratio":"nan","flag":"yes","day":"15/09/2026","at":"2026-09-15"}
            1 refused type small «2147483648»: `small` cannot be read as int32: the number is out of the type's range
            1 refused type price «1.234»: `price` cannot be read as decimal(6,2): too many digits after the decimal point
            1 refused type ratio «nan»: `ratio` cannot be read as float64: expected a number with a decimal point, as in `0.25`
            1 refused type flag «yes»: `flag` cannot be read as boolean: expected `true` or `false`
            1 refused type day «15/09/2026»: `day` cannot be read as date: expected a day as in `2026-09-15`
            1 refused type at «2026-09-15»: `at` cannot be read as timestamp: expected a time as in `2026-09-15T08:30:00+07:00`; without an offset it is Vietnam's time
            2 refused type count « 1»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"id":"B","count":" 1","small":"x","price":"1e2","ratio":"1e999","flag":"2","day":"1899-01-01","at":"2026-09-15T25:00"}
            2 refused type small «x»: `small` cannot be read as int32: expected a whole number of digits only, as in `1250`
            2 refused type price «1e2»: `price` cannot be read as decimal(6,2): expected a decimal number without an exponent, as in `1250.50`
            2 refused type ratio «1e999»: `ratio` cannot be read as float64: expected a finite number
            2 refused type flag «2»: `flag` cannot be read as boolean: expected `true` or `false`
            2 refused type day «1899-01-01»: `day` cannot be read as date: the year must lie between 1900 and 9999
            2 refused type at «2026-09-15T25:00»: `at` cannot be read as timestamp: expected a time as in `2026-09-15T08:30:00+07:00`; without an offset it is Vietnam's time
            3 refused type id «C�»: `id` cannot be read as string: the text contains a control character
                {"id":"C\u0001","count":null,"small":null,"price":null,"ratio":null,"flag":null,"day":null,"at":null}
            3 received, 0 landed, 3 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn rules_speak_of_what_could_be_read() {
    check(
        "count,id\n-1,A\n,B\n100,C\n5,\n001099012345,D\n-5,001099012345\n1,A\nx,A\n",
        expect![[r#"
            2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: C | 100 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            5: D | 1099012345 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 refused range count «-1»: range is broken
                {"count":"-1","id":"A"}
            3 warned high count «100»: high is broken
            4 refused required id «∅»: required is broken
                {"count":"5","id":null}
            5 warned high count «1099012345»: high is broken
            6 refused personal_data id «00•••»: personal_data is broken
                {"count":"-5","id":"00•••"}
            6 refused range count «-5»: range is broken
            7 refused unique id «A»: the key (`id`) is already in row 1
                {"count":"1","id":"A"}
            8 refused type count «x»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"count":"x","id":"A"}
            8 refused unique id «A»: the key (`id`) is already in row 1
            8 received, 3 landed, 5 quarantined, 2 warned
        "#]],
    );
}

#[test]
fn rows_land_in_the_contracts_order_whatever_the_headers() {
    check(
        "\u{feff}day,id,flag,price\r\n2026-09-01,\"a \"\"b\"\", c\nd\",TRUE,12.5\r\n\r\n,e\u{302}\u{301},\"\",\r\n",
        expect![[r#"
            1: a "b", c
            d | ∅ | ∅ | 12.50 | ∅ | true | 2026-09-01 | ∅
            2: ế | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 received, 2 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_cell_over_the_limit_is_named() {
    let limits = Limits {
        cell_bytes: 3,
        ..Limits::default()
    };
    let body = b"id,count\nabc,1\nabcd,2\n";
    expect![[r#"
        column `id` of row 2 is over the limit `cell_bytes` of 3
        Send less in it, or ask the operator to raise the limit.
    "#]]
    .assert_eq(&judged_with(
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
    expect![[r#"
        1: x
        2: ∅
        3: y
        3 received, 3 landed, 0 quarantined, 0 warned
    "#]]
    .assert_eq(&shown);
}
