//! The first row of each key: how it is planned, and that it is the same row.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::engine::{Session, Statement};
use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;

use super::{LIMITS, engine};

/// Fifty keys, each with twenty rows in an order of chance.
fn session() -> Session {
    let keys = (0..1000).map(|n| Some(format!("k{}", n * 7 % 50)));
    let at = (0..1000).map(|n: i64| n * 7919 % 1009);
    let batch = RecordBatch::try_from_iter([
        ("key", Arc::new(keys.collect::<StringArray>()) as _),
        ("at", Arc::new(Int64Array::from_iter_values(at)) as _),
        ("row", Arc::new(Int64Array::from_iter_values(0..1000)) as _),
    ])
    .unwrap();
    let parts = vec![vec![batch.slice(0, 400)], vec![batch.slice(400, 600)]];
    let table: Arc<dyn TableProvider> = Arc::new(MemTable::try_new(batch.schema(), parts).unwrap());
    let tables = BTreeMap::from([("raw.a".parse().unwrap(), table)]);
    engine().session(tables, LIMITS).unwrap()
}

async fn answer(sql: &str) -> String {
    let session = session();
    let statement = Statement::parse(sql).unwrap();
    let planned = session.plan(&statement, &BTreeMap::new()).await.unwrap();
    let batches = session.collect(&planned).await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

#[tokio::test]
async fn the_first_row_of_each_key_is_one_order_whatever_is_shown_of_it() {
    let numbered = "row_number() over (partition by key order by at desc) as n from raw.a";
    let all = format!("select key, at, row from (select *, {numbered}) where n = 1");
    // What rows are ordered by is not among what is shown.
    let some = format!("select key, row from (select key, row, {numbered}) where n < 2");
    for sql in [&all, &some] {
        let plan = answer(&format!("explain {sql}")).await;
        assert!(
            plan.contains("lag(") && !plan.contains("row_number()"),
            "{plan}"
        );
    }
    let rows = answer(&format!("{some} order by key")).await;
    let grouped = "select key, first_value(row order by at desc) as row from raw.a \
                   group by key order by key";
    assert_eq!(rows, answer(grouped).await);
    assert_eq!(rows.lines().count(), 50 + 4);
    // Of others than the first, the plan stays.
    let second = format!("explain select key, row from (select key, row, {numbered}) where n = 2");
    assert!(answer(&second).await.contains("row_number()"));
}
