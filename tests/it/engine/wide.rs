//! Rules that look at the whole table, or at another dataset.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::engine::{EngineError, RuleResult, Subject, TableRules};
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Date32Type;
use arrow::util::pretty::pretty_format_batches;
use calendar::{Calendar, Period};
use chrono::{DateTime, NaiveDate};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use expect_test::{Expect, expect};
use futures::TryStreamExt;
use project::{Contract, DatasetName};

use super::{LIMITS, engine};

const CONTRACT: &str = include_str!("counts.odcs.yaml");

/// Agency, period, day of September 2026, count.
type Count = (Option<&'static str>, &'static str, Option<u32>, Option<i64>);

const COUNTS: [Count; 7] = [
    (Some("a"), "2026-08", Some(1), Some(10)),
    (Some("a"), "2026-09", Some(2), Some(25)),
    (Some("b"), "2026-08", None, Some(10)),
    (Some("c"), "2026-09", Some(3), Some(4)),
    (None, "2026-08", None, Some(1)),
    (None, "2026-09", Some(1), Some(1)),
    (Some("a"), "2026-06", None, Some(99)),
];

fn contract(rules: &str) -> Contract {
    read(rules).unwrap()
}

fn read(rules: &str) -> Result<Contract, Vec<project::Problem>> {
    let text = match rules {
        "" => CONTRACT.replace("    quality:\nRULES\n", ""),
        rules => CONTRACT.replace("RULES\n", rules),
    };
    Contract::read("warehouse/served/counts.odcs.yaml", &text)
}

fn rule(name: &str, rule: &str, missing: &str) -> String {
    let missing = match missing {
        "" => String::new(),
        word => format!(", {{ property: missing, value: {word} }}"),
    };
    format!(
        "      - {{ name: {name}, {rule}, description: {name},
          customProperties: [ {{ property: description.vi, value: {name} }}{missing} ] }}\n"
    )
}

fn jump(name: &str, bounds: &str, missing: &str) -> String {
    let jump = format!(
        "type: custom, engine: dtm, implementation: {{ jump: {{ measure: sum(n), by: [agency], \
         period: period, {bounds} }} }}"
    );
    rule(name, &jump, missing)
}

fn query(sql: &str, more: &str) -> String {
    format!("type: sql, query: \"{sql}\"{more}")
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Arc<dyn TableProvider> {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
}

fn counts(counts: &[Count]) -> Arc<dyn TableProvider> {
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 9, day).unwrap();
    let days = counts
        .iter()
        .map(|c| c.2.map(|d| Date32Type::from_naive_date(day(d))));
    table(vec![
        (
            "agency",
            Arc::new(counts.iter().map(|c| c.0).collect::<StringArray>()),
        ),
        (
            "period",
            Arc::new(counts.iter().map(|c| Some(c.1)).collect::<StringArray>()),
        ),
        ("seen_on", Arc::new(days.collect::<Date32Array>())),
        (
            "n",
            Arc::new(counts.iter().map(|c| c.3).collect::<Int64Array>()),
        ),
    ])
}

fn agencies() -> Arc<dyn TableProvider> {
    // A code that stands twice must not double the rows that name it.
    let codes = StringArray::from(vec![Some("a"), Some("a"), Some("b"), None]);
    table(vec![("code", Arc::new(codes))])
}

fn calendar() -> Calendar {
    let month = |month: u32| Period {
        code: format!("2026-{month:02}").parse().unwrap(),
        start_on: NaiveDate::from_ymd_opt(2026, month, 1).unwrap(),
        end_on: NaiveDate::from_ymd_opt(2026, month, 28).unwrap(),
    };
    Calendar::new((6..=9).map(month)).unwrap()
}

/// The rules when a run begins at that time.
async fn rules<'a>(
    contract: &'a Contract,
    calendar: &'a Calendar,
    rows: &[Count],
    at: &str,
) -> Result<TableRules<'a>, EngineError> {
    let agencies: (DatasetName, _) = ("refined.agencies".parse().unwrap(), agencies());
    let subject = Subject {
        contract,
        table: counts(rows),
        others: BTreeMap::from([agencies]),
        code_list: &|_| None,
        calendar,
        begun_at_micros: DateTime::parse_from_rfc3339(at).unwrap().timestamp_micros(),
    };
    TableRules::new(&engine(), LIMITS, subject).await
}

const AT: &str = "2026-09-05T00:00:00+07:00";

/// What each of the rules says: the rows that break it, those that leave it open.
async fn said(stated: &str, at: &str) -> Vec<(String, u64, Option<u64>)> {
    let (contract, calendar) = (contract(stated), calendar());
    let rules = rules(&contract, &calendar, &COUNTS, at).await.unwrap();
    let results = rules.results(|rule| rule.name != "required").await.unwrap();
    let one = |result: &RuleResult| {
        assert_eq!(result.passed, result.failed_rows == 0);
        (
            result.rule.name.clone(),
            result.failed_rows,
            result.null_rows,
        )
    };
    results.iter().map(one).collect()
}

/// The rows that break the last rule.
async fn shown(stated: &str, limit: Option<usize>, expected: Expect) {
    let (contract, calendar) = (contract(stated), calendar());
    let rules = rules(&contract, &calendar, &COUNTS, AT).await.unwrap();
    let last = contract.rules.last().unwrap();
    let rows = rules.breaking(last, limit).await.unwrap().unwrap();
    let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
    expected.assert_eq(&pretty_format_batches(&batches).unwrap().to_string());
}

async fn refused(stated: &str, expected: Expect) {
    let (contract, calendar) = (contract(stated), calendar());
    let error = match rules(&contract, &calendar, &COUNTS, AT).await {
        Ok(rules) => rules.plan().await.unwrap_err(),
        Err(error) => error,
    };
    let EngineError::Invalid { message, .. } = error else {
        panic!("{error:?}");
    };
    expected.assert_eq(&message);
}

#[tokio::test]
async fn a_value_that_no_row_of_the_other_dataset_has_breaks_a_reference() {
    let none = said("", AT).await;
    assert_eq!(none, [("references".to_owned(), 1, None)]);
    let (contract, calendar) = (contract(""), calendar());
    let rules = rules(&contract, &calendar, &COUNTS, AT).await.unwrap();
    let kept = rules
        .keeping(&["period".to_owned(), "agency".to_owned()])
        .unwrap();
    let kept = rules.session().collect(&kept).await.unwrap();
    expect![[r#"
        +--------+---------+------------+----+
        | agency | period  | seen_on    | n  |
        +--------+---------+------------+----+
        | a      | 2026-06 |            | 99 |
        | a      | 2026-08 | 2026-09-01 | 10 |
        | b      | 2026-08 |            | 10 |
        |        | 2026-08 |            | 1  |
        | a      | 2026-09 | 2026-09-02 | 25 |
        |        | 2026-09 | 2026-09-01 | 1  |
        +--------+---------+------------+----+"#]]
    .assert_eq(&pretty_format_batches(&kept).unwrap().to_string());
    let breaking = rules
        .breaking(&contract.rules[0], None)
        .await
        .unwrap()
        .unwrap();
    let breaking: Vec<RecordBatch> = breaking.try_collect().await.unwrap();
    assert_eq!(breaking.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
    assert_eq!(breaking[0].schema().fields().len(), 4);
}

#[tokio::test]
async fn several_columns_are_looked_for_together() {
    let several = "type: library, metric: invalidValues, mustBe: 0, arguments: { dataset: \
                   refined.agencies, columns: [agency, period], references: [code, code] }";
    let found = said(&rule("pairs", several, ""), AT).await;
    // Those of five rows of which neither value is missing.
    assert_eq!(found[1], ("pairs".to_owned(), 5, None));
}

#[tokio::test]
async fn the_newest_day_is_as_old_as_its_end() {
    let fresh = "type: custom, engine: dtm, implementation: { freshness: { column: seen_on, \
                 within: 24 hours } }";
    let fresh = rule("fresh", fresh, "");
    let at = async |at: &str| said(&fresh, at).await[1].1;
    // The 3rd ends at midnight before the 4th.
    assert_eq!(at("2026-09-05T00:00:00+07:00").await, 0);
    assert_eq!(at("2026-09-05T00:00:01+07:00").await, 1);
    refused(&fresh.replace("seen_on", "n"), expect!["rule `fresh` of dataset `served.counts` cannot be planned: the SQL cannot be planned: column `n` is `Int64`: it holds no days or instants"]).await;
    refused(&fresh.replace("seen_on", "nowhere"), expect!["rule `fresh` of dataset `served.counts` cannot be planned: the SQL cannot be planned: No field named nowhere. Valid fields are served.counts.agency, served.counts.period, served.counts.seen_on, served.counts.n, _found_0_0"]).await;
    let (contract, calendar) = (contract(&fresh), calendar());
    let rules = rules(&contract, &calendar, &[], AT).await.unwrap();
    let results = rules.results(|rule| rule.name == "fresh").await.unwrap();
    assert!(!results[0].passed, "a table without a day is not fresh");
}

#[tokio::test]
async fn a_measure_is_held_against_the_same_of_the_period_before() {
    let both = "atLeast: 0.5, atMost: 2";
    let stated = [
        jump("skips", both, "skip"),
        jump("zeroes", both, "zero"),
        jump("fails", both, "fail"),
        jump("grows", "atLeast: 1", "skip"),
    ];
    let found = said(&stated.concat(), AT).await;
    // From August to September: a 10 → 25, b 10 → nothing, c nothing → 4, unnamed 1 → 1. July is
    // not in the table, so that June is held against nothing.
    let expected = [
        ("references".to_owned(), 1, None),
        ("skips".to_owned(), 1, Some(2)),
        ("zeroes".to_owned(), 3, None),
        ("fails".to_owned(), 3, None),
        ("grows".to_owned(), 0, Some(2)),
    ];
    assert_eq!(found, expected);
    shown(
        &jump("zeroes", both, "zero"),
        None,
        expect![[r#"
        +--------+---------+--------+------+
        | agency | period  | before | now  |
        +--------+---------+--------+------+
        | a      | 2026-09 | 10.0   | 25.0 |
        | b      | 2026-09 | 10.0   |      |
        | c      | 2026-09 |        | 4.0  |
        +--------+---------+--------+------+"#]],
    )
    .await;
    let unknown = jump("wrong", both, "skip").replace("sum(n)", "sum(m)");
    refused(&unknown, expect!["rule `wrong` of dataset `served.counts` cannot be planned: the SQL cannot be planned: No field named m. Valid fields are served.counts.agency, served.counts.period, served.counts.seen_on, served.counts.n, _found_0_0"]).await;
}

#[tokio::test]
async fn a_query_answers_rows_that_break_its_rule_or_one_number() {
    let counted = "select count(*) from served.counts as c join refined.agencies as a on a.code = \
                   c.agency where $run_at > timestamp '2026-01-01'";
    let rows = "select agency, sum(n) as n from served.counts group by agency having sum(n) > 50";
    let empty = "select max(n) from served.counts where agency = 'z'";
    let stated = [
        rule("rows", &query(rows, ""), ""),
        rule("number", &query(counted, ", mustBe: 7"), ""),
        rule("other", &query(counted, ", mustBeLessThan: 7"), ""),
        rule("empty", &query(empty, ", mustBeLessOrEqualTo: 7"), ""),
        rule("skipped", &query(empty, ", mustBeLessOrEqualTo: 7"), "skip"),
        rule("zero", &query(empty, ", mustBeGreaterThan: 0"), "zero"),
    ];
    let found = said(&stated.concat(), AT).await;
    let found: Vec<(&str, u64)> = found[1..].iter().map(|f| (f.0.as_str(), f.1)).collect();
    let expected = [
        ("rows", 1),
        ("number", 0),
        ("other", 1),
        ("empty", 1),
        ("skipped", 0),
        ("zero", 1),
    ];
    assert_eq!(found, expected);
    shown(
        &stated[0],
        Some(9),
        expect![[r#"
        +--------+-----+
        | agency | n   |
        +--------+-----+
        | a      | 134 |
        +--------+-----+"#]],
    )
    .await;
    shown(
        &stated[2],
        None,
        expect![[r#"
        +------+-------+-------+----------+
        | rows | given | least | greatest |
        +------+-------+-------+----------+
        | 1    | 1     | 7.0   | 7.0      |
        +------+-------+-------+----------+"#]],
    )
    .await;
}

#[tokio::test]
async fn a_query_that_cannot_be_asked_is_told() {
    let mut told = Vec::new();
    for sql in [
        "select nothing from served.counts",
        "select * from refined.nothing",
        "selec",
    ] {
        let stated = rule("wrong", &query(sql, ""), "");
        match read(&stated) {
            Ok(contract) => {
                let calendar = calendar();
                let error = match rules(&contract, &calendar, &COUNTS, AT).await {
                    Ok(rules) => rules.plan().await.unwrap_err(),
                    Err(error) => error,
                };
                told.push(error.to_string());
            }
            Err(problems) => told.push(problems[0].message.clone()),
        }
    }
    expect![[r#"
        rule `wrong` of dataset `served.counts` cannot be planned: the SQL cannot be planned: No field named nothing. Valid fields are served.counts.agency, served.counts.period, served.counts.seen_on, served.counts.n
        rule `wrong` of dataset `served.counts` cannot be planned: the SQL cannot be planned: table 'dtm.refined.nothing' not found
        expected one `select`, found `selec`"#]].assert_eq(&told.join("\n"));
    for sql in ["select 1, 2", "select 'x'"] {
        let stated = rule("wrong", &query(sql, ", mustBe: 1"), "");
        let (contract, calendar) = (contract(&stated), calendar());
        let rules = rules(&contract, &calendar, &COUNTS, AT).await.unwrap();
        assert!(rules.plan().await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn all_rows_of_a_doubled_key_are_shown() {
    let (mut contract, calendar) = (contract(""), calendar());
    let unique = project::Rule {
        name: "unique".to_owned(),
        column: None,
        check: project::Check::Unique(vec!["agency".to_owned()]),
        severity: project::Severity::Error,
        message: project::Text::default(),
    };
    contract.rules = vec![unique];
    let rules = rules(&contract, &calendar, &COUNTS, AT).await.unwrap();
    // Three rows of `a`, two that name none.
    assert_eq!(rules.results(|_| true).await.unwrap()[0].failed_rows, 3);
    let rows = rules
        .breaking(&contract.rules[0], None)
        .await
        .unwrap()
        .unwrap();
    let rows: Vec<RecordBatch> = rows.try_collect().await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 5);
}
