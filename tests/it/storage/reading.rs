//! What a query over a provider sees.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use datafusion::catalog::TableProvider;
use datafusion::prelude::{SessionContext, col};
use lake::Table;

/// All rows, ordered by `id`.
pub async fn read(provider: Arc<dyn TableProvider>) -> RecordBatch {
    let schema = provider.schema();
    let frame = SessionContext::new().read_table(provider).unwrap();
    let sorted = frame.sort(vec![col("id").sort(true, true)]).unwrap();
    let batches = sorted.collect().await.unwrap();
    let batches: Vec<_> = batches
        .iter()
        .map(|batch| batch.clone().with_schema(schema.clone()).unwrap())
        .collect();
    concat_batches(&schema, &batches).unwrap()
}

pub async fn ids(provider: Arc<dyn TableProvider>) -> Vec<i64> {
    let batch = read(provider).await;
    batch
        .column_by_name("id")
        .unwrap()
        .as_primitive::<Int64Type>()
        .values()
        .to_vec()
}

/// The ids of the newest state.
pub async fn now(table: &Table) -> Vec<i64> {
    table.refresh().await.unwrap();
    ids(table.provider().unwrap()).await
}

/// The rows of a statement over the table `t`.
pub async fn query(provider: Arc<dyn TableProvider>, sql: &str) -> Vec<RecordBatch> {
    let session = SessionContext::new();
    session.register_table("t", provider).unwrap();
    session.sql(sql).await.unwrap().collect().await.unwrap()
}
