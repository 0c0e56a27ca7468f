//! Rules at the door mean what the same SQL means in a query, and what their words say of a text.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::engine::{RowRules, Statement};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int32Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use calendar::Period;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use project::{Check, Code, CodeList, Contract, Missing, Rule, Severity, Text};

use super::{LIMITS, engine};

const CONTRACT: &str = include_str!("../verdicts/visits.odcs.yaml");

/// 2026-09-01T00:00:00Z.
const SEPTEMBER: i64 = 1_788_220_800_000_000;
const HOUR: i64 = 3_600_000_000;

fn contract(check: Check, column: Option<&str>) -> Contract {
    let mut contract = Contract::read("warehouse/raw/visits.odcs.yaml", CONTRACT).unwrap();
    contract.rules = vec![Rule {
        name: "asked".to_owned(),
        column: column.map(str::to_owned),
        check,
        severity: Severity::Error,
        message: Text::default(),
    }];
    // Nothing compiled before may be taken for it.
    contract.source = format!("{:?}", contract.rules);
    contract
}

/// What the rule says of rows that hold these values in that column, and nothing else.
fn asked(check: Check, column: &str, values: ArrayRef) -> BooleanArray {
    let contract = contract(check, Some(column));
    let schema = ingest::rule_schema(&contract);
    let rows = values.len();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            name if name == column => values.clone(),
            "_period_start" | "_period_end" => Arc::new(Date32Array::from(vec![20_697; rows])),
            _ => new_null_array(field.data_type(), rows),
        }
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let fields = schema.fields().iter();
    let fields: Vec<_> = fields
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let batch = RecordBatch::try_new(schema, columns).unwrap();
    let period = Period {
        code: "2026-09".parse().unwrap(),
        start_on: "2026-09-01".parse().unwrap(),
        end_on: "2026-09-30".parse().unwrap(),
    };
    let list = offices();
    let rules = RowRules::new(ingest::looks_personal);
    let compiled = rules.compile(&contract, &period, &|_| Some(&list)).unwrap();
    (compiled[0].1)(&batch).unwrap()
}

/// `H30` was an office until the end of 2025.
fn offices() -> CodeList {
    let code = |code: &str, valid_to: Option<&str>| Code {
        code: code.to_owned(),
        valid_from: None,
        valid_to: valid_to.map(|day| day.parse().unwrap()),
    };
    CodeList {
        name: "offices".to_owned(),
        codes: vec![
            code("H26", None),
            code("Đ1", None),
            code("H30", Some("2025-12-31")),
        ],
        rows: Vec::new(),
        sha256: String::new(),
        path: String::new(),
    }
}

fn expression(sql: &str, missing: Missing) -> Check {
    let sql = sql.to_owned();
    Check::Expression { sql, missing }
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn answers(array: &BooleanArray) -> Vec<Option<bool>> {
    array.iter().collect()
}

#[test]
fn a_code_is_one_of_its_list_in_the_period_and_a_missing_one_is_not_judged() {
    let given = texts(&[
        Some("H26"),
        Some("H26"),
        Some("Đ1"),
        Some("H30"),
        None,
        Some("H2"),
        Some(""),
        Some("h26"),
        Some("H26"),
    ]);
    let found = asked(Check::CodeList("offices".to_owned()), "sent_by", given);
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(answers(&found), [yes, yes, yes, no, None, no, no, no, yes]);
}

#[test]
fn a_length_is_counted_in_characters() {
    let check = Check::Length {
        min: Some(2),
        max: Some(4),
    };
    let given = texts(&[
        Some("a"),
        Some("ab"),
        Some("abcd"),
        Some("abcde"),
        Some("ế"),
        Some("ếế"),
        Some("ếếếế"),
        Some("ếếếếế"),
        Some(""),
        None,
    ]);
    let (yes, no) = (Some(true), Some(false));
    let expected = [no, yes, yes, no, no, yes, yes, no, no, None];
    assert_eq!(answers(&asked(check, "office", given.clone())), expected);
    let open = Check::Length {
        min: None,
        max: Some(1),
    };
    let expected = [yes, no, no, no, yes, no, no, no, yes, None];
    assert_eq!(answers(&asked(open, "office", given)), expected);
}

#[test]
fn a_pattern_is_of_the_whole_text() {
    let check = Check::Pattern("V-[0-9]+|none".to_owned());
    let given = texts(&[Some("V-1"), Some("xV-1"), Some("V-1x"), Some("none"), None]);
    let (yes, no) = (Some(true), Some(false));
    let found = asked(check, "visit_id", given);
    assert_eq!(answers(&found), [yes, no, no, yes, None]);
}

#[test]
fn what_looks_personal_breaks_its_rule() {
    let given = texts(&[
        Some("H26.01-260915-0001"),
        Some("a@b.vn"),
        None,
        Some("001099123456"),
    ]);
    let (yes, no) = (Some(true), Some(false));
    let found = asked(Check::PersonalData, "note", given);
    assert_eq!(answers(&found), [yes, no, None, no]);
}

/// Around midnight in Việt Nam, at the end of a month and before 1970.
fn instants() -> ArrayRef {
    let around = [
        0,
        17 * HOUR - 1,
        17 * HOUR,
        17 * HOUR + 1,
        720 * HOUR,
        743 * HOUR,
    ];
    let mut instants: Vec<Option<i64>> = around.iter().map(|at| Some(SEPTEMBER + at)).collect();
    instants.extend([Some(-1), Some(0), Some(-25 * HOUR), None]);
    Arc::new(TimestampMicrosecondArray::from(instants).with_timezone("UTC"))
}

#[tokio::test]
async fn an_instant_in_a_rule_is_that_of_a_query() {
    let conditions = [
        "cast(visited_at + interval '7 hours' as date) <= date '2026-09-01'",
        "cast(visited_at as date) = date '1969-12-31'",
        "cast(visited_at - interval '26 hours' as date) <= date '1969-12-30'",
        "visited_at - interval '1 day' < timestamp '2026-08-31T17:00:00Z'",
        "visited_at + interval '1 month' > timestamp '2026-10-01T00:00:00Z'",
        "visited_at - interval '1 day 3 hours' <= timestamp '1969-12-31T00:00:00Z'",
        "visited_at + interval '1 microsecond' <> timestamp '1970-01-01T00:00:00Z'",
        "interval '7 hours' + visited_at > timestamp '2026-09-02T00:00:00Z'",
        "(visited_at + interval '7 hours') - interval '7 hours' = visited_at",
    ];
    let batch = RecordBatch::try_from_iter([("visited_at", instants())]).unwrap();
    for condition in conditions {
        let table = MemTable::try_new(batch.schema(), vec![vec![batch.clone()]]).unwrap();
        let table: Arc<dyn TableProvider> = Arc::new(table);
        let tables = BTreeMap::from([("raw.v".parse().unwrap(), table)]);
        let session = engine().session(tables, LIMITS).unwrap();
        let sql = format!("select {condition} as holds from raw.v");
        let statement = Statement::parse(&sql).unwrap();
        let planned = session.plan(&statement, &BTreeMap::new()).await.unwrap();
        let answer = session.collect(&planned).await.unwrap();
        let expected = answer[0].column(0).as_boolean();
        let check = expression(condition, Missing::Skip);
        let found = asked(check, "visited_at", instants());
        assert_eq!(answers(&found), answers(expected), "{condition}");
        assert!(expected.true_count() > 0, "{condition} says nothing");
    }
}

#[test]
fn a_missing_value_is_passed_over_zero_or_a_breach_as_the_rule_says() {
    let (yes, no) = (Some(true), Some(false));
    let minutes: ArrayRef = Arc::new(Int32Array::from(vec![Some(5), Some(0), None]));
    for (sql, missing, expected) in [
        ("minutes >= 1", Missing::Skip, [yes, no, None]),
        ("minutes >= 1", Missing::Zero, [yes, no, no]),
        ("minutes >= 1", Missing::Fail, [yes, no, no]),
        ("minutes >= 0", Missing::Zero, [yes, yes, yes]),
        ("minutes >= 0", Missing::Fail, [yes, yes, no]),
        // What is missing decides nothing here.
        (
            "minutes is null or minutes >= 0",
            Missing::Fail,
            [yes, yes, yes],
        ),
        // A text is no number.
        (
            "minutes >= 0 and office <> 'x'",
            Missing::Zero,
            [None, None, None],
        ),
        ("minutes < 0 or office <> 'x'", Missing::Fail, [no, no, no]),
    ] {
        let found = asked(expression(sql, missing), "minutes", Arc::clone(&minutes));
        assert_eq!(answers(&found), expected, "{sql}, {missing:?}");
    }
}

#[test]
fn a_rule_may_ask_the_functions_for_the_field() {
    let (yes, no) = (Some(true), Some(false));
    let given = texts(&[Some("Hòa Bình"), Some("Hoà Bình"), Some(" Huế"), None]);
    let spelt = expression("office = vn_normalize(office)", Missing::Skip);
    assert_eq!(answers(&asked(spelt, "office", given)), [yes, no, no, None]);
    let given = texts(&[Some("2026-09"), Some("2026-13"), None]);
    let valid = expression("period_is_valid(office)", Missing::Fail);
    assert_eq!(answers(&asked(valid, "office", given)), [yes, no, no]);
    let given = texts(&[Some("2026-09"), Some("2026-08")]);
    let held = expression("period_contains(office, _period_start)", Missing::Skip);
    assert_eq!(answers(&asked(held, "office", given)), [yes, no]);
}
