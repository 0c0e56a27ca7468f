//! CSV of foreign systems: a header in their words, the rows as those of CSV that comes directly.

use expect_test::{Expect, expect};
use project::{
    AdaptedColumn, Adapter, AdapterFormat, ColumnSource, ColumnType, Contract, CsvForm, Reading,
};
use proptest::prelude::*;

use super::mapped;
use crate::samples::{self, answer, contract_of, judge, judge_through, rules, shown};
use crate::{Coding, Delimiter, Dialect, Envelope, Format, IngestError, Limits, Mapping};

fn adapter() -> Adapter {
    let mut adapter = mapped::adapter(AdapterFormat::Csv, &[]);
    adapter.envelope.clear();
    adapter.columns.pop();
    let fee = ColumnSource::Fields {
        names: vec!["Lệ phí".to_owned()],
        reading: Reading::AsIs,
    };
    adapter.columns.push(AdaptedColumn {
        column: "fee".to_owned(),
        source: fee,
    });
    adapter
}

fn judged_by(adapter: &Adapter, limits: &Limits, body: &[u8]) -> String {
    let contract = mapped::contract();
    let mapping = Mapping::new(adapter, &contract);
    answer(judge_through(&mapping, &rules(), limits, body), &contract)
}

fn check(body: &str, expected: Expect) {
    expected.assert_eq(&judged_by(&adapter(), &Limits::default(), body.as_bytes()));
}

#[test]
fn columns_in_foreign_words_feed_those_of_the_contract() {
    check(
        "Ten,Ma,So,Loai,DonVi,NgayTra,NgayNhan,Ngay,Lệ phí\r\n\
         x,A,3,1,000.00.00.H29,,20260901083005,15/09/2026,1002.5\r\n\
         \"x, y\",B,,2,H30,20260902000000,20260901083000,,\r\n\r\n\
         ,C,,,,,,,0\r\n",
        expect![[r#"
            1: A | 3 | H26 | person | H29 | 2026-09-01T08:30:05+07:00 | 2026-09-15 | 1002.50
            2: B | ∅ | H26 | business | H30 | 2026-09-02T00:00:00+07:00 | ∅ | ∅
            3: C | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | 0.00
            3 received, 3 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_header_is_known_whatever_the_form_of_its_letters_and_the_spaces_around_them() {
    // `ệ` as `e` with two marks behind it.
    check(
        "\u{feff}\"Ma\" ,  Le\u{302}\u{323} phi\u{301}\u{a0}\nA,1\n",
        expect![[r#"
            the header is broken: a quote is not closed or in the wrong place
            Send text whose first line names the columns, separated by `,`, `;`, tabs or `|`.
        "#]],
    );
    check(
        "\u{feff} Ma ,Le\u{323}\u{302} phi\u{301}\u{a0}\nA,1\n",
        expect![[r#"
            1: A | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | 1.00
            1 received, 1 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_header_that_does_not_fit_refuses_the_body_by_the_foreign_names() {
    check(
        "Ma,ChuHoSo,Mã số,0912345678\nA,x,y,z\n",
        expect![[r#"
        adapter `portal` does not know `ChuHoSo`, `Mã số`, `09•••`
        It knows `Ma`, `So`, `Loai`, `DonVi`, `NgayTra`, `NgayNhan`, `Ngay`, `Lệ phí`, `Ten`, `TaiLieu`. Leave other columns out, or list them under `drop` in the adapter.
    "#]],
    );
    check(
        "So,Loai\n1,1\n",
        expect![[r#"
        the body has no column `Ma`
        Adapter `portal` reads `id` from it, which `raw.samples` requires in every row.
    "#]],
    );
    check(
        "Ma,So,Ma\nA,1,B\n",
        expect![[r#"
        the body has `Ma` twice
        Give every column once.
    "#]],
    );
    check(
        "",
        expect![[r#"
        the body is empty: it has no header
        Send text whose first line names the columns, separated by `,`, `;`, tabs or `|`.
    "#]],
    );
    let limits = Limits {
        columns: 2,
        ..Limits::default()
    };
    expect![[r#"
        the body is over the limit `columns` of 2
        Send less in it, or ask the operator to raise the limit.
    "#]]
    .assert_eq(&judged_by(&adapter(), &limits, b"Ma,So,Loai\n"));
    let mut tabs = adapter();
    tabs.csv.delimiter = Some('\t');
    expect![[r#"
        adapter `portal` does not know `Ma,So`
        Separate cells by tabs, as declared, not by `,`.
    "#]]
    .assert_eq(&judged_by(&tabs, &Limits::default(), b"Ma,So\nA,1\n"));
}

#[test]
fn values_that_do_not_fit_are_told_by_both_names_and_broken_rows_are_hidden_whole() {
    check(
        "Ma,So,Loai,Ngay,Ten,Lệ phí\n\
         A,x,1,,Tran Thi B,\n\
         B,1,9,,Tran Thi B,\n\
         C,1,,2026-09-15,Tran Thi B,\n\
         D,1,,,Tran Thi B,\"1.000,5\"\n\
         E,1,Tran Thi B\n\
         F,1,,,Tran \"Thi\" B,\n\
         Ma,So,Loai,Ngay,Ten,Lệ phí\n\
         A,1,,,Tran Thi B,\n\
         0912345678,1,,,Tran Thi B,\n",
        expect![[r#"
            1 refused type count «x»: `count` (from `So`) cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"Ma":"A","So":"x","Loai":"1","Ngay":null,"Ten":"Tr•••","Lệ phí":null}
            2 refused code kind «9»: the codes of `kind` (from `Loai`) lack the value
                {"Ma":"B","So":"1","Loai":"9","Ngay":null,"Ten":"Tr•••","Lệ phí":null}
            3 refused type day «2026-09-15»: `day` (from `Ngay`) is not of the form `dd/MM/yyyy`
                {"Ma":"C","So":"1","Loai":null,"Ngay":"2026-09-15","Ten":"Tr•••","Lệ phí":null}
            4 refused type fee «1.000,5»: `fee` (from `Lệ phí`) cannot be read as decimal(8,2): expected a decimal number without an exponent, as in `1250.50`
                {"Ma":"D","So":"1","Loai":null,"Ngay":null,"Ten":"Tr•••","Lệ phí":"1.000,5"}
            5 refused malformed - «∅»: the row has 3 cells, the header has 6 columns
                "E,•••"
            6 refused malformed - «∅»: a quote stands in the wrong place; a cell with quotes must itself be quoted
                "F,•••"
            7 refused malformed - «∅»: the row is the header once more
                "Ma•••"
            8 refused unique id «A»: the key (`id`) is already in row 1
                {"Ma":"A","So":"1","Loai":null,"Ngay":null,"Ten":"Tr•••","Lệ phí":null}
            9 refused personal_data id «09•••»: personal_data is broken
                {"Ma":"09•••","So":"1","Loai":null,"Ngay":null,"Ten":"Tr•••","Lệ phí":null}
            9 received, 0 landed, 9 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn numbers_have_the_decimal_mark_of_the_sender_the_adapter_or_the_delimiter() {
    let semicolons = "Ma;So;Lệ phí\nA;1.250;2.000,5\nB;2;3.5\n";
    check(
        semicolons,
        expect![[r#"
        1: A | 1250 | H26 | ∅ | ∅ | ∅ | ∅ | 2000.50
        1 warned high count «1250»: high is broken
        2 refused type fee «3.5»: `fee` (from `Lệ phí`) cannot be read as decimal(8,2): expected a number with a decimal comma, as in `1250,50` or `1.250,50`
            {"Ma":"B","So":"2","Lệ phí":"3.5"}
        2 received, 1 landed, 1 quarantined, 1 warned
    "#]],
    );
    let tabs = semicolons.replace(';', "\t");
    let mut adapter = adapter();
    adapter.csv.decimal_comma = Some(true);
    let limits = Limits::default();
    assert_eq!(
        judged_by(&adapter, &limits, tabs.as_bytes()),
        judged_by(&self::adapter(), &limits, semicolons.as_bytes())
    );
    let contract = mapped::contract();
    let mapping = Mapping::new(&adapter, &contract);
    let point = Coding {
        dialect: Dialect {
            decimal_comma: Some(false),
            delimiter: Some(Delimiter::Tab),
            ..Dialect::default()
        },
        ..Format::Csv.into()
    };
    expect![[r#"
        2: B | 2 | H26 | ∅ | ∅ | ∅ | ∅ | 3.50
        1 refused type count «1.250»: `count` (from `So`) cannot be read as int64: expected a whole number of digits only, as in `1250`
            {"Ma":"A","So":"1.250","Lệ phí":"2.000,5"}
        1 refused type fee «2.000,5»: `fee` (from `Lệ phí`) cannot be read as decimal(8,2): expected a decimal number without an exponent, as in `1250.50`
        2 received, 1 landed, 1 quarantined, 0 warned
    "#]].assert_eq(&judged_as(&mapping, point, tabs.as_bytes()));
}

/// The judgement of a body whose sender declares more than its format.
fn judged_as(mapping: &Mapping<'_>, coding: Coding, body: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("body");
    std::fs::write(&path, body).unwrap();
    let (envelope, limits): (Envelope, _) = (samples::envelope(), Limits::default());
    let mut landed = Vec::new();
    let (mut verdicts, mut personal) = (Vec::new(), false);
    let counts = crate::check_through(
        &path,
        coding,
        mapping,
        &rules(),
        &envelope,
        &limits,
        &mut |checked| {
            landed.push(checked.landed);
            verdicts.extend(checked.verdicts);
            personal |= checked.personal;
            Ok(())
        },
    );
    let judgement = counts.map(|counts| samples::Judgement {
        counts,
        landed,
        verdicts,
        personal,
    });
    answer(judgement, mapping.contract())
}

#[test]
fn a_constant_stands_in_every_row() {
    let mut adapter = adapter();
    adapter.columns[3].source = ColumnSource::Constant("person".to_owned());
    let told = judged_by(&adapter, &Limits::default(), b"Ma,Ten\nA,\nB,x\n");
    expect![[r#"
        1: A | ∅ | H26 | person | ∅ | ∅ | ∅ | ∅
        2: B | ∅ | H26 | person | ∅ | ∅ | ∅ | ∅
        2 received, 2 landed, 0 quarantined, 0 warned
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_workbook_is_told_to_be_saved_as_csv() {
    let (adapter, contract) = (adapter(), mapped::contract());
    let mapping = Mapping::new(&adapter, &contract);
    for format in [Format::Xlsx, Format::Ods] {
        let told = judged_as(&mapping, format.into(), b"PK");
        assert_eq!(
            told,
            "adapter `portal` is made for the format `csv`\n\
             Save the sheet as CSV in UTF-8, and send that.\n"
        );
    }
}

/// The sample contract, whose columns a foreign system calls otherwise.
fn renamed(contract: &Contract) -> Adapter {
    let columns = contract.columns.iter().map(|column| AdaptedColumn {
        column: column.name.clone(),
        source: ColumnSource::Fields {
            names: vec![foreign(&column.name)],
            reading: Reading::AsIs,
        },
    });
    Adapter {
        columns: columns.collect(),
        drop: Vec::new(),
        csv: CsvForm::default(),
        ..adapter()
    }
}

fn foreign(name: &str) -> String {
    format!("Cột {name}")
}

/// What is said of rows: their numbers, columns, rules and values.
fn said(judged: &Result<samples::Judgement, IngestError>, columns: usize) -> String {
    match judged {
        Err(error) => error.to_string(),
        Ok(judgement) => {
            let told = judgement.verdicts.iter().map(|verdict| {
                let (row, rule, value) = (verdict.row, &verdict.rule, &verdict.value_excerpt);
                format!("{row} {rule} {:?} {value:?}\n", verdict.column)
            });
            let told: String = told.collect();
            let all = shown(judgement, columns);
            let is_landed = |line: &&str| {
                let number = line
                    .split_once(": ")
                    .map(|(number, _)| number.parse::<u64>());
                matches!(number, Some(Ok(_))) || line.ends_with(" warned")
            };
            let landed: Vec<&str> = all.lines().filter(is_landed).collect();
            told + &landed.join("\n")
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        3 => Just(String::new()),
        3 => "[A-C]",
        2 => "-?[0-9]{1,3}([.,][0-9]{1,3})?",
        1 => "(1899|2026)-(02|09)-(01|29|31)",
        1 => "\"[a;,\\n]{0,3}\"|\"|NaN|true|001099012345|e\u{302}",
    ];
    (prop::collection::vec(cell, 1..=9), "[,;]").prop_map(|(cells, by)| cells.join(&by))
}

proptest! {
    /// The number of a row, what it breaks and what lands are as if the header were the contract's.
    #[test]
    fn renamed_columns_are_judged_as_the_contracts_own(
        lines in prop::collection::vec(line(), 0..8), by in "[,;\t|]",
    ) {
        let contract = samples::contract();
        let adapter = renamed(&contract);
        let mapping = Mapping::new(&adapter, &contract);
        let names: Vec<&str> = contract.columns.iter().map(|c| c.name.as_str()).collect();
        let rows = lines.join("\r\n");
        let own = format!("{}\n{rows}", names.join(&by));
        let others: Vec<String> = names.iter().map(|name| foreign(name)).collect();
        let others = format!("{}\n{rows}", others.join(&by));
        let limits = Limits::default();
        let direct = judge(Format::Csv, &contract, &rules(), &limits, own.as_bytes());
        let through = judge_through(&mapping, &rules(), &limits, others.as_bytes());
        prop_assert_eq!(said(&direct, 8), said(&through, 8));
    }
}

#[test]
fn a_required_column_may_be_read_from_any_of_several() {
    let contract = contract_of(&[("at", ColumnType::Timestamp, true)], &[]);
    let mut adapter = adapter();
    adapter.columns.retain(|column| column.column == "at");
    adapter.drop.clear();
    let mapping = Mapping::new(&adapter, &contract);
    let told = |body: &str| {
        let judged = judge_through(&mapping, &[], &Limits::default(), body.as_bytes());
        answer(judged, &contract)
    };
    expect![[r#"
        1: 2026-09-01T08:30:05+07:00
        1 received, 1 landed, 0 quarantined, 0 warned
    "#]]
    .assert_eq(&told("NgayNhan\n20260901083005\n"));
    expect![[r#"
        adapter `portal` does not know `Ten`
        It knows `NgayTra`, `NgayNhan`. Leave other columns out, or list them under `drop` in the adapter.
    "#]].assert_eq(&told("Ten\nA\n"));
    let mut others = adapter.clone();
    others.drop.push("Ten".to_owned());
    let mapping = Mapping::new(&others, &contract);
    let judged = judge_through(&mapping, &[], &Limits::default(), b"Ten\nA\n");
    expect![[r#"
        the body has no column `NgayTra`, `NgayNhan`
        Adapter `portal` reads `at` from it, which `raw.samples` requires in every row.
    "#]]
    .assert_eq(&answer(judged, &contract));
}
