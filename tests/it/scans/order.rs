//! The order of files is known to the plan where the layout gives one.

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::physical_plan::{collect, displayable};
use datafusion::prelude::{SessionConfig, SessionContext};
use lake::{CommitRequest, Table, TableShape, WriteSettings};
use std::sync::Arc;

use super::{planned, rows, session, texts};
use crate::storage::places::{Place, raw};

async fn append(table: &Table, row_group_rows: usize, ids: &[i64]) {
    let ids: Vec<_> = ids.iter().copied().map(Some).collect();
    append_some(table, row_group_rows, &ids).await;
}

async fn append_some(table: &Table, row_group_rows: usize, ids: &[Option<i64>]) {
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

/// Both files in one partition of the plan, one after the other.
#[tokio::test]
async fn nulls_at_the_end_of_a_file_do_not_stand_between_two() {
    let place = Place::memory();
    let table = table(&place).await;
    append_some(&table, 10, &[Some(1), None]).await;
    append(&table, 10, &[2]).await;
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    session
        .register_table("t", table.provider().unwrap())
        .unwrap();
    let plan = planned(&session, "select id from t order by id").await;
    let answer = collect(plan, session.task_ctx()).await.unwrap();
    let answer: Vec<_> = answer.iter().flat_map(texts).collect();
    assert_eq!(answer, ["1", "2", "∅"]);
    let plan = planned(&session, "select id, count(*) from t group by id").await;
    assert_eq!(rows(&session, plan).await, ["1 | 1", "2 | 1", "∅ | 1"]);
}

/// Three keys are counted into their places, seventy thousand are compared.
#[tokio::test]
async fn rows_of_few_keys_and_of_many_are_put_in_order() {
    for keys in [3, 70_000] {
        let place = Place::memory();
        let table = table(&place).await;
        // A step that shares no factor with the number of keys meets them all, in no order.
        let id = |row: i64| (row % 11 != 10).then_some(row * 7_919 % keys);
        let ids: Vec<Option<i64>> = (0..100_000).map(id).collect();
        let batch = RecordBatch::try_new(
            table.schema(),
            vec![Arc::new(Int64Array::from(ids.clone()))],
        );
        let settings = WriteSettings {
            sort_by: vec!["id".to_owned()],
            row_group_rows: 60_000,
            threads: 3,
            ..WriteSettings::default()
        };
        let mut writer = table.stage(&settings).unwrap();
        writer.write(batch.unwrap()).await.unwrap();
        let files = writer.finish().await.unwrap();
        let session =
            SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        let staged = table.staged_provider(&files).unwrap();
        session.register_table("t", staged).unwrap();
        let found = session.sql("select id from t").await.unwrap();
        let found = found.collect().await.unwrap();
        let found = found
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().iter());
        let found: Vec<Option<i64>> = found.collect();
        let mut expected = ids;
        expected.sort_by_key(|id| (id.is_none(), *id));
        assert!(found == expected, "{keys} keys");
    }
}
