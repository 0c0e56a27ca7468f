use std::io::Cursor;

use calamine::{Data, Reader};
use chrono::NaiveDate;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as Look};

use crate::check::tests::{COLUMNS, csv, landed, rows};
use crate::samples::{Judgement, contract, judge, rules};
use crate::sheet::testing::{ods, ods_row, said, xlsx, xlsx_of};
use crate::{Format, Limits};

fn judged(format: Format, body: &[u8], batch_rows: usize) -> Judgement {
    let limits = Limits {
        batch_rows,
        ..Limits::default()
    };
    judge(format, &contract(), &rules(), &limits, body).unwrap()
}

/// The verdicts without their words, which name cells where there are cells.
fn told(judgement: &Judgement) -> Vec<(u64, Option<&str>, &str, Option<&str>)> {
    let verdicts = judgement.verdicts.iter();
    verdicts
        .map(|verdict| {
            let (column, value) = (verdict.column.as_deref(), verdict.value_excerpt.as_deref());
            (verdict.row, column, verdict.rule.as_str(), value)
        })
        .collect()
}

fn with_header(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let header = COLUMNS.map(str::to_owned).to_vec();
    std::iter::once(header)
        .chain(rows.iter().cloned())
        .collect()
}

fn ods_of(rows: &[Vec<String>]) -> Vec<u8> {
    let cell = |text: &String| match text.is_empty() {
        true => "<table:table-cell/>".to_owned(),
        false => said(text),
    };
    let row = |row: &Vec<String>| ods_row(&row.iter().map(cell).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    ods(&format!(
        "<table:table table:name=\"S\">{rows}</table:table>"
    ))
}

/// A row whose values a spreadsheet has types for.
type Typed = (i32, i64, f64, bool, i32, u32);

fn typed() -> impl Strategy<Value = Vec<Typed>> {
    let row = (
        any::<i32>(),
        -999_999_999_999_999..=999_999_999_999_999_i64,
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
        any::<bool>(),
        61..2_958_466_i32,
        0..86_400_u32,
    );
    prop::collection::vec(row, 0..8)
}

fn day(serial: i32) -> NaiveDate {
    let zero = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap();
    zero + chrono::Days::new(u64::try_from(serial).unwrap())
}

fn time(serial: i32, second: u32) -> String {
    let at = day(serial).and_hms_opt(0, 0, 0).unwrap() + chrono::TimeDelta::seconds(second.into());
    at.format("%Y-%m-%dT%H:%M:%S").to_string()
}

fn as_csv(rows: &[Typed]) -> Vec<u8> {
    let rows = rows.iter().enumerate();
    let rows: Vec<Vec<String>> = rows
        .map(|(row, (small, count, ratio, flag, serial, second))| {
            vec![
                row.to_string(),
                count.to_string(),
                small.to_string(),
                format!("{}.{:02}", small.abs() % 1000, small.unsigned_abs() % 100),
                (ratio + 0.0).to_string(),
                flag.to_string(),
                day(*serial).to_string(),
                time(*serial, *second),
            ]
        })
        .collect();
    csv(&rows)
}

fn as_xlsx(rows: &[Typed]) -> Vec<u8> {
    xlsx(|sheet| {
        for (column, name) in (0..).zip(COLUMNS) {
            sheet.write_string(0, column, name).unwrap();
        }
        let look = |code: &str| Look::new().set_num_format(code);
        for (row, (small, count, ratio, flag, serial, second)) in (0_u32..).zip(rows) {
            let price =
                f64::from(small.abs() % 1000) + f64::from(small.unsigned_abs() % 100) / 100.0;
            let at = ExcelDateTime::parse_from_str(&time(*serial, *second)).unwrap();
            let row_in_sheet = row + 1;
            sheet.write_number(row_in_sheet, 0, row).unwrap();
            sheet.write_number(row_in_sheet, 1, *count as f64).unwrap();
            sheet.write_number(row_in_sheet, 2, *small).unwrap();
            sheet.write_number(row_in_sheet, 3, price).unwrap();
            sheet.write_number(row_in_sheet, 4, *ratio).unwrap();
            sheet.write_boolean(row_in_sheet, 5, *flag).unwrap();
            let (date, full) = (look("dd/mm/yyyy"), look("yyyy-mm-dd hh:mm:ss"));
            sheet
                .write_number_with_format(row_in_sheet, 6, *serial, &date)
                .unwrap();
            sheet
                .write_datetime_with_format(row_in_sheet, 7, &at, &full)
                .unwrap();
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_mean_the_same_in_a_sheet_as_in_csv(rows in rows(), batch_rows in 1..7_usize) {
        // Rows of nothing are rows of CSV and none of a sheet.
        let rows: Vec<Vec<String>> =
            rows.into_iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        let expected = judged(Format::Csv, &csv(&rows), 1000);
        let sheet = with_header(&rows);
        for (format, body) in [(Format::Xlsx, xlsx_of(&sheet)), (Format::Ods, ods_of(&sheet))] {
            let same = judged(format, &body, batch_rows);
            prop_assert_eq!(same.counts, expected.counts);
            prop_assert_eq!(landed(&same), landed(&expected));
            prop_assert_eq!(told(&same), told(&expected));
            for verdict in &same.verdicts {
                let cell = verdict.cell.as_deref().unwrap();
                let named = verdict.message.en.starts_with(&format!("cell {cell}: "));
                prop_assert!(named, "{}", verdict.message.en);
                prop_assert!(cell.ends_with(&(verdict.row + 1).to_string()));
            }
        }
    }

    #[test]
    fn typed_cells_mean_the_same_as_their_text_in_csv(rows in typed()) {
        let expected = judged(Format::Csv, &as_csv(&rows), 1000);
        let same = judged(Format::Xlsx, &as_xlsx(&rows), 3);
        prop_assert_eq!(landed(&same), landed(&expected));
        prop_assert_eq!(told(&same), told(&expected));
    }

    #[test]
    fn texts_are_those_that_another_reader_reads(
        texts in prop::collection::vec("[a-c_x0D ếđ<&>\n]{1,8}", 1..6),
    ) {
        let contract = crate::samples::contract_of(&[("a", project::ColumnType::String, false)], &[]);
        let mut rows = vec![vec!["a".to_owned()]];
        rows.extend(texts.iter().map(|text| vec![text.clone()]));
        let body = xlsx_of(&rows);
        let own = judge(Format::Xlsx, &contract, &[], &Limits::default(), &body).unwrap();
        let own: Vec<String> = own
            .landed
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|slot| crate::row_text::shown(batch.column(0), slot)))
            .flatten()
            .collect();
        let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(&body)).unwrap();
        let range = book.worksheet_range("Sheet1").unwrap();
        let other: Vec<String> = range
            .rows()
            .skip(1)
            .filter_map(|row| match row.first() {
                Some(Data::String(text)) if !text.trim().is_empty() => Some(text.clone()),
                _ => None,
            })
            .collect();
        prop_assert_eq!(own, other);
    }
}
