use expect_test::{Expect, expect};

use super::Scan;

fn told(found: Vec<(crate::problem::Mark, String)>) -> String {
    let line = |(at, message): (crate::problem::Mark, String)| {
        format!("{}:{} {message}\n", at.line, at.column)
    };
    found.into_iter().map(line).collect()
}

fn check_query(sql: &str, expected: Expect) {
    let scan = Scan::new(sql);
    let mut found = scan.problems_of_a_query("use `$run_at`");
    found.extend(scan.foreign_parameters(&["run_at"]));
    expected.assert_eq(&told(found));
}

fn check_expression(sql: &str, expected: Expect) {
    let scan = Scan::new(sql);
    let mut found = scan.problems_of_an_expression("compare columns");
    found.extend(scan.foreign_parameters(&[]));
    expected.assert_eq(&told(found));
}

#[test]
fn clocks_and_dice_are_found_in_any_case_and_with_blanks() {
    check_query(
        "select now()",
        expect![[r#"
        1:8 `now` answers differently on every run: use `$run_at`
    "#]],
    );
    check_query(
        "select\n  NOW (),\n  random ( ) as r",
        expect![[r#"
        2:3 `NOW` answers differently on every run: use `$run_at`
        3:3 `random` answers differently on every run: use `$run_at`
    "#]],
    );
    check_query(
        "select current_date, Current_Timestamp, uuid()",
        expect![[r#"
            1:8 `current_date` answers differently on every run: use `$run_at`
            1:22 `Current_Timestamp` answers differently on every run: use `$run_at`
            1:41 `uuid` answers differently on every run: use `$run_at`
        "#]],
    );
}

#[test]
fn clocks_and_dice_in_comments_strings_and_names_are_let_be() {
    check_query("select 1 -- now()\n", expect![[""]]);
    check_query(
        "select /* now() /* */ 'now()' as \"random()\"",
        expect![[""]],
    );
    check_query(
        "select now, t.current_date, nowhere() from t",
        expect![[""]],
    );
    check_query("select 'it''s now()', $run_at", expect![[""]]);
}

#[test]
fn what_does_not_end_is_told_where_it_begins() {
    check_query(
        "select 'a\n",
        expect![[r#"
        1:8 the quotation that begins here does not end
    "#]],
    );
    check_query(
        "select 1 /* b",
        expect![[r#"
        1:10 the comment that begins here does not end
    "#]],
    );
    check_query(
        "select \"c",
        expect![[r#"
        1:8 the quotation that begins here does not end
    "#]],
    );
}

#[test]
fn a_query_is_one_select_with_known_parameters() {
    check_query(
        "insert into t values (1)",
        expect![[r#"
        1:1 expected one `select`, found `insert`
    "#]],
    );
    check_query(
        "select 1; select 2",
        expect![[r#"
        1:11 a second statement begins: expected one `select`
    "#]],
    );
    check_query("WITH a AS (SELECT 1) SELECT * FROM a;", expect![[""]]);
    check_query("(select 1) union all (select 2)", expect![[""]]);
    check_query(
        "select $period, $1, $run_at",
        expect![[r#"
        1:8 `$period` is not given: known are `$run_at`
        1:17 `$1` is not given: known are `$run_at`
    "#]],
    );
}

#[test]
fn an_expression_has_neither_query_nor_parameter() {
    check_expression("due_at >= received_at", expect![[""]]);
    check_expression(
        "a in (select a from t); drop",
        expect![[r#"
        1:7 expected a boolean expression, found `select`
        1:23 expected a boolean expression, found `;`
    "#]],
    );
    check_expression(
        "due_at > now() and x = $run_at",
        expect![[r#"
        1:10 `now` answers differently on every run: compare columns
        1:24 `$run_at` is not given: no parameter is
    "#]],
    );
}
