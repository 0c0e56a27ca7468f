//! Generated tables, predicates and projections.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use lake::{CommitRequest, Table, TableShape, WriteSettings};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Map;

use super::{planned, rows, sent, session};
use crate::storage::places::{Place, raw};

const COLUMNS: [&str; 9] = ["id", "part", "n", "t", "x", "d", "at", "amount", "ok"];

/// Texts that statistics cut, that compare unlike they look, and that paths cannot hold.
const TEXTS: [&str; 6] = [
    "",
    "A",
    "a/b=c%20 ñ",
    "Đà Nẵng",
    "long long long long long long long long long long long long long long 1",
    "long long long long long long long long long long long long long long 2",
];

const NUMBERS: [f64; 7] = [
    f64::NAN,
    f64::NEG_INFINITY,
    f64::INFINITY,
    -0.0,
    0.0,
    1.5,
    -1e300,
];

const PARTS: [Option<&str>; 4] = [None, Some("a"), Some("b c"), Some("ạ=%2F")];

#[derive(Debug, Clone)]
struct Row {
    part: Option<&'static str>,
    n: Option<i32>,
    t: Option<&'static str>,
    x: Option<f64>,
    d: Option<i32>,
    at: Option<i64>,
    amount: Option<i64>,
    ok: Option<bool>,
}

#[derive(Debug, Clone)]
struct Case {
    /// The rows of each commit.
    commits: Vec<Vec<Row>>,
    sort_by: Vec<&'static str>,
    row_group_rows: usize,
    /// Whether a column is added after the first commit.
    widened: bool,
    predicates: Vec<String>,
    projection: Vec<&'static str>,
    pushdown: bool,
}

fn schema() -> SchemaRef {
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("part", DataType::Utf8, true),
        Field::new("n", DataType::Int32, true),
        Field::new("t", DataType::Utf8, true),
        Field::new("x", DataType::Float64, true),
        Field::new("d", DataType::Date32, true),
        Field::new("at", micros, true),
        Field::new("amount", DataType::Decimal128(12, 2), true),
        Field::new("ok", DataType::Boolean, true),
    ]))
}

fn batch(first: i64, rows: &[Row]) -> RecordBatch {
    fn column<T: FromIterator<Option<V>> + arrow::array::Array + 'static, V>(
        rows: &[Row],
        of: impl Fn(&Row) -> Option<V>,
    ) -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<T>())
    }
    let ids = Int64Array::from_iter_values((first..).take(rows.len()));
    let at: TimestampMicrosecondArray = rows.iter().map(|row| row.at).collect();
    let amount: Decimal128Array = rows.iter().map(|row| row.amount.map(i128::from)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        column::<StringArray, _>(rows, |row| row.part),
        column::<Int32Array, _>(rows, |row| row.n),
        column::<StringArray, _>(rows, |row| row.t),
        column::<Float64Array, _>(rows, |row| row.x),
        column::<Date32Array, _>(rows, |row| row.d),
        Arc::new(at.with_timezone("UTC")),
        Arc::new(amount.with_precision_and_scale(12, 2).unwrap()),
        column::<BooleanArray, _>(rows, |row| row.ok),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn row() -> impl Strategy<Value = Row> {
    (
        select(&PARTS[..]),
        proptest::option::weighted(0.8, -3..4i32),
        proptest::option::weighted(0.8, select(&TEXTS[..])),
        proptest::option::weighted(0.8, select(&NUMBERS[..])),
        proptest::option::weighted(0.8, 20_000..20_004i32),
        // Around a whole millisecond, which is what the log keeps.
        proptest::option::weighted(0.8, 1_757_000_000_000_999..1_757_000_000_002_002i64),
        proptest::option::weighted(0.8, -200..200i64),
        proptest::option::weighted(0.8, any::<bool>()),
    )
        .prop_map(|(part, n, t, x, d, at, amount, ok)| Row {
            part,
            n,
            t,
            x,
            d,
            at,
            amount,
            ok,
        })
}

fn comparison() -> impl Strategy<Value = String> {
    let operator = || select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let text = || select(&TEXTS[..]).prop_map(|text| format!("'{text}'"));
    prop_oneof![
        (operator(), -4..5i32).prop_map(|(op, k)| format!("n {op} {k}")),
        (-3..3i32, 0..3i32).prop_map(|(low, more)| format!("n between {low} and {}", low + more)),
        (operator(), -4..5i32).prop_map(|(op, k)| format!("n * 2 + 1 {op} {k}")),
        (operator(), text()).prop_map(|(op, text)| format!("t {op} {text}")),
        (text(), text()).prop_map(|(one, other)| format!("t in ({one}, {other})")),
        Just("t like 'long%'".to_owned()),
        Just("(t is distinct from part)".to_owned()),
        (operator(), select(vec!["'a'", "'b c'", "'b'", "'ạ=%2F'"]))
            .prop_map(|(op, part)| format!("part {op} {part}")),
        Just("part in ('a', 'z')".to_owned()),
        Just("part || t >= 'a'".to_owned()),
        (
            operator(),
            select(vec!["0.0", "1.5", "-1e300", "'NaN'::double", "1e308"])
        )
            .prop_map(|(op, number)| format!("x {op} {number}")),
        (operator(), 1..5u32).prop_map(|(op, day)| format!("d {op} date '2024-10-0{day}'")),
        (operator(), 0..2_100u32).prop_map(|(op, micros)| format!(
            "at {op} timestamp '2025-09-04T15:33:20.{micros:06}Z'"
        )),
        (operator(), select(vec!["0", "1.25", "-0.01", "2.00"]))
            .prop_map(|(op, amount)| format!("amount {op} {amount}")),
        select(vec!["ok", "not ok", "id % 2 = 0", "id > 10"]).prop_map(str::to_owned),
        select(&COLUMNS[..]).prop_map(|column| format!("{column} is null")),
        select(&COLUMNS[..]).prop_map(|column| format!("{column} is not null")),
    ]
}

fn predicate() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn case() -> impl Strategy<Value = Case> {
    let sorted = ["n", "t", "d", "at", "amount"];
    (
        prop::collection::vec(prop::collection::vec(row(), 0..12), 1..5),
        subsequence(sorted.to_vec(), 0..3).prop_shuffle(),
        1..9usize,
        any::<bool>(),
        prop::collection::vec(predicate(), 4),
        subsequence(COLUMNS.to_vec(), 1..=COLUMNS.len()).prop_shuffle(),
        any::<bool>(),
    )
        .prop_map(
            |(commits, sort_by, row_group_rows, widened, predicates, projection, pushdown)| Case {
                commits,
                sort_by,
                row_group_rows,
                widened,
                predicates,
                projection,
                pushdown,
            },
        )
}

/// The table of a case.
async fn table(place: &Place, case: &Case) -> Table {
    let shape = TableShape::new(schema()).partitioned_by(["part"]);
    let table = place.lake().create(&raw(), shape).await.unwrap();
    let settings = WriteSettings {
        sort_by: case.sort_by.iter().map(|name| (*name).to_owned()).collect(),
        row_group_rows: case.row_group_rows,
        ..WriteSettings::default()
    };
    let mut first = 0;
    for (at, rows) in case.commits.iter().enumerate() {
        let mut writer = table.stage(&settings).unwrap();
        writer.write(batch(first, rows)).await.unwrap();
        first += rows.len() as i64;
        let files = writer.finish().await.unwrap();
        table.commit(CommitRequest::append(files)).await.unwrap();
        if at == 0 && case.widened {
            let late = Field::new("late", DataType::Int64, true);
            table.add_columns(vec![late], Map::new()).await.unwrap();
        }
    }
    table
}

async fn same_rows(case: &Case) {
    let place = Place::memory();
    let table = table(&place, case).await;
    let generic = table.generic_provider(table.version()).await.unwrap();
    let generic = session(generic, false);
    let lowered = session(table.provider().unwrap(), case.pushdown);
    let columns = case.projection.join(", ");
    let order = match case.sort_by.join(", ") {
        keys if keys.is_empty() => "id".to_owned(),
        keys => format!("{keys}, id"),
    };
    let mut statements = vec![
        "select count(*), count(n), count(part), min(id), max(id), min(part), max(part), min(n), \
         max(n), min(t), max(t), min(d), max(at), min(amount), max(x) from t"
            .to_owned(),
    ];
    for predicate in &case.predicates {
        statements.extend([
            format!("select {columns} from t where {predicate}"),
            format!(
                "select id as first, {columns} from t where {predicate} order by {order} limit 3"
            ),
            format!(
                "select part, count(*), count(n), min(t), max(at), sum(amount) from t \
                 where {predicate} group by part"
            ),
        ]);
    }
    for sql in statements {
        let expected = rows(&generic, planned(&generic, &sql).await).await;
        let plan = planned(&lowered, &sql).await;
        // A plan that has run holds what its filters have learnt; it is sent before that.
        let journey = sent(&lowered, plan.clone());
        assert_eq!(rows(&lowered, plan).await, expected, "{sql}");
        assert_eq!(rows(&lowered, journey).await, expected, "sent: {sql}");
    }
}

#[test]
fn lowered_and_generic_scans_give_the_same_rows() {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&testkit::seed().to_le_bytes());
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = TestRunner::new_with_rng(config, random).run(&case(), |case| {
        runtime.block_on(same_rows(&case));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
