use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::Int32Type;
use expect_test::{Expect, expect};
use parquet::arrow::ArrowWriter;

use crate::samples::{contract, judged, judged_with};
use crate::{Format, Limits};

pub(crate) fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut body = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut body, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    body
}

fn ids(ids: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(ids))
}

fn check(columns: Vec<(&str, ArrayRef)>, expected: Expect) {
    expected.assert_eq(&judged(Format::Parquet, &parquet(columns)));
}

#[test]
fn a_body_that_is_no_parquet_is_refused() {
    for body in [&b""[..], b"PAR1", b"id,count\nA,1\n"] {
        let shown = judged(Format::Parquet, body);
        assert!(
            shown.starts_with("the body is no readable Parquet file: "),
            "{shown}"
        );
    }
}

#[test]
fn a_cut_or_damaged_file_is_refused_and_never_panics() {
    let whole = parquet(vec![
        ("id", ids(&["A", "B", "C"])),
        ("count", Arc::new(Int64Array::from(vec![1, 2, 3]))),
    ]);
    for end in 0..whole.len() {
        let shown = judged(Format::Parquet, &whole[..end]);
        assert!(
            shown.starts_with("the body is no readable Parquet file: "),
            "{end}: {shown}"
        );
    }
    for at in 0..whole.len() {
        for damage in [0x01, 0xff] {
            let mut body = whole.clone();
            body[at] ^= damage;
            // Whatever it is taken for, it is judged.
            let _shown = judged(Format::Parquet, &body);
        }
    }
}

#[test]
fn columns_are_held_against_the_contract_with_every_one_named() {
    let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    check(
        vec![("count", number.clone())],
        expect![[r#"
            the body has no column `id`
            `raw.samples` requires these columns in every row.
        "#]],
    );
    check(
        vec![
            ("id", ids(&["A"])),
            ("colour", number.clone()),
            ("_period", number.clone()),
        ],
        expect![[r#"
            `raw.samples` has no column `colour`, `_period`
            Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`.
        "#]],
    );
    let binary: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"A"]));
    check(
        vec![
            ("id", binary),
            ("small", number.clone()),
            ("price", number),
            ("day", ids(&["2026-09-01"])),
        ],
        expect![[r#"
            column `id` is `Binary`, the contract says `string`; column `small` is `Int64`, the contract says `int32`; column `price` is `Int64`, the contract says `decimal(6,2)`; column `day` is `Utf8`, the contract says `date`
            Write the columns in the contract's types.
        "#]],
    );
}

#[test]
fn values_that_a_type_cannot_keep_are_told_by_row() {
    check(
        vec![
            ("id", ids(&["A", "B\u{1}", "C"])),
            (
                "ratio",
                Arc::new(Float64Array::from(vec![f64::NAN, 1.5, f64::INFINITY])),
            ),
            (
                "day",
                Arc::new(Date32Array::from(vec![Some(-40_000), None, Some(0)])),
            ),
            (
                "at",
                Arc::new(TimestampMillisecondArray::from(vec![
                    i64::MAX,
                    0,
                    -9_999_999_999_999,
                ])),
            ),
        ],
        expect![[r#"
            1 refused type ratio «NaN»: `ratio` cannot be read as float64: expected a finite number
                {"id":"A","ratio":"NaN","day":"1860-06-26","at":null}
            1 refused type day «1860-06-26»: `day` cannot be read as date: the year must lie between 1900 and 9999
            1 refused type at «∅»: `at` cannot be read as timestamp: the number is out of the type's range
            2 refused type id «B�»: `id` cannot be read as string: the text contains a control character
                {"id":"B\u0001","ratio":1.5,"day":null,"at":"1970-01-01T00:00:00"}
            3 refused type ratio «inf»: `ratio` cannot be read as float64: expected a finite number
                {"id":"C","ratio":"inf","day":"1970-01-01","at":"1653-02-10T06:13:20.001"}
            3 refused type at «1653-02-10T06:13:20.001»: `at` cannot be read as timestamp: the year must lie between 1900 and 9999
            3 received, 0 landed, 3 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn types_that_lose_nothing_are_read() {
    let kinds: DictionaryArray<Int32Type> = ["A", "e\u{302}\u{301}", "A"].into_iter().collect();
    let civil = TimestampMillisecondArray::from(vec![0, 1, 2]);
    check(
        vec![
            ("at", Arc::new(civil)),
            ("id", Arc::new(kinds)),
            (
                "count",
                Arc::new(Int32Array::from(vec![Some(1), None, Some(-3)])),
            ),
        ],
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | 1970-01-01T00:00:00+07:00
            2: ế | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | 1970-01-01T00:00:00.001+07:00
            3 refused range count «-3»: range is broken
                {"at":"1970-01-01T00:00:00.002","id":"A","count":-3}
            3 refused unique id «A»: the key (`id`) is already in row 1
            3 received, 2 landed, 1 quarantined, 0 warned
        "#]],
    );
    let zoned = TimestampMillisecondArray::from(vec![0]).with_timezone("Asia/Bangkok");
    check(
        vec![("id", ids(&["A"])), ("at", Arc::new(zoned))],
        expect![[r#"
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | 1970-01-01T07:00:00+07:00
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn limits_name_themselves() {
    let body = parquet(vec![("id", ids(&["A", "B", "C", "12345678901"]))]);
    let check = |limits: Limits, expected: Expect| {
        expected.assert_eq(&judged_with(Format::Parquet, &contract(), &limits, &body));
    };
    check(
        Limits {
            rows: 3,
            ..Limits::default()
        },
        expect![[r#"
            the body is over the limit `rows` of 3
            Send the rows as several submissions.
        "#]],
    );
    check(
        Limits {
            columns: 0,
            ..Limits::default()
        },
        expect![[r#"
            the body is over the limit `columns` of 0
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        Limits {
            cell_bytes: 10,
            batch_rows: 2,
            ..Limits::default()
        },
        expect![[r#"
            column `id` of row 4 is over the limit `cell_bytes` of 10
            Send less in it, or ask the operator to raise the limit.
        "#]],
    );
    check(
        Limits {
            row_bytes: 100,
            ..Limits::default()
        },
        expect![[r#"
            1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: C | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            4: 12345678901 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            4 received, 4 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_dictionary_of_long_values_is_not_laid_out_at_once() {
    let long = "x".repeat(60_000);
    let ids: StringArray = (0..600)
        .map(|n| Some(if n % 2 == 0 { long.as_str() } else { "y" }))
        .collect();
    let body = parquet(vec![("id", Arc::new(ids))]);
    assert!(body.len() < 1_000_000);
    let mut contract = contract();
    contract.key.clear();
    let judgement =
        crate::samples::judge(Format::Parquet, &contract, &[], &Limits::default(), &body).unwrap();
    assert_eq!(judgement.counts.landed, 600);
    assert!(judgement.landed.len() > 1);
}
