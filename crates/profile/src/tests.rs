use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
    Int64Array, ListArray, NullArray, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type};
use proptest::prelude::*;

use crate::{Bin, ColumnProfile, Drift, Kind, Sample, TopValue, Values};

fn values(array: impl arrow::array::Array + 'static) -> Values {
    Values::of("c", &[Arc::new(array) as ArrayRef]).unwrap()
}

fn profile(array: impl arrow::array::Array + 'static) -> ColumnProfile {
    values(array).profile().unwrap()
}

fn numbers(numbers: impl IntoIterator<Item = i64>) -> Int64Array {
    numbers.into_iter().map(Some).collect()
}

fn top(profile: &ColumnProfile) -> Vec<(&str, u64)> {
    let top = profile.top.iter();
    top.map(|top| (top.value.as_str(), top.rows)).collect()
}

#[test]
fn the_figures_of_whole_numbers() {
    let array = Int64Array::from(vec![Some(5), None, Some(1), Some(2), Some(2), Some(10)]);
    let found = profile(array);
    assert_eq!((found.kind, found.rows, found.nulls), (Kind::Number, 6, 1));
    assert_eq!((found.distinct, found.given()), (Some(4), 5));
    assert_eq!(
        (found.min.as_deref(), found.max.as_deref()),
        (Some("1"), Some("10"))
    );
    assert_eq!(found.mean, Some(4.0));
    // 1 2 2 5 10: between the first two in proportion, 0.2 of the way; between the last two, 0.8.
    let quantiles = found
        .quantiles
        .unwrap()
        .map(|at| (at * 1000.0).round() / 1000.0);
    assert_eq!(quantiles, [1.2, 2.0, 2.0, 5.0, 9.0]);
    assert_eq!(top(&found), [("2", 2), ("1", 1), ("5", 1), ("10", 1)]);
    let bin = |from, to, rows| Bin { from, to, rows };
    let expected = [
        bin(1.0, 3.25, 3),
        bin(3.25, 5.5, 1),
        bin(5.5, 7.75, 0),
        bin(7.75, 10.0, 1),
    ];
    assert_eq!(found.histogram, expected);
    assert_eq!(found.null_share(), Some(1.0 / 6.0));
}

#[test]
fn what_is_no_finite_number_is_counted_and_in_no_figure() {
    let found = profile(Float64Array::from(vec![
        Some(f64::NAN),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
        Some(1.5),
        Some(-0.0),
        Some(0.0),
        Some(f64::NAN),
        None,
    ]));
    assert_eq!((found.rows, found.nulls, found.not_finite), (8, 1, 4));
    assert_eq!(found.distinct, Some(5));
    assert_eq!(
        (found.min.as_deref(), found.max.as_deref()),
        (Some("0"), Some("1.5"))
    );
    assert_eq!((found.mean, found.quantiles.unwrap()[2]), (Some(0.5), 0.0));
    assert_eq!(found.histogram.iter().map(|bin| bin.rows).sum::<u64>(), 3);
    assert_eq!(top(&found)[..2], [("0", 2), ("NaN", 2)]);

    let none = profile(Float64Array::from(vec![f64::NAN, f64::INFINITY]));
    assert_eq!((none.min, none.mean, none.quantiles), (None, None, None));
    assert!(none.histogram.is_empty() && none.distinct == Some(2));
    // Numbers whose distance is no number still have bins.
    let far = profile(Float64Array::from(vec![f64::MIN, 0.0, f64::MAX]));
    assert_eq!(far.histogram.iter().map(|bin| bin.rows).sum::<u64>(), 3);
    assert!(far.histogram.iter().all(|bin| bin.from < bin.to));
}

#[test]
fn decimals_and_large_numbers_keep_every_digit() {
    let array = Decimal128Array::from(vec![Some(-5), Some(12_345), Some(100), None]);
    let found = profile(array.with_precision_and_scale(38, 3).unwrap());
    assert_eq!(
        (found.min.as_deref(), found.max.as_deref()),
        (Some("-0.005"), Some("12.345"))
    );
    assert_eq!(found.quantiles.unwrap()[2], 0.1);
    assert_eq!(top(&found)[1], ("0.100", 1));
    let found = profile(UInt64Array::from(vec![u64::MAX, u64::MAX - 1]));
    assert_eq!(found.max.as_deref(), Some("18446744073709551615"));
    assert_eq!(found.distinct, Some(2));
    // The two are one place in floating point.
    assert_eq!(found.histogram.len(), 1);
    assert_eq!(found.histogram[0].rows, 2);
}

#[test]
fn days_and_instants_are_shown_as_such() {
    let found = profile(Date32Array::from(vec![Some(0), Some(1), Some(3), None]));
    assert_eq!((found.kind, found.mean), (Kind::Day, None));
    assert_eq!(found.min.as_deref(), Some("1970-01-01"));
    let median = found.kind.shown(found.quantiles.unwrap()[2]);
    assert_eq!(median, "1970-01-02");
    // Edges are days: 0 to 1, 1 to 2, 2 to 3 with the last.
    let bins: Vec<u64> = found.histogram.iter().map(|bin| bin.rows).collect();
    assert_eq!(bins, [1, 1, 1]);
    let instants = TimestampMicrosecondArray::from(vec![1_500_000, 0]).with_timezone("UTC");
    let found = profile(instants);
    assert_eq!(
        (found.kind, found.min.as_deref()),
        (Kind::Instant, Some("1970-01-01T00:00:00Z"))
    );
    assert_eq!(found.max.as_deref(), Some("1970-01-01T00:00:01.500Z"));
    assert_eq!(
        found.kind.shown(found.quantiles.unwrap()[0]),
        "1970-01-01T00:00:00Z"
    );
}

#[test]
fn texts_and_booleans_have_top_values_and_no_line() {
    let found = profile(StringArray::from(vec![
        Some("b"),
        Some("á"),
        Some("b"),
        None,
        Some(""),
    ]));
    assert_eq!((found.kind, found.distinct), (Kind::Text, Some(3)));
    assert_eq!(
        (found.min.as_deref(), found.max.as_deref()),
        (Some(""), Some("á"))
    );
    assert_eq!(top(&found), [("b", 2), ("", 1), ("á", 1)]);
    assert_eq!(
        (found.quantiles, found.mean, found.histogram.len()),
        (None, None, 0)
    );
    let long = "ấ".repeat(300);
    let found = profile(StringArray::from(vec![long.as_str()]));
    assert_eq!(found.max.unwrap().chars().count(), 101);

    let found = profile(BooleanArray::from(vec![
        Some(true),
        None,
        Some(true),
        Some(false),
    ]));
    assert_eq!(top(&found), [("true", 2), ("false", 1)]);
    assert_eq!(
        (found.min.as_deref(), found.max.as_deref()),
        (Some("false"), Some("true"))
    );

    let many = numbers((0..30).map(|n| n % 15));
    assert_eq!(profile(many).top.len(), crate::TOP_VALUES);
    let codes: DictionaryArray<Int32Type> = [Some("x"), None, Some("x")].into_iter().collect();
    let found = profile(codes);
    assert_eq!((found.nulls, top(&found)), (1, vec![("x", 2)]));
}

#[test]
fn columns_without_order_without_rows_and_without_values() {
    let lists = vec![Some(vec![Some(1), None]), None];
    let found = profile(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
    assert_eq!((found.kind, found.rows, found.nulls), (Kind::Other, 2, 1));
    assert_eq!(
        (found.distinct, found.min, found.top.len()),
        (None, None, 0)
    );
    let field = Arc::new(Field::new("a", DataType::Int64, false));
    let structs = StructArray::from(vec![(field, Arc::new(numbers([1, 2])) as ArrayRef)]);
    assert_eq!(profile(structs).distinct, None);

    let found = profile(NullArray::new(3));
    assert_eq!(
        (found.rows, found.nulls, found.null_share()),
        (3, 3, Some(1.0))
    );
    let found = profile(Int64Array::from(vec![None::<i64>, None]));
    assert_eq!((found.rows, found.nulls, found.distinct), (2, 2, Some(0)));
    assert_eq!((found.mean, found.quantiles, found.min), (None, None, None));
    let empty = Values::of("c", &[]).unwrap().profile().unwrap();
    assert_eq!((empty.rows, empty.null_share()), (0, None));
    let empty = profile(StringArray::from(Vec::<&str>::new()));
    assert_eq!(
        (empty.rows, empty.distinct, empty.top.len()),
        (0, Some(0), 0)
    );

    let found = profile(numbers([7, 7, 7]));
    let only = Bin {
        from: 7.0,
        to: 7.0,
        rows: 3,
    };
    assert_eq!(
        (found.histogram, found.quantiles),
        (vec![only], Some([7.0; 5]))
    );
}

#[test]
fn several_arrays_are_one_column() {
    let halves = [numbers([3, 1]), numbers([2])].map(|array| Arc::new(array) as ArrayRef);
    let found = Values::of("c", &halves).unwrap().profile().unwrap();
    assert_eq!(found, profile(numbers([1, 2, 3])));
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!(
        (found - expected).abs() < 1e-9,
        "{found} instead of {expected}"
    );
}

#[test]
fn drift_is_the_population_stability_index_over_the_earlier_bins() {
    let half = profile(numbers([0, 0, 10, 10]));
    assert_eq!(half.histogram.len(), 2);
    let quarter = values(numbers([1, 6, 8, 10]));
    // (0.25 − 0.5) ln 0.5 + (0.75 − 0.5) ln 1.5
    near(
        quarter.drift(&half).psi,
        0.25 * 2.0_f64.ln() + 0.25 * 1.5_f64.ln(),
    );
    let same = values(numbers([1, 2, 7, 9])).drift(&half);
    assert_eq!(
        same,
        Drift {
            psi: Some(0.0),
            null_share_change: Some(0.0)
        }
    );
    // All before the first bin: it had no row, which counts as 0.0001.
    let gone = values(numbers([-5])).drift(&half).psi;
    let lost = (0.0001 - 0.5) * (0.0001_f64 / 0.5).ln();
    near(gone, 2.0 * lost + (1.0 - 0.0001) * (1.0_f64 / 0.0001).ln());
}

#[test]
fn drift_of_texts_is_that_of_the_top_values_and_all_others() {
    let earlier = profile(StringArray::from(vec!["a", "a", "b", "b"]));
    let now = values(StringArray::from(vec![
        Some("a"),
        Some("c"),
        Some("b"),
        Some("c"),
        None,
    ]));
    let drift = now.drift(&earlier);
    // a: 1/4 of 1/2, b the same, all others: 1/2 of 0.0001.
    let named = 2.0 * 0.25 * 2.0_f64.ln();
    near(drift.psi, named + (0.5 - 0.0001) * (0.5_f64 / 0.0001).ln());
    near(drift.null_share_change, 0.2);
}

#[test]
fn drift_from_nothing_and_from_what_is_hidden_is_none() {
    let one = values(numbers([1]));
    let empty = profile(Int64Array::from(Vec::<i64>::new()));
    assert_eq!(one.drift(&empty), Drift::default());
    let nothing = profile(Int64Array::from(vec![None::<i64>]));
    let drift = one.drift(&nothing);
    assert_eq!((drift.psi, drift.null_share_change), (None, Some(-1.0)));
    let mut hidden = profile(StringArray::from(vec!["a"]));
    hidden.top.clear();
    assert_eq!(
        values(StringArray::from(vec!["a"])).drift(&hidden).psi,
        None
    );
    assert_eq!(one.drift(&profile(StringArray::from(vec!["a"]))).psi, None);
}

fn batch(numbers: &[i64]) -> RecordBatch {
    let column = Arc::new(Int64Array::from(numbers.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter([("n", column)]).unwrap()
}

fn sampled(wanted: usize, rows: u64, batches: &[RecordBatch]) -> RecordBatch {
    let mut sample = Sample::new(wanted, rows, &[]);
    for batch in batches {
        sample.show(batch).unwrap();
    }
    sample.into_rows().unwrap().unwrap()
}

#[test]
fn a_sample_does_not_depend_on_the_order_of_the_rows() {
    let ascending: Vec<i64> = (0..10_000).map(|n| n / 2).collect();
    let descending: Vec<i64> = ascending.iter().rev().copied().collect();
    let one = sampled(1000, 10_000, &[batch(&ascending)]);
    let parts = [batch(&descending[..3000]), batch(&descending[3000..])];
    let other = sampled(1000, 10_000, &parts);
    assert_eq!((one.num_rows(), &one), (1000, &other));
    // Rows that are alike are neither all in it nor all left out.
    let alike = sampled(1000, 10_000, &[batch(&vec![7; 10_000])]);
    assert_eq!(alike.num_rows(), 1000);
    assert!(Sample::new(10, 0, &[]).into_rows().unwrap().is_none());
    let few = sampled(1000, 3, &[batch(&[1, 2, 3])]);
    assert_eq!(few.num_rows(), 3);
    let both = concat_batches(&few.schema(), [&few, &few]).unwrap();
    assert_eq!(both.num_rows(), 6);
}

#[test]
fn a_sample_by_a_key_looks_at_nothing_else() {
    let keyed = |keys: &[i64], others: i64| {
        let others = Int64Array::from(vec![others; keys.len()]);
        let others = Arc::new(others) as ArrayRef;
        let keys = Arc::new(Int64Array::from(keys.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("o", others), ("k", keys)]).unwrap();
        let mut sample = Sample::new(100, batch.num_rows() as u64, &["k".to_owned()]);
        sample.show(&batch).unwrap();
        let rows = sample.into_rows().unwrap().unwrap();
        assert_eq!(rows.num_rows(), 100);
        Arc::clone(rows.column(1))
    };
    let ascending: Vec<i64> = (0..5000).collect();
    let descending: Vec<i64> = ascending.iter().rev().copied().collect();
    assert_eq!(&keyed(&ascending, 1), &keyed(&descending, 2));
    let mut none = Sample::new(1, 1, &["k".to_owned()]);
    assert!(none.show(&batch(&[1])).is_err());
}

#[test]
fn a_sample_holds_no_more_than_it_takes() {
    let texts = (0..1000).map(|n| format!("{n:0>1000}"));
    let column = Arc::new(StringViewArray::from_iter_values(texts)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("t", column)]).unwrap();
    let mut sample = Sample::new(1, 1000, &[]);
    sample.show(&batch).unwrap();
    assert!(
        sample.bytes() < batch.get_array_memory_size() as u64 / 10,
        "{}",
        sample.bytes()
    );
    let rows = sample.into_rows().unwrap().unwrap();
    assert_eq!(
        Values::of("t", rows.columns())
            .unwrap()
            .profile()
            .unwrap()
            .rows,
        1
    );
}

#[test]
fn a_sample_has_values_in_the_proportion_of_the_rows() {
    let rows: Vec<i64> = (0..20_000).map(|n| i64::from(n % 4 == 0)).collect();
    let sample = sampled(2000, 20_000, &[batch(&rows)]);
    let found = Values::of("n", sample.columns())
        .unwrap()
        .profile()
        .unwrap();
    let share = found.mean.unwrap();
    // Four standard deviations of 2,000 draws of a quarter.
    assert!((share - 0.25).abs() < 0.039, "{share}");
}

proptest! {
    #[test]
    fn figures_fit_together(column in prop::collection::vec(prop::option::of(any::<f64>()), 0..200)) {
        let found = profile(Float64Array::from(column.clone()));
        let finite = column.iter().flatten().filter(|value| value.is_finite()).count() as u64;
        let binned: u64 = found.histogram.iter().map(|bin| bin.rows).sum();
        prop_assert_eq!(binned, finite);
        prop_assert_eq!(binned + found.nulls + found.not_finite, found.rows);
        prop_assert!(found.histogram.len() <= crate::BINS);
        prop_assert!(found.histogram.windows(2).all(|pair| pair[0].to == pair[1].from));
        prop_assert!(found.distinct.unwrap() <= found.rows - found.nulls);
        if let Some(quantiles) = found.quantiles {
            prop_assert!(quantiles.is_sorted());
        }
        let named: u64 = found.top.iter().map(|top: &TopValue| top.rows).sum();
        prop_assert!(named <= found.given());
        let drift = values(Float64Array::from(column)).drift(&found);
        prop_assert!(drift.psi.is_none_or(|psi| psi.abs() < 1e-12));
    }

    #[test]
    fn whole_numbers_are_all_in_bins(column in prop::collection::vec(any::<i64>(), 1..200)) {
        let found = profile(Int64Array::from(column.clone()));
        let binned: u64 = found.histogram.iter().map(|bin| bin.rows).sum();
        prop_assert_eq!(binned, column.len() as u64);
        prop_assert_eq!(found.min.unwrap(), column.iter().min().unwrap().to_string());
        prop_assert_eq!(found.max.unwrap(), column.iter().max().unwrap().to_string());
    }

    #[test]
    fn drift_is_never_below_zero(
        before in prop::collection::vec(-20_i64..20, 1..50),
        now in prop::collection::vec(-20_i64..20, 1..50),
    ) {
        let drift = values(Int64Array::from(now)).drift(&profile(Int64Array::from(before)));
        prop_assert!(drift.psi.unwrap() >= 0.0);
    }
}
