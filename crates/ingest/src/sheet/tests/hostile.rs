use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::samples::{contract, judge, judged, judged_with, rules};
use crate::sheet::testing::{
    Parts, archive, inline, ods, ods_of_rows, ods_row, said, xlsx, xlsx_of,
};
use crate::{Format, IngestError, Limits};

fn check(format: Format, body: &[u8], expected: Expect) {
    expected.assert_eq(&judged(format, body));
}

/// The limit that a body is over.
fn limit(format: Format, body: &[u8], limits: &Limits) -> &'static str {
    match judge(format, &contract(), &rules(), limits, body) {
        Err(IngestError::Limit { name, .. }) => name,
        Err(error) => panic!("{error}"),
        Ok(judgement) => panic!("{:?}", judgement.counts),
    }
}

#[test]
fn a_part_that_expands_without_end_is_not_expanded() {
    let nothing = format!("<x a=\"{}\"/>", " ".repeat(2_000)).repeat(20_000);
    let body = Parts::of_rows(&nothing).bytes();
    assert!(body.len() < 100_000);
    check(
        Format::Xlsx,
        &body,
        expect![[r#"
            the workbook is over the limit `expansion_ratio` of 200: a part of it says little in much
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        Format::Ods,
        &ods_of_rows(&nothing),
        expect![[r#"
            the workbook is over the limit `expansion_ratio` of 200: a part of it says little in much
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    let limits = Limits {
        sheet_bytes: 1 << 20,
        ..Limits::default()
    };
    assert_eq!(limit(Format::Xlsx, &body, &limits), "sheet_bytes");
    // One text without end is a matter of its own.
    let spaces = Parts::of_rows(&" ".repeat(2 << 20)).bytes();
    assert_eq!(
        limit(Format::Xlsx, &spaces, &Limits::default()),
        "cell_bytes"
    );
}

#[test]
fn what_an_archive_says_of_its_sizes_is_not_believed() {
    let rows: String = (2..5_000)
        .map(|row| {
            format!(
                "<row r=\"{row}\">{}</row>",
                inline(&format!("A{row}"), &format!("{row}"))
            )
        })
        .collect();
    let mut body = Parts::of_rows(&rows).bytes();
    let limits = Limits {
        sheet_bytes: 100_000,
        ..Limits::default()
    };
    assert_eq!(limit(Format::Xlsx, &body, &limits), "sheet_bytes");
    // Say in the list of entries that every part has a hundred bytes.
    let mut at = 0;
    while let Some(found) = body[at..]
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
    {
        at += found;
        body[at + 24..at + 28].copy_from_slice(&100_u32.to_le_bytes());
        at += 4;
    }
    match judge(Format::Xlsx, &contract(), &rules(), &limits, &body) {
        Err(IngestError::Limit { name, .. }) => assert_eq!(name, "sheet_bytes"),
        Err(IngestError::Refused { message, .. }) => {
            assert!(message.contains("cannot be read"), "{message}");
        }
        other => panic!("{:?}", other.map(|judgement| judgement.counts)),
    }
}

#[test]
fn an_archive_of_many_entries_is_refused_before_they_are_read() {
    let names: Vec<String> = (0..1_001).map(|n| format!("{n}.xml")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    check(
        Format::Xlsx,
        &archive(&parts),
        expect![[r#"
        the body is over the limit `archive_entries` of 1000
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
    let name = "x".repeat(60_000);
    let names: Vec<String> = (0..200).map(|n| format!("{name}{n}")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(
        limit(Format::Xlsx, &archive(&parts), &Limits::default()),
        "archive_entries"
    );
}

#[test]
fn repeats_count_as_often_as_they_are_said_to_stand() {
    let many = |rows: u64| {
        let rows = format!(
            "<table:table-row table:number-rows-repeated=\"{rows}\">{}</table:table-row>",
            said("A")
        );
        ods_of_rows(&rows)
    };
    let limits = Limits::default();
    for rows in [limits.rows + 1, u64::MAX] {
        assert_eq!(limit(Format::Ods, &many(rows), &limits), "sheet_bytes");
    }
    let few = Limits {
        rows: 100,
        ..limits
    };
    assert_eq!(limit(Format::Ods, &many(101), &few), "rows");
    let wide = |columns: u64| {
        ods_of_rows(&ods_row(&format!(
            "<table:table-cell table:number-columns-repeated=\"{columns}\" \
             office:value-type=\"float\" office:value=\"1\"/>"
        )))
    };
    for columns in [1_001, u64::MAX] {
        assert_eq!(limit(Format::Ods, &wide(columns), &limits), "columns");
    }
    let tight = Limits {
        sheet_bytes: 10_000,
        ..limits
    };
    assert_eq!(limit(Format::Ods, &wide(1_000), &tight), "sheet_bytes");
    // Rows and columns of nothing are nothing, however many.
    let nothing = ods_of_rows(
        "<table:table-row table:number-rows-repeated=\"99999999999\"><table:table-cell \
         table:number-columns-repeated=\"99999999999\"/></table:table-row>",
    );
    check(
        Format::Ods,
        &nothing,
        expect![[r#"
        0 received, 0 landed, 0 quarantined, 0 warned
    "#]],
    );
}

#[test]
fn seventeen_thousand_columns_are_too_many() {
    let header: Vec<String> = (0..16_384).map(|column| format!("c{column}")).collect();
    assert_eq!(
        limit(Format::Xlsx, &xlsx_of(&[header]), &Limits::default()),
        "columns"
    );
    let cells: String = (0..17_000)
        .map(|column| said(&format!("c{column}")))
        .collect();
    let body = ods(&format!(
        "<table:table table:name=\"S\">{}</table:table>",
        ods_row(&cells)
    ));
    assert_eq!(limit(Format::Ods, &body, &Limits::default()), "columns");
    check(
        Format::Xlsx,
        &Parts::of_rows("<row r=\"2\"><c r=\"XFE2\"><v>1</v></c></row>").bytes(),
        expect![[r#"
            a cell named `XFE2` stands in row 2
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
}

#[test]
fn a_cell_of_ten_megabytes_is_not_kept() {
    // Unlike letters, so that the ratio is not what is wrong with it.
    let mut seed = 1_u32;
    let letters = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + u8::try_from((seed >> 24) % 26).unwrap())
    });
    let text: String = letters.take(10 << 20).collect();
    let row = format!("<row r=\"2\">{}</row>", inline("A2", &text));
    let limits = Limits::default();
    assert_eq!(
        limit(Format::Xlsx, &Parts::of_rows(&row).bytes(), &limits),
        "cell_bytes"
    );
    // Elsewhere, two megabytes are as many.
    let text = &text[..2 << 20];
    let body = ods_of_rows(&ods_row(&said(text)));
    assert_eq!(limit(Format::Ods, &body, &limits), "cell_bytes");
    let mut shared = Parts::of_rows("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c></row>");
    shared.put(
        "xl/sharedStrings.xml",
        &format!("<sst><si><t>{text}</t></si></sst>"),
    );
    assert_eq!(limit(Format::Xlsx, &shared.bytes(), &limits), "cell_bytes");
    // A text that is only a little too long is told by its cell.
    let text = &text[..65_537];
    shared.put(
        "xl/sharedStrings.xml",
        &format!("<sst><si><t>{text}</t></si></sst>"),
    );
    check(
        Format::Xlsx,
        &shared.bytes(),
        expect![[r#"
        column `A` of row 2 is over the limit `cell_bytes` of 65536
        Send less in it, or ask the operator to raise the limit.
    "#]],
    );
}

#[test]
fn shared_texts_are_bounded_by_what_they_take() {
    let limits = Limits {
        shared_text_bytes: 1_000,
        ..Limits::default()
    };
    let mut parts = Parts::of_rows("");
    parts.put(
        "xl/sharedStrings.xml",
        &format!("<sst>{}</sst>", "<si/>".repeat(126)),
    );
    assert_eq!(
        limit(Format::Xlsx, &parts.bytes(), &limits),
        "shared_text_bytes"
    );
    parts.put(
        "xl/sharedStrings.xml",
        &format!("<sst><si><t>{}</t></si></sst>", "x".repeat(993)),
    );
    assert_eq!(
        limit(Format::Xlsx, &parts.bytes(), &limits),
        "shared_text_bytes"
    );
}

#[test]
fn a_shared_text_counts_wherever_it_stands() {
    let row = |row: usize| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>");
    let mut parts = Parts::of_rows(&(2..100).map(row).collect::<String>());
    let text = "x".repeat(1_000);
    parts.put(
        "xl/sharedStrings.xml",
        &format!("<sst><si><t>{text}</t></si></sst>"),
    );
    let limits = Limits {
        sheet_bytes: 50_000,
        ..Limits::default()
    };
    assert_eq!(limit(Format::Xlsx, &parts.bytes(), &limits), "sheet_bytes");
}

#[test]
fn entities_of_their_own_are_refused() {
    let bomb = "<!DOCTYPE sst [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let mut parts = Parts::of_rows("");
    parts.put(
        "xl/sharedStrings.xml",
        &format!("{bomb}<sst><si><t>&b;</t></si></sst>"),
    );
    check(
        Format::Xlsx,
        &parts.bytes(),
        expect![[r#"
        the part `xl/sharedStrings.xml` declares entities of its own
        Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
    "#]],
    );
    check(
        Format::Xlsx,
        &Parts::of_rows("<row r=\"2\"><c r=\"A2\" t=\"str\"><v>&b;</v></c></row>").bytes(),
        expect![[r#"
            the workbook speaks of an entity that XML does not have
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
}

#[test]
fn what_is_no_workbook_says_what_it_is() {
    let xls = |inside: &str| {
        let mut body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        body.resize(512, 0);
        body[30] = 9;
        body[48] = 1;
        body.resize(1024, 0);
        body.extend(inside.encode_utf16().flat_map(u16::to_le_bytes));
        body
    };
    check(
        Format::Xlsx,
        &xls("Workbook"),
        expect![[r#"
        the body is a workbook of the old form `.xls`
        Open the file in a spreadsheet program and save it as `.xlsx` or `.ods`.
    "#]],
    );
    check(
        Format::Xlsx,
        &xls("EncryptedPackage"),
        expect![[r#"
        the workbook is protected by a password
        Remove the password from the workbook, save it and send it again.
    "#]],
    );
    for (body, is) in [
        (&b""[..], "the body is empty"),
        (b"  ", "the body is empty"),
        (b"<html><table>", "a web page or XML"),
        (b"id,count\nA,1\n", "no workbook"),
        (b"PK", "no workbook"),
        (b"PAR1....PAR1", "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "`.xls`"),
    ] {
        for format in [Format::Xlsx, Format::Ods] {
            let shown = judged(format, body);
            assert!(shown.contains(is), "{shown}");
        }
    }
}

#[test]
fn an_archive_of_something_else_says_what_is_missing() {
    check(
        Format::Xlsx,
        &archive(&[("readme.txt", b"hello")]),
        expect![[r#"
            the archive holds no workbook
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        Format::Ods,
        &archive(&[("readme.txt", b"hello")]),
        expect![[r#"
            the archive holds no workbook
            Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
        "#]],
    );
    check(
        Format::Xlsx,
        &ods_of_rows(""),
        expect![[r#"
        the body is OpenDocument, and was sent as XLSX
        Send the body under the media type of its form.
    "#]],
    );
    check(
        Format::Ods,
        &Parts::of_rows("").bytes(),
        expect![[r#"
        the body is Office Open XML, and was sent as ODS
        Send the body under the media type of its form.
    "#]],
    );
    let mut word = Parts::of_rows("");
    word.put("xl/workbook.xml", "<document><body/></document>");
    check(
        Format::Xlsx,
        &word.bytes(),
        expect![[r#"
        the archive holds a document, but no workbook
        Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
    "#]],
    );
    let locked = archive(&[
        ("content.xml", b"\x01\x02"),
        (
            "META-INF/manifest.xml",
            b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/>\
              </manifest:file-entry></manifest:manifest>",
        ),
    ]);
    check(
        Format::Ods,
        &locked,
        expect![[r#"
        the workbook is protected by a password
        Remove the password from the workbook, save it and send it again.
    "#]],
    );
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    let rows: Vec<Vec<String>> = std::iter::once("id".to_owned())
        .chain((0..200).map(|n| format!("id-{n}")))
        .map(|id| vec![id])
        .collect();
    let cells: String = (0..200)
        .map(|n| ods_row(&said(&format!("id-{n}"))))
        .collect();
    for (format, body) in [
        (Format::Xlsx, xlsx_of(&rows)),
        (Format::Ods, ods_of_rows(&cells)),
    ] {
        for end in (0..body.len()).step_by(body.len() / 50) {
            let result = judge(
                format,
                &contract(),
                &rules(),
                &Limits::default(),
                &body[..end],
            );
            assert!(
                matches!(result, Err(IngestError::Refused { .. })),
                "{format:?} at {end}"
            );
        }
    }
    // The archive is whole and a part of it is not.
    let mut parts = Parts::of_rows("");
    let row = "<row r=\"1\"><c t=\"inlineStr\"><is><t>id</t></is></c></row>";
    for cut in [
        "",
        "<worksheet>",
        "<worksheet><sheetData>",
        &format!("<worksheet><sheetData>{row}<row>"),
        &format!("<worksheet><sheetData>{row}</sheetData>"),
    ] {
        parts.put("xl/worksheets/sheet1.xml", cut);
        let shown = judged(Format::Xlsx, &parts.bytes());
        assert!(
            shown.contains("cut off") || shown.contains("no cells"),
            "{cut}: {shown}"
        );
    }
}

#[test]
fn links_to_other_files_are_not_followed() {
    let mut parts = Parts::of_rows("");
    parts.put(
        "xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"r1\" TargetMode=\"External\" Type=\"x/worksheet\" \
         Target=\"file:///etc/passwd\"/></Relationships>",
    );
    check(
        Format::Xlsx,
        &parts.bytes(),
        expect![[r#"
        sheet `S` has no part
        Open the file in a spreadsheet program, save it again as `.xlsx` or `.ods`, and send that.
    "#]],
    );
}

#[test]
fn limits_of_rows_and_cells_are_told_by_place() {
    let body = xlsx(|sheet| {
        sheet.write_string(0, 0, "id").unwrap();
        sheet.write_string(1, 0, "abcd").unwrap();
        sheet.write_string(7, 0, "abcde").unwrap();
    });
    let told = |limits: Limits| judged_with(Format::Xlsx, &contract(), &limits, &body);
    expect![[r#"
        column `A` of row 8 is over the limit `cell_bytes` of 4
        Send less in it, or ask the operator to raise the limit.
    "#]]
    .assert_eq(&told(Limits {
        cell_bytes: 4,
        ..Limits::default()
    }));
    expect![[r#"
        row 8 is over the limit `row_bytes` of 36
        Look whether a line break is missing or a quote is not closed in that row.
    "#]]
    .assert_eq(&told(Limits {
        row_bytes: 36,
        ..Limits::default()
    }));
    expect![[r#"
        the body is over the limit `rows` of 1
        Send the rows as several submissions.
    "#]]
    .assert_eq(&told(Limits {
        rows: 1,
        ..Limits::default()
    }));
}

/// A part with some of its bytes changed.
fn spoilt(part: &str, changes: &[(usize, u8)]) -> String {
    let mut bytes = part.as_bytes().to_vec();
    for (at, byte) in changes {
        let at = at % bytes.len();
        bytes[at] = *byte;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_xml_is_judged(
        changes in prop::collection::vec((any::<usize>(), prop::sample::select(&b"<>/\"&= ;A19c"[..])), 1..5),
        which in 0..4_usize,
    ) {
        let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>\
            <row r=\"2\"><c r=\"A2\" s=\"1\"><v>46280</v></c><c r=\"B2\"><f>1</f><v>1</v></c></row>\
            </sheetData><mergeCells><mergeCell ref=\"D1:D2\"/></mergeCells></worksheet>";
        let strings = "<sst><si><t>id</t></si><si><r><t>x</t></r></si></sst>";
        let styles = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"d\"/></numFmts>\
            <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>";
        let content = ods_row(&said("A")) + &ods_row(&said("B"));
        let mut parts = Parts::of_rows("");
        parts.put("xl/worksheets/sheet1.xml", sheet);
        parts.put("xl/sharedStrings.xml", strings);
        parts.put("xl/styles.xml", styles);
        let (format, body) = match which {
            0 => (Format::Xlsx, parts.put("xl/worksheets/sheet1.xml", &spoilt(sheet, &changes)).bytes()),
            1 => (Format::Xlsx, parts.put("xl/sharedStrings.xml", &spoilt(strings, &changes)).bytes()),
            2 => (Format::Xlsx, parts.put("xl/styles.xml", &spoilt(styles, &changes)).bytes()),
            _ => (Format::Ods, ods_of_rows(&spoilt(&content, &changes))),
        };
        match judge(format, &contract(), &rules(), &Limits::default(), &body) {
            Ok(_) | Err(IngestError::Refused { .. } | IngestError::Limit { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn any_spoilt_archive_is_judged(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        is_ods: bool,
    ) {
        let row = ods_row(&said("A"));
        let (format, mut body) = match is_ods {
            true => (Format::Ods, ods_of_rows(&row)),
            false => (Format::Xlsx, Parts::of_rows("<row/>").bytes()),
        };
        for (at, byte) in changes {
            let at = at % body.len();
            body[at] = byte;
        }
        match judge(format, &contract(), &rules(), &Limits::default(), &body) {
            Ok(_) | Err(IngestError::Refused { .. } | IngestError::Limit { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
