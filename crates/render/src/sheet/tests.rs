use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, NullArray,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use calamine::Data;
use chrono::{DateTime, NaiveDate};
use project::ColumnFormat;

use super::cell::Look;
use super::testing::{sheets, text};
use super::*;

fn cells(column: &dyn arrow::array::Array) -> Vec<Cell> {
    (0..column.len())
        .map(|row| Cell::of(column, row, Days::YearFirst))
        .collect()
}

fn decimals(values: Vec<i128>, scale: i8) -> Decimal128Array {
    Decimal128Array::from(values)
        .with_precision_and_scale(38, scale)
        .unwrap()
}

fn head(name: &str, labels: &[&str]) -> Head {
    Head {
        name: name.to_owned(),
        title: None,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    }
}

fn book(folder: &tempfile::TempDir, sheet_rows: u32) -> Book {
    Book::create(folder.path(), DateTime::UNIX_EPOCH, sheet_rows).unwrap()
}

fn bytes(book: Book) -> Vec<u8> {
    let mut bytes = Vec::new();
    book.finish(&mut bytes).unwrap();
    bytes
}

fn days(year: i32, month: u32, day: u32) -> i32 {
    let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    i32::try_from(
        day.signed_duration_since(DateTime::UNIX_EPOCH.date_naive())
            .num_days(),
    )
    .unwrap()
}

#[test]
fn a_number_that_a_spreadsheet_would_round_is_text() {
    let digits = |text: &str| Cell::Digits(text.to_owned());
    let whole = Int64Array::from(vec![
        999_999_999_999_999,
        -999_999_999_999_999,
        1_000_000_000_000_000,
        9_007_199_254_740_993,
        i64::MIN,
    ]);
    assert_eq!(
        cells(&whole),
        [
            Cell::Number(999_999_999_999_999.0, Look::Fixed(0)),
            Cell::Number(-999_999_999_999_999.0, Look::Fixed(0)),
            digits("1000000000000000"),
            digits("9007199254740993"),
            digits("-9223372036854775808"),
        ]
    );
    assert_eq!(
        cells(&UInt64Array::from(vec![u64::MAX])),
        [digits("18446744073709551615")]
    );
    assert_eq!(
        cells(&decimals(
            vec![1_234_567_890_123_450_000, 1_234_567_890_123_456_000, -25],
            4
        )),
        [
            Cell::Number(123_456_789_012_345.0, Look::Fixed(4)),
            digits("123456789012345.6000"),
            Cell::Number(-0.0025, Look::Fixed(4)),
        ]
    );
    assert_eq!(
        cells(&decimals(vec![123], 30)),
        [Cell::Number(1.23e-28, Look::Fixed(30))]
    );
}

#[test]
fn what_is_not_finite_is_text_and_null_is_nothing() {
    let odd = Float64Array::from(vec![
        Some(f64::NAN),
        Some(f64::NEG_INFINITY),
        Some(0.1),
        None,
    ]);
    assert_eq!(
        cells(&odd),
        [
            Cell::text("NaN"),
            Cell::text("-inf"),
            Cell::Number(0.1, Look::General),
            Cell::Nothing
        ]
    );
    assert_eq!(cells(&NullArray::new(1)), [Cell::Nothing]);
    assert_eq!(
        cells(&BooleanArray::from(vec![Some(true), None])),
        [Cell::Truth(true), Cell::Nothing]
    );
}

#[test]
fn days_are_days_and_those_that_programs_count_differently_are_text() {
    let column = Date32Array::from(vec![
        days(2026, 9, 15),
        days(1900, 3, 1),
        days(1900, 2, 28),
        days(1789, 7, 14),
        days(9999, 12, 31),
    ]);
    let day = |serial| Cell::Number(serial, Look::Day(Days::YearFirst));
    assert_eq!(
        cells(&column),
        [
            day(46_280.0),
            day(61.0),
            Cell::text("1900-02-28"),
            Cell::text("1789-07-14"),
            day(2_958_465.0),
        ]
    );
}

#[test]
fn instants_are_civil_time() {
    // 14/09/2026 17:30 in UTC is the next civil day.
    let micros = 1_789_407_000_000_000;
    for zone in [Some("UTC"), None] {
        let at = TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(zone);
        let expected = 46_280.0 + 0.5 / 24.0;
        match cells(&at).as_slice() {
            [Cell::Number(serial, Look::Time(_))] => {
                assert!((serial - expected).abs() < 1e-9, "{serial}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_report_shows_numbers_in_its_formats_and_refuses_what_has_none() {
    let share: ArrayRef = Arc::new(decimals(vec![985_714_285_714_285_714], 18));
    assert_eq!(
        Cell::shown(&share, 0, ColumnFormat::Percent1),
        Some(Cell::Number(0.985_714_285_714_285_7, Look::Percent(1)))
    );
    let big = Int64Array::from(vec![i64::MAX]);
    assert_eq!(
        Cell::shown(&big, 0, ColumnFormat::Integer),
        Some(Cell::Digits("9223372036854775807".to_owned()))
    );
    let code = Int64Array::from(vec![2026]);
    assert_eq!(
        Cell::shown(&code, 0, ColumnFormat::Text),
        Some(Cell::text("2026"))
    );
    let words = StringArray::from(vec![Some("x"), None]);
    for row in 0..2 {
        assert_eq!(Cell::shown(&words, row, ColumnFormat::Integer), None);
        assert_eq!(Cell::shown(&words, row, ColumnFormat::Date), None);
    }
    assert_eq!(
        Cell::shown(&words, 1, ColumnFormat::Text),
        Some(Cell::Nothing)
    );
}

#[test]
fn text_that_wants_to_be_a_formula_or_a_link_stays_text() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = book(&folder, SHEET_ROWS);
    book.open(head("x", &["=1+1"])).unwrap();
    let evil = [
        "=1+1",
        "+1",
        "-1",
        "@sum(1)",
        "\t=1",
        "\r=1",
        "=HYPERLINK(\"http://x\")",
        "http://example.org/",
        "mailto:a@b.c",
        "0012345",
        "000",
        "1e5",
        " x ",
        "<b>&amp;\"'",
        "Đà Nẵng\n\u{1}\u{1f600}",
        "_x0041_",
    ];
    for text in evil {
        book.row(vec![Cell::text(text)]).unwrap();
    }
    let bytes = bytes(book);
    let (_, rows) = sheets(&bytes).remove(0);
    assert_eq!(rows[0], [text("=1+1")]);
    let found: Vec<&Data> = rows[1..].iter().map(|row| &row[0]).collect();
    let expected: Vec<Data> = evil.iter().map(|cell| text(cell)).collect();
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
    assert!(
        !parts(&bytes)
            .iter()
            .any(|part| part.contains("_rels/sheet"))
    );
}

/// The names of the files within.
fn parts(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let names = text.match_indices("xl/").map(|(at, _)| {
        let name: String = text[at..]
            .chars()
            .take_while(|c| c.is_ascii_graphic())
            .collect();
        name
    });
    names.collect()
}

#[test]
fn a_text_longer_than_a_cell_is_cut_where_everyone_sees_it_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = book(&folder, SHEET_ROWS);
    book.open(head("x", &["a"])).unwrap();
    // Two UTF-16 units each.
    let wide = "\u{1f600}".repeat(16_384);
    for text in ["ư".repeat(32_767), "x".repeat(32_768), wide] {
        book.row(vec![Cell::text(text)]).unwrap();
    }
    assert_eq!(book.marks().cut, 2);
    let (_, rows) = sheets(&bytes(book)).remove(0);
    let expected = [
        "ư".repeat(32_767),
        "x".repeat(32_763) + " […]",
        "\u{1f600}".repeat(16_381) + " […]",
    ];
    for (row, expected) in rows[1..].iter().zip(expected) {
        assert!(row[0] == Data::String(expected));
    }
}

#[test]
fn rows_go_on_to_further_sheets_with_the_labels_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = book(&folder, 2);
    book.open(head("rows", &["n"])).unwrap();
    for n in 0..5 {
        book.row(vec![Cell::whole(n)]).unwrap();
    }
    book.open_manifest(vec!["a".to_owned()]).unwrap();
    let found = sheets(&bytes(book));
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["rows", "rows 2", "rows 3", "manifest"]);
    assert_eq!(
        found[1].1,
        [[text("n")], [Data::Float(2.0)], [Data::Float(3.0)]]
    );
    assert_eq!(found[2].1, [[text("n")], [Data::Float(4.0)]]);
}

#[test]
fn sheets_get_names_that_programs_take() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = book(&folder, SHEET_ROWS);
    let wanted = [
        "Theo lĩnh vực, chậm nhất trước và sau",
        "THEO LĨNH VỰC, CHẬM NHẤT TRƯỚC VÀ SAU",
        "a/b:c",
        "'x'",
        "",
        "history",
        "manifest",
    ];
    for name in wanted {
        book.open(head(name, &["a"])).unwrap();
    }
    let names: Vec<String> = sheets(&bytes(book)).into_iter().map(|(n, _)| n).collect();
    assert_eq!(
        names,
        [
            "Theo lĩnh vực, chậm nhất trước",
            "THEO LĨNH VỰC, CHẬM NHẤT TRƯỚ 2",
            "a b c",
            "x",
            "2",
            "history 2",
            "manifest 2",
        ]
    );
}

#[test]
fn the_same_cells_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let once = || {
        let mut book = book(&folder, SHEET_ROWS);
        book.open(head("x", &["a", "b"])).unwrap();
        for n in 0..100 {
            book.row(vec![Cell::whole(n), Cell::text("Huế")]).unwrap();
        }
        bytes(book)
    };
    assert!(once() == once());
}
