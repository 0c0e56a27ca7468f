use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array,
    Int64Array, LargeStringArray, NullArray, StringArray, StringViewArray,
    TimestampMicrosecondArray, UInt64Array,
};
use project::ColumnFormat;

use super::{Formats, Language, number};

fn vi() -> Formats {
    Formats::new(Language::Vi).unwrap()
}

fn en() -> Formats {
    Formats::new(Language::En).unwrap()
}

fn decimals(values: Vec<Option<i128>>, scale: i8) -> ArrayRef {
    Arc::new(
        Decimal128Array::from(values)
            .with_precision_and_scale(38, scale)
            .unwrap(),
    )
}

#[test]
fn a_format_that_the_type_does_not_have_is_refused_and_null_is_not() {
    let texts = StringArray::from(vec![Some("x"), None]);
    for format in [
        ColumnFormat::Integer,
        ColumnFormat::Decimal1,
        ColumnFormat::Percent1,
        ColumnFormat::Date,
        ColumnFormat::DateTime,
    ] {
        assert_eq!(vi().cell(&texts, 0, format), None, "{format:?}");
        assert_eq!(vi().cell(&texts, 1, format), None, "{format:?}");
        assert_eq!(
            vi().cell(&NullArray::new(1), 0, format).as_deref(),
            Some("–"),
            "{format:?}"
        );
    }
    let days = Date32Array::from(vec![0]);
    assert_eq!(vi().cell(&days, 0, ColumnFormat::DateTime), None);
    assert_eq!(vi().cell(&days, 0, ColumnFormat::Integer), None);
    assert_eq!(
        vi().cell(&texts, 1, ColumnFormat::Text).as_deref(),
        Some("–")
    );
}

#[test]
fn what_is_not_finite_is_shown_as_nothing_and_drawn_as_nothing() {
    let odd = Float64Array::from(vec![f64::NAN, f64::INFINITY, -0.04, 1e300]);
    for row in 0..2 {
        assert_eq!(vi().value(&odd, row), "–");
        assert_eq!(
            vi().cell(&odd, row, ColumnFormat::Decimal1).as_deref(),
            Some("–")
        );
        assert_eq!(number(&odd, row), None);
    }
    assert_eq!(
        vi().cell(&odd, 2, ColumnFormat::Decimal1).as_deref(),
        Some("0,0")
    );
    assert!(vi().value(&odd, 3).starts_with("1.000.000"));
}

#[test]
fn whole_numbers_are_grouped_by_language_and_kept_to_the_last_digit() {
    let whole = Int64Array::from(vec![i64::MAX, -1234, 999, 0]);
    let shown = |formats: &Formats| -> Vec<String> {
        (0..4).map(|row| formats.value(&whole, row)).collect()
    };
    assert_eq!(
        shown(&vi()),
        ["9.223.372.036.854.775.807", "-1.234", "999", "0"]
    );
    assert_eq!(
        shown(&en()),
        ["9,223,372,036,854,775,807", "-1,234", "999", "0"]
    );
    let unsigned = UInt64Array::from(vec![u64::MAX]);
    assert_eq!(vi().value(&unsigned, 0), "18.446.744.073.709.551.615");
    let years = Int32Array::from(vec![2026]);
    assert_eq!(
        vi().cell(&years, 0, ColumnFormat::Text).as_deref(),
        Some("2026")
    );
}

#[test]
fn decimals_are_exact_and_halves_round_away_from_zero() {
    let column = decimals(vec![Some(1_234_565), Some(-25), Some(4), None], 2);
    let shown = |format| -> Vec<String> {
        (0..4)
            .map(|row| vi().cell(&column, row, format).unwrap())
            .collect()
    };
    assert_eq!(
        shown(ColumnFormat::Decimal2),
        ["12.345,65", "-0,25", "0,04", "–"]
    );
    assert_eq!(
        shown(ColumnFormat::Decimal1),
        ["12.345,7", "-0,3", "0,0", "–"]
    );
    assert_eq!(shown(ColumnFormat::Integer), ["12.346", "0", "0", "–"]);
    let wide = decimals(
        vec![Some(99_999_999_999_999_999_999_999_999_999_999_999_999)],
        6,
    );
    assert_eq!(
        en().value(&wide, 0),
        "99,999,999,999,999,999,999,999,999,999,999.999999"
    );
    let tens = decimals(vec![Some(12)], -2);
    assert_eq!(en().value(&tens, 0), "1,200");
}

#[test]
fn a_share_is_shown_as_a_percentage() {
    let shares = decimals(vec![Some(985_450), Some(1_000_000), Some(-1)], 6);
    let shown: Vec<String> = (0..3)
        .map(|row| vi().cell(&shares, row, ColumnFormat::Percent1).unwrap())
        .collect();
    assert_eq!(shown, ["98,5%", "100,0%", "0,0%"]);
    let float = Float64Array::from(vec![0.9857]);
    assert_eq!(
        en().cell(&float, 0, ColumnFormat::Percent1).as_deref(),
        Some("98.6%")
    );
    let whole = Int64Array::from(vec![1]);
    assert_eq!(
        en().cell(&whole, 0, ColumnFormat::Percent1).as_deref(),
        Some("100.0%")
    );
}

#[test]
fn days_and_instants_are_civil() {
    let day = Date32Array::from(vec![Some(20_711), None]);
    assert_eq!(vi().value(&day, 0), "15/09/2026");
    assert_eq!(vi().cell(&day, 1, ColumnFormat::Date).as_deref(), Some("–"));
    // 14/09/2026 17:00 in UTC is the next civil day.
    let micros = 1_789_405_200_000_000;
    for zone in [Some("UTC"), None] {
        let at = TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(zone);
        assert_eq!(vi().value(&at, 0), "00:00:00 15/09/2026");
        assert_eq!(
            vi().cell(&at, 0, ColumnFormat::Date).as_deref(),
            Some("15/09/2026")
        );
    }
}

#[test]
fn an_english_day_cannot_be_read_as_its_month() {
    let day = Date32Array::from(vec![20_706]);
    assert_eq!(en().value(&day, 0), "10 Sept 2026");
    let at = TimestampMicrosecondArray::from(vec![1_789_405_200_000_000]);
    assert_eq!(en().value(&at, 0), "15 Sept 2026, 00:00:00");
}

#[test]
fn provinces_are_in_the_order_of_the_alphabet() {
    let mut names = [
        "Huế",
        "Đồng Nai",
        "Đà Nẵng",
        "Cà Mau",
        "An Giang",
        "Đắk Lắk",
        "Điện Biên",
        "Cao Bằng",
        "TP. Hồ Chí Minh",
        "Hà Nội",
        "Lào Cai",
        "Lạng Sơn",
        "Lai Châu",
        "Hà Tĩnh",
    ];
    names.sort_by(|one, other| vi().compare(one, other));
    expect_test::expect![[r#"
        [
            "An Giang",
            "Cà Mau",
            "Cao Bằng",
            "Đà Nẵng",
            "Đắk Lắk",
            "Điện Biên",
            "Đồng Nai",
            "Hà Nội",
            "Hà Tĩnh",
            "Huế",
            "Lai Châu",
            "Lạng Sơn",
            "Lào Cai",
            "TP. Hồ Chí Minh",
        ]
    "#]]
    .assert_debug_eq(&names);
}

#[test]
fn texts_of_every_width_and_truths_are_shown() {
    let texts: [&dyn Array; 3] = [
        &StringArray::from(vec!["Huế"]),
        &LargeStringArray::from(vec!["Huế"]),
        &StringViewArray::from(vec!["Huế"]),
    ];
    for text in texts {
        assert_eq!(vi().value(text, 0), "Huế");
    }
    let truths = BooleanArray::from(vec![Some(true), Some(false), None]);
    let shown = |formats: Formats| [0, 1, 2].map(|row| formats.value(&truths, row));
    assert_eq!(shown(vi()), ["có", "không", "–"]);
    assert_eq!(shown(en()), ["yes", "no", "–"]);
}

#[test]
fn sizes_have_few_digits() {
    let sizes = [0, 999, 1000, 1_250_000, 3_000_000_000].map(|bytes| vi().size(bytes));
    assert_eq!(sizes, ["0 B", "999 B", "1,0 kB", "1,2 MB", "3,0 GB"]);
}

#[test]
fn a_language_is_known_by_its_code_alone() {
    for language in Language::ALL {
        assert_eq!(language.as_str().parse(), Ok(language));
    }
    for text in ["", "VI", "vi-VN", "fr"] {
        assert!(text.parse::<Language>().is_err(), "{text}");
    }
}
