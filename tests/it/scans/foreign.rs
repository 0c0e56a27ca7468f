//! Tables that other programs gave features that a plain scan of files would get wrong.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

use super::{planned, rows as answers, session};
use crate::storage::places::{Place, append, raw, rows};
use crate::storage::reading::{ids, now};

const FOLDER: &str = "delta/raw/dossiers";

async fn put(store: &dyn ObjectStore, path: &str, body: Vec<u8>) {
    let path = Path::from(format!("{FOLDER}/{path}"));
    store.put(&path, PutPayload::from(body)).await.unwrap();
}

async fn put_entry(store: &dyn ObjectStore, version: i64, actions: &[Value]) {
    let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
    let path = format!("_delta_log/{version:020}.json");
    put(store, &path, lines.join("\n").into_bytes()).await;
}

/// A file of the numbers below `count`, in a column of this name.
fn file(column: &str, count: i64) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![Field::new(column, DataType::Int64, true)]));
    let ids = Arc::new(Int64Array::from_iter_values(0..count));
    let batch = RecordBatch::try_new(schema.clone(), vec![ids]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn metadata(field: Value, configuration: Value) -> Value {
    let schema = json!({ "type": "struct", "fields": [field] });
    json!({ "metaData": {
        "id": "5a6e5a3c-0000-4000-8000-000000000001",
        "format": { "provider": "parquet", "options": {} },
        "schemaString": schema.to_string(),
        "partitionColumns": [],
        "configuration": configuration,
        "createdTime": 1_757_000_000_000_i64,
    }})
}

/// What the log says of a file of numbers in that range, some of which may be removed.
fn bounds(column: &str, numbers: Range<i64>) -> Value {
    json!({
        "numRecords": numbers.end - numbers.start,
        "minValues": { (column): numbers.start },
        "maxValues": { (column): numbers.end - 1 },
        "nullCount": { (column): 0 },
        "tightBounds": false,
    })
}

fn add(path: &str, size: usize, stats: Value) -> Value {
    json!({ "add": {
        "path": path,
        "size": size,
        "partitionValues": {},
        "modificationTime": 1_757_000_000_000_i64,
        "dataChange": true,
        "stats": stats.to_string(),
    }})
}

/// The rows of a file of thirty that [`without_some`] leaves.
fn left() -> Vec<i64> {
    let removed = [3, 4, 7, 11, 18, 29];
    (0..30).filter(|id| !removed.contains(id)).collect()
}

/// The file with a deletion vector, inline, in the portable form of the protocol.
fn without_some(mut added: Value) -> Value {
    added["add"]["deletionVector"] = json!({
        "storageType": "i",
        "pathOrInlineDv": "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
        "sizeInBytes": 44,
        "cardinality": 6,
    });
    added
}

fn removed(path: &str, size: usize) -> Value {
    json!({ "remove": {
        "path": path,
        "size": size,
        "partitionValues": {},
        "extendedFileMetadata": true,
        "deletionTimestamp": 1_757_000_000_000_i64,
        "dataChange": true,
    }})
}

fn id_column() -> Value {
    json!({ "name": "id", "type": "long", "nullable": true, "metadata": {} })
}

fn plain() -> Value {
    json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } })
}

fn with_deletion_vectors() -> [Value; 2] {
    let protocol = json!({ "protocol": {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["deletionVectors"],
        "writerFeatures": ["deletionVectors"],
    }});
    let configuration = json!({ "delta.enableDeletionVectors": "true" });
    [protocol, metadata(id_column(), configuration)]
}

#[tokio::test]
async fn rows_that_a_deletion_vector_removes_stay_removed() {
    let place = Place::memory();
    let body = file("id", 30);
    let added = without_some(add("part-1.parquet", body.len(), bounds("id", 0..30)));
    put(place.store.as_ref(), "part-1.parquet", body).await;
    let [protocol, columns] = with_deletion_vectors();
    put_entry(place.store.as_ref(), 0, &[protocol, columns, added]).await;
    let table = place.lake().table(&raw()).await.unwrap();
    assert_eq!(now(&table).await, left());
    assert_eq!(table.row_count().unwrap(), 24);

    // Neither the rows nor the bounds in the log are those of the answer.
    let counts = "select count(*), count(id), min(id), max(id) from t";
    for (sql, expected) in [
        (counts, vec!["24 | 24 | 0 | 28"]),
        ("select count(*) from t where id > 10", vec!["16"]),
        (
            "select id from t where id between 17 and 19",
            vec!["17", "19"],
        ),
        ("select id from t where id = 18", vec![]),
        (
            "select count(*) from (select id from t limit 25)",
            vec!["24"],
        ),
    ] {
        for pushdown in [false, true] {
            let session = session(table.provider().unwrap(), pushdown);
            let plan = planned(&session, sql).await;
            assert_eq!(answers(&session, plan).await, expected, "{sql}");
        }
    }
}

/// With the feature in the same entry, and in the entry before it.
#[tokio::test]
async fn a_deletion_vector_that_arrives_on_a_known_plain_table_is_obeyed() {
    for early in [false, true] {
        let place = Place::memory();
        let store = place.store.as_ref();
        let body = file("id", 30);
        let added = add("part-1.parquet", body.len(), bounds("id", 0..30));
        let gone = removed("part-1.parquet", body.len());
        put(store, "part-1.parquet", body).await;
        let first = [plain(), metadata(id_column(), json!({})), added.clone()];
        put_entry(store, 0, &first).await;
        let table = place.lake().table(&raw()).await.unwrap();
        let all: Vec<i64> = (0..30).collect();
        assert_eq!(now(&table).await, all);
        let before = table.snapshot();

        let mut entry = vec![gone, without_some(added)];
        if early {
            put_entry(store, 1, &with_deletion_vectors()).await;
            assert_eq!(now(&table).await, all);
        } else {
            entry.extend(with_deletion_vectors());
        }
        let version = 1 + i64::from(early);
        put_entry(store, version, &entry).await;
        assert_eq!(now(&table).await, left());
        assert_eq!(table.version(), version);
        assert_eq!(table.row_count().unwrap(), 24);
        assert_eq!(ids(before.provider().unwrap()).await, all);
        assert_eq!(ids(table.provider_at(0).await.unwrap()).await, all);

        // The table is followed from there on, too.
        let body = file("id", 3);
        let more = add("part-2.parquet", body.len(), bounds("id", 0..3));
        put(store, "part-2.parquet", body).await;
        put_entry(store, version + 1, &[more]).await;
        let mut expected = [left(), vec![0, 1, 2]].concat();
        expected.sort_unstable();
        assert_eq!(now(&table).await, expected);
    }
}

#[tokio::test]
async fn columns_that_were_renamed_are_read_by_their_names_in_the_log() {
    let place = Place::memory();
    let body = file("col-7f3a", 30);
    let added = add("part-1.parquet", body.len(), bounds("col-7f3a", 0..30));
    put(place.store.as_ref(), "part-1.parquet", body).await;
    let field = json!({ "name": "id", "type": "long", "nullable": true, "metadata": {
        "delta.columnMapping.id": 1,
        "delta.columnMapping.physicalName": "col-7f3a",
    }});
    let protocol = json!({ "protocol": { "minReaderVersion": 2, "minWriterVersion": 5 } });
    let configuration = json!({
        "delta.columnMapping.mode": "name",
        "delta.columnMapping.maxColumnId": "1",
    });
    put_entry(
        place.store.as_ref(),
        0,
        &[protocol, metadata(field, configuration), added],
    )
    .await;
    let table = place.lake().table(&raw()).await.unwrap();
    assert_eq!(now(&table).await, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn bounds_that_are_wider_than_the_rows_are_no_answer() {
    let place = Place::memory();
    let body = file("id", 30);
    let mut wide = bounds("id", -5..50);
    wide["numRecords"] = json!(30);
    let added = add("part-1.parquet", body.len(), wide);
    put(place.store.as_ref(), "part-1.parquet", body).await;
    let columns = metadata(id_column(), json!({}));
    put_entry(place.store.as_ref(), 0, &[plain(), columns, added]).await;
    let table = place.lake().table(&raw()).await.unwrap();
    for (sql, expected) in [
        ("select count(*), min(id), max(id) from t", "30 | 0 | 29"),
        ("select count(*) from t where id > 40", "0"),
    ] {
        let session = session(table.provider().unwrap(), false);
        let plan = planned(&session, sql).await;
        assert_eq!(answers(&session, plan).await, [expected], "{sql}");
    }
}

#[tokio::test]
async fn an_entry_of_another_program_is_followed() {
    let place = Place::memory();
    let table = place.table().await;
    append(&table, rows(0..10, "2026-09")).await;
    // Another process appends to the same table, and takes the first file away.
    let other = place.lake().table(&raw()).await.unwrap();
    let files = crate::storage::places::stage(&other, [rows(50..53, "2026-10")]).await;
    let request = lake::CommitRequest::replace(files).with_base(1);
    other.commit(request).await.unwrap();
    append(&other, rows(60..61, "2026-10")).await;
    assert_eq!(now(&table).await, [50, 51, 52, 60]);
    assert_eq!(table.version(), 3);
    let before = ids(table.provider_at(1).await.unwrap()).await;
    assert_eq!(before, (0..10).collect::<Vec<_>>());
}
