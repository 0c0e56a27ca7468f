use expect_test::{Expect, expect};
use rust_xlsxwriter::{ExcelDateTime, Format as Look, Formula};

use crate::samples::judged;
use crate::sheet::testing::{Parts, inline, xlsx};
use crate::{Format, samples};

fn check(body: &[u8], expected: Expect) {
    expected.assert_eq(&judged(Format::Xlsx, body));
}

#[test]
fn a_sheet_is_read_by_its_header_and_empty_rows_are_passed_over() {
    let body = xlsx(|sheet| {
        let day = ExcelDateTime::from_ymd(2026, 9, 15).unwrap();
        let time = ExcelDateTime::parse_from_str("2026-09-15T08:30:00").unwrap();
        let look = |code: &str| Look::new().set_num_format(code);
        // The header stands in the third row and the second column.
        for (column, name) in (1..).zip(["(day)", "ID", "price ", "flag", "at", "count"]) {
            let name = if name == "ID" { "id" } else { name };
            sheet.write_string(2, column, name).unwrap();
        }
        sheet
            .write_datetime_with_format(4, 1, &day, &look("dd/mm/yyyy"))
            .unwrap();
        sheet.write_number(4, 2, 2026).unwrap();
        sheet.write_number(4, 3, 0.1 + 0.2).unwrap();
        sheet.write_boolean(4, 4, true).unwrap();
        sheet
            .write_datetime_with_format(4, 5, &time, &look("dd/mm/yyyy hh:mm"))
            .unwrap();
        sheet.write_string(5, 2, "  ").unwrap();
        sheet.write_string(6, 1, "05/09/2026").unwrap();
        sheet.write_string(6, 2, "=1+1").unwrap();
        sheet.write_number(6, 6, 7).unwrap();
    });
    check(
        &body,
        expect![[r#"
        1: 2026 | ∅ | ∅ | 0.30 | ∅ | true | 2026-09-15 | 2026-09-15T08:30:00+07:00
        2: =1+1 | 7 | ∅ | ∅ | ∅ | ∅ | 2026-09-05 | ∅
        2 received, 2 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn what_cannot_be_read_is_told_by_cell() {
    let body = xlsx(|sheet| {
        for (column, name) in (0..).zip(["id", "count", "day", "price", "flag"]) {
            sheet.write_string(0, column, name).unwrap();
        }
        sheet.write_string(1, 0, "A").unwrap();
        sheet.write_number(1, 1, 5.5).unwrap();
        sheet.write_number(1, 2, 46_280).unwrap();
        sheet.write_number(1, 3, 0.125).unwrap();
        sheet.write_string(1, 4, "có").unwrap();
        sheet.write_string(1, 6, "ghi chú").unwrap();
        sheet.write_number(3, 0, 1.5).unwrap();
        sheet.write_number(4, 1, -1).unwrap();
        sheet.write_string(5, 0, "A").unwrap();
        sheet.write_string(6, 0, "001099012345").unwrap();
    });
    check(
        &body,
        expect![[r#"
            1 refused unknown_column G «gh•••»: cell G2: `raw.samples` has no column `G`
                {"id":"A","count":5.5,"day":"46280","price":0.125,"flag":"có","G":"gh•••"}
            1 refused type count «5.5»: cell B2: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
            1 refused type price «0.125»: cell D2: `price` cannot be read as decimal(6,2): too many digits after the decimal point
            1 refused type flag «có»: cell E2: `flag` cannot be read as boolean: expected `true` or `false`
            1 refused type day «46280»: cell C2: `day` cannot be read as date: the cell holds a number, not a day; format the column as a date or type it as `15/09/2026`
            2 refused type id «1.5»: cell A4: `id` cannot be read as string: the cell holds a number; format the column as text and type the value again
                {"id":"1.5","count":null,"day":null,"price":null,"flag":null}
            3 refused required id «∅»: cell A5: required is broken
                {"id":null,"count":-1,"day":null,"price":null,"flag":null}
            3 refused range count «-1»: cell B5: range is broken
            4 refused unique id «A»: cell A6: the key (`id`) is already in row 2
                {"id":"A","count":null,"day":null,"price":null,"flag":null}
            5 refused personal_data id «00•••»: cell A7: personal_data is broken
                {"id":"00•••","count":null,"day":null,"price":null,"flag":null}
            5 received, 0 landed, 5 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_formula_is_the_value_that_was_computed_when_the_file_was_saved() {
    let rows = "<row r=\"2\">\
        <c r=\"A2\" t=\"str\"><f>B2&amp;\"x\"</f><v>7x</v></c><c r=\"B2\"><f>3+4</f><v>7</v></c>\
        </row><row r=\"3\">\
        <c r=\"A3\" t=\"str\"><f>\"\"</f><v></v></c><c r=\"B3\"><f>1</f></c>\
        </row><row r=\"4\">\
        <c r=\"A4\" t=\"e\"><f>1/0</f><v>#DIV/0!</v></c><c r=\"B4\" t=\"e\"><v>#N/A</v></c></row>";
    check(
        &Parts::of_rows(rows).bytes(),
        expect![[r##"
        1: 7x | 7 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused type count «∅»: cell B3: `count` cannot be read as int64: the formula has no result in the file; open it in a spreadsheet program and save it again
            {"id":null,"count":null}
        2 refused required id «∅»: cell A3: required is broken
        3 refused type id «#DIV/0!»: cell A4: `id` cannot be read as string: the cell holds an error of the spreadsheet
            {"id":"#DIV/0!","count":"#N/A"}
        3 refused type count «#N/A»: cell B4: `count` cannot be read as int64: the cell holds an error of the spreadsheet
        3 received, 1 landed, 2 quarantined, 0 warned
    "##]],
    );
    // A writer that computes nothing says so in the workbook.
    let body = xlsx(|sheet| {
        sheet.write_string(0, 0, "id").unwrap();
        sheet.write_string(0, 1, "count").unwrap();
        sheet.write_string(1, 0, "A").unwrap();
        sheet.write_formula(1, 1, Formula::new("=3+4")).unwrap();
    });
    check(
        &body,
        expect![[r#"
        1 refused type count «∅»: cell B2: `count` cannot be read as int64: the formula has no result in the file; open it in a spreadsheet program and save it again
            {"id":"A","count":null}
        1 received, 0 landed, 1 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn both_reckonings_of_days_are_known() {
    for (flag, serial) in [("0", 46_280), ("1", 44_818)] {
        let mut parts = Parts::of_sheet(&format!(
            "<sheetData><row>{}{}</row><row><c t=\"inlineStr\"><is><t>A</t></is></c>\
             <c s=\"1\"><v>{serial}</v></c></row></sheetData>",
            inline("A1", "id"),
            inline("B1", "day"),
        ));
        parts.put(
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns:r=\"x\"><workbookPr date1904=\"{flag}\"/><sheets>\
                 <sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        );
        parts.put(
            "xl/styles.xml",
            "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy;@\"/></numFmts>\
             <cellStyleXfs><xf numFmtId=\"0\"/></cellStyleXfs>\
             <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>",
        );
        let shown = judged(Format::Xlsx, &parts.bytes());
        assert!(shown.contains("| 2026-09-15 |"), "{shown}");
    }
}

#[test]
fn texts_are_whole_whichever_way_they_are_written() {
    let rows = "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c></row>\
        <row r=\"3\"><c r=\"A3\" t=\"s\"><v>1</v></c></row>\
        <row r=\"4\"><c r=\"A4\" t=\"inlineStr\"><is><r><t>H</t></r><r><t xml:space=\"preserve\">à \
        </t></r><r><t>N&#7897;i</t></r></is></c></row>\
        <row r=\"5\"><c r=\"A5\" t=\"str\"><v>a_x000A_b &lt;&amp;&gt;</v></c></row>";
    let mut parts = Parts::of_rows(rows);
    parts.put(
        "xl/sharedStrings.xml",
        "<sst count=\"99999999999999\" uniqueCount=\"99999999999999\">\
         <si><t> cut </t><phoneticPr fontId=\"1\"/></si>\
         <si><r><rPr><b/></rPr><t>Đà</t></r><r><t xml:space=\"preserve\"> Nẵng</t></r>\
         <rPh sb=\"0\" eb=\"1\"><t>not this</t></rPh></si></sst>",
    );
    check(
        &parts.bytes(),
        expect![[r#"
            1: cut | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            2: Đà Nẵng | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            3: Hà Nội | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            4: a
            b <&> | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            4 received, 4 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_sheet_needs_no_dimension_and_no_references() {
    let cell = |text: &str| format!("<x:c t=\"inlineStr\"><x:is><x:t>{text}</x:t></x:is></x:c>");
    let mut parts = Parts::of_sheet("");
    parts.put(
        "xl/worksheets/sheet1.xml",
        &format!(
            "<x:worksheet><x:sheetPr><x:tabColor/></x:sheetPr><x:sheetData><x:row>{}{}</x:row>\
             <x:row><x:c/>{}</x:row><x:row r=\"7\">{}</x:row></x:sheetData></x:worksheet>",
            cell("count"),
            cell("id"),
            cell("A"),
            cell("B"),
        ),
    );
    check(
        &parts.bytes(),
        expect![[r#"
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused type count «B»: cell A7: `count` cannot be read as int64: expected a whole number of digits only, as in `1250`
            {"count":"B","id":null}
        2 refused required id «∅»: cell B7: required is broken
        2 received, 1 landed, 1 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn cells_in_another_order_are_taken_and_places_twice_are_not() {
    let (a, b) = (inline("A2", "A"), "<c r=\"B2\"><v>1</v></c>");
    check(
        &Parts::of_rows(&format!("<row r=\"2\">{b}{a}</row>")).bytes(),
        expect![[r#"
            1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
    check(
        &Parts::of_rows(&format!("<row r=\"2\">{a}{b}{b}</row>")).bytes(),
        expect![[r#"
            cell B2 stands twice in the sheet
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        &Parts::of_rows("<row r=\"3\"/><row r=\"2\"/>").bytes(),
        expect![[r#"
            row 2 of a sheet stands behind row 3
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        &Parts::of_rows("<row r=\"2\"/><row r=\"2\"/>").bytes(),
        expect![[r#"
            row 2 of a sheet stands behind row 2
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        &Parts::of_rows(&format!("<row r=\"3\">{a}</row>")).bytes(),
        expect![[r#"
            a cell named `A2` stands in row 3
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        &Parts::of_rows("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>3</v></c></row>").bytes(),
        expect![[r#"
            cell A2 names text 3 of 0, which there is not
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        &Parts::of_rows("<row r=\"1048577\"/>").bytes(),
        expect![[r#"
            a sheet has no row 1048577
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
}

#[test]
fn merged_cells_among_the_rows_are_refused_with_their_places() {
    let merged = |areas: &str| {
        let rows = (2..=6).map(|row| {
            format!(
                "<row r=\"{row}\">{}</row>",
                inline(&format!("A{row}"), &format!("id{row}"))
            )
        });
        let rows: String = rows.collect();
        let head = inline("A1", "id");
        let areas: String = areas
            .split(' ')
            .map(|area| format!("<mergeCell ref=\"{area}\"/>"))
            .collect();
        Parts::of_sheet(&format!(
            "<sheetData><row r=\"1\">{head}</row>{rows}</sheetData><mergeCells>{areas}</mergeCells>"
        ))
        .bytes()
    };
    check(
        &merged("A4:A6 A2:B2"),
        expect![[r#"
        cells are merged: A4:A6, A2:B2
        Unmerge them and write the value into every cell.
    "#]],
    );
    // Beside the table, below it and in its header nothing is said twice.
    let shown = judged(Format::Xlsx, &merged("C2:D9 A8:A9 A1:B1"));
    assert!(
        shown.ends_with("5 received, 5 landed, 0 quarantined, 0 warned\n"),
        "{shown}"
    );
    assert!(judged(Format::Xlsx, &merged("A1:A2")).contains("A1:A2"));
    assert!(judged(Format::Xlsx, &merged("A1")).contains("no place"));
}

#[test]
fn a_row_of_an_earlier_batch_is_named_as_the_sheet_names_it() {
    let body = xlsx(|sheet| {
        sheet.write_string(4, 0, "id").unwrap();
        for row in [5, 9, 10, 12] {
            sheet
                .write_string(row, 0, if row == 10 { "B" } else { "A" })
                .unwrap();
        }
    });
    let limits = crate::Limits {
        batch_rows: 1,
        ..crate::Limits::default()
    };
    let judgement =
        samples::judge(Format::Xlsx, &samples::contract(), &[], &limits, &body).unwrap();
    let told = judgement.verdicts.iter();
    let told: Vec<_> = told
        .map(|verdict| {
            (
                verdict.row,
                verdict.cell.as_deref(),
                verdict.message.vi.as_str(),
            )
        })
        .collect();
    let message = "khóa (`id`) đã có ở dòng 6";
    assert_eq!(
        told,
        [
            (2, Some("A10"), format!("ô A10: {message}").as_str()),
            (4, Some("A13"), format!("ô A13: {message}").as_str()),
        ]
    );
}
