use proptest::prelude::*;

use super::{decimal, exact, shown, whole};

#[test]
fn binary_noise_is_not_read() {
    assert_eq!(exact(0.1 + 0.2), "0.30000000000000004");
    assert_eq!(shown(0.1 + 0.2), "0.3");
    assert_eq!(decimal(0.1 + 0.2, 2).as_deref(), Some("0.3"));
    assert_eq!(decimal(1.1 * 3.0, 2).as_deref(), Some("3.3"));
    assert_eq!(decimal(-4.35 * 100.0, 0).as_deref(), Some("-435"));
    assert_eq!(whole(2.999_999_999_999_999_6).as_deref(), Some("3"));
}

#[test]
fn a_digit_that_people_see_is_not_rounded_away() {
    assert_eq!(decimal(0.125, 2).as_deref(), Some("0.125"));
    assert_eq!(decimal(1e-7, 2).as_deref(), Some("0.0000001"));
    assert_eq!(whole(5.5), None);
    // 17 digits that another program kept.
    let digits = decimal(123_456_789_012_345.67, 2);
    assert_eq!(digits.as_deref(), Some("123456789012345.67"));
}

#[test]
fn digits_that_a_spreadsheet_lost_are_not_made_up() {
    assert_eq!(
        whole(999_999_999_999_999.0).as_deref(),
        Some("999999999999999")
    );
    for number in [1e15, -1e15, 1.234_567_890_123_45e18, f64::MAX] {
        assert_eq!(decimal(number, 2), None, "{number}");
    }
    assert_eq!(decimal(10_000_000_000_000.125, 2), None);
}

#[test]
fn zero_has_no_sign() {
    assert_eq!(exact(-0.0), "0");
    assert_eq!(whole(-0.0).as_deref(), Some("0"));
}

proptest! {
    #[test]
    fn money_is_what_was_typed(cents in -99_999_999_999_999..=99_999_999_999_999_i64) {
        let number = cents as f64 / 100.0;
        let digits = decimal(number, 2).unwrap();
        prop_assert_eq!(digits.parse::<f64>().unwrap(), number);
        prop_assert_eq!(crate::cell::decimal(&digits, 18, 2), Ok(i128::from(cents)));
    }

    #[test]
    fn the_digits_of_a_float_are_the_float(number: f64) {
        if number.is_finite() {
            prop_assert_eq!(exact(number).parse::<f64>().unwrap(), number);
        }
    }
}
