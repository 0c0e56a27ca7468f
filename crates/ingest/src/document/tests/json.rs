use expect_test::{Expect, expect};

use crate::samples::{contract, judged, judged_with};
use crate::{Format, Limits};

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged(Format::Json, body.as_bytes()));
}

#[test]
fn a_list_of_objects_or_one_object_is_rows() {
    check(
        "\u{feff} [ ] ",
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
    check(
        r#"{"id":"A","count":1}"#,
        expect![[r#"
        1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        1 received, 1 landed, 0 quarantined, 0 warned
    "#]],
    );
    check(
        "[{\"id\":\"A\",\"count\":1},\n {\"count\":-2,\"id\":\"B\"} , {\"id\":\"A\"}]\n",
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2 refused range count «-2»: range is broken
                {"count":-2,"id":"B"}
            3 refused unique id «A»: the key (`id`) is already in row 1
                {"id":"A"}
            3 received, 1 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_document_of_another_shape_is_refused() {
    check(
        "1",
        expect![[r#"
        the document must be a list of objects or one object
        Name the adapter that tells where the rows lie, or send a list of rows.
    "#]],
    );
    check(
        "\"a\"",
        expect![[r#"
        the document must be a list of objects or one object
        Name the adapter that tells where the rows lie, or send a list of rows.
    "#]],
    );
    check(
        "",
        expect![[r#"
        the body ends at byte 0 in the middle of the document
        Look whether the file was cut off on its way, and send it again.
    "#]],
    );
    check(
        "x",
        expect![[r#"
        the document must be a list of objects or one object
        Name the adapter that tells where the rows lie, or send a list of rows.
    "#]],
    );
}

#[test]
fn rows_that_are_no_objects_or_give_a_field_twice_are_told_by_row() {
    let body = b"[1, {\"id\":\"A\"}, [{}], \"x\", {\"id\":\"B\",\"id\":\"C\"}, {\"x\":1,\"x\":2}, \
        {\"id\":\"\xff\"}, null]";
    expect![[r#"
        2: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        1 refused malformed - «∅»: the row is no JSON object
            "1"
        3 refused malformed - «∅»: the row is no JSON object
            "[{}]"
        4 refused malformed - «∅»: the row is no JSON object
            "\"x\""
        5 refused malformed - «∅»: a field is given twice
            "{\"id\":\"B\",\"id\":\"C\"}"
        6 refused malformed - «∅»: a field is given twice
            "{\"x\":1,\"x\":2}"
        7 refused malformed - «∅»: the row is not UTF-8
            "{\"id\":\"�\"}"
        8 refused malformed - «∅»: the row is no JSON object
            "null"
        8 received, 1 landed, 7 quarantined, 0 warned
    "#]]
    .assert_eq(&judged(Format::Json, body));
}

#[test]
fn fields_that_are_lists_or_unknown_are_told_as_in_every_format() {
    check(
        r#"[{"id":["A"],"colour":"red"},{"id":"0912345678","count":{"a":1}}]"#,
        expect![[r#"
            1 refused unknown_column colour «re•••»: `raw.samples` has no column `colour`
                {"id":["A"],"colour":"re•••"}
            1 refused type id «["A"]»: `id` cannot be read as string: expected one value, not a list or an object
            2 refused type count «{"a":1}»: `count` cannot be read as int64: expected one value, not a list or an object
                {"id":"09•••","count":{"a":1}}
            2 refused personal_data id «09•••»: personal_data is broken
            2 received, 0 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn what_breaks_anywhere_refuses_the_body_with_the_byte() {
    check(
        r#"[{"id":"A"}] x"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 14
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A"}][]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 13
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A"} {"id":"B"}]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 13
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A"},]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 13
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[,{"id":"A"}]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 2
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A",}]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 12
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A"},{"id":01}]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 20
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A"},tru]"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 13
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        r#"[{"id":"A"]}"#,
        expect![[r#"
        the body is not JSON: it breaks at byte 11
        Write the document with a JSON library, and send it again.
    "#]],
    );
    check(
        "[{\"id\":\"A\nB\"}]",
        expect![[r#"
        the body is not JSON: it breaks at byte 10
        Write the document with a JSON library, and send it again.
    "#]],
    );
}

#[test]
fn a_document_that_is_cut_anywhere_is_refused() {
    for whole in [
        r#" [ {"id":"A","count":12, "x":[1,{"a":"}\""}]} , {"id":"B\\"} ] "#,
        r#"{"id":"A","count":12}"#,
    ] {
        let end = whole.trim_end().len();
        for at in 0..end {
            let told = judged(Format::Json, &whole.as_bytes()[..at]);
            assert!(told.starts_with("the body"), "{at}: {told}");
        }
        let told = judged(Format::Json, &whole.as_bytes()[..end]);
        assert!(told.contains("received"), "{told}");
    }
}

#[test]
fn limits_are_told_by_row() {
    let limits = Limits {
        rows: 2,
        row_bytes: 100,
        cell_bytes: 40,
        columns: 3,
        nesting: 2,
        ..Limits::default()
    };
    let check = |body: &str, expected: Expect| {
        let told = judged_with(Format::Json, &contract(), &limits, body.as_bytes());
        expected.assert_eq(&told);
    };
    check(
        r#"[{"id":"A"},{"id":"B"},{"id":"C"}]"#,
        expect![[r#"
        the body is over the limit `rows` of 2
        Send the rows as several submissions.
    "#]],
    );
    check(
        &format!(r#"[{{"id":"A"}},{{"id":"{}"}}]"#, "x".repeat(50)),
        expect![[r#"
            column `id` of row 2 is over the limit `cell_bytes` of 40
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        &format!(r#"[{{"id":"A"}},{{"id":"{}"}}]"#, "x".repeat(100)),
        expect![[r#"
            row 2 is over the limit `row_bytes` of 100
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
    check(
        r#"[{"id":"A"},{"a":1,"b":2,"c":3,"d":4}]"#,
        expect![[r#"
            row 2 is over the limit `columns` of 3
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        r#"[{"id":[[1]]}]"#,
        expect![[r#"
        1 refused type id «[[1]]»: `id` cannot be read as string: expected one value, not a list or an object
            {"id":[[1]]}
        1 received, 0 landed, 1 quarantined, 0 warned
    "#]],
    );
    check(
        r#"[{"id":[[[1]]]}]"#,
        expect![[r#"
        row 1 is over the limit `nesting` of 2
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    check(
        &"[".repeat(100_000),
        expect![[r#"
        row 1 is over the limit `nesting` of 2
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
}

#[test]
fn a_string_of_ten_megabytes_is_refused_by_its_row() {
    let body = format!(r#"[{{"id":"{}"}}]"#, "x".repeat(10 * 1024 * 1024));
    check(
        &body,
        expect![[r#"
        row 1 is over the limit `row_bytes` of 1048576
        Look whether a line break is missing or a quote is not closed in that row.
    "#]],
    );
}
