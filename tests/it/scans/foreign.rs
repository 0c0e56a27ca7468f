//! Tables that other programs gave features that a plain scan of files would get wrong.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

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

fn add(path: &str, size: usize) -> Value {
    json!({ "add": {
        "path": path,
        "size": size,
        "partitionValues": {},
        "modificationTime": 1_757_000_000_000_i64,
        "dataChange": true,
        "stats": json!({ "numRecords": 30 }).to_string(),
    }})
}

#[tokio::test]
async fn rows_that_a_deletion_vector_removes_stay_removed() {
    let place = Place::memory();
    let body = file("id", 30);
    let mut added = add("part-1.parquet", body.len());
    // Six rows, in the portable form of the protocol.
    added["add"]["deletionVector"] = json!({
        "storageType": "i",
        "pathOrInlineDv": "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
        "sizeInBytes": 44,
        "cardinality": 6,
    });
    put(place.store.as_ref(), "part-1.parquet", body).await;
    let field = json!({ "name": "id", "type": "long", "nullable": true, "metadata": {} });
    let protocol = json!({ "protocol": {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["deletionVectors"],
        "writerFeatures": ["deletionVectors"],
    }});
    let configuration = json!({ "delta.enableDeletionVectors": "true" });
    put_entry(
        place.store.as_ref(),
        0,
        &[protocol, metadata(field, configuration), added],
    )
    .await;
    let table = place.lake().table(&raw()).await.unwrap();
    let left = now(&table).await;
    let removed = [3, 4, 7, 11, 18, 29];
    let expected: Vec<i64> = (0..30).filter(|id| !removed.contains(id)).collect();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn columns_that_were_renamed_are_read_by_their_names_in_the_log() {
    let place = Place::memory();
    let body = file("col-7f3a", 30);
    let added = add("part-1.parquet", body.len());
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
