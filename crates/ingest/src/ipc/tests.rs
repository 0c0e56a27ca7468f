use std::slice;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int64Array, LargeStringArray, RecordBatch, RecordBatchOptions,
    StringArray, StringViewArray,
};
use arrow::datatypes::{Int8Type, Int32Type, Schema};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use expect_test::{Expect, expect};

use crate::samples::{contract, judge, judged, judged_with};
use crate::{Format, IngestError, Limits};

pub(crate) fn stream(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let schema = batches[0].schema();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

pub(crate) fn file(batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let schema = batches[0].schema();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

type Write = fn(&[RecordBatch], IpcWriteOptions) -> Vec<u8>;

const BOTH: [(Format, Write, &str); 2] = [
    (
        Format::ArrowStream,
        stream,
        "the body is no readable Arrow stream: ",
    ),
    (
        Format::ArrowFile,
        file,
        "the body is no readable Arrow file: ",
    ),
];

fn plain() -> IpcWriteOptions {
    IpcWriteOptions::default()
}

fn packed(compression: CompressionType) -> IpcWriteOptions {
    plain().try_with_compression(Some(compression)).unwrap()
}

fn ids(ids: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(ids))
}

fn numbers(numbers: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(numbers.to_vec()))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn two() -> [RecordBatch; 2] {
    [
        batch(vec![("count", numbers(&[1, 2])), ("id", ids(&["A", "B"]))]),
        batch(vec![("count", numbers(&[3])), ("id", ids(&["C"]))]),
    ]
}

fn check(batches: &[RecordBatch], expected: Expect) {
    let shown = BOTH.map(|(format, write, _)| judged(format, &write(batches, plain())));
    assert_eq!(shown[0].replace("stream", "file"), shown[1]);
    expected.assert_eq(&shown[0]);
}

#[test]
fn batches_are_one_body() {
    check(
        &two(),
        expect![[r#"
        1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | 2 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: C | 3 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3 received, 3 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn columns_are_held_against_the_contract() {
    check(
        &[batch(vec![("count", numbers(&[1]))])],
        expect![[r#"
        the body has no column `id`
        `raw.samples` requires these columns in every row.
    "#]],
    );
    check(
        &[batch(vec![("id", ids(&["A"])), ("colour", numbers(&[1]))])],
        expect![[r#"
            `raw.samples` has no column `colour`
            Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
        "#]],
    );
    check(
        &[batch(vec![("id", numbers(&[1])), ("small", numbers(&[1]))])],
        expect![[r#"
            column `id` is `Int64`, the contract says `string`; column `small` is `Int64`, the contract says `int32`
            Write the columns in the contract's types.
        "#]],
    );
}

#[test]
fn strings_of_every_kind_are_read() {
    let dictionary: DictionaryArray<Int32Type> =
        ["A", "B", "e\u{302}\u{301}"].into_iter().collect();
    let small: DictionaryArray<Int8Type> = [Some("A"), None, Some("C\u{1}")].into_iter().collect();
    let views = StringViewArray::from_iter_values(["A", "B", "a string of more than twelve bytes"]);
    let large = LargeStringArray::from_iter_values(["A", "B", "D"]);
    let columns: [ArrayRef; 4] = [
        Arc::new(dictionary),
        Arc::new(small),
        Arc::new(views),
        Arc::new(large),
    ];
    let shown: Vec<String> = columns
        .into_iter()
        .map(|column| {
            let batch = batch(vec![("id", column)]);
            let body = stream(slice::from_ref(&batch), plain());
            let shown = judged(Format::ArrowStream, &body);
            assert_eq!(shown, judged(Format::ArrowFile, &file(&[batch], plain())));
            shown
        })
        .collect();
    expect![[r#"
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: ế | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3 received, 3 landed, 0 quarantined, 0 warned
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused required id «∅»: required is broken
            {"id":null}
        3 refused type id «C�»: `id` cannot be read as string: the text contains a control character
            {"id":"C\u0001"}
        3 received, 1 landed, 2 quarantined, 0 warned
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: a string of more than twelve bytes | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3 received, 3 landed, 0 quarantined, 0 warned
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: D | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3 received, 3 landed, 0 quarantined, 0 warned
    "#]]
    .assert_eq(&shown.concat());
}

#[test]
fn a_dictionary_of_numbers_is_read_as_its_numbers() {
    let keys = arrow::array::Int8Array::from(vec![Some(1), None, Some(0), Some(1)]);
    let values = Arc::new(Int64Array::from(vec![Some(7), None]));
    let count: ArrayRef = Arc::new(DictionaryArray::<Int8Type>::new(keys, values));
    check(
        &[batch(vec![
            ("id", ids(&["A", "B", "C", "C"])),
            ("count", count),
        ])],
        expect![[r#"
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: C | 7 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            4 refused unique id «C»: the key (`id`) is already in row 3
                {"id":"C","count":null}
            4 received, 3 landed, 1 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_dictionary_may_be_replaced_and_may_not_grow() {
    let batch_of = |values: &[&str]| {
        let column: DictionaryArray<Int32Type> = values.iter().copied().collect();
        batch(vec![("id", Arc::new(column) as ArrayRef)])
    };
    let batches = [batch_of(&["A", "B"]), batch_of(&["A", "B", "C", "D"])];
    let replaced = stream(&[batches[0].clone(), batch_of(&["C", "D"])], plain());
    expect![[r#"
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: C | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        4: D | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        4 received, 4 landed, 0 quarantined, 0 warned
    "#]]
    .assert_eq(&judged(Format::ArrowStream, &replaced));
    let delta = plain().with_dictionary_handling(DictionaryHandling::Delta);
    let grown = stream(&batches, delta);
    expect![[r#"
        the Arrow stream has a dictionary that grows
        Write each dictionary whole, without deltas.
    "#]]
    .assert_eq(&judged(Format::ArrowStream, &grown));
}

#[test]
fn compressed_buffers_are_unpacked() {
    let many: Vec<String> = (0..2000).map(|n| format!("row {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let batches = [batch(vec![("id", ids(&many))])];
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        for (format, write, _) in BOTH {
            let shown = judged(format, &write(&batches, packed(compression)));
            assert!(
                shown.ends_with("2000 received, 2000 landed, 0 quarantined, 0 warned\n"),
                "{shown}"
            );
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    for (format, whole, refusal) in small_bodies() {
        for end in 0..whole.len() {
            let shown = judged(format, &whole[..end]);
            assert!(shown.starts_with(refusal), "{end}: {shown}");
        }
        let behind = judged(format, &[&whole[..], b"\0"].concat());
        assert!(behind.starts_with(refusal), "{behind}");
    }
}

#[test]
fn a_damaged_body_is_judged_or_refused() {
    for (format, whole, _) in small_bodies() {
        for at in 0..whole.len() {
            for damage in [0x01, 0xff] {
                let mut body = whole.clone();
                body[at] ^= damage;
                let judged = judge(format, &contract(), &[], &Limits::default(), &body);
                let of_the_body = matches!(
                    judged,
                    Ok(_) | Err(IngestError::Refused { .. } | IngestError::Limit { .. })
                );
                assert!(of_the_body, "{at}: {}", judged.err().unwrap());
            }
        }
    }
}

/// One of each kind, with what refusals of it begin with.
fn small_bodies() -> Vec<(Format, Vec<u8>, &'static str)> {
    let mut bodies: Vec<_> = BOTH
        .into_iter()
        .map(|(format, write, refusal)| (format, write(&two(), plain()), refusal))
        .collect();
    let (format, write, refusal) = BOTH[0];
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let long = "a value that is worth the compression ".repeat(4);
        let batches = [batch(vec![("id", ids(&[&long]))])];
        bodies.push((format, write(&batches, packed(compression)), refusal));
    }
    bodies
}

/// The body with every occurrence of a number replaced, as a liar would.
fn lie(body: &[u8], truth: i64, lie: i64) -> Vec<Vec<u8>> {
    let places = (0..body.len() - 8).filter(|at| body[*at..].starts_with(&truth.to_le_bytes()));
    let told = places.map(|at| {
        let mut body = body.to_vec();
        body[at..at + 8].copy_from_slice(&lie.to_le_bytes());
        body
    });
    told.collect()
}

#[test]
fn lengths_that_lie_allocate_nothing() {
    let long = "x".repeat(5_003);
    let batches = [batch(vec![("id", ids(&[&long, "B", "C"]))])];
    for (format, write, refusal) in BOTH {
        let body = write(&batches, plain());
        for truth in [3, 5_005] {
            let liars = lie(&body, truth, 1 << 60);
            assert!(!liars.is_empty(), "{format:?} {truth}");
            for body in liars {
                let shown = judged(format, &body);
                let limit = shown.starts_with("the body is over the limit ");
                assert!(limit || shown.starts_with(refusal), "{shown}");
            }
        }
    }
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        for (format, write, refusal) in BOTH {
            let body = write(&batches, packed(compression));
            for (lied, expected) in [
                (
                    1 << 60,
                    "the body is over the limit `message_bytes` of 268435456\n",
                ),
                (200_000_000, refusal),
                (16, refusal),
                (-2, refusal),
            ] {
                let liars = lie(&body, 5_005, lied);
                // The same number is the last offset of the strings.
                let shown: Vec<_> = liars.iter().map(|body| judged(format, body)).collect();
                let told = shown.iter().filter(|shown| shown.starts_with(expected));
                assert!(told.count() > 0, "{compression:?} {lied}: {shown:?}");
                let is_refused = |s: &String| s.starts_with(expected) || s.starts_with(refusal);
                assert!(shown.iter().all(is_refused), "{shown:?}");
            }
        }
    }
}

#[test]
fn metadata_that_lies_about_its_length_is_refused() {
    let body = stream(&two(), plain());
    for length in [u32::MAX, 1 << 30, 1 << 24, 1 << 20] {
        let mut body = body.clone();
        body[4..8].copy_from_slice(&length.to_le_bytes());
        let shown = judged(Format::ArrowStream, &body);
        assert!(
            shown.starts_with("the body is no readable Arrow stream: "),
            "{shown}"
        );
    }
    let mut body = file(&two(), plain());
    let end = body.len();
    for length in [i32::MAX, -1, 1 << 25, 9] {
        body[end - 10..end - 6].copy_from_slice(&length.to_le_bytes());
        let shown = judged(Format::ArrowFile, &body);
        assert!(
            shown.starts_with("the body is no readable Arrow file: "),
            "{shown}"
        );
    }
}

#[test]
fn limits_name_themselves() {
    let batches = [batch(vec![("id", ids(&["A", "B", "C", "12345678901"]))])];
    let check = |limits: Limits, expected: Expect| {
        let shown = BOTH.map(|(format, write, _)| {
            judged_with(format, &contract(), &limits, &write(&batches, plain()))
        });
        assert_eq!(shown[0], shown[1]);
        expected.assert_eq(&shown[0]);
    };
    let limits = Limits::default();
    check(
        Limits { rows: 3, ..limits },
        expect![[r#"
        the body is over the limit `rows` of 3
        Send the rows as several submissions.
    "#]],
    );
    check(
        Limits {
            cell_bytes: 10,
            batch_rows: 2,
            ..limits
        },
        expect![[r#"
            column `id` of row 4 is over the limit `cell_bytes` of 10
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        Limits {
            row_bytes: 10,
            ..limits
        },
        expect![[r#"
            row 4 is over the limit `row_bytes` of 10
            Look whether a line break is missing or a quote is not closed in that row.
        "#]],
    );
    check(
        Limits {
            columns: 0,
            ..limits
        },
        expect![[r#"
            the body is over the limit `columns` of 0
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        Limits {
            message_bytes: 100,
            ..limits
        },
        expect![[r#"
            the body is over the limit `message_bytes` of 100
            Write record batches and dictionaries of fewer rows.
        "#]],
    );
}

#[test]
fn a_batch_without_columns_claims_no_rows() {
    let mut contract = contract();
    contract.columns[0].required = false;
    contract.key.clear();
    let empty = |rows: usize| {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::new(Schema::empty());
        RecordBatch::try_new_with_options(schema, Vec::new(), &options).unwrap()
    };
    for (format, write, _) in BOTH {
        let body = write(&[empty(1 << 60)], plain());
        let shown = judged_with(format, &contract, &Limits::default(), &body);
        assert!(
            shown.starts_with("the body is over the limit `rows` of 5000000\n"),
            "{shown}"
        );
    }
}

#[test]
fn a_large_batch_is_judged_a_stretch_at_a_time() {
    let rows = 10_000;
    let long = "x".repeat(60_000);
    let values: DictionaryArray<Int32Type> = (0..rows)
        .map(|n| if n % 20 == 0 { long.as_str() } else { "y" })
        .collect();
    let mut contract = contract();
    contract.key.clear();
    for (format, write, _) in BOTH {
        let body = write(
            &[batch(vec![("id", Arc::new(values.clone()) as ArrayRef)])],
            plain(),
        );
        assert!(body.len() < 1_000_000);
        let judgement = judge(format, &contract, &[], &Limits::default(), &body).unwrap();
        assert_eq!(judgement.counts.landed, rows);
        assert!(judgement.landed.len() > 2, "{}", judgement.landed.len());
        assert!(
            judgement
                .landed
                .iter()
                .all(|batch| batch.num_rows() <= 8 * 1024)
        );
    }
}
