use expect_test::{Expect, expect};

use crate::samples::{contract, judged, judged_with};
use crate::{Format, Limits};

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged(Format::Ndjson, body.as_bytes()));
}

#[test]
fn a_body_without_rows_is_counted_as_such() {
    check(
        "",
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
    check(
        "\u{feff}\n \n",
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn broken_lines_are_told_by_row_and_the_others_land() {
    let body =
        b"{\"id\":\"A\"}\n\n{\"id\":\"B\"\n{\"id\":\"\xff\"}\n[1]\n{\"id\":\"C\",\"id\":\"D\"}\n\
        {\"id\":\"E\",\"x\":1,\"x\":2}\n{\"phone\":\"0912345678\"\n{\"id\":\"F\"}";
    expect![[r#"
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        8: F | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused malformed - «∅»: the line is not JSON; it breaks at byte 10
            "{\"id\":\"B\""
        3 refused malformed - «∅»: the line is not UTF-8
            "{\"id\":\"�\"}"
        4 refused malformed - «∅»: expected one JSON object per line
            "[1]"
        5 refused malformed - «∅»: a field is given twice
            "{\"id\":\"C\",\"id\":\"D\"}"
        6 refused malformed - «∅»: a field is given twice
            "{\"id\":\"E\",\"x\":1,\"x\":2}"
        7 refused malformed - «∅»: the line is not JSON; it breaks at byte 22
            "{\"•••"
        8 received, 2 landed, 6 quarantined, 0 warned
    "#]]
    .assert_eq(&judged(Format::Ndjson, body));
}

#[test]
fn fields_that_the_contract_lacks_refuse_their_row() {
    check(
        r#"{"id":"A","colour":"red","owner":"001099012345","0912345678":{"a":[1]}}
{"id":"B","_agency":"H01"}
{"id":"C"}"#,
        expect![[r#"
            3: C | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 refused unknown_column colour «re•••»: `raw.samples` has no column `colour`
                {"id":"A","colour":"re•••","owner":"00•••","09•••":"{\"•••"}
            1 refused unknown_column owner «00•••»: `raw.samples` has no column `owner`
            1 refused unknown_column 09••• «{"•••»: `raw.samples` has no column `09•••`
            2 refused unknown_column _agency «H0•••»: `raw.samples` has no column `_agency`
                {"id":"B","_agency":"H0•••"}
            3 received, 1 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn values_of_the_wrong_kind_say_what_was_expected() {
    check(
        r#"{"id":1,"count":1.0,"small":true,"price":1e2,"ratio":"x","flag":2,"day":20260901,"at":[1]}
{"id":"B","count":"","small":"1 ","price":{"a":1},"ratio":1e999,"flag":"","day":"","at":true}
{"id":"C\u0000"}
{"id":null}
{"count":2}"#,
        expect![[r#"
            1 refused type id «1»: `id` cannot be read as string: expected a string; write the value in quotes
                {"id":1,"count":1.0,"small":true,"price":1e2,"ratio":"x","flag":2,"day":20260901,"at":[1]}
            1 refused type count «1.0»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
            1 refused type small «true»: `small` cannot be read as int32: expected a whole number of digits only, as in `1250`
            1 refused type price «1e2»: `price` cannot be read as decimal(6,2): expected a decimal number without an exponent, as in `1250.50`
            1 refused type ratio «x»: `ratio` cannot be read as float64: expected a number with a decimal point, as in `0.25`
            1 refused type flag «2»: `flag` cannot be read as boolean: expected `true` or `false`
            1 refused type day «20260901»: `day` cannot be read as date: expected a day as in `2026-09-15`
            1 refused type at «[1]»: `at` cannot be read as timestamp: expected one value, not a list or an object
            2 refused type count «»: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"id":"B","count":"","small":"1 ","price":{"a":1},"ratio":1e999,"flag":"","day":"","at":true}
            2 refused type small «1 »: `small` cannot be read as int32: expected a whole number of digits only, as in `1250`
            2 refused type price «{"a":1}»: `price` cannot be read as decimal(6,2): expected one value, not a list or an object
            2 refused type ratio «1e999»: `ratio` cannot be read as float64: expected a finite number
            2 refused type flag «»: `flag` cannot be read as boolean: expected `true` or `false`
            2 refused type day «»: `day` cannot be read as date: expected a day as in `2026-09-15`
            2 refused type at «true»: `at` cannot be read as timestamp: expected a time as in `2026-09-15T08:30:00+07:00`; without an offset it is Vietnam's time
            3 refused type id «C�»: `id` cannot be read as string: the text contains a control character
                {"id":"C\u0000"}
            4 refused required id «∅»: required is broken
                {"id":null}
            5 refused required id «∅»: required is broken
                {"count":2}
            5 received, 0 landed, 5 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn keys_come_in_any_order_and_null_is_absent() {
    check(
        r#"{"flag":1,"id":"A","price":12.50,"ratio":2,"count":9223372036854775807,"small":null}
{"at":"2026-09-15 08:30","id":"e\u0302\u0301","flag":false,"day":"2026-09-01","count":"7"}
{"id":""}"#,
        expect![[r#"
            1: A | 9223372036854775807 | ∅ | 12.50 | 2.0 | true | ∅ | ∅
            2: ế | 7 | ∅ | ∅ | ∅ | false | 2026-09-01 | 2026-09-15T08:30:00+07:00
            3:  | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 warned high count «9223372036854775807»: high is broken
            3 received, 3 landed, 0 quarantined, 1 warned
        "#]],
    );
}

#[test]
fn limits_name_themselves() {
    let check = |limits: Limits, body: &str, expected: Expect| {
        expected.assert_eq(&judged_with(
            Format::Ndjson,
            &contract(),
            &limits,
            body.as_bytes(),
        ));
    };
    let limits = Limits {
        nesting: 2,
        columns: 2,
        cell_bytes: 5,
        row_bytes: 40,
        rows: 2,
        batch_rows: 1,
        ..Limits::default()
    };
    check(
        limits,
        "{\"id\":\"A\"}\n{\"id\":[[[]]]}",
        expect![[r#"
        row 2 is over the limit `nesting` of 2
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check(
        limits,
        "{\"a\":1,\"b\":2,\"c\":3}",
        expect![[r#"
        row 1 is over the limit `columns` of 2
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check(
        limits,
        "{\"id\":\"123456\"}",
        expect![[r#"
        column `id` of row 1 is over the limit `cell_bytes` of 5
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check(
        limits,
        "{\"x\":\"123456\"}",
        expect![[r#"
        column `x` of row 1 is over the limit `cell_bytes` of 5
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check(
        limits,
        "{\"id\":\"A\",     \"count\":                  1}",
        expect![[r#"
            row 1 is over the limit `row_bytes` of 40
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
    check(
        limits,
        "{\"id\":\"A\"}\n{\"id\":\"B\"}\n{\"id\":\"C\"}",
        expect![[r#"
            the body is over the limit `rows` of 2
            Send the rows as several submissions.
        "#]],
    );
}
