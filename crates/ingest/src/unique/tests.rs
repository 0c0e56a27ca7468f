use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray};
use project::ColumnType;
use proptest::prelude::*;

use super::{KeyRule, Keys};
use crate::samples::contract_of;

fn rule(columns: &[(&str, ColumnType, bool)]) -> KeyRule {
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    KeyRule::new(&contract_of(columns, &names))
}

fn repeated(rule: &KeyRule, columns: &[ArrayRef], rows: &[u64]) -> Vec<(usize, u64)> {
    let mut keys = Keys::new();
    let taken = keys.take(&rule.keys(columns).unwrap(), rows).unwrap();
    taken.iter().map(|r| (r.slot, r.first_row)).collect()
}

#[test]
fn what_stands_in_one_column_does_not_pass_for_the_next() {
    let rule = rule(&[
        ("a", ColumnType::String, true),
        ("b", ColumnType::String, true),
    ]);
    let columns: [ArrayRef; 2] = [
        Arc::new(StringArray::from(vec!["xy", "x", "", "x"])),
        Arc::new(StringArray::from(vec!["", "y", "xy", "y"])),
    ];
    assert_eq!(repeated(&rule, &columns, &[1, 2, 3, 4]), [(3, 2)]);
}

#[test]
fn a_key_with_a_part_that_is_null_is_no_key() {
    let rule = rule(&[
        ("a", ColumnType::Int64, true),
        ("b", ColumnType::Boolean, true),
    ]);
    let columns: [ArrayRef; 2] = [
        Arc::new(Int64Array::from(vec![Some(0), Some(0), None, None])),
        Arc::new(BooleanArray::from(vec![None, None, Some(true), Some(true)])),
    ];
    assert_eq!(repeated(&rule, &columns, &[1, 2, 3, 4]), []);
}

#[test]
fn two_bodies_hash_one_key_differently() {
    let columns: [ArrayRef; 1] = [Arc::new(Int64Array::from(vec![7]))];
    let key = || {
        rule(&[("a", ColumnType::Int64, true)])
            .keys(&columns)
            .unwrap()[0]
    };
    assert_ne!(key(), key());
}

#[test]
fn a_row_that_has_no_room_for_its_number_is_over_a_limit() {
    let rule = rule(&[("a", ColumnType::Int64, true)]);
    let columns: [ArrayRef; 1] = [Arc::new(Int64Array::from(vec![7]))];
    let keys = rule.keys(&columns).unwrap();
    let refused = Keys::new().take(&keys, &[u64::from(u32::MAX) + 1]).err();
    let told = refused.unwrap().to_string();
    assert_eq!(told, "the body is over the limit `rows` of 4294967295");
}

proptest! {
    #[test]
    fn rows_repeat_the_first_row_of_their_key(
        rows in prop::collection::vec((prop::option::of("[ab]{0,2}"), prop::option::of(0..3_i64)), 0..40),
    ) {
        let rule = rule(&[("a", ColumnType::String, true), ("b", ColumnType::Int64, true)]);
        let columns: [ArrayRef; 2] = [
            Arc::new(rows.iter().map(|(a, _)| a.clone()).collect::<StringArray>()),
            Arc::new(rows.iter().map(|(_, b)| *b).collect::<Int64Array>()),
        ];
        let numbers: Vec<u64> = (10..).take(rows.len()).collect();
        let known = |slot: &usize| rows[*slot].0.is_some() && rows[*slot].1.is_some();
        let first = |slot: usize| rows.iter().position(|row| *row == rows[slot]);
        let expected: Vec<(usize, u64)> = (0..rows.len())
            .filter(known)
            .filter_map(|slot| first(slot).filter(|f| *f < slot).map(|f| (slot, numbers[f])))
            .collect();
        prop_assert_eq!(repeated(&rule, &columns, &numbers), expected);
    }
}
