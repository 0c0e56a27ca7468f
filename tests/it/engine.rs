//! Statements, limits, rules and lineage over small tables in memory.

mod edges;
mod first;
mod functions;
mod memory;
mod oracle;
mod results;
mod rules;
mod wide;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::engine::{Engine, EngineError, EngineSettings, Param, QueryLimits, Session, Statement};
use arrow::array::{Int64Array, RecordBatch, StringArray};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use expect_test::{Expect, expect};
use futures::StreamExt;

const LIMITS: QueryLimits = QueryLimits {
    memory_bytes: 64 << 20,
    memory_name: "query.memory_bytes",
    spill_bytes: 0,
    wait_ms: 60_000,
    rows: 100_000,
    bytes: 64 << 20,
};

fn session(limits: QueryLimits) -> Session {
    let rows = |ids: Vec<i64>, names: Vec<&str>| {
        RecordBatch::try_from_iter([
            ("id", Arc::new(Int64Array::from(ids)) as _),
            ("name", Arc::new(StringArray::from(names)) as _),
        ])
        .unwrap()
    };
    let table = |batch: RecordBatch| -> Arc<dyn TableProvider> {
        Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
    };
    let tables = BTreeMap::from([
        (
            "raw.a".parse().unwrap(),
            table(rows(vec![1, 2, 3], vec!["x", "y", "z"])),
        ),
        (
            "raw.b".parse().unwrap(),
            table(rows(vec![2, 3, 4], vec!["p", "q", "r"])),
        ),
        ("served.c".parse().unwrap(), table(rows(vec![7], vec!["s"]))),
    ]);
    engine().session(tables, limits).unwrap()
}

fn engine() -> Engine {
    Engine::new(EngineSettings {
        partitions: 2,
        batch_rows: 8192,
        spill_folder: PathBuf::new(),
        memory_bytes: 1 << 30,
        spill_bytes: 0,
    })
}

async fn refusal_of(sql: &str, params: BTreeMap<String, Param>, expected: Expect) {
    let session = session(LIMITS);
    let answer = async {
        let statement = Statement::parse(sql)?;
        let planned = session.plan(&statement, &params).await?;
        session.collect(&planned).await
    };
    match answer.await {
        Err(EngineError::Invalid { message, .. }) => expected.assert_eq(&message),
        other => expected.assert_eq(&format!("{other:?}")),
    }
}

#[tokio::test]
async fn what_is_not_one_select_is_refused_before_it_is_planned() {
    let none = BTreeMap::new;
    refusal_of(
        "selec 1",
        none(),
        expect![
            "the SQL cannot be read: Expected: an SQL statement, found: selec at Line: 1, Column: 1"
        ],
    )
    .await;
    refusal_of("", none(), expect!["the SQL holds no statement"]).await;
    refusal_of(
        "select 1; select 2",
        none(),
        expect!["the SQL holds more than one statement"],
    )
    .await;
    refusal_of(
        "insert into raw.a values (1, 'x')",
        none(),
        expect!["the statement is `insert`, and only `select` is taken here"],
    )
    .await;
    refusal_of(
        "drop table raw.a",
        none(),
        expect!["the statement is `drop`, and only `select` is taken here"],
    )
    .await;
    refusal_of(
        "copy raw.a to '/tmp/x.csv'",
        none(),
        expect!["the statement is `copy`, and only `select` is taken here"],
    )
    .await;
    refusal_of(
        "create external table t stored as csv location '/etc/passwd'",
        none(),
        expect!["the statement is `create`, and only `select` is taken here"],
    )
    .await;
    refusal_of(
        "set datafusion.execution.batch_size = 1",
        none(),
        expect!["the statement is `set`, and only `select` is taken here"],
    )
    .await;
    refusal_of(
        "explain analyze insert into raw.a values (1, 'x')",
        none(),
        expect!["the statement is `insert`, and only `select` is taken here"],
    )
    .await;
    refusal_of(
        "select * from '/etc/passwd'",
        none(),
        expect!["the SQL names `/etc/passwd`, and there is no such dataset"],
    )
    .await;
}

#[tokio::test]
async fn a_wrong_name_or_parameter_is_named() {
    let given = |name: &str, value: &str| {
        BTreeMap::from([(name.to_owned(), Param::Text(value.to_owned()))])
    };
    refusal_of(
        "select nme from raw.a",
        BTreeMap::new(),
        expect![[r#"the SQL cannot be planned: No field named nme. Did you mean 'raw.a.name'? Valid fields are raw.a.id, raw.a.name"#]],
    )
    .await;
    refusal_of(
        "select id from raw.a where id = $n",
        BTreeMap::new(),
        expect!["the statement needs the parameter `n`"],
    )
    .await;
    refusal_of(
        "select id from raw.a where id = $n",
        given("n", "many"),
        expect!["the parameter `n` is `many`, and the statement wants `Int64`"],
    )
    .await;
    refusal_of(
        "select id from raw.a",
        given("n", "1"),
        expect!["the statement has no parameter `$n`"],
    )
    .await;
    refusal_of(
        "select id / (id - 1) as n from raw.a",
        BTreeMap::new(),
        expect!["the statement failed on a value: Divide by zero error"],
    )
    .await;
}

#[tokio::test]
async fn a_bare_name_means_the_served_layer_and_a_parameter_takes_its_column_s_type() {
    let session = session(LIMITS);
    let statement = Statement::parse("select id from c where id = $n").unwrap();
    let params = BTreeMap::from([("n".to_owned(), Param::Text("7".to_owned()))]);
    let planned = session.plan(&statement, &params).await.unwrap();
    let rows = session.collect(&planned).await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 1);
}

/// Enough rows that every limit can be met: a million from three.
const MANY: &str =
    "with n as (select a.id from raw.a a, raw.a b, raw.a c, raw.a d, raw.a e, raw.a f),
    m as (select n.id from n, n as o) select m.id, p.name from m, raw.a p";

async fn limit_met(limits: QueryLimits, sql: &str) -> &'static str {
    let session = session(limits);
    let statement = Statement::parse(sql).unwrap();
    let planned = session.plan(&statement, &BTreeMap::new()).await.unwrap();
    let mut stream = session.run(&planned).await.unwrap();
    while let Some(item) = stream.next().await {
        match item {
            Ok(_) => {}
            Err(EngineError::Limit { limit, .. }) => return limit,
            Err(_) => return "another error",
        }
    }
    "none"
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_has_its_own_error() {
    assert_eq!(
        limit_met(
            QueryLimits {
                rows: 1000,
                ..LIMITS
            },
            MANY
        )
        .await,
        "query.rows"
    );
    assert_eq!(
        limit_met(
            QueryLimits {
                bytes: 1000,
                ..LIMITS
            },
            MANY
        )
        .await,
        "query.bytes"
    );
    let wide = format!("select id, name from ({MANY}) order by name, id");
    let starved = QueryLimits {
        memory_bytes: 1 << 20,
        rows: 10_000_000,
        ..LIMITS
    };
    assert_eq!(limit_met(starved, &wide).await, "query.memory_bytes");
    let endless = format!("select sum(x.id * y.id) as n from ({MANY}) x, ({MANY}) y");
    let hurried = QueryLimits {
        wait_ms: 50,
        ..LIMITS
    };
    assert_eq!(limit_met(hurried, &endless).await, "query.wait_ms");
    assert_eq!(limit_met(LIMITS, "select id from raw.a").await, "none");
}
