use expect_test::{Expect, expect};

use crate::samples::{contract, judged, judged_with};
use crate::{Format, Limits};

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged(Format::Ndjson, body.as_bytes()));
}

#[test]
fn a_body_without_rows_is_counted_as_such() {
    check("", expect![[""]]);
    check("\u{feff}\n \n", expect![[""]]);
}

#[test]
fn broken_lines_are_told_by_row_and_the_others_land() {
    let body =
        b"{\"id\":\"A\"}\n\n{\"id\":\"B\"\n{\"id\":\"\xff\"}\n[1]\n{\"id\":\"C\",\"id\":\"D\"}\n\
        {\"id\":\"E\",\"x\":1,\"x\":2}\n{\"phone\":\"0912345678\"\n{\"id\":\"F\"}";
    expect![[""]].assert_eq(&judged(Format::Ndjson, body));
}

#[test]
fn fields_that_the_contract_lacks_refuse_their_row() {
    check(
        r#"{"id":"A","colour":"red","owner":"001099012345","0912345678":{"a":[1]}}
{"id":"B","_agency":"H01"}
{"id":"C"}"#,
        expect![[""]],
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
        expect![[""]],
    );
}

#[test]
fn keys_come_in_any_order_and_null_is_absent() {
    check(
        r#"{"flag":1,"id":"A","price":12.50,"ratio":2,"count":9223372036854775807,"small":null}
{"at":"2026-09-15 08:30","id":"e\u0302\u0301","flag":false,"day":"2026-09-01","count":"7"}
{"id":""}"#,
        expect![[""]],
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
    };
    check(limits, "{\"id\":\"A\"}\n{\"id\":[[[]]]}", expect![[""]]);
    check(limits, "{\"a\":1,\"b\":2,\"c\":3}", expect![[""]]);
    check(limits, "{\"id\":\"123456\"}", expect![[""]]);
    check(limits, "{\"x\":\"123456\"}", expect![[""]]);
    check(
        limits,
        "{\"id\":\"A\",     \"count\":                  1}",
        expect![[""]],
    );
    check(
        limits,
        "{\"id\":\"A\"}\n{\"id\":\"B\"}\n{\"id\":\"C\"}",
        expect![[""]],
    );
}
