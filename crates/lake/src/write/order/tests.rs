use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices};
use arrow::datatypes::Int64Type;
use proptest::prelude::*;

use super::{ORDER, Order, places};

/// A column of each kind of key: of few values and of many, and one that has no numbers.
fn column(kind: usize, seeds: &[Option<u32>]) -> ArrayRef {
    let texts = |few: u32| -> ArrayRef {
        let text = |seed: &Option<u32>| seed.map(|seed| format!("t{}", seed % few));
        Arc::new(StringArray::from_iter(seeds.iter().map(text)))
    };
    match kind {
        0 => texts(5),
        1 => texts(u32::MAX),
        2 => Arc::new(Int64Array::from_iter(
            seeds.iter().map(|s| s.map(|s| i64::from(s % 7) - 3)),
        )),
        3 => Arc::new(Date32Array::from_iter(
            seeds.iter().map(|s| s.map(|s| s as i32)),
        )),
        _ => Arc::new(BooleanArray::from_iter(
            seeds.iter().map(|s| s.map(|s| s % 2 == 0)),
        )),
    }
}

/// Rows of two keys and their number, in batches.
fn batches(kinds: [usize; 2], rows: &[[Option<u32>; 2]], sizes: &[usize]) -> Vec<RecordBatch> {
    let seeds = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    let number = Int64Array::from_iter_values(0..rows.len() as i64);
    let [first, second] = [0, 1].map(|at| column(kinds[at], &seeds(at)));
    let all = [
        ("first", first, true),
        ("second", second, true),
        ("number", Arc::new(number) as ArrayRef, false),
    ];
    let all = RecordBatch::try_from_iter_with_nullable(all).unwrap();
    let (mut cut, mut start) = (Vec::new(), 0);
    for size in sizes.iter().cycle() {
        if start == rows.len() {
            return cut;
        }
        let size = (*size).min(rows.len() - start);
        cut.push(all.slice(start, size));
        start += size;
    }
    cut
}

/// The order as arrow sorts, those of one key by their number.
fn sorted(batches: &[RecordBatch]) -> Vec<u32> {
    let all = concat_batches(&batches[0].schema(), batches).unwrap();
    let columns = all.columns().iter().map(|values| SortColumn {
        values: Arc::clone(values),
        options: Some(ORDER),
    });
    let indices = lexsort_to_indices(&columns.collect::<Vec<_>>(), None).unwrap();
    indices.values().to_vec()
}

fn of(batches: &[RecordBatch]) -> Vec<u32> {
    Order::by(vec![0, 1]).of(batches).unwrap()
}

proptest! {
    #[test]
    fn rows_are_put_in_the_order_of_their_keys(
        kinds in (0..5_usize, 0..5_usize),
        rows in prop::collection::vec([any::<Option<u32>>(), any::<Option<u32>>()], 1..300),
        sizes in prop::collection::vec(1..120_usize, 1..4),
    ) {
        let batches = batches(kinds.into(), &rows, &sizes);
        let order = of(&batches);
        prop_assert_eq!(&order, &sorted(&batches));
        let numbers = places(&batches, &order).into_iter();
        let numbers = numbers.map(|(batch, row)| {
            let numbers = batches[batch].column(2).as_primitive::<Int64Type>();
            u32::try_from(numbers.value(row)).unwrap()
        });
        prop_assert_eq!(numbers.collect::<Vec<_>>(), order);
    }
}

#[test]
fn keys_of_too_many_values_to_be_counted_are_compared() {
    let seed = |at: u32| Some(at.wrapping_mul(2_654_435_761));
    let rows: Vec<_> = (0..20_000).map(|at| [seed(at), seed(at + 1)]).collect();
    let batches = batches([1, 0], &rows, &[7_000]);
    assert!(super::counted(&batches, &[0, 1], 20_000).is_none());
    assert_eq!(of(&batches), sorted(&batches));
}

#[test]
fn it_is_seen_whether_row_groups_follow_each_other() {
    let group = |first: u32, last: Option<u32>| {
        batches([2, 0], &[[Some(first), Some(0)], [last, Some(0)]], &[1])
    };
    let mut order = Order::by(vec![0, 1]);
    for (rows, kept) in [
        (group(0, Some(1)), true),
        (group(1, Some(4)), true),
        (group(5, None), true),
        (group(6, Some(6)), false),
        (group(6, Some(6)), false),
    ] {
        order.of(&rows).unwrap();
        assert_eq!(order.is_kept(), kept);
    }
    assert_eq!(
        Order::by(Vec::new()).of(&group(3, Some(1))).unwrap(),
        [0, 1]
    );
    assert!(!Order::by(Vec::new()).is_kept());
}
