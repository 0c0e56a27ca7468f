//! What a table refuses, and what it says.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::prelude::SessionContext;
use lake::{LakeError, TableShape, WriteSettings};

use super::places::{Place, dossiers, raw};

async fn written(columns: Vec<(&str, ArrayRef)>) -> String {
    let table = Place::memory().table().await;
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    );
    let mut writer = table.stage(&WriteSettings::default()).unwrap();
    match writer.write(batch.unwrap()).await {
        Ok(()) => "written".to_owned(),
        Err(error @ LakeError::Invalid(_)) => error.to_string(),
        Err(other) => panic!("{other:?}"),
    }
}

fn texts(values: [Option<&str>; 1]) -> ArrayRef {
    Arc::new(StringArray::from_iter(values))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_refused_by_column() {
    let id = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let period = || texts([Some("2026-09")]);
    assert_eq!(
        written(vec![("id", id()), ("_period", period())]).await,
        "written"
    );
    let count = Arc::new(UInt64Array::from(vec![1])) as ArrayRef;
    assert_eq!(
        written(vec![("id", count), ("_period", period())]).await,
        "written"
    );
    let surplus = written(vec![("id", id()), ("_period", period()), ("extra", id())]).await;
    assert_eq!(
        surplus,
        "cannot write to dataset `raw.dossiers`: it has no column `extra`"
    );
    let missing = written(vec![("_period", period())]).await;
    assert!(
        missing.ends_with("column `id` is required and has 1 nulls"),
        "{missing}"
    );
    let retyped = written(vec![("id", texts([Some("1")])), ("_period", period())]).await;
    assert!(
        retyped.ends_with("column `id` is `Utf8`, the table has `Int64`"),
        "{retyped}"
    );
    let empty = written(vec![("id", id()), ("_period", texts([Some("")]))]).await;
    assert!(
        empty.ends_with("partition column `_period` holds an empty text"),
        "{empty}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shapes_that_a_plain_table_cannot_keep_are_refused() {
    let lake = Place::memory().lake();
    let column = |name: &str, kind: DataType| {
        TableShape::new(Arc::new(Schema::new(vec![Field::new(name, kind, true)])))
    };
    let delta = BTreeMap::from([("delta.enableDeletionVectors".to_owned(), "true".to_owned())]);
    let twice = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("ID", DataType::Int64, true),
    ]);
    for (shape, said) in [
        (column("a b", DataType::Utf8), "`a b` is no column name"),
        (
            column("n", DataType::UInt64),
            "column `n` has type `UInt64`",
        ),
        (
            column("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
            "column `at` has type",
        ),
        (
            column("id", DataType::Int64).partitioned_by(["id"]),
            "every column is a partition",
        ),
        (
            column("id", DataType::Int64).partitioned_by(["p"]),
            "partition column `p` is not",
        ),
        (
            TableShape::new(Arc::new(twice)),
            "column `ID` is there twice",
        ),
        (
            TableShape::new(dossiers()).with_properties(delta),
            "`delta.enableDeletionVectors`",
        ),
    ] {
        let error = lake.create(&raw(), shape).await.unwrap_err();
        assert!(matches!(error, LakeError::Invalid(_)), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
    assert!(!lake.exists(&raw()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_cannot_write() {
    let table = Place::memory().table().await;
    let session = SessionContext::new();
    session
        .register_table("t", table.provider().unwrap())
        .unwrap();
    let sql = "insert into t (id, _period) values (1, '2026-09')";
    let refused = async { session.sql(sql).await?.collect().await }.await;
    assert!(refused.is_err());
    assert_eq!(table.refresh().await.unwrap(), 0);
}
