use proptest::prelude::*;

use super::{boolean, decimal, float64, int32, int64};

#[test]
fn whole_numbers_are_digits_only() {
    for text in [
        "", "-", "+1", "1.0", "1 000", "1,000", " 1", "1 ", "1e3", "0x1", "--1", "١",
    ] {
        assert!(int64(text).is_err(), "{text}");
    }
    assert!(int64("9223372036854775808").is_err());
    assert!(int32("2147483648").is_err());
    assert_eq!(int64("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(int32("-2147483648"), Ok(i32::MIN));
    assert_eq!(int64("-0"), Ok(0));
    assert_eq!(int64("007"), Ok(7));
}

#[test]
fn numbers_are_finite_and_plain() {
    let bad = [
        "",
        ".",
        "1.",
        ".5",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "1e",
        "1e400",
        "+1",
        "1,5",
    ];
    for text in bad {
        assert!(float64(text).is_err(), "{text}");
    }
    assert_eq!(float64("-1.5e-3"), Ok(-0.0015));
    assert_eq!(float64("2E+2"), Ok(200.0));
}

#[test]
fn decimals_are_exact_or_refused() {
    for text in [
        "", "1.", ".5", "1e2", "1.234", "1.000", "12345", "-12345.0", "+1", "1,5", "-",
    ] {
        assert!(decimal(text, 6, 2).is_err(), "{text}");
    }
    assert_eq!(decimal("9999.99", 6, 2), Ok(999_999));
    assert_eq!(decimal("-0.5", 6, 2), Ok(-50));
    assert_eq!(decimal("0007", 6, 2), Ok(700));
    assert_eq!(decimal("1", 38, 37), Ok(10_i128.pow(37)));
    assert_eq!(decimal(&"9".repeat(38), 38, 0), Ok(10_i128.pow(38) - 1));
    assert!(decimal(&"9".repeat(39), 38, 0).is_err());
}

#[test]
fn booleans_are_four_words() {
    for text in ["", "yes", "có", "2", "t", "01"] {
        assert!(boolean(text).is_err(), "{text}");
    }
    assert_eq!(boolean("TRUE"), Ok(true));
    assert_eq!(boolean("1"), Ok(true));
    assert_eq!(boolean("False"), Ok(false));
    assert_eq!(boolean("0"), Ok(false));
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(whole: i64, small: i32, number: f64, cents in -999_999..=999_999_i64) {
        prop_assert_eq!(int64(&whole.to_string()), Ok(whole));
        prop_assert_eq!(int32(&small.to_string()), Ok(small));
        if number.is_finite() {
            prop_assert_eq!(float64(&format!("{number:e}")), Ok(number));
        }
        let sign = if cents < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        prop_assert_eq!(decimal(&text, 6, 2), Ok(i128::from(cents)));
    }
}
