use expect_test::{Expect, expect};

use super::{Adapter, AdapterFormat, ColumnSource, CsvForm, DatePart, OuterMeaning, Reading, Zone};
use crate::{Project, Sources};

const GOOD: &str = "\
name: portal
title: { vi: Cổng, en: Portal }
dataset: raw.things
format: json
rows: body.data
envelope:
  session: { drop: true }
  body.unit: { is: agency, through: agencies.old_code }
  body.month: { is: period }
  service: { must_be: Sync }
columns:
  id: { from: Ma }
  agency: { is: agency }
  kind: { from: Loai, codes: { '1': person, '2': business } }
  owner: { from: DonVi, through: agencies.old_code }
  at: { from: [NgayTra, NgayNhan], date: yyyyMMddHHmmss, zone: Asia/Ho_Chi_Minh }
  day: { from: Ngay, date: dd/MM/yyyy }
  amount: { from: LePhi, sum: Gia }
drop: [Ten, TaiLieu]
";

fn contract(dataset: &str, columns: &[(&str, &str, &str)]) -> (String, Vec<u8>) {
    let (layer, name) = dataset.split_once('.').unwrap();
    let mut text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: {dataset}\nname: x\nversion: 1.0.0\nstatus: \
         active\ndescription: {{ purpose: x }}\nteam: {{ name: x }}\ncustomProperties:\n  - {{ \
         property: name.en, value: x }}\n  - {{ property: purpose.vi, value: x }}\n  - {{ \
         property: classification, value: public }}\nschema:\n  - name: {name}\n    physicalType: \
         table\n    properties:\n"
    );
    for (column, types, more) in columns {
        let (logical, physical) = types.split_once(' ').unwrap();
        text += &format!(
            "      - name: {column}\n        businessName: x\n        logicalType: {logical}\n        \
             physicalType: {physical}\n        description: x\n        customProperties: [{{ \
             property: businessName.en, value: X }}]\n{more}"
        );
    }
    (
        format!("warehouse/{layer}/{name}.odcs.yaml"),
        text.into_bytes(),
    )
}

fn in_list(list: &str) -> String {
    format!(
        "        quality:\n          - {{ type: library, metric: invalidValues, arguments: {{ \
         codeList: {list} }}, mustBe: 0 }}\n"
    )
}

/// Reads the adapter beside a contract with a column of many types.
fn project(path: &str, adapter: &str) -> (Project, String) {
    const REQUIRED: &str = "        required: true\n";
    let code = ("code", "string string", REQUIRED);
    let (kinds, agencies) = (in_list("kinds"), in_list("agencies"));
    let things = [
        ("id", "string string", REQUIRED),
        ("agency", "string string", REQUIRED),
        ("kind", "string string", kinds.as_str()),
        ("owner", "string string", agencies.as_str()),
        ("at", "timestamp timestamp", ""),
        ("day", "date date", ""),
        ("amount", "integer int64", ""),
        ("flag", "boolean boolean", ""),
    ];
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = [
        contract("raw.things", &things),
        contract("codes.kinds", &[code]),
        contract("codes.agencies", &[code, ("old_code", "string string", "")]),
        file("warehouse/codes/kinds.csv", "code\nbusiness\nperson\n"),
        file(
            "warehouse/codes/agencies.csv",
            "code,old_code\nH26,000.00.00.H26\nH29,000.00.00.H29\nH30,\n",
        ),
        file(path, adapter),
    ];
    let (project, problems) = Project::read(&Sources::from_files(files));
    let told = problems.iter().map(|p| format!("{p}\n"));
    // The calendar that raw datasets need is not what is tested here.
    let told = told.filter(|problem| !problem.contains("there is no calendar"));
    let told = told.collect::<String>();
    (project, told.replace("warehouse/adapters/portal.yaml", "A"))
}

fn check_text(adapter: &str, expected: Expect) {
    expected.assert_eq(&project("warehouse/adapters/portal.yaml", adapter).1);
}

/// Checks the good adapter with one part changed.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(GOOD.contains(from), "{from}");
    check_text(&GOOD.replacen(from, to, 1), expected);
}

fn good() -> Adapter {
    let (mut project, told) = project("warehouse/adapters/portal.yaml", GOOD);
    assert_eq!(told, "");
    project.adapters.remove("portal").unwrap()
}

fn reading<'a>(adapter: &'a Adapter, column: &str) -> (&'a [String], &'a Reading) {
    let found = adapter.columns.iter().find(|c| c.column == column);
    match &found.unwrap().source {
        ColumnSource::Fields { names, reading } => (names, reading),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_adapter_is_read() {
    let adapter = good();
    assert_eq!(adapter.title.en, "Portal");
    assert_eq!(adapter.dataset.as_str(), "raw.things");
    assert_eq!(adapter.format, AdapterFormat::Json);
    assert_eq!(adapter.rows, ["body", "data"]);
    assert_eq!(adapter.drop, ["Ten", "TaiLieu"]);
    assert_eq!(adapter.sha256.len(), 64);
    let meanings: Vec<_> = adapter.envelope.iter().map(|f| &f.meaning).collect();
    let [
        OuterMeaning::Drop,
        OuterMeaning::Agency(aliases),
        OuterMeaning::Period(none),
        OuterMeaning::Constant(constant),
    ] = meanings.as_slice()
    else {
        panic!("{meanings:?}")
    };
    assert_eq!((none.len(), constant.as_str()), (0, "Sync"));
    assert_eq!(aliases["000.00.00.H26"], "H26");
    assert_eq!(aliases.len(), 2);
}

#[test]
fn columns_say_how_a_value_is_read() {
    let adapter = good();
    assert_eq!(adapter.columns[1].source, ColumnSource::Agency);
    assert_eq!(reading(&adapter, "id").1, &Reading::AsIs);
    assert_eq!(
        reading(&adapter, "amount").1,
        &Reading::Sum("Gia".to_owned())
    );
    let Reading::Codes(codes) = reading(&adapter, "kind").1 else {
        panic!()
    };
    assert_eq!(codes["2"], "business");
    let (names, Reading::Date(form)) = reading(&adapter, "at") else {
        panic!()
    };
    assert_eq!(names, ["NgayTra", "NgayNhan"]);
    assert_eq!(form.zone, Zone::AsiaHoChiMinh);
    let Reading::Date(form) = reading(&adapter, "day").1 else {
        panic!()
    };
    let slash = DatePart::Literal('/');
    let parts = [DatePart::Day, slash, DatePart::Month, slash, DatePart::Year];
    assert_eq!(form.parts, parts);
}

#[test]
fn the_head_is_checked() {
    check(
        "name: portal",
        "name: portals",
        expect![[r#"
        A:1:7: `name` must be `portal`, as the path says, found `portals`
    "#]],
    );
    check(
        "raw.things",
        "raw.thing",
        expect![[r#"
            A:3:10: no dataset is named `raw.thing`: did you mean `raw.things`?
        "#]],
    );
    check(
        "raw.things",
        "codes.kinds",
        expect![[r#"
            A:3:10: `codes.kinds` is not submitted: expected a dataset of the layer `raw`
        "#]],
    );
    check(
        "raw.things",
        "things",
        expect![[r#"
            A:3:10: `things` is no dataset name: expected `layer.name`, as in `raw.dossiers`
        "#]],
    );
    check(
        "format: json",
        "format: xlsx",
        expect![[r#"
        A:4:9: `format` must be one of `json`, `xml`, `ndjson`, `csv`, found `xlsx`
    "#]],
    );
    check(
        "rows: body.data",
        "rows: body..data",
        expect![[r#"
        A:5:7: `body..data` is no path: a name is empty
    "#]],
    );
    check(
        "drop: [Ten",
        "droop: [Ten",
        expect![[r#"
        A:19:1: unknown key `droop` in the adapter: did you mean `drop`?
    "#]],
    );
    let (project, told) = project("warehouse/adapters/Portal.yaml", GOOD);
    assert!(project.adapters.is_empty());
    expect![[r#"
        warehouse/adapters/Portal.yaml: the path names no adapter: expected `warehouse/adapters/<name>.yaml`, the name in lowercase letters, digits and `-`
    "#]].assert_eq(&told);
}

#[test]
fn the_envelope_is_checked() {
    check(
        "{ must_be: Sync }",
        "{}",
        expect![[r#"
        A:10:3: field `service` of the envelope says one of `is`, `must_be` and `drop: true`
    "#]],
    );
    check(
        "{ must_be: Sync }",
        "{ must_be: Sync, drop: true }",
        expect![[r#"
            A:10:3: field `service` of the envelope says one of `is`, `must_be` and `drop: true`
        "#]],
    );
    check(
        "{ is: period }",
        "{ is: month }",
        expect![[r#"
        A:9:3: field `body.month` of the envelope says one of `is`, `must_be` and `drop: true`
        A:9:21: `is` must be one of `agency`, `period`, found `month`
    "#]],
    );
    check(
        "old_code }\n  body.month",
        "name }\n  body.month",
        expect![[r#"
            A:8:37: `agencies.name` is no column of a code list: expected `<list>.<column>`
        "#]],
    );
}

#[test]
fn paths_of_the_envelope_are_checked() {
    check(
        "  session:",
        "  body:",
        expect![[r#"
            A:7:3: field `body` of the envelope lies on the way to the rows
            A:8:3: field `body.unit` lies within field `body`
            A:9:3: field `body.month` lies within field `body`
        "#]],
    );
    check(
        "  session:",
        "  body.data.x:",
        expect![[r#"
        A:7:3: field `body.data.x` of the envelope lies on the way to the rows
    "#]],
    );
    check(
        "  session:",
        "  service.a:",
        expect![[r#"
            A:7:3: field `service.a` lies within field `service`
        "#]],
    );
    check(
        "  session:",
        "  se..ssion:",
        expect![[r#"
        A:7:3: `se..ssion` is no path: a name is empty
    "#]],
    );
    check(
        "{ must_be: Sync }",
        "{ must_be: Sync, through: agencies.old_code }",
        expect![[r#"
            A:10:3: field `service` of the envelope has `through` and no `is`
        "#]],
    );
    check(
        "rows: body.data\n",
        "",
        expect![[r#"
        A:1:1: `envelope` needs `rows`: without it nothing stands around the rows
    "#]],
    );
}

#[test]
fn columns_are_checked_against_the_contract() {
    check(
        "  id:",
        "  idd:",
        expect![[r#"
        A:12:3: `raw.things` has no column `idd`: did you mean `id`?
        A:12:3: column `id` is required and nothing feeds it
    "#]],
    );
    check(
        "  agency: { is: agency }\n",
        "",
        expect![[r#"
        A:12:3: column `agency` is required and nothing feeds it
    "#]],
    );
    check(
        "{ is: agency }",
        "{ is: agency, from: X }",
        expect![[r#"
            A:13:3: column `agency` says one of `is`, `always` and `from`
        "#]],
    );
    check(
        "{ is: agency }",
        "{ is: agency, sum: X }",
        expect![[r#"
        A:13:3: column `agency` has no `from`: nothing is read
        A:13:30: `sum` adds whole and decimal numbers, the column is string
    "#]],
    );
}

#[test]
fn what_feeds_a_column_is_checked() {
    check(
        "  day: { from: Ngay, date: dd/MM/yyyy }",
        "  day: { is: period }",
        expect![[r#"
            A:17:3: column `day` is no text: `is` gives a code
        "#]],
    );
    check(
        "{ from: Ma }",
        "{ form: Ma }",
        expect![[r#"
        A:12:3: column `id` says one of `is`, `always` and `from`
        A:12:9: unknown key `form` in column `id`: did you mean `from`?
    "#]],
    );
    check(
        "{ from: Ma }",
        "{ from: [] }",
        expect![[r#"
        A:12:15: `from` is empty
    "#]],
    );
    check(
        "{ from: Ma }",
        "{ from: Ma, zone: UTC }",
        expect![[r#"
        A:12:3: column `id` has a `zone` and no `date`
    "#]],
    );
    check(
        "sum: Gia }",
        "sum: Gia, date: yyyyMMdd }",
        expect![[r#"
        A:18:3: column `amount` says more than one of `date`, `codes`, `sum` and `through`
    "#]],
    );
    check(
        "drop: [Ten",
        "drop: [Ma, Ten, Ten",
        expect![[r#"
        A:19:8: field `Ma` is taken and dropped
        A:19:17: field `Ten` stands twice in `drop`
    "#]],
    );
}

#[test]
fn codes_are_checked_against_the_lists() {
    check(
        "'2': business",
        "'2': busines",
        expect![[r#"
        A:14:50: `busines` is no code of the list `kinds`
    "#]],
    );
    check(
        "'2': business",
        "'2': 5",
        expect![[r#"
        A:14:50: `2` must be text, found the number `5`: put it in quotes
    "#]],
    );
    check(
        "  amount: { from: LePhi, sum: Gia }",
        "  flag: { from: Co, codes: { 'Y': 'true', 'N': 'no' } }",
        expect![[r#"
            A:18:48: `no` must be `true` or `false`
        "#]],
    );
    check(
        "kind: { from: Loai, codes: { '1': person, '2': business } }",
        "kind: { from: Loai, through: agencies.old_code }",
        expect![[r#"
            A:14:32: `H26` is no code of the list `kinds`
        "#]],
    );
    check(
        "Vi, through: agencies.old_code",
        "Vi, through: old_code",
        expect![[r#"
            A:15:34: `old_code` is no column of a code list: expected `<list>.<column>`
        "#]],
    );
}

#[test]
fn patterns_of_days_and_instants_are_checked() {
    check(
        "yyyyMMddHHmmss",
        "yyyyMMdd",
        expect![[r#"
        A:16:42: `yyyyMMdd` lacks `HH`
    "#]],
    );
    check(
        "yyyyMMddHHmmss",
        "yyyyMMddHHmmyyyy",
        expect![[r#"
        A:16:42: `yyyyMMddHHmmyyyy` has `yyyy` twice
    "#]],
    );
    check(
        "yyyyMMddHHmmss",
        "yyMMddHHmm",
        expect![[r#"
        A:16:42: `yyMMddHHmm` breaks at `yyMMddHHmm`: known are `yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`, `T` and what is no letter and no digit
    "#]],
    );
    check(
        "dd/MM/yyyy",
        "dd/MM/yyyy HH:mm",
        expect![[r#"
        A:17:28: `dd/MM/yyyy HH:mm` has `HH`, the column is date
    "#]],
    );
    check(
        "Asia/Ho_Chi_Minh",
        "Asia/Hanoi",
        expect![[r#"
        A:16:64: `zone` must be one of `Asia/Ho_Chi_Minh`, `UTC`, found `Asia/Hanoi`
    "#]],
    );
    check(
        "{ from: Ma }",
        "{ from: Ma, date: yyyyMMdd }",
        expect![[r#"
            A:12:25: `date` reads days and instants, the column is string
        "#]],
    );
    check(
        "sum: Gia",
        "date: yyyyMMdd",
        expect![[r#"
        A:18:32: `date` reads days and instants, the column is int64
    "#]],
    );
    check(
        "  at: { from: [NgayTra, NgayNhan], date: yyyyMMddHHmmss, zone: Asia/Ho_Chi_Minh }",
        "  at: { from: X, date: \"yyyy-MM-ddTHH:mm\", zone: UTC }",
        expect![""],
    );
}

#[test]
fn formats_have_what_they_need() {
    let xml = GOOD.replace("format: json", "format: xml");
    check_text(
        &xml,
        expect![[r#"
        A:5:7: `rows` must lead from the root to the row, as in `packet/data/row`
        A:18:31: `sum` adds over a list of JSON, the format is `xml`
    "#]],
    );
    check_text(
        &xml.replace("rows: body.data\n", ""),
        expect![[r#"
        A:1:1: `envelope` needs `rows`: without it nothing stands around the rows
        A:1:1: key `rows` is missing: in XML it names the element of a row
        A:17:31: `sum` adds over a list of JSON, the format is `xml`
    "#]],
    );
    check(
        "format: json",
        "format: ndjson",
        expect![[r#"
        A:5:7: `rows` has no use: every line is a row
    "#]],
    );
}

/// The good adapter as one of CSV.
fn csv() -> String {
    let (head, rows) = GOOD.split_once("rows: body.data\n").unwrap();
    let columns = &rows[rows.find("columns:").unwrap()..];
    let head = head.replace("format: json", "format: csv");
    head + &columns.replace(", sum: Gia }", " }")
}

#[test]
fn an_adapter_of_csv_says_how_its_cells_are_written() {
    let csv = csv();
    let form = |text: &str| {
        let (project, told) = project("warehouse/adapters/portal.yaml", text);
        assert_eq!(told, "");
        assert_eq!(project.adapters["portal"].format, AdapterFormat::Csv);
        project.adapters["portal"].csv
    };
    assert_eq!(form(&csv), CsvForm::default());
    let said = "format: csv\ndelimiter: tab\ndecimal: comma";
    let expected = CsvForm {
        delimiter: Some('\t'),
        decimal_comma: Some(true),
    };
    assert_eq!(form(&csv.replace("format: csv", said)), expected);
    check_text(
        &csv.replace("format: csv", "format: csv\ndelimiter: dot\ndecimal: 1"),
        expect![[r#"
            A:5:12: `delimiter` must be one of `comma`, `semicolon`, `tab`, `pipe`, found `dot`
            A:6:10: `decimal` must be text, found the number `1`: put it in quotes
        "#]],
    );
    check_text(
        &csv.replace("{ from: LePhi }", "{ from: LePhi, sum: Gia }")
            .replace(
                "format: csv",
                "format: csv\nrows: data\nenvelope:\n  a: { drop: true }",
            ),
        expect![[r#"
            A:5:7: `rows` has no use: every line is a row
            A:15:31: `sum` adds over a list of JSON, the format is `csv`
        "#]],
    );
    check(
        "format: json",
        "format: json\ndecimal: point",
        expect![[r#"
            A:1:1: `delimiter` and `decimal` are of `csv`, the format is `json`
        "#]],
    );
}

#[test]
fn a_column_may_always_be_one_text_that_it_takes() {
    let (project, told) = project(
        "warehouse/adapters/portal.yaml",
        &GOOD.replace(
            "{ from: Loai, codes: { '1': person, '2': business } }",
            "{ always: person }",
        ),
    );
    assert_eq!(told, "");
    let mut columns = project.adapters["portal"].columns.iter();
    let kind = columns.find(|column| column.column == "kind").unwrap();
    assert_eq!(kind.source, ColumnSource::Constant("person".to_owned()));
    check(
        "{ from: Loai, codes: { '1': person, '2': business } }",
        "{ always: animal }",
        expect![[r#"
            A:14:19: `animal` is no code of the list `kinds`
        "#]],
    );
    check(
        "{ from: Ngay, date: dd/MM/yyyy }",
        "{ always: today, date: dd/MM/yyyy }",
        expect![[r#"
            A:17:3: column `day` has no `from`: nothing is read
            A:17:18: `today` must be a day like `2026-08-31`
        "#]],
    );
    check(
        "{ from: Ma }",
        "{ from: Ma, always: x }",
        expect![[r#"
        A:12:3: column `id` says one of `is`, `always` and `from`
    "#]],
    );
}

#[test]
fn many_faults_are_told_in_one_pass() {
    check_text(
        "name: x\ntitle: 5\nextra: 1\nformat: json\ncolumns: [a]\nenvelope: 3\ndrop: x\n",
        expect![[r#"
            A:1:1: key `dataset` is missing in the adapter
            A:1:7: `name` must be `portal`, as the path says, found `x`
            A:2:8: `title` of the adapter must be a mapping, found the number `5`
            A:3:1: unknown key `extra` in the adapter: known are `name`, `title`, `dataset`, `format`, `delimiter`, `decimal`, `rows`, `envelope`, `columns`, `drop`
            A:5:10: `columns` of the adapter must be a mapping, found a list
            A:6:11: `envelope` of the adapter must be a mapping, found the number `3`
            A:7:7: `drop` must be a list, found the text `x`
        "#]],
    );
}
