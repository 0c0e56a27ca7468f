use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::error::ArrowError;
use expect_test::expect;
use project::{ColumnType, Severity};

use crate::samples::{contract, contract_of, judge, rule, rules, shown};
use crate::{Format, Limits, RowRule, rule_schema};

const LIMITS: Limits = Limits {
    rows: 100,
    columns: 100,
    cell_bytes: 100,
    row_bytes: 1000,
    nesting: 4,
    batch_rows: 2,
    message_bytes: 1024 * 1024,
    expanded_bytes: 1024 * 1024,
    expansion_ratio: 200,
    archive_entries: 100,
    sheet_bytes: 1024 * 1024,
    shared_text_bytes: 1024 * 1024,
    workers: 1,
};

#[test]
fn a_predicate_that_fails_or_miscounts_is_a_defect_by_name() {
    let failing = RowRule {
        holds: Arc::new(|_| Err(ArrowError::DivideByZero)),
        ..rule("share", None, Severity::Error, |_| {
            BooleanArray::from(vec![true])
        })
    };
    let short = rule("short", None, Severity::Error, |_| {
        BooleanArray::from(vec![true; 7])
    });
    for (rule, name) in [(failing, "share"), (short, "short")] {
        let body = b"{\"id\":\"A\"}";
        let error = judge(Format::Ndjson, &contract(), &[rule], &LIMITS, body)
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            format!("rule `{name}` cannot be evaluated")
        );
    }
}

#[test]
fn a_missing_value_is_refused_even_without_a_rule() {
    let body = b"id,count\nA,1\n,2\n";
    let judgement = judge(Format::Csv, &contract(), &[], &LIMITS, body).unwrap();
    expect![[r#"
        1: A | 1
        2 refused required id «∅»: `id` must not be empty
            {"id":null,"count":"2"}
        2 received, 1 landed, 1 quarantined, 0 warned
    "#]]
    .assert_eq(&shown(&judgement, 2));
}

#[test]
fn a_repeated_key_is_refused_wherever_it_comes_again() {
    let columns = [
        ("a", ColumnType::String, true),
        ("b", ColumnType::Int64, true),
    ];
    let contract = contract_of(&columns, &["b", "a"]);
    let body = b"a,b\nx,1\nx,2\nx1,\nx,x\nx,1\nx,01\nX,1\n";
    let judgement = judge(Format::Csv, &contract, &[], &LIMITS, body).unwrap();
    expect![[r#"
        1: x | 1
        2: x | 2
        7: X | 1
        3 refused required b «∅»: `b` must not be empty
            {"a":"x1","b":null}
        4 refused type b «x»: `b` cannot be read as int64: expected a whole number of digits only, as in `1250`
            {"a":"x","b":"x"}
        5 refused unique - «∅»: the key (`b`, `a`) is already in row 1
            {"a":"x","b":"1"}
        6 refused unique - «∅»: the key (`b`, `a`) is already in row 1
            {"a":"x","b":"01"}
        7 received, 3 landed, 4 quarantined, 0 warned
    "#]].assert_eq(&shown(&judgement, 2));
}

#[test]
fn a_masked_column_is_masked_wherever_the_row_is_shown() {
    let named = rule("personal_data", Some("id"), Severity::Warning, |batch| {
        BooleanArray::from(vec![false; batch.num_rows()])
    });
    let mut rules = rules();
    rules.push(named);
    let body = b"id,count\nNguyen,-1\nTran,1\n";
    let judgement = judge(Format::Csv, &contract(), &rules, &LIMITS, body).unwrap();
    expect![[r#"
        2: Tran | 1
        1 refused range count «-1»: range is broken
            {"id":"Ng•••","count":"-1"}
        1 warned personal_data id «Ng•••»: personal_data is broken
        2 warned personal_data id «Tr•••»: personal_data is broken
        2 received, 1 landed, 1 quarantined, 1 warned
    "#]]
    .assert_eq(&shown(&judgement, 2));
}

#[test]
fn predicates_see_the_envelope_and_the_period() {
    let probe = rule("probe", None, Severity::Error, |batch| {
        assert_eq!(batch.schema(), rule_schema(&contract()));
        let text = |name: &str| {
            batch
                .column_by_name(name)
                .unwrap()
                .as_string::<i32>()
                .value(0)
                .to_owned()
        };
        let day = |name: &str| {
            batch
                .column_by_name(name)
                .unwrap()
                .as_primitive::<Date32Type>()
                .value(0)
        };
        assert_eq!(
            [text("_submission_id"), text("_agency"), text("_period")],
            ["s-1", "H26", "2026-09"]
        );
        assert_eq!((day("_period_start"), day("_period_end")), (20_680, 20_710));
        let rows = batch
            .column_by_name("_row_number")
            .unwrap()
            .as_primitive::<Int64Type>();
        rows.iter().map(|row| row.map(|row| row != 3)).collect()
    });
    let body = b"{\"id\":\"A\"}\n{\n{\"id\":\"B\"}\n{\"id\":\"C\"}\n";
    let judgement = judge(Format::Ndjson, &contract(), &[probe], &LIMITS, body).unwrap();
    expect![[r#"
        1: A
        4: C
        2 refused malformed - «∅»: the line is not JSON; it breaks at byte 2
            "{"
        3 refused probe - «∅»: probe is broken
            {"id":"B"}
        4 received, 2 landed, 2 quarantined, 0 warned
    "#]]
    .assert_eq(&shown(&judgement, 1));
    assert!(rule_schema(&contract()).field(0).is_nullable());
    assert!(
        judgement
            .landed
            .iter()
            .all(|batch| batch.column(0).null_count() == 0)
    );
}

#[test]
fn what_is_hidden_is_told_of_the_body() {
    let personal = |body: &str| {
        let body = body.as_bytes();
        let judged = judge(Format::Ndjson, &contract(), &rules(), &LIMITS, body);
        judged.unwrap().personal
    };
    for plain in [
        "{\"id\":\"A\",\"count\":1}",
        "{\"id\":\"A\",\"count\":-1}",
        "{\"count\":1}",
        "{broken",
        "",
    ] {
        assert!(!personal(plain), "{plain}");
    }
    for hidden in [
        "{\"id\":\"a@b.vn\"}",
        // In a row that is refused for something else, and in one that has no fields.
        "{\"id\":\"A\",\"day\":\"0912345678\"}",
        "{\"id\":\"A\",\"count\":-1,\"day\":\"001099012345\"}",
        "{broken 0912345678",
        "{\"id\":\"A\",\"ho_ten\":\"Le Van C\"}",
        // And in a batch before the last.
        "{\"id\":\"a@b.vn\"}\n{\"id\":\"A\"}\n{\"id\":\"B\"}\n{\"id\":\"C\"}",
    ] {
        assert!(personal(hidden), "{hidden}");
    }
}
