//! What a table gives back of what it was given.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use futures::StreamExt;
use lake::{CommitRequest, LakeError, TableShape, WriteSettings};
use object_store::path::Path;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::on_every_store;
use super::places::{Place, append, dossiers, raw, rows, stage};
use super::reading::{ids, now, query, read};

on_every_store!(
    what_is_appended_is_read_back_equal,
    files_are_listed_the_largest_first,
    a_replacement_removes_the_rows_and_older_versions_keep_them,
    an_empty_append_and_an_empty_replacement_are_commits,
    added_columns_are_null_in_the_rows_before,
    a_new_shape_empties_the_table_and_older_versions_keep_theirs,
    statistics_bound_every_column,
    filters_find_their_rows_through_partitions_and_statistics,
    staged_files_are_read_before_a_commit_and_discarded_without_a_trace,
    streams_are_encoded_side_by_side,
    a_full_file_is_followed_by_another_and_rows_are_sorted,
    a_failing_stream_leaves_nothing,
    history_keeps_our_own_keys_newest_first,
    a_checkpoint_holds_what_the_log_holds,
    another_lake_sees_every_commit,
    tables_are_listed,
);

async fn what_is_appended_is_read_back_equal(place: Place) {
    let table = place.table().await;
    assert_eq!(table.version(), 0);
    append(&table, rows(0..500, "2026-09")).await;
    append(&table, rows(500..900, "2026-10")).await;
    assert_eq!(table.version(), 2);
    let expected = [rows(0..500, "2026-09"), rows(500..900, "2026-10")];
    let expected = arrow::compute::concat_batches(&dossiers(), &expected).unwrap();
    assert_eq!(read(table.provider().unwrap()).await, expected);
    assert_eq!(table.schema(), dossiers());
    assert_eq!(table.row_count().unwrap(), 900);
    let files = table.files().unwrap();
    let periods: Vec<_> = files
        .partitions
        .iter()
        .map(|p| (p.values[0].1.clone(), p.rows))
        .collect();
    assert_eq!(
        periods,
        [(Some("2026-09".into()), 500), (Some("2026-10".into()), 400)]
    );
    assert_eq!(files.count, 2);
}

async fn files_are_listed_the_largest_first(place: Place) {
    let table = place.table().await;
    assert_eq!(table.snapshot().file_list(9).unwrap(), []);
    for (ids, period) in [
        (0..10, "2026-09"),
        (10..900, "2026-10"),
        (900..990, "2026-09"),
    ] {
        append(&table, rows(ids, period)).await;
    }
    let snapshot = table.snapshot();
    let files = snapshot.file_list(9).unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|file| (file.values[0].1.as_deref(), file.rows))
        .collect();
    let september = Some("2026-09");
    assert_eq!(
        told,
        [(Some("2026-10"), 890), (september, 90), (september, 10)]
    );
    assert!(files.windows(2).all(|two| two[0].bytes >= two[1].bytes));
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    assert_eq!(bytes, snapshot.files().unwrap().bytes);
    assert!(files.iter().all(|file| file.path.ends_with(".parquet")));
    assert_eq!(snapshot.file_list(2).unwrap(), files[..2]);
}

async fn a_replacement_removes_the_rows_and_older_versions_keep_them(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..10, "2026-09")).await;
    let files = stage(&table, [rows(100..103, "2026-10")]).await;
    let done = table
        .commit(CommitRequest::replace(files).with_base(1))
        .await
        .unwrap();
    assert_eq!((done.version, done.already), (2, false));
    assert_eq!(now(&table).await, [100, 101, 102]);
    assert_eq!(
        ids(table.provider_at(1).await.unwrap()).await,
        (0..10).collect::<Vec<_>>()
    );
    assert!(matches!(
        table.provider_at(3).await,
        Err(LakeError::NotFound(_))
    ));
}

async fn an_empty_append_and_an_empty_replacement_are_commits(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..10, "2026-09")).await;
    assert_eq!(stage(&table, [rows(0..0, "2026-09")]).await.len(), 0);
    assert_eq!(
        table
            .commit(CommitRequest::append(vec![]))
            .await
            .unwrap()
            .version,
        2
    );
    assert_eq!(now(&table).await.len(), 10);
    assert_eq!(
        table
            .commit(CommitRequest::replace(vec![]))
            .await
            .unwrap()
            .version,
        3
    );
    assert_eq!(now(&table).await, Vec::<i64>::new());
    assert_eq!(table.row_count().unwrap(), 0);
}

async fn added_columns_are_null_in_the_rows_before(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let earlier = stage(&table, [rows(3..5, "2026-09")]).await;
    let field = Field::new("channel", DataType::Utf8, true);
    table
        .add_columns(vec![field.clone()], Map::new())
        .await
        .unwrap();
    assert_eq!(table.schema().fields().len(), 9);
    // Files staged before the change still fit.
    table.commit(CommitRequest::append(earlier)).await.unwrap();
    let all = read(table.provider().unwrap()).await;
    assert_eq!(all.num_rows(), 5);
    assert_eq!(all.column_by_name("channel").unwrap().null_count(), 5);
    let again = table.add_columns(vec![field], Map::new()).await;
    assert!(matches!(again, Err(LakeError::Invalid(_))));
    let required = Field::new("must", DataType::Utf8, false);
    let refused = table.add_columns(vec![required], Map::new()).await;
    assert!(matches!(refused, Err(LakeError::Invalid(_))));
}

async fn a_new_shape_empties_the_table_and_older_versions_keep_theirs(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let files = stage(&table, [rows(3..5, "2026-09")]).await;
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
    let properties = BTreeMap::from([("dtm.contract".to_owned(), "2.0.0".to_owned())]);
    let shape = TableShape::new(schema.clone()).with_properties(properties.clone());
    table.replace_schema(shape, Map::new()).await.unwrap();
    assert_eq!((table.schema(), table.row_count().unwrap()), (schema, 0));
    assert_eq!(table.properties(), properties);
    let late = table.commit(CommitRequest::append(files)).await;
    assert!(matches!(late, Err(LakeError::Conflict(_))), "{late:?}");
    assert_eq!(
        read(table.provider_at(1).await.unwrap()).await,
        rows(0..3, "2026-09")
    );
}

async fn statistics_bound_every_column(place: Place) {
    let table = place.table().await;
    let files = stage(&table, [rows(1..5, "2026-09"), rows(5..8, "2026-09")]).await;
    assert_eq!((files.len(), files[0].rows()), (1, 7));
    let stats: Value = serde_json::from_str(files[0].stats()).unwrap();
    assert_eq!(
        stats,
        json!({
            "numRecords": 7,
            "minValues": {
                "id": 1, "agency": "H01", "fee": -0.5, "day": "2024-10-05",
                "at": "2026-09-10T00:26:41.234Z", "share": 0.25,
            },
            "maxValues": {
                "id": 7, "agency": "H07", "fee": 5.5, "day": "2024-10-11",
                "at": "2026-09-10T00:26:48.642Z", "share": 1.75,
            },
            "nullCount": {
                "id": 0, "agency": 2, "fee": 0, "day": 0, "at": 0, "share": 0, "online": 0,
            },
        })
    );
    let at = Path::from(format!("delta/raw/dossiers/{}", files[0].path()));
    use object_store::ObjectStoreExt;
    assert_eq!(place.store.head(&at).await.unwrap().size, files[0].bytes());
}

async fn filters_find_their_rows_through_partitions_and_statistics(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..100, "2026-09")).await;
    append(&table, rows(100..200, "2026-10")).await;
    for (condition, count) in [
        ("_period = '2026-10'", 100),
        ("id >= 150", 50),
        ("id = 7 and _period = '2026-09'", 1),
        ("fee > 100.00", 98),
        ("day < date '2024-10-14'", 10),
        ("agency is null", 67),
        ("_period = '2020-01'", 0),
    ] {
        let sql = format!("select count(*) from t where {condition}");
        let counted = query(table.provider().unwrap(), &sql).await;
        let counted = counted[0].column(0).as_primitive::<Int64Type>().value(0);
        assert_eq!(counted, count, "{condition}");
    }
}

async fn staged_files_are_read_before_a_commit_and_discarded_without_a_trace(place: Place) {
    let table = place.table().await;
    append(&table, rows(0..3, "2026-09")).await;
    let files = stage(&table, [rows(10..13, "2026-10"), rows(13..15, "2026-09")]).await;
    assert_eq!(files.len(), 2);
    let provider = table.staged_provider(&files).unwrap();
    assert_eq!(provider.schema(), dossiers());
    let sql = "select _period, count(*) as n from t group by _period order by _period";
    let found = query(provider.clone(), sql).await;
    let counts = found
        .iter()
        .flat_map(|b| b.column(1).as_primitive::<Int64Type>().values());
    assert_eq!(counts.copied().collect::<Vec<_>>(), [2, 3]);
    assert_eq!(ids(provider).await, [10, 11, 12, 13, 14]);
    assert_eq!(
        ids(table.staged_provider(&[]).unwrap()).await,
        Vec::<i64>::new()
    );
    assert_eq!(now(&table).await, [0, 1, 2]);
    table.discard(files.clone()).await.unwrap();
    table.discard(files).await.unwrap();
    assert_eq!(now(&table).await, [0, 1, 2]);
    let mut writer = table.stage(&WriteSettings::default()).unwrap();
    writer.write(rows(20..30, "2026-09")).await.unwrap();
    drop(writer);
    assert_eq!(now(&table).await, [0, 1, 2]);
    assert_eq!(parquet_files(&place).await, 1);
}

async fn streams_are_encoded_side_by_side(place: Place) {
    let table = place.table().await;
    let streams = (0..4).map(|n| stream_of(vec![Ok(rows(n * 100..n * 100 + 100, "2026-09"))]));
    let files = table
        .stage_streams(&WriteSettings::default(), streams.collect())
        .await
        .unwrap();
    assert_eq!(files.len(), 4);
    table.commit(CommitRequest::append(files)).await.unwrap();
    assert_eq!(now(&table).await, (0..400).collect::<Vec<_>>());
}

async fn a_full_file_is_followed_by_another_and_rows_are_sorted(place: Place) {
    let table = place.table().await;
    let settings = WriteSettings {
        target_file_bytes: 1024,
        row_group_rows: 60,
        zstd_level: 1,
        sort_by: vec!["agency".to_owned(), "id".to_owned()],
        ..WriteSettings::default()
    };
    let mut writer = table.stage(&settings).unwrap();
    for start in [60, 0, 30, 90] {
        writer
            .write(rows(start..start + 30, "2026-09"))
            .await
            .unwrap();
    }
    let files = writer.finish().await.unwrap();
    assert!(files.len() > 1, "{files:?}");
    let first = table.staged_provider(&files[..1]).unwrap();
    let found = query(first, "select agency, id from t").await;
    let found = arrow::compute::concat_batches(&found[0].schema(), &found).unwrap();
    let told: Vec<_> = (0..found.num_rows())
        .map(|row| {
            let agency = found.column(0).as_string::<i32>();
            let agency = agency.is_valid(row).then(|| agency.value(row).to_owned());
            // Nulls are last.
            (
                agency.is_none(),
                agency,
                found.column(1).as_primitive::<Int64Type>().value(row),
            )
        })
        .collect();
    assert!(told.len() >= 50 && told.is_sorted(), "{told:?}");
    table.commit(CommitRequest::append(files)).await.unwrap();
    assert_eq!(now(&table).await, (0..120).collect::<Vec<_>>());
}

async fn a_failing_stream_leaves_nothing(place: Place) {
    let table = place.table().await;
    let failure = datafusion::error::DataFusionError::Execution("spoiled".to_owned());
    let streams = vec![
        stream_of(vec![Ok(rows(0..10, "2026-09"))]),
        stream_of(vec![Ok(rows(10..20, "2026-09")), Err(failure)]),
    ];
    let error = table
        .stage_streams(&WriteSettings::default(), streams)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("spoiled"), "{error}");
    assert_eq!(parquet_files(&place).await, 0);
}

async fn history_keeps_our_own_keys_newest_first(place: Place) {
    let table = place.table().await;
    let info = Map::from_iter([("dtm.run".to_owned(), json!({"id": "r-1", "inputs": [1, 2]}))]);
    let files = stage(&table, [rows(0..3, "2026-09")]).await;
    let request = CommitRequest::replace(files)
        .with_operation("RUN")
        .with_info(info.clone());
    let done = table.commit(request).await.unwrap();
    append(&table, rows(3..5, "2026-09")).await;
    let history = table.history(10).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|c| (c.version, c.operation.as_str()))
        .collect();
    assert_eq!(told, [(2, "WRITE"), (1, "RUN"), (0, "CREATE TABLE")]);
    assert_eq!(history[1].info["dtm.run"], info["dtm.run"]);
    assert_eq!(history[1].committed_at, done.committed_at);
    assert_eq!(table.history(1).await.unwrap().len(), 1);
    assert_eq!(table.history_after(1, 9).await.unwrap(), history[1..]);
    assert_eq!(table.history_after(3, 9).await.unwrap(), []);
    assert_eq!(table.version_at(done.committed_at).await.unwrap(), 1);
    let before = history[2].committed_at - chrono::TimeDelta::seconds(1);
    assert!(matches!(
        table.version_at(before).await,
        Err(LakeError::NotFound(_))
    ));
    let taken = Map::from_iter([("timestamp".to_owned(), json!(0))]);
    let refused = table
        .commit(CommitRequest::append(vec![]).with_info(taken))
        .await;
    assert!(matches!(refused, Err(LakeError::Invalid(_))));
}

async fn a_checkpoint_holds_what_the_log_holds(place: Place) {
    let table = place.table().await;
    for n in 0..5 {
        let files = stage(&table, [rows(n * 10..n * 10 + 10, "2026-09")]).await;
        table
            .commit(CommitRequest::append(files).with_app("app", n))
            .await
            .unwrap();
    }
    assert_eq!(table.checkpoint().await.unwrap(), 5);
    append(&table, rows(50..60, "2026-10")).await;
    let reopened = place.lake().table(&raw()).await.unwrap();
    assert_eq!(reopened.version(), 6);
    assert_eq!(now(&reopened).await, (0..60).collect::<Vec<_>>());
    assert_eq!(reopened.row_count().unwrap(), 60);
    // Numbers survive in the checkpoint.
    let again = reopened
        .commit(CommitRequest::append(vec![]).with_app("app", 4))
        .await
        .unwrap();
    assert_eq!((again.already, again.version), (true, 5));
    assert_eq!(reopened.checkpoint().await.unwrap(), 6);
    reopened
        .commit(CommitRequest::replace(vec![]))
        .await
        .unwrap();
    assert_eq!(now(&table).await, Vec::<i64>::new());
}

async fn another_lake_sees_every_commit(place: Place) {
    let (first, other) = (place.table().await, place.lake());
    let second = other.table(&raw()).await.unwrap();
    append(&first, rows(0..3, "2026-09")).await;
    append(&second, rows(3..6, "2026-09")).await;
    assert_eq!(now(&first).await, (0..6).collect::<Vec<_>>());
    assert_eq!(other.table(&raw()).await.unwrap().version(), 2);
    assert_eq!(
        first.snapshot().files().unwrap(),
        second.snapshot().files().unwrap()
    );
}

async fn tables_are_listed(place: Place) {
    let lake = place.lake();
    assert_eq!(lake.datasets().await.unwrap(), []);
    assert!(!lake.exists(&raw()).await.unwrap());
    assert!(matches!(
        lake.table(&raw()).await,
        Err(LakeError::NotFound(_))
    ));
    place.table().await;
    let served = "served.by_agency".parse().unwrap();
    lake.create(&served, TableShape::new(dossiers()))
        .await
        .unwrap();
    assert!(lake.exists(&raw()).await.unwrap());
    assert_eq!(lake.datasets().await.unwrap(), [raw(), served]);
}

async fn parquet_files(place: &Place) -> usize {
    let listed = place.store.list(Some(&Path::from("delta")));
    let parquet = |m: &object_store::ObjectMeta| m.location.as_ref().ends_with(".parquet");
    listed
        .filter(|meta| std::future::ready(parquet(meta.as_ref().unwrap())))
        .count()
        .await
}

fn stream_of(
    batches: Vec<datafusion::error::Result<RecordBatch>>,
) -> datafusion::execution::SendableRecordBatchStream {
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    Box::pin(RecordBatchStreamAdapter::new(
        dossiers(),
        futures::stream::iter(batches),
    ))
}
