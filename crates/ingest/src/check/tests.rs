use std::slice::from_ref;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow_ipc::writer::IpcWriteOptions;
use expect_test::expect;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use unicode_normalization::UnicodeNormalization;

use crate::charset::tests::encoded;
use crate::ipc::tests::{file, stream};
use crate::parquet::tests::parquet;
use crate::samples::{Judgement, contract, judge, rules, shown};
use crate::unpack::tests::{gzip, zstd};
use crate::{Charset, Coding, Compression, Delimiter, Dialect, Format, IngestError, Limits, Quote};

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
    csv_by(rows, b',', b'"')
}

fn csv_by(rows: &[Vec<String>], delimiter: u8, quote: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote(quote)
        .from_writer(Vec::new());
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

fn json(rows: &[Vec<String>]) -> Vec<u8> {
    let lines = String::from_utf8(ndjson(rows)).unwrap();
    let objects: Vec<&str> = lines.lines().collect();
    format!("[{}]", objects.join(",")).into_bytes()
}

fn judged(coding: impl Into<Coding>, body: &[u8], batch_rows: usize) -> Judgement {
    let limits = Limits {
        batch_rows,
        ..Limits::default()
    };
    judge(coding, &contract(), &rules(), &limits, body).unwrap()
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

}

// Every case is some dozens of bodies.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_row_means_the_same_in_every_coding(rows in rows(), batch_rows in 1..7_usize) {
        let expected = told(judged(Format::Ndjson, &ndjson(&rows), 1000));
        for (coding, body) in codings(&rows) {
            let found = told(judged(coding, &body, batch_rows));
            // Charsets have letters composed or not; what is shown of a row is what was sent.
            let composed = [&found, &expected].map(|told| told.nfc().collect::<String>());
            prop_assert_eq!(&composed[0], &composed[1], "{:?}", coding);
        }
    }

    #[test]
    fn what_landed_once_lands_again_as_arrow(rows in rows(), batch_rows in 1..7_usize) {
        let first = landed(&judged(Format::Csv, &csv(&rows), 1000));
        let columns = COLUMNS.into_iter().zip(first.columns().iter().cloned());
        let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
        let batches = [batch.unwrap()];
        let bodies = [
            (Coding::from(Format::ArrowStream), stream(&batches, IpcWriteOptions::default())),
            (Format::ArrowFile.into(), file(&batches, IpcWriteOptions::default())),
            (
                Coding { compression: Some(Compression::Zstd), ..Format::ArrowStream.into() },
                zstd(&stream(&batches, IpcWriteOptions::default())),
            ),
            (
                Coding { compression: Some(Compression::Gzip), ..Format::ArrowFile.into() },
                gzip(&file(&batches, IpcWriteOptions::default())),
            ),
        ];
        for (coding, body) in bodies {
            let again = judged(coding, &body, batch_rows);
            prop_assert_eq!(again.counts.quarantined, 0);
            let again = landed(&again);
            prop_assert_eq!(&again.columns()[..COLUMNS.len()], &first.columns()[..COLUMNS.len()]);
        }
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..80), header: bool) {
        let head: &[u8] = if header { b"id,count\n" } else { b"" };
        let body = [head, &bytes].concat();
        for coding in every_coding() {
            judge_anything(coding, &body)?;
        }
    }

    #[test]
    fn damaged_bodies_are_judged(
        rows in rows(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let typed = landed(&judged(Format::Csv, &csv(&rows), 1000));
        let typed = typed.project(&(0..COLUMNS.len()).collect::<Vec<_>>()).unwrap();
        let mut bodies = codings(&rows);
        for (format, body) in [
            (Format::ArrowStream, stream(from_ref(&typed), IpcWriteOptions::default())),
            (Format::ArrowFile, file(from_ref(&typed), IpcWriteOptions::default())),
        ] {
            bodies.push((format.into(), body));
        }
        for (coding, mut body) in bodies {
            for (at, byte) in &damage {
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = *byte;
                }
            }
            judge_anything(coding, &body)?;
            body.truncate(cut.index(body.len() + 1));
            judge_anything(coding, &body)?;
        }
    }
}

/// The rows in every coding of text that can write them.
fn codings(rows: &[Vec<String>]) -> Vec<(Coding, Vec<u8>)> {
    let of = |format: Format, charset, compression| Coding {
        charset,
        compression,
        ..format.into()
    };
    let (csv, ndjson, json) = (csv(rows), ndjson(rows), json(rows));
    let mut all = vec![
        (of(Format::Csv, None, Some(Compression::Gzip)), gzip(&csv)),
        (of(Format::Csv, None, Some(Compression::Zstd)), zstd(&csv)),
        (
            of(Format::Ndjson, None, Some(Compression::Gzip)),
            gzip(&ndjson),
        ),
        (
            of(Format::Ndjson, None, Some(Compression::Zstd)),
            zstd(&ndjson),
        ),
    ];
    let texts = [
        (Format::Csv, &csv),
        (Format::Ndjson, &ndjson),
        (Format::Json, &json),
    ];
    for (format, body) in texts {
        let text = std::str::from_utf8(body).unwrap();
        let composed: String = text.nfc().collect();
        for (charset, mark) in [
            (Charset::Utf8, "\u{feff}"),
            (Charset::Utf16, "\u{feff}"),
            (Charset::Utf16Le, ""),
            (Charset::Utf16Be, "\u{feff}"),
            (Charset::Windows1258, ""),
            (Charset::Tcvn3, ""),
        ] {
            let body = encoded(&format!("{mark}{composed}"), charset);
            all.push((of(format, Some(charset), None), body));
        }
        let marked = encoded(&format!("\u{feff}{text}"), Charset::Utf16Be);
        all.push((of(format, None, Some(Compression::Gzip)), gzip(&marked)));
    }
    let dialects = [
        (Delimiter::Semicolon, Quote::Double, b'"'),
        (Delimiter::Tab, Quote::Double, b'"'),
        (Delimiter::Pipe, Quote::Single, b'\''),
        (Delimiter::Comma, Quote::Single, b'\''),
    ];
    for (delimiter, quote, mark) in dialects {
        let body = csv_by(rows, delimiter.byte(), mark);
        for declared in [Some(delimiter), None] {
            let dialect = Dialect {
                delimiter: declared,
                quote,
                decimal_comma: Some(false),
            };
            let coding = Coding {
                dialect,
                ..Format::Csv.into()
            };
            all.push((coding, body.clone()));
        }
    }
    all
}

fn every_coding() -> Vec<Coding> {
    let formats = [
        Format::Csv,
        Format::Ndjson,
        Format::Parquet,
        Format::ArrowStream,
        Format::ArrowFile,
        Format::Xlsx,
        Format::Ods,
        Format::Json,
        Format::Xml,
    ];
    let mut all: Vec<Coding> = codings(&[]).into_iter().map(|(coding, _)| coding).collect();
    for format in formats {
        for compression in [None, Some(Compression::Gzip), Some(Compression::Zstd)] {
            all.push(Coding {
                compression,
                ..format.into()
            });
        }
    }
    all
}

/// Whatever a body is, it is judged or refused, and no reader fails otherwise.
fn judge_anything(coding: Coding, body: &[u8]) -> Result<(), TestCaseError> {
    let limits = Limits {
        batch_rows: 3,
        ..Limits::default()
    };
    match judge(coding, &contract(), &rules(), &limits, body) {
        Ok(_) | Err(IngestError::Refused { .. } | IngestError::Limit { .. }) => Ok(()),
        Err(error) => Err(TestCaseError::fail(format!("{coding:?}: {error}"))),
    }
}

#[test]
fn a_text_cut_anywhere_lands_whole_rows_and_what_is_left_of_the_last() {
    let text = "{\"id\":\"A\",\"count\":1}\n{\"id\":\"B\",\"count\":2}\n";
    for end in 0..text.len() {
        let counts = judged(Format::Ndjson, &text.as_bytes()[..end], 100).counts;
        // A line without its end is an object only if nothing but its line break is missing.
        let objects = text[..end].matches('}').count() as u64;
        assert_eq!(counts.landed, objects);
        assert!(counts.quarantined <= 1);
    }
    let text = "id,count\n\"A\",1\n\"B\",2\n";
    for end in "id,count\n".len()..text.len() {
        let counts = judged(Format::Csv, &text.as_bytes()[..end], 100).counts;
        assert!(counts.landed <= 2 && counts.quarantined <= 1, "{end}");
        let broken = !text[..end].ends_with('\n') && !text[..end].contains("\"B\",");
        assert!(end < 15 || counts.quarantined == u64::from(broken), "{end}");
    }
}

#[test]
fn line_ends_may_be_mixed_and_nul_is_no_text() {
    let body = b"id\r\nA\nB\r\n\nC\0\nD\rE\n";
    let shown = shown(&judged(Format::Csv, body, 2), 1).replace('\r', "␍");
    expect![[r#"
        1: A
        2: B
        4: D␍E
        3 refused type id «C�»: `id` cannot be read as string: the text contains a control character
            {"id":"C\u0000"}
        4 received, 3 landed, 1 quarantined, 0 warned
    "#]]
    .assert_eq(&shown);
}

#[test]
fn a_cell_of_ten_megabytes_is_refused_by_its_row() {
    let long = "x".repeat(10 * 1024 * 1024);
    for (charset, length) in [
        (Charset::Utf8, long.len()),
        (Charset::Utf16Le, 2_000_000),
        (Charset::Tcvn3, 2_000_000),
    ] {
        let long = &long[..length];
        let bodies = [
            (Format::Csv, format!("id\nA\n\"{long}\"\n")),
            (
                Format::Ndjson,
                format!("{{\"id\":\"A\"}}\n{{\"id\":\"{long}\"}}\n"),
            ),
        ];
        for (format, body) in bodies {
            let coding = Coding {
                charset: Some(charset),
                ..format.into()
            };
            let (body, limits) = (encoded(&body, charset), Limits::default());
            let error = judge(coding, &contract(), &rules(), &limits, &body).err();
            assert_eq!(
                error.unwrap().to_string(),
                "row 2 is over the limit `row_bytes` of 1048576"
            );
        }
    }
}

#[test]
fn an_unpacked_body_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(
        &path,
        gzip(&parquet(vec![(
            "id",
            Arc::new(StringArray::from(vec!["A"])),
        )])),
    )
    .unwrap();
    let coding = Coding {
        compression: Some(Compression::Gzip),
        ..Format::Parquet.into()
    };
    let envelope = crate::samples::envelope();
    let limits = Limits::default();
    let counts = crate::check(
        &path,
        coding,
        &contract(),
        &[],
        &envelope,
        &limits,
        &mut |_| Ok(()),
    );
    assert_eq!(counts.unwrap().landed, 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
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
    let path = std::path::Path::new("/nowhere/body");
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
