//! The order of files is known to the plan where the layout gives one.

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_plan::displayable;
use lake::{CommitRequest, Table, TableShape, WriteSettings};
use std::sync::Arc;

use super::{planned, session};
use crate::storage::places::{Place, raw};

async fn append(table: &Table, row_group_rows: usize, ids: &[i64]) {
    let settings = WriteSettings {
        sort_by: vec!["id".to_owned()],
        row_group_rows,
        ..WriteSettings::default()
    };
    let mut writer = table.stage(&settings).unwrap();
    let batch = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from(ids.to_vec())) as _)]);
    let (batch, schema) = (batch.unwrap(), table.schema());
    let batch = RecordBatch::try_new(schema, batch.columns().to_vec()).unwrap();
    for at in 0..batch.num_rows() {
        writer.write(batch.slice(at, 1)).await.unwrap();
    }
    let files = writer.finish().await.unwrap();
    table.commit(CommitRequest::append(files)).await.unwrap();
}

async fn is_sorted_again(table: &Table) -> bool {
    let session = session(table.provider().unwrap(), false);
    let plan = planned(&session, "select id from t order by id").await;
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    shown.contains("SortExec")
}

async fn table(place: &Place) -> Table {
    let schema = Schema::new(vec![Field::new("id", DataType::Int64, true)]);
    let shape = TableShape::new(Arc::new(schema));
    place.lake().create(&raw(), shape).await.unwrap()
}

#[tokio::test]
async fn files_that_follow_each_other_are_not_sorted_again() {
    let place = Place::memory();
    let table = table(&place).await;
    append(&table, 10, &[3, 1, 2]).await;
    append(&table, 10, &[5, 4]).await;
    assert!(!is_sorted_again(&table).await);
    // Row groups that come in order make an ordered file.
    append(&table, 2, &[6, 7, 8, 9]).await;
    assert!(!is_sorted_again(&table).await);
}

#[tokio::test]
async fn a_file_whose_row_groups_overlap_claims_no_order() {
    let place = Place::memory();
    let table = table(&place).await;
    append(&table, 2, &[1, 4, 2, 3]).await;
    assert!(is_sorted_again(&table).await);
}
