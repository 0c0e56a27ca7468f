use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Date32Array, Decimal128Array, DictionaryArray, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use bytes::Bytes;
use calamine::Data;
use chrono::DateTime;

use super::*;
use crate::sheet::SHEET_ROWS;
use crate::sheet::testing::{sheets, text};

fn origin() -> Origin {
    Origin {
        sql: "select * from raw.visits where p = $p".to_owned(),
        sql_sha256: "ab".repeat(32),
        params: BTreeMap::from([("p".to_owned(), "=1+1".to_owned())]),
        versions: BTreeMap::from([("raw.visits".to_owned(), 7)]),
        read_at: DateTime::UNIX_EPOCH,
    }
}

fn batch() -> RecordBatch {
    let money = Decimal128Array::from(vec![Some(123_450), None])
        .with_precision_and_scale(38, 4)
        .unwrap();
    let at = TimestampMicrosecondArray::from(vec![Some(1_789_407_000_000_000), None]);
    let period: DictionaryArray<Int32Type> = vec!["2026-09", "2026-09"].into_iter().collect();
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(StringArray::from(vec![Some("00042"), None]))),
        (
            "count",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(7)])),
        ),
        ("money", Arc::new(money)),
        ("day", Arc::new(Date32Array::from(vec![Some(20_711), None]))),
        ("at", Arc::new(at.with_timezone("UTC"))),
        ("period", Arc::new(period)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

async fn written(batches: Vec<Result<RecordBatch>>, sheet_rows: u32) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool {
        folder: folder.path().to_owned(),
        sheet_rows,
    };
    let batches = stream::iter(batches).boxed();
    let chunks = chunks(&batch().schema(), batches, origin(), spool)?;
    let chunks: Vec<Bytes> = chunks.try_collect().await?;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    Ok(chunks.concat())
}

fn serial(cell: &Data) -> f64 {
    match cell {
        Data::DateTime(at) => at.as_f64(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn rows_have_their_types_and_the_second_sheet_says_what_they_were_made_from() {
    let bytes = written(vec![Ok(batch())], SHEET_ROWS).await.unwrap();
    let found = sheets(&bytes);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["rows", "manifest"]);
    let rows = &found[0].1;
    let labels = ["id", "count", "money", "day", "at", "period"];
    assert_eq!(rows[0], labels.map(text));
    assert_eq!(rows[1][0], text("00042"));
    assert_eq!(rows[1][1], text("9223372036854775807"));
    assert_eq!(rows[1][2], Data::Float(12.345));
    assert!((serial(&rows[1][3]) - 46_280.0).abs() < 1e-9);
    assert!((serial(&rows[1][4]) - 46_280.0 - 0.5 / 24.0).abs() < 1e-9);
    assert_eq!(rows[1][5], text("2026-09"));
    assert_eq!(rows[2][..2], [Data::Empty, Data::Float(7.0)]);
    let manifest = &found[1].1;
    let said: Vec<[String; 3]> = manifest
        .iter()
        .map(|row| [0, 1, 2].map(|column| row[column].to_string()))
        .collect();
    let expected = [
        ["item", "name", "value"],
        ["sql", "", "select * from raw.visits where p = $p"],
        ["sql_sha256", "", &"ab".repeat(32)],
        ["param", "p", "=1+1"],
        ["version", "raw.visits", "7"],
        ["read_at", "", "1970-01-01T00:00:00Z"],
        ["times_are_in", "", "+07:00"],
        ["rows", "", "2"],
        ["numbers_as_text", "", "1"],
        ["texts_cut", "", "0"],
    ];
    assert_eq!(said, expected.map(|line| line.map(str::to_owned)));
}

#[tokio::test]
async fn the_same_rows_give_the_same_bytes() {
    let once = written(vec![Ok(batch())], SHEET_ROWS).await.unwrap();
    let again = written(vec![Ok(batch())], SHEET_ROWS).await.unwrap();
    assert!(once == again);
}

#[tokio::test]
async fn no_row_is_a_sheet_with_its_labels() {
    let bytes = written(vec![], SHEET_ROWS).await.unwrap();
    let rows = sheets(&bytes).remove(0).1;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][5], text("period"));
}

#[tokio::test]
async fn rows_beyond_a_sheet_go_on_to_the_next() {
    let batches = (0..8).map(|_| Ok(batch())).collect();
    let found = sheets(&written(batches, 10).await.unwrap());
    let sizes: Vec<(&str, usize)> = found.iter().map(|(n, r)| (n.as_str(), r.len())).collect();
    assert_eq!(sizes, [("rows", 11), ("rows 2", 7), ("manifest", 10)]);
}

#[tokio::test]
async fn an_error_of_the_batches_is_the_only_answer() {
    let error = ServiceError::new(ErrorKind::LimitExceeded, "the answer met the limit");
    let error = written(vec![Ok(batch()), Err(error)], SHEET_ROWS).await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    let spool = Spool {
        folder: "/nowhere/at/all".into(),
        sheet_rows: SHEET_ROWS,
    };
    let chunks = chunks(&batch().schema(), stream::empty().boxed(), origin(), spool);
    let error = chunks.unwrap().try_collect::<Vec<Bytes>>().await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(error.hint.is_some());
}

#[test]
fn more_columns_than_a_sheet_holds_are_refused() {
    let fields = (0..16_385).map(|n| Field::new(format!("c{n}"), DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let spool = Spool {
        folder: "/nowhere".into(),
        sheet_rows: SHEET_ROWS,
    };
    let refused = chunks(&schema, stream::empty().boxed(), origin(), spool);
    let error = refused.err().unwrap();
    assert_eq!(
        error.message,
        "cannot write the result as XLSX: it has 16385 columns, and a sheet holds 16384"
    );
}
