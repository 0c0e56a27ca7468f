use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use proptest::prelude::*;

use crate::parquet::tests::parquet;
use crate::samples::{Judgement, contract, judge, rules, shown};
use crate::{Format, IngestError, Limits};

pub(crate) const COLUMNS: [&str; 8] = [
    "id", "count", "small", "price", "ratio", "flag", "day", "at",
];

/// What an agency might write into any cell.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        2 => "[A-D]",
        2 => "-?[0-9]{1,3}",
        1 => "[0-9]{9,12}",
        1 => "-?[0-9]{1,5}\\.[0-9]{1,3}",
        1 => "true|FALSE|0|1|NaN|1e3",
        1 => "(1899|2026)-(02|09)-(01|29|31)",
        1 => "2026-09-0[1-9][T ](08|24):30(:00)?(Z|\\+07:00)?",
        1 => "e\u{302}\u{301}|001099012345|a\u{1}|,|\"|a\nb",
    ]
}

pub(crate) fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec(cell(), COLUMNS.len()), 0..12)
}

pub(crate) fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

fn ndjson(rows: &[Vec<String>]) -> Vec<u8> {
    let mut body = String::new();
    for row in rows {
        let fields = COLUMNS
            .iter()
            .zip(row)
            .filter(|(_, value)| !value.is_empty());
        let object: serde_json::Map<_, _> = fields
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        body += &serde_json::Value::from(object).to_string();
        body.push('\n');
    }
    body.into_bytes()
}

fn judged(format: Format, body: &[u8], batch_rows: usize) -> Judgement {
    let limits = Limits {
        batch_rows,
        ..Limits::default()
    };
    judge(format, &contract(), &rules(), &limits, body).unwrap()
}

/// The judgement without the rows' own text, which differs between formats.
fn told(mut judgement: Judgement) -> String {
    for verdict in &mut judgement.verdicts {
        verdict.row_text = verdict.row_text.take().map(|_| "…".into());
    }
    shown(&judgement, COLUMNS.len())
}

pub(crate) fn landed(judgement: &Judgement) -> RecordBatch {
    let schema = Arc::new(contract().table_schema());
    concat_batches(&schema, &judgement.landed).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_row_means_the_same_in_every_text_format_and_every_batch_size(
        rows in rows(),
        batch_rows in 1..7_usize,
    ) {
        let expected = told(judged(Format::Csv, &csv(&rows), 1000));
        prop_assert_eq!(&told(judged(Format::Csv, &csv(&rows), batch_rows)), &expected);
        prop_assert_eq!(&told(judged(Format::Ndjson, &ndjson(&rows), 1000)), &expected);
        prop_assert_eq!(&told(judged(Format::Ndjson, &ndjson(&rows), batch_rows)), &expected);
    }

    #[test]
    fn what_landed_once_lands_again_as_parquet(rows in rows(), batch_rows in 1..7_usize) {
        let first = landed(&judged(Format::Csv, &csv(&rows), 1000));
        let columns: Vec<(&str, ArrayRef)> =
            COLUMNS.into_iter().zip(first.columns().iter().cloned()).collect();
        let again = judged(Format::Parquet, &parquet(columns), batch_rows);
        prop_assert_eq!(again.counts.quarantined, 0);
        let again = landed(&again);
        prop_assert_eq!(&again.columns()[..COLUMNS.len()], &first.columns()[..COLUMNS.len()]);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..80), header: bool) {
        let head: &[u8] = if header { b"id,count\n" } else { b"" };
        let body = [head, &bytes].concat();
        let limits = Limits { batch_rows: 3, ..Limits::default() };
        for format in [
            Format::Csv,
            Format::Ndjson,
            Format::Parquet,
            Format::Xlsx,
            Format::Ods,
        ] {
            match judge(format, &contract(), &rules(), &limits, &body) {
                Ok(_) | Err(IngestError::Refused { .. }) => {}
                Err(error) => prop_assert!(false, "{:?}: {}", format, error),
            }
        }
    }
}

#[test]
fn a_sink_that_fails_ends_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, ndjson(&vec![vec!["A".to_owned(); 8]; 3])).unwrap();
    let mut calls = 0;
    let limits = Limits {
        batch_rows: 1,
        ..Limits::default()
    };
    let error = crate::check(
        &path,
        Format::Ndjson.into(),
        &contract(),
        &[],
        &crate::samples::envelope(),
        &limits,
        &mut |_| {
            calls += 1;
            Err(IngestError::sink("the disk is full"))
        },
    )
    .unwrap_err();
    assert_eq!(
        (calls, error.to_string().as_str()),
        (1, "cannot hand on checked rows")
    );
}

#[test]
fn a_body_that_is_gone_is_an_error_of_the_disk() {
    let envelope = crate::samples::envelope();
    let limits = Limits::default();
    let path = "/nowhere/body".as_ref();
    let error = crate::check(
        path,
        Format::Csv.into(),
        &contract(),
        &[],
        &envelope,
        &limits,
        &mut |_| Ok(()),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "cannot open the spooled body"
    );
}
