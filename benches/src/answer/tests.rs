use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};

use super::{check, rows};

fn batch(names: &[Option<&str>], numbers: &[i64]) -> RecordBatch {
    let cents: Vec<i128> = numbers.iter().map(|n| i128::from(*n)).collect();
    let cents = Decimal128Array::from(cents).with_precision_and_scale(15, 2);
    let days: Vec<i32> = numbers.iter().map(|n| *n as i32).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("name", Arc::new(StringArray::from(names.to_vec()))),
        ("number", Arc::new(Int64Array::from(numbers.to_vec()))),
        ("price", Arc::new(cents.unwrap())),
        ("day", Arc::new(Date32Array::from(days))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn the_order_of_rows_and_batches_does_not_matter_and_their_values_do() {
    let whole = batch(&[Some("a"), None, Some("c")], &[1, 2, 3]);
    let schema = whole.schema();
    let split = [
        batch(&[Some("c")], &[3]),
        batch(&[None, Some("a")], &[2, 1]),
    ];
    let one = check(&schema, &[whole]).unwrap();
    assert_eq!(one, check(&schema, &split).unwrap());
    assert_eq!(one.sums.len(), 2);
    assert!((one.sums[0] - 6.0).abs() < 1e-9 && (one.sums[1] - 0.06).abs() < 1e-9);
    let other = batch(&[Some("a"), Some(""), Some("c")], &[1, 2, 3]);
    assert_ne!(one.texts, check(&schema, &[other]).unwrap().texts);
}

/// What `check_of` in `peers.py` says of the same rows.
#[test]
fn the_check_is_that_of_the_peers() {
    let batch = batch(&[Some("a"), None], &[1, 2]);
    let found = check(&batch.schema(), std::slice::from_ref(&batch)).unwrap();
    assert_eq!(rows(std::slice::from_ref(&batch)), 2);
    assert_eq!(
        found.texts,
        "e36c9085cc42eb3131e2a2e8d2c8d5a84ef1d23480877133b13be3234feaec91"
    );
}

#[test]
fn an_answer_without_rows_has_a_sum_for_each_number() {
    let batch = batch(&[], &[]);
    let found = check(&batch.schema(), &[]).unwrap();
    assert_eq!(found.sums, [0.0, 0.0]);
}
