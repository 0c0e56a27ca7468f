use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, SheetVisible, Xlsx};
use project::{
    Bound, Check, Classification, Column, ColumnType, Contract, Project, Rule, Severity, Sources,
    Stamp, Text, Version,
};

use super::{CODES, GUIDE, ListedCode, ROWS, template};
use crate::sheet::testing::{sheets, text};

fn both(text: &str) -> Text {
    Text {
        vi: format!("{text} vi"),
        en: text.to_owned(),
    }
}

fn contract(columns: &[(&str, ColumnType, bool)]) -> Contract {
    let column = |(name, column_type, required): &(&str, ColumnType, bool)| Column {
        name: (*name).to_owned(),
        column_type: *column_type,
        required: *required,
        label: both(name),
        description: format!("what {name} is"),
        description_vi: String::new(),
    };
    Contract {
        dataset: "raw.samples".parse().unwrap(),
        version: Version {
            major: 1,
            minor: 2,
            patch: 3,
        },
        title: both("samples"),
        purpose: both("tests"),
        limitations: String::new(),
        limitations_vi: String::new(),
        legal_basis: String::new(),
        deadline: None,
        profile: project::Profiling::default(),
        owner: "tests".to_owned(),
        classification: Classification::Public,
        columns: columns.iter().map(column).collect(),
        key: Vec::new(),
        rules: Vec::new(),
        partition_by: Vec::new(),
        sort_by: Vec::new(),
        path: String::new(),
        source: "the contract".to_owned(),
    }
}

fn rule(column: Option<&str>, check: Check) -> Rule {
    Rule {
        name: "rule".to_owned(),
        column: column.map(str::to_owned),
        check,
        severity: Severity::Error,
        message: both("must hold"),
    }
}

fn codes(count: usize) -> Vec<ListedCode> {
    let code = |n: usize| ListedCode {
        code: format!("{n:02}"),
        name: format!("=Tên {n}"),
    };
    (0..count).map(code).collect()
}

/// A part of the workbook as text.
fn part(bytes: &[u8], name: &str) -> String {
    use std::io::Read;
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    zip.by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn every_type() -> Contract {
    contract(&[
        ("id", ColumnType::String, true),
        ("count", ColumnType::Int64, false),
        ("price", ColumnType::Decimal(18, 2), false),
        ("flag", ColumnType::Boolean, false),
        ("day", ColumnType::Date, false),
        ("at", ColumnType::Timestamp, false),
    ])
}

#[test]
fn the_form_has_a_sheet_for_rows_one_of_words_and_two_that_are_hidden() {
    let mut contract = every_type();
    contract.rules = vec![rule(Some("id"), Check::CodeList("kinds".to_owned()))];
    let bytes = template(&contract, &|_| Some(codes(3))).unwrap();
    let book: Xlsx<_> = Xlsx::new(Cursor::new(&bytes)).unwrap();
    let shown: Vec<_> = book
        .sheets_metadata()
        .iter()
        .map(|sheet| (sheet.name.clone(), sheet.visible))
        .collect();
    assert_eq!(
        shown,
        [
            (ROWS.to_owned(), SheetVisible::Visible),
            (GUIDE.to_owned(), SheetVisible::Visible),
            (CODES.to_owned(), SheetVisible::Hidden),
            (Stamp::SHEET.to_owned(), SheetVisible::VeryHidden),
        ]
    );
    // `sheets` also looks that no cell is a formula.
    let sheets = sheets(&bytes);
    let labels = [
        "id vi", "count vi", "price vi", "flag vi", "day vi", "at vi",
    ];
    assert_eq!(sheets[0].1, [labels.map(text).to_vec()]);
    assert_eq!(sheets[2].1[1], [text("00"), text("=Tên 0")]);
    let lines = sheets[3]
        .1
        .iter()
        .map(|row| (row[0].to_string(), row[1].to_string()));
    let lines: Vec<(String, String)> = lines.collect();
    let lines = lines
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let stamp = Stamp::read(lines).unwrap();
    assert_eq!(stamp, Stamp::of(&contract, ROWS, super::MADE_BY));
    assert_eq!(stamp.contract_sha256.len(), 64);
}

#[test]
fn columns_have_the_format_and_the_rule_of_their_type() {
    let mut contract = every_type();
    let bound = |value: &str| {
        Some(Bound {
            value: value.to_owned(),
            exclusive: false,
        })
    };
    contract.rules = vec![
        rule(
            Some("id"),
            Check::Length {
                min: Some(1),
                max: Some(60),
            },
        ),
        rule(
            Some("count"),
            Check::Range {
                min: bound("0"),
                max: None,
            },
        ),
    ];
    let bytes = template(&contract, &|_| None).unwrap();
    let styles = part(&bytes, "xl/styles.xml");
    for code in ["dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"] {
        assert!(
            styles.contains(&format!("formatCode=\"{code}\"")),
            "{styles}"
        );
    }
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    for (kind, place, first) in [
        ("textLength", "A2:A1048576", "1"),
        ("whole", "B2:B1048576", "0"),
        ("decimal", "C2:C1048576", "-1000000000000000"),
        ("list", "D2:D1048576", "\"TRUE,FALSE\""),
        ("date", "E2:F1048576", "61"),
    ] {
        let at = sheet.find(&format!("sqref=\"{place}\"")).or_else(|| {
            // Columns with the same rule may or may not share it.
            sheet
                .find("sqref=\"E2:E1048576\"")
                .filter(|_| kind == "date")
        });
        let from = sheet[..at.unwrap_or_else(|| panic!("{place}: {sheet}"))]
            .rfind("<dataValidation ")
            .unwrap();
        let end = from + sheet[from..].find("</dataValidation>").unwrap();
        let rule = &sheet[from..end];
        assert!(rule.contains(&format!("type=\"{kind}\"")), "{rule}");
        assert!(
            rule.contains(&format!("<formula1>{first}</formula1>")),
            "{rule}"
        );
        assert!(rule.contains("promptTitle="), "{rule}");
    }
    assert!(sheet.contains("state=\"frozen\""));
    let notes = part(&bytes, "xl/comments1.xml");
    assert!(
        notes.contains("id vi (id)") && notes.contains("• must hold vi"),
        "{notes}"
    );
}

#[test]
fn a_list_is_offered_unless_it_is_too_long_or_not_known() {
    let mut contract = contract(&[
        ("a", ColumnType::String, false),
        ("b", ColumnType::String, false),
        ("c", ColumnType::String, false),
        ("d", ColumnType::String, false),
    ]);
    contract.rules = ["a", "b", "c", "d"]
        .iter()
        .zip(["long", "kinds", "unknown", "kinds"])
        .map(|(column, list)| rule(Some(column), Check::CodeList(list.to_owned())))
        .collect();
    let lists = |list: &str| match list {
        "long" => Some(codes(10_001)),
        "kinds" => Some([codes(10), codes(5)].concat()),
        _ => None,
    };
    let bytes = template(&contract, &lists).unwrap();
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches("type=\"list\"").count(), 2, "{sheet}");
    let place = "<formula1>'Danh mục'!$A$2:$A$11</formula1>";
    assert_eq!(sheet.matches(place).count(), 2, "{sheet}");
    let notes = part(&bytes, "xl/comments1.xml");
    assert!(notes.contains("danh mục `long` có 10001 mã"), "{notes}");
    assert!(notes.contains("danh mục `unknown`"), "{notes}");
}

#[test]
fn a_header_means_one_column_only() {
    let mut contract = contract(&[
        ("a", ColumnType::String, false),
        ("b", ColumnType::String, false),
        ("c", ColumnType::String, false),
    ]);
    contract.columns[0].label.vi = "Số".to_owned();
    contract.columns[1].label.vi = "Số".to_owned();
    contract.columns[2].label.vi = String::new();
    let sheets = sheets(&template(&contract, &|_| None).unwrap());
    assert_eq!(sheets[0].1, [["a", "b", "c"].map(text).to_vec()]);
}

#[test]
fn words_that_are_too_long_for_a_spreadsheet_are_cut() {
    let mut contract = contract(&[("a", ColumnType::String, true)]);
    contract.columns[0].label.vi = "ế".repeat(300);
    contract.columns[0].description_vi = "𝄞".repeat(40_000);
    contract.rules = vec![rule(Some("a"), Check::Pattern("x".repeat(1000)))];
    contract.rules[0].message.vi = "y".repeat(1000);
    contract.rules[0].message.en = "=1+1".to_owned();
    let sheets = sheets(&template(&contract, &|_| None).unwrap());
    assert_eq!(sheets[0].1[0][0], text(&"ế".repeat(300)));
    let said = sheets[1].1.iter().flatten();
    assert!(said.clone().any(|cell| *cell == text("=1+1")));
    let long = said.filter_map(|cell| match cell {
        Data::String(text) => Some(text.encode_utf16().count()),
        _ => None,
    });
    assert!(long.max().unwrap() <= 32_767);
}

#[test]
fn the_same_contract_gives_the_same_bytes() {
    let once = || template(&every_type(), &|_| None).unwrap();
    assert!(once() == once());
}

#[test]
fn every_received_dataset_of_the_project_has_a_form() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (project, problems) = Project::read(&Sources::from_folder(&root).unwrap());
    assert!(problems.is_empty(), "{problems:?}");
    let lists = |list: &str| {
        let list = project.code_lists.get(list)?;
        let code = |(code, row): (&project::Code, &Vec<Option<String>>)| ListedCode {
            code: code.code.clone(),
            name: row.get(1).cloned().flatten().unwrap_or_default(),
        };
        Some(list.codes.iter().zip(&list.rows).map(code).collect())
    };
    let mut forms = 0;
    for contract in project.contracts.values() {
        if contract.dataset.layer() == project::Layer::Raw {
            let sheets = sheets(&template(contract, &lists).unwrap());
            assert_eq!(sheets[0].1[0].len(), contract.columns.len());
            forms += 1;
        }
    }
    assert!(forms > 0);
}
