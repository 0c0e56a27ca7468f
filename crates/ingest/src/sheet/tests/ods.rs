use expect_test::{Expect, expect};

use crate::Format;
use crate::samples::judged;
use crate::sheet::testing::{ods, ods_of_rows, ods_row, said};

fn check(body: &[u8], expected: Expect) {
    expected.assert_eq(&judged(Format::Ods, body));
}

fn cell(attributes: &str, text: &str) -> String {
    format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
}

fn typed(kind: &str, value: &str) -> String {
    cell(&format!("office:value-type=\"{kind}\" {value}"), "as shown")
}

#[test]
fn values_are_those_of_the_file_and_not_those_that_are_shown() {
    let names = ["id", "count", "price", "flag", "day", "at"];
    let head: String = names.iter().map(|name| said(name)).collect();
    let row = said("A")
        + &typed("float", "office:value=\"7\"")
        + &typed(
            "currency",
            "office:currency=\"VND\" office:value=\"0.30000000000000004\"",
        )
        + &typed("boolean", "office:boolean-value=\"true\"")
        + &typed("date", "office:date-value=\"2026-09-15\"")
        + &typed("date", "office:date-value=\"2026-09-15T08:30:00\"");
    let bad = said("B")
        + &typed("date", "office:date-value=\"2026-09-15\"")
        + &typed("time", "office:time-value=\"PT08H30M00S\"")
        + &typed("boolean", "")
        + &typed("date", "office:date-value=\"15/09/2026\"")
        + &cell(
            "table:formula=\"of:=1/0\" office:value-type=\"string\" calcext:value-type=\"error\"",
            "#DIV/0!",
        );
    let uncomputed = said("C") + "<table:table-cell table:formula=\"of:=3+4\"/>";
    let rows = ods_row(&head) + &ods_row(&row) + &ods_row(&bad) + &ods_row(&uncomputed);
    check(
        &ods(&format!(
            "<table:table table:name=\"S\">{rows}</table:table>"
        )),
        expect![[r##"
            1: A | 7 | ∅ | 0.30 | ∅ | true | 2026-09-15 | 2026-09-15T08:30:00+07:00
            2 refused type count «2026-09-15»: cell B3: `count` cannot be read as int64: the spreadsheet made a day of it; format the column as a number and type the value again
                {"id":"B","count":"2026-09-15","price":"PT08H30M00S","flag":"as shown","day":"15/09/2026","at":"#DIV/0!"}
            2 refused type price «PT08H30M00S»: cell C3: `price` cannot be read as decimal(6,2): the cell holds a span of time
            2 refused type flag «as shown»: cell D3: `flag` cannot be read as boolean: the cell holds an error of the spreadsheet
            2 refused type day «15/09/2026»: cell E3: `day` cannot be read as date: the cell holds an error of the spreadsheet
            2 refused type at «#DIV/0!»: cell F3: `at` cannot be read as timestamp: the cell holds an error of the spreadsheet
            3 refused type count «∅»: cell B4: `count` cannot be read as int64: the formula has no result in the file; open it in a spreadsheet program and save it again
                {"id":"C","count":null,"price":null,"flag":null,"day":null,"at":null}
            3 received, 1 landed, 2 quarantined, 0 warned
        "##]],
    );
}

#[test]
fn repeats_are_rows_and_cells_of_their_own() {
    let empty = "<table:table-cell table:number-columns-repeated=\"16382\"/>";
    let rows = format!(
        "<table:table-row table:number-rows-repeated=\"3\">{empty}</table:table-row>\
         <table:table-row table:number-rows-repeated=\"2\">{}{}{empty}</table:table-row>\
         <table:table-row><table:table-cell office:value-type=\"string\" \
         table:number-columns-repeated=\"2\"><text:p>5</text:p></table:table-cell></table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048569\">{empty}</table:table-row>",
        said("A"),
        typed("float", "office:value=\"1\""),
    );
    check(
        &ods_of_rows(&rows),
        expect![[r#"
        1: A | 1 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: 5 | 5 | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused unique id «A»: cell A6: the key (`id`) is already in row 5
            {"id":"A","count":1}
        3 received, 2 landed, 1 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn texts_are_paragraphs_of_runs_without_their_notes() {
    let noted = "<table:table-cell office:value-type=\"string\">\
        <office:annotation><dc:creator>x</dc:creator><text:p>a note</text:p></office:annotation>\
        <text:p>  Hà<text:s text:c=\"2\"/><text:span>N<text:span>ội</text:span></text:span>\n   \
        x<text:tab/>y<text:line-break/>z</text:p><text:p>&amp;<text:a>link</text:a></text:p>\
        <draw:frame><text:p>a picture</text:p></draw:frame></table:table-cell>";
    check(
        &ods_of_rows(&ods_row(noted)),
        expect![[r#"
        1: Hà  Nội x	y
        z
        &link | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        1 received, 1 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn rows_in_groups_are_rows_and_what_is_no_row_is_passed_over() {
    let rows = format!(
        "<table:table-column/><office:forms><text:p>x</text:p></office:forms>\
         <table:table-row-group>{}<table:table-row-group>{}</table:table-row-group>\
         </table:table-row-group><table:table-rows>{}</table:table-rows>\
         <table:shapes><draw:frame><text:p>x</text:p></draw:frame></table:shapes>",
        ods_row(&said("A")),
        ods_row(&said("B")),
        ods_row(&said("C")),
    );
    check(
        &ods_of_rows(&rows),
        expect![[r#"
        1: A | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3: C | ∅ | ∅ | ∅ | ∅ | ∅ | ∅ | ∅
        3 received, 3 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn merged_cells_among_the_rows_are_refused_with_their_places() {
    let spanned = cell(
        "office:value-type=\"string\" table:number-rows-spanned=\"3\" \
         table:number-columns-spanned=\"1\"",
        "A",
    );
    let covered = "<table:covered-table-cell office:value-type=\"string\"><text:p>hidden</text:p>\
                   </table:covered-table-cell>";
    let rows = ods_row(&spanned) + &ods_row(covered) + &ods_row(covered);
    check(
        &ods_of_rows(&rows),
        expect![[r#"
        cells are merged: A2:A4
        Unmerge them and write the value into every cell.
    "#]],
    );
}
