//! What a table says of every rule of its contract.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::engine::{Finding, RuleResult, Subject, TableRules};
use arrow::array::{ArrayRef, Decimal128Array, Int32Array, RecordBatch, StringArray};
use calendar::Calendar;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use expect_test::expect;
use project::Contract;

use super::{LIMITS, engine};

const CONTRACT: &str = include_str!("things.odcs.yaml");

fn contract() -> Contract {
    Contract::read("warehouse/served/things.odcs.yaml", CONTRACT).unwrap()
}

type Thing = (Option<&'static str>, Option<i32>, Option<i128>);

const THINGS: [Thing; 5] = [
    (Some("a"), Some(1), Some(150)),
    (Some("a"), None, None),
    (Some("b"), Some(-1), Some(-5)),
    (None, Some(5), None),
    (Some("long"), None, Some(1)),
];

/// A table that holds these things; anything may be missing in it.
fn table(things: &[Thing]) -> Arc<dyn TableProvider> {
    let ids: StringArray = things.iter().map(|thing| thing.0).collect();
    let amounts: Int32Array = things.iter().map(|thing| thing.1).collect();
    let prices: Decimal128Array = things.iter().map(|thing| thing.2).collect();
    let prices = prices.with_precision_and_scale(10, 2).unwrap();
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("thing_id", Arc::new(ids), true),
        ("amount", Arc::new(amounts), true),
        ("price", Arc::new(prices), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
}

async fn results(things: &[Thing]) -> Vec<RuleResult> {
    let (contract, calendar) = (contract(), Calendar::default());
    let subject = Subject {
        contract: &contract,
        table: table(things),
        others: BTreeMap::new(),
        code_list: &|_| None,
        calendar: &calendar,
        begun_at_micros: 0,
    };
    let rules = TableRules::new(&engine(), LIMITS, subject).await.unwrap();
    rules.results(|_| true).await.unwrap()
}

fn shown(results: &[RuleResult]) -> String {
    let one = |result: &RuleResult| {
        let RuleResult {
            rule,
            passed,
            failed_rows,
            checked_rows,
            null_rows,
        } = result;
        let column = rule.column.as_deref().unwrap_or("-");
        let passed = if *passed { "holds" } else { "broken" };
        let open = null_rows.map_or("-".to_owned(), |rows| rows.to_string());
        let name = &rule.name;
        format!("{name} {column} {passed} {failed_rows} of {checked_rows} open {open}\n")
    };
    results.iter().map(one).collect()
}

#[tokio::test]
async fn every_rule_has_its_result_in_the_order_of_the_contract() {
    let found = results(&THINGS).await;
    expect![[r#"
        required thing_id broken 1 of 5 open -
        length thing_id broken 1 of 5 open -
        range amount broken 1 of 5 open -
        range price holds 0 of 5 open -
        unique - broken 1 of 5 open -
        row_count - holds 0 of 5 open -
        few - broken 5 of 5 open -
        skipped - broken 1 of 5 open 2
        as_zero - broken 3 of 5 open 0
        failed - broken 3 of 5 open 0
        price_as_zero - holds 0 of 5 open 0
        price_skipped - holds 0 of 5 open 2
        text_as_zero - holds 0 of 5 open 1
    "#]]
    .assert_eq(&shown(&found));
    let findings = Finding::among(&found);
    let broken: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.name.as_str(), finding.rows))
        .collect();
    assert_eq!(
        broken,
        [
            ("required", 1),
            ("length", 1),
            ("range", 1),
            ("unique", 1),
            ("few", 5),
            ("skipped", 1),
            ("as_zero", 3),
            ("failed", 3),
        ]
    );
}

#[tokio::test]
async fn a_table_without_rows_breaks_rules_on_their_number_alone() {
    let found = results(&[]).await;
    let broken: Vec<&RuleResult> = found.iter().filter(|result| !result.passed).collect();
    let [row_count] = &broken[..] else {
        panic!("{broken:?}");
    };
    assert_eq!(row_count.rule.name, "row_count");
    assert_eq!((row_count.failed_rows, row_count.checked_rows), (0, 0));
    assert_eq!(Finding::among(&found)[0].rows, 0);
    let open = found.iter().filter_map(|result| result.null_rows);
    assert_eq!(open.sum::<u64>(), 0);
}
