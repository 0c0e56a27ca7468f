//! Lowered scans: the same rows as the Delta library's own scan, for whatever is written and asked;
//! plans that survive being sent; tables that only the library can read.

mod budget;
mod foreign;
mod generated;
mod order;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::bytes::{physical_plan_from_bytes, physical_plan_to_bytes};

/// A session over the table `t`.
fn session(provider: Arc<dyn TableProvider>, pushdown: bool) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(3);
    config.options_mut().execution.parquet.pushdown_filters = pushdown;
    let session = SessionContext::new_with_config(config);
    session.register_table("t", provider).unwrap();
    session
}

async fn planned(session: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    let frame = session
        .sql(sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
    frame.create_physical_plan().await.unwrap()
}

/// The rows of a plan as text, sorted.
async fn rows(session: &SessionContext, plan: Arc<dyn ExecutionPlan>) -> Vec<String> {
    let batches = collect(plan, session.task_ctx()).await.unwrap();
    let mut rows: Vec<String> = batches.iter().flat_map(texts).collect();
    rows.sort_unstable();
    rows
}

/// The plan after a journey to another process. Its sessions know the stores; the first plan has
/// made this one known.
fn sent(session: &SessionContext, plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let bytes = physical_plan_to_bytes(plan).unwrap();
    physical_plan_from_bytes(&bytes, &session.task_ctx()).unwrap()
}

fn texts(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new().with_null("∅");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let row = |at| {
        let cells = columns.iter().map(|column| column.value(at).to_string());
        cells.collect::<Vec<_>>().join(" | ")
    };
    (0..batch.num_rows()).map(row).collect()
}
