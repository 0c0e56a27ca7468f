use expect_test::{Expect, expect};
use project::{Stamp, Version};
use rust_xlsxwriter::{Workbook, Worksheet};

use crate::samples::{self, contract, judged, judged_with};
use crate::sheet::testing::{ods, ods_row, said, xlsx_of};
use crate::{Format, Limits};

fn check(body: &[u8], expected: Expect) {
    expected.assert_eq(&judged(Format::Xlsx, body));
}

fn texts(rows: &[&[&str]]) -> Vec<Vec<String>> {
    let row = |row: &&[&str]| row.iter().map(|text| (*text).to_owned()).collect();
    rows.iter().map(row).collect()
}

fn fill(sheet: &mut Worksheet, name: &str, rows: &[&[&str]]) {
    sheet.set_name(name).unwrap();
    for (row, cells) in (0..).zip(rows) {
        for (column, text) in (0..).zip(*cells) {
            sheet.write_string(row, column, *text).unwrap();
        }
    }
}

/// A workbook of these sheets: shown or hidden, name, rows.
fn book(sheets: &[(bool, &str, &[&[&str]])]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (shown, name, rows) in sheets {
        let sheet = book.add_worksheet();
        fill(sheet, name, rows);
        sheet.set_hidden(!shown);
    }
    book.save_to_buffer().unwrap()
}

const ROWS: &[&[&str]] = &[&["id", "count"], &["A", "1"]];
const PROSE: &[&[&str]] = &[&["Hướng dẫn"], &["Điền vào trang bên"]];

#[test]
fn the_only_shown_sheet_that_fits_is_meant() {
    let body = book(&[
        (true, "Hướng dẫn", PROSE),
        (false, "Cũ", ROWS),
        (true, "Trống", &[]),
        (true, "Tháng 9", ROWS),
    ]);
    let shown = judged(Format::Xlsx, &body);
    assert!(
        shown.ends_with("1 received, 1 landed, 0 quarantined, 0 warned\n"),
        "{shown}"
    );
}

#[test]
fn several_sheets_that_fit_are_refused_with_their_names() {
    let body = book(&[(true, "Tháng 8", ROWS), (true, "Tháng 9", ROWS)]);
    check(
        &body,
        expect![[r#"
        2 sheets have a header of `raw.samples`: `Tháng 8`, `Tháng 9`
        Send one sheet at a time; hide or delete the others.
    "#]],
    );
}

#[test]
fn a_workbook_without_a_fitting_sheet_says_what_is_missing_in_the_nearest() {
    check(
        &book(&[(true, "S", &[])]),
        expect![[r#"
        the workbook is empty: no sheet that is shown has a header
        Name the columns in the first row of a sheet.
    "#]],
    );
    check(
        &book(&[(true, "S", PROSE)]),
        expect![[r#"
        sheet `S`, row 1: `raw.samples` has no column `Hướng dẫn`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`. A column may be headed by its name or by its label.
    "#]],
    );
    check(
        &book(&[
            (true, "Hướng dẫn", PROSE),
            (true, "S", &[&["count", "day"]]),
        ]),
        expect![[r#"
            sheet `S`, row 1: the body has no column `id`
            `raw.samples` requires these columns in every row. A column may be headed by its name or by its label.
        "#]],
    );
    check(
        &book(&[(true, "S", PROSE), (true, "T", PROSE)]),
        expect![[r#"
            no sheet has a header of `raw.samples`; there are `S`, `T`
            Name the columns in the first row of a sheet, or use the dataset's form.
        "#]],
    );
}

#[test]
fn a_column_is_headed_by_its_name_or_its_label() {
    let mut contract = contract();
    contract.columns[0].label.vi = "Mã số".to_owned();
    contract.columns[1].label.vi = "Số lượng".to_owned();
    contract.columns[2].label.vi = "Số lượng".to_owned();
    let judged = |header: &[&str]| {
        let body = xlsx_of(&texts(&[header, &["1", "2"]]));
        judged_with(Format::Xlsx, &contract, &Limits::default(), &body)
    };
    // Composed or not, with space around it or not.
    let decomposed: String = unicode_normalization::UnicodeNormalization::nfd(" Mã số ").collect();
    for header in ["Mã số", &decomposed, "id"] {
        let shown = judged(&[header, "count"]);
        assert!(shown.starts_with("1: 1 | 2 |"), "{shown}");
    }
    expect![[r#"
        the header `Số lượng` may mean the columns `count`, `small`
        Head these columns by their names.
    "#]]
    .assert_eq(&judged(&["id", "Số lượng"]));
    expect![[r#"
        sheet `Sheet1`, row 1: the body has `id` twice
        Give every column once. A column may be headed by its name or by its label.
    "#]]
    .assert_eq(&judged(&["id", "Mã số"]));
    expect![[r#"
        sheet `Sheet1`, row 1: `raw.samples` has no column `mã số`
        Its columns are `id`, `count`, `small`, `price`, `ratio`, `flag`, `day`, `at`. A column may be headed by its name or by its label.
    "#]].assert_eq(&judged(&["mã số", "count"]));
}

fn stamped(stamp: &Stamp) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet(), "Tháng 8", ROWS);
    fill(
        book.add_worksheet(),
        "Dữ liệu",
        &[&["id", "count"], &["A", "1"], &["B", "2"]],
    );
    let sheet = book.add_worksheet();
    sheet.set_name(Stamp::SHEET).unwrap().set_very_hidden(true);
    for (row, (key, value)) in (0..).zip(stamp.lines()) {
        sheet.write_string(row, 0, key).unwrap();
        sheet.write_string(row, 1, value).unwrap();
    }
    book.save_to_buffer().unwrap()
}

fn stamp() -> Stamp {
    Stamp::of(&samples::contract(), "Dữ liệu", "tests")
}

#[test]
fn the_sheet_that_the_form_names_is_meant() {
    let shown = judged(Format::Xlsx, &stamped(&stamp()));
    assert!(
        shown.ends_with("2 received, 2 landed, 0 quarantined, 0 warned\n"),
        "{shown}"
    );
    // A sheet that was renamed is looked for.
    let renamed = Stamp {
        table: "Khác".to_owned(),
        ..stamp()
    };
    let shown = judged(Format::Xlsx, &stamped(&renamed));
    assert!(shown.contains("2 sheets have a header"), "{shown}");
}

#[test]
fn a_form_of_another_dataset_or_of_another_major_version_is_refused() {
    let version = |major, minor| Version {
        major,
        minor,
        patch: 0,
    };
    check(
        &stamped(&Stamp {
            dataset: "raw.others".parse().unwrap(),
            ..stamp()
        }),
        expect![[r#"
            the file is the form of `raw.others`, not of `raw.samples`
            Download the form of `raw.samples` again and fill it in.
        "#]],
    );
    check(
        &stamped(&Stamp {
            version: version(2, 0),
            ..stamp()
        }),
        expect![[r#"
            the file is the form of version 2.0.0 of `raw.samples`, which is at version 1.0.0 now
            Download the form of `raw.samples` again and fill it in.
        "#]],
    );
    let later = Stamp {
        version: version(1, 7),
        contract_sha256: String::new(),
        ..stamp()
    };
    let shown = judged(Format::Xlsx, &stamped(&later));
    assert!(
        shown.ends_with("2 received, 2 landed, 0 quarantined, 0 warned\n"),
        "{shown}"
    );
}

#[test]
fn sheets_of_an_ods_workbook_are_told_apart_too() {
    let table = |name: &str, style: &str, rows: &[&[&str]]| {
        let row = |row: &&[&str]| ods_row(&row.iter().map(|text| said(text)).collect::<String>());
        let rows: String = rows.iter().map(row).collect();
        format!(
            "<table:table table:name=\"{name}\" table:style-name=\"{style}\">{rows}</table:table>"
        )
    };
    let stamp = stamp().lines();
    let lines: Vec<[&str; 2]> = stamp
        .iter()
        .map(|(key, value)| [*key, value.as_str()])
        .collect();
    let lines: Vec<&[&str]> = lines.iter().map(<[&str; 2]>::as_slice).collect();
    let old = table("Tháng 8", "ta1", ROWS);
    let own = table("Dữ liệu", "ta1", &[&["id"], &["X"]]);
    let shown = judged(Format::Ods, &ods(&(old.clone() + &own)));
    assert!(shown.contains("2 sheets have a header"), "{shown}");
    let shown = judged(Format::Ods, &ods(&(table("Tháng 8", "hid", ROWS) + &own)));
    assert!(shown.starts_with("1: X |"), "{shown}");
    let shown = judged(
        Format::Ods,
        &ods(&(old + &own + &table(Stamp::SHEET, "hid", &lines))),
    );
    assert!(shown.starts_with("1: X |"), "{shown}");
}

#[test]
fn a_sheet_without_rows_is_no_error() {
    check(
        &xlsx_of(&texts(&[&["id"]])),
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
}
