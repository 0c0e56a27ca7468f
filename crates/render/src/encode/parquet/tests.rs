use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{
    ArrayRef, Int64Array, IntervalMonthDayNanoArray, StringArray, TimestampMicrosecondArray,
};
use chrono::DateTime;
use futures::executor::block_on;
use futures::{StreamExt, stream};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::chunks;
use super::*;

fn origin() -> Origin {
    Origin {
        sql: "select $p".to_owned(),
        sql_sha256: "ab".repeat(32),
        params: BTreeMap::from([("p".to_owned(), "2026-09".to_owned())]),
        versions: BTreeMap::from([("raw.visits".to_owned(), 7)]),
        read_at: DateTime::UNIX_EPOCH,
    }
}

fn batch(from: i64) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(from..from + 1000);
    let ids: StringArray = (from..from + 1000)
        .map(|n| (n % 7 != 0).then(|| format!("{n:012}")))
        .collect();
    let times = TimestampMicrosecondArray::from_iter_values(from..from + 1000);
    let columns: [(&str, ArrayRef); 3] = [
        ("n", Arc::new(numbers)),
        ("id", Arc::new(ids)),
        ("at", Arc::new(times.with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

fn read(bytes: Vec<u8>) -> ParquetRecordBatchReaderBuilder<bytes::Bytes> {
    ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap()
}

#[test]
fn it_reads_back_as_what_was_written_and_says_what_it_was_made_from() {
    let mut writer = Parquet::new(&batch(0).schema(), &origin()).unwrap();
    let mut bytes = Vec::new();
    for from in [0, 1000] {
        writer.rows(&batch(from), &mut bytes).unwrap();
    }
    writer.end(&mut bytes).unwrap();
    let reader = read(bytes);
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let said: BTreeMap<_, _> = metadata
        .unwrap()
        .iter()
        .map(|pair| (pair.key.as_str(), pair.value.clone().unwrap()))
        .collect();
    assert_eq!(said["dtm.sql_sha256"], "ab".repeat(32));
    assert_eq!(said["dtm.versions"], r#"{"raw.visits":7}"#);
    assert_eq!(said["dtm.params"], r#"{"p":"2026-09"}"#);
    assert_eq!(said["dtm.read_at"], "1970-01-01T00:00:00Z");
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    let rows = arrow::compute::concat_batches(&batch(0).schema(), &batches).unwrap();
    assert_eq!(rows.slice(0, 1000), batch(0));
    assert_eq!(rows.slice(1000, 1000), batch(1000));
}

#[test]
fn no_row_is_a_file_with_a_schema() {
    let mut writer = Parquet::new(&batch(0).schema(), &origin()).unwrap();
    let mut bytes = Vec::new();
    writer.end(&mut bytes).unwrap();
    let reader = read(bytes);
    assert_eq!(reader.schema().fields(), batch(0).schema().fields());
    assert_eq!(reader.build().unwrap().count(), 0);
}

#[test]
fn a_row_group_leaves_before_the_rows_of_the_next_are_asked_for() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let batches = stream::iter(0..200).map(move |n| {
        counted.store(n as usize + 1, Ordering::Relaxed);
        Ok(batch(n * 1000))
    });
    let encoder = Parquet::sized(&batch(0).schema(), &origin(), 40_000).unwrap();
    let mut chunks = chunks(Box::new(encoder), batches.boxed());
    let mut sent = Vec::new();
    let mut early = 0;
    while let Some(chunk) = block_on(chunks.next()) {
        sent.extend_from_slice(&chunk.unwrap());
        if asked.load(Ordering::Relaxed) < 100 {
            early = sent.len();
        }
    }
    let groups = read(sent.clone()).metadata().num_row_groups();
    assert!(groups > 10, "{groups} row groups");
    assert!(early > sent.len() / 3, "{early} of {}", sent.len());
}

#[test]
fn what_another_reader_could_not_open_is_refused_by_name() {
    let numbers = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let twice = RecordBatch::try_from_iter([("n", numbers()), ("n", numbers())]).unwrap();
    let error = Parquet::new(&twice.schema(), &origin()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(
        error.message,
        "cannot write the result as Parquet: it has two columns `n`"
    );
    let spans = IntervalMonthDayNanoArray::from(vec![None]);
    let spans = RecordBatch::try_from_iter([("span", Arc::new(spans) as ArrayRef)]).unwrap();
    let error = Parquet::new(&spans.schema(), &origin()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(
        error
            .message
            .starts_with("cannot write column `span` as Parquet"),
        "{error}"
    );
}
