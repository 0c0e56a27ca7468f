use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use chrono::DateTime;
use expect_test::{Expect, expect};
use futures::executor::block_on;
use futures::stream;

use super::*;

fn sample() -> RecordBatch {
    let decimal = Decimal128Array::from(vec![Some(123_456_789_012_345_678_901_234_567_890), None])
        .with_precision_and_scale(38, 4)
        .unwrap();
    let instant = TimestampMicrosecondArray::from(vec![Some(1_789_000_000_250_000), None])
        .with_timezone("UTC");
    let columns: [(&str, ArrayRef); 7] = [
        (
            "name",
            Arc::new(StringArray::from(vec![Some("Hà \"Nội\", 1\n2"), None])),
        ),
        (
            "count",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
        ),
        (
            "share",
            Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(0.5)])),
        ),
        ("money", Arc::new(decimal)),
        (
            "on_time",
            Arc::new(BooleanArray::from(vec![Some(true), None])),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(20_000), None]))),
        ("at", Arc::new(instant)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

fn collect(chunks: Chunks) -> Result<Vec<u8>> {
    let chunks: Vec<Result<Bytes>> = block_on(chunks.collect());
    let chunks: Vec<Bytes> = chunks.into_iter().collect::<Result<_>>()?;
    Ok(chunks.concat())
}

fn asked() -> QueryRequest {
    QueryRequest {
        sql: "select 1".to_owned(),
        params: BTreeMap::new(),
        at: service::At::Now,
    }
}

/// Encodes in a form that needs no spool.
fn encoded(encoding: Encoding, schema: SchemaRef, batches: Batches) -> Result<Chunks> {
    let answer = QueryAnswer {
        schema,
        batches,
        versions: BTreeMap::new(),
        read_at: DateTime::UNIX_EPOCH,
    };
    encode(encoding, &asked(), answer, Path::new("/nowhere"))
}

fn written(encoding: Encoding, schema: SchemaRef, batches: Vec<RecordBatch>) -> Vec<u8> {
    let batches = stream::iter(batches.into_iter().map(Ok)).boxed();
    collect(encoded(encoding, schema, batches).unwrap()).unwrap()
}

fn check(encoding: Encoding, batches: Vec<RecordBatch>, expected: &Expect) {
    let text = String::from_utf8(written(encoding, sample().schema(), batches)).unwrap();
    expected.assert_eq(&text.replace('\r', "␍"));
}

#[test]
fn json_keeps_every_digit_and_has_null_for_what_is_no_number() {
    check(
        Encoding::Json,
        vec![sample()],
        &expect![[
            r#"[{"name":"Hà \"Nội\", 1\n2","count":9223372036854775807,"share":null,"money":12345678901234567890123456.7890,"on_time":true,"day":"2024-10-04","at":"2026-09-10T00:26:40.250Z"},{"name":null,"count":null,"share":0.5,"money":null,"on_time":null,"day":null,"at":null}]"#
        ]],
    );
}

#[test]
fn json_of_several_batches_is_one_array() {
    let batches = vec![
        sample().slice(0, 1),
        sample().slice(1, 0),
        sample().slice(1, 1),
    ];
    let text = written(Encoding::Json, sample().schema(), batches);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(rows.len(), 2);
}

#[test]
fn json_of_no_row_is_an_empty_array() {
    check(Encoding::Json, vec![], &expect!["[]"]);
    check(Encoding::Json, vec![sample().slice(0, 0)], &expect!["[]"]);
}

#[test]
fn ndjson_is_a_line_per_row() {
    check(
        Encoding::NdJson,
        vec![sample().slice(1, 1)],
        &expect![[r#"
        {"name":null,"count":null,"share":0.5,"money":null,"on_time":null,"day":null,"at":null}
    "#]],
    );
    check(Encoding::NdJson, vec![], &expect![""]);
}

#[test]
fn csv_quotes_what_needs_it_and_ends_lines_with_crlf() {
    check(
        Encoding::Csv,
        vec![sample().slice(0, 1), sample().slice(1, 1)],
        &expect![[r#"
            name,count,share,money,on_time,day,at␍
            "Hà ""Nội"", 1
            2",9223372036854775807,NaN,12345678901234567890123456.7890,true,2024-10-04,2026-09-10T00:26:40.250Z␍
            ,,0.5,,,,␍
        "#]],
    );
}

#[test]
fn csv_of_no_row_is_its_header() {
    check(
        Encoding::Csv,
        vec![],
        &expect![[r#"
        name,count,share,money,on_time,day,at␍
    "#]],
    );
}

#[test]
fn what_has_one_value_in_a_cell_refuses_a_list_before_any_byte() {
    let list: ListArray = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let field = Field::new("ids", list.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    for (encoding, name) in [(Encoding::Csv, "CSV"), (Encoding::Xlsx, "XLSX")] {
        let refused = encoded(encoding, schema.clone(), stream::empty().boxed());
        let error = refused.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Invalid);
        let start = format!("cannot write column `ids` as {name}: it is a `List");
        assert!(error.message.starts_with(&start), "{error}");
    }
}

#[test]
fn an_arrow_stream_reads_back_as_what_was_written() {
    let bytes = written(
        Encoding::ArrowStream,
        sample().schema(),
        vec![sample(), sample()],
    );
    let reader = StreamReader::try_new(bytes.as_slice(), None).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(batches.len(), 2);
    assert_eq!(batches[0].slice(1, 1), sample().slice(1, 1));
    let empty = written(Encoding::ArrowStream, sample().schema(), vec![]);
    let reader = StreamReader::try_new(empty.as_slice(), None).unwrap();
    assert_eq!(reader.schema(), sample().schema());
    assert_eq!(reader.count(), 0);
}

#[test]
fn a_table_aligns_its_columns() {
    check(
        Encoding::Table,
        vec![sample()],
        &expect![[r#"
        name                         count  share                            money  on_time  day         at
        ─────────────  ───────────────────  ─────  ───────────────────────────────  ───────  ──────────  ────────────────────────
        Hà "Nội", 1 2  9223372036854775807    NaN  12345678901234567890123456.7890  true     2024-10-04  2026-09-10T00:26:40.250Z
                                              0.5
        (2 rows)
    "#]],
    );
    check(
        Encoding::Table,
        vec![],
        &expect![[r#"
        name  count  share  money  on_time  day  at
        ────  ─────  ─────  ─────  ───────  ───  ──
        (0 rows)
    "#]],
    );
}

#[test]
fn a_table_never_passes_its_width() {
    for width in [20, 40, 70] {
        let batches = stream::iter([Ok(sample())]).boxed();
        let text = collect(encode_table(sample().schema(), batches, width)).unwrap();
        let text = String::from_utf8(text).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('('));
        for line in lines {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_big_batch_leaves_in_chunks() {
    let numbers = Int64Array::from_iter_values(0..5000);
    let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    let batches = stream::iter([Ok(batch.clone())]).boxed();
    let chunks = encoded(Encoding::NdJson, batch.schema(), batches).unwrap();
    assert_eq!(block_on(chunks.count()), 3);
    let lines = written(Encoding::NdJson, batch.schema(), vec![batch]);
    assert_eq!(lines.iter().filter(|b| **b == b'\n').count(), 5000);
}

#[test]
fn an_error_of_the_batches_ends_the_chunks() {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
    let error = ServiceError::new(ErrorKind::LimitExceeded, "the answer met the limit");
    let batches = stream::iter([Err(error)]).boxed();
    let chunks: Vec<_> = block_on(encoded(Encoding::Json, schema, batches).unwrap().collect());
    assert_eq!(chunks.len(), 1);
    assert_eq!(
        chunks[0].as_ref().unwrap_err().kind,
        ErrorKind::LimitExceeded
    );
}

#[test]
fn accept_chooses_the_encoding() {
    let cases = [
        (None, Some(Encoding::Json)),
        (Some(""), Some(Encoding::Json)),
        (Some("*/*"), Some(Encoding::Json)),
        (Some("text/html, */*;q=0.1"), Some(Encoding::Json)),
        (Some("application/json"), Some(Encoding::Json)),
        (Some("application/x-ndjson"), Some(Encoding::NdJson)),
        (Some("application/ndjson"), Some(Encoding::NdJson)),
        (Some("TEXT/CSV"), Some(Encoding::Csv)),
        (Some("text/*"), Some(Encoding::Csv)),
        (Some("text/plain"), Some(Encoding::Table)),
        (
            Some("application/vnd.apache.arrow.stream"),
            Some(Encoding::ArrowStream),
        ),
        (
            Some("application/vnd.apache.parquet"),
            Some(Encoding::Parquet),
        ),
        (Some(XLSX_MEDIA_TYPE), Some(Encoding::Xlsx)),
        (
            Some("application/json;q=0.2, text/csv;q=0.9"),
            Some(Encoding::Csv),
        ),
        (Some("text/csv, application/json"), Some(Encoding::Csv)),
        (Some("application/json;q=0, */*"), Some(Encoding::NdJson)),
        (Some("application/pdf"), None),
        (Some("nonsense"), None),
        (Some("application/json;q=2"), None),
    ];
    for (accept, expected) in cases {
        assert_eq!(Encoding::negotiate(accept), expected, "{accept:?}");
    }
}

#[test]
fn names_lead_back_to_their_encoding() {
    for encoding in Encoding::ALL {
        assert_eq!(Encoding::from_name(encoding.as_str()), Some(encoding));
        assert_eq!(
            Encoding::negotiate(Some(encoding.essence())),
            Some(encoding)
        );
    }
}
