//! Foreign rows: which field feeds which column, and what does not fit.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use project::{
    AdaptedColumn, Adapter, AdapterFormat, ColumnSource, ColumnType, Contract, CsvForm, DateForm,
    DatePart, OuterField, OuterMeaning, Reading, Text, Zone,
};

use crate::samples::{answer, contract_of, judge_through, rules};
use crate::{Limits, Mapping};

fn table(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(from, to): &(&str, &str)| ((*from).to_owned(), (*to).to_owned());
    pairs.iter().map(owned).collect()
}

fn column(column: &str, names: &[&str], reading: Reading) -> AdaptedColumn {
    AdaptedColumn {
        column: column.to_owned(),
        source: ColumnSource::Fields {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            reading,
        },
    }
}

fn field(path: &str, meaning: OuterMeaning) -> OuterField {
    OuterField {
        path: path.to_owned(),
        meaning,
    }
}

fn date(pattern: &str, parts: &[DatePart]) -> Reading {
    Reading::Date(DateForm {
        pattern: pattern.to_owned(),
        parts: parts.to_vec(),
        zone: Zone::AsiaHoChiMinh,
    })
}

/// `id` and `count` stand first, so that the sample rules apply.
pub(super) fn contract() -> Contract {
    let columns = [
        ("id", ColumnType::String, true),
        ("count", ColumnType::Int64, false),
        ("agency", ColumnType::String, true),
        ("kind", ColumnType::String, false),
        ("unit", ColumnType::String, false),
        ("at", ColumnType::Timestamp, false),
        ("day", ColumnType::Date, false),
        ("fee", ColumnType::Decimal(8, 2), false),
    ];
    contract_of(&columns, &["id"])
}

pub(super) fn adapter(format: AdapterFormat, rows: &[&str]) -> Adapter {
    use DatePart::{Day, Hour, Literal, Minute, Month, Second, Year};
    let agencies = table(&[("000.00.00.H26", "H26"), ("000.00.00.H29", "H29")]);
    let codes = table(&[("1", "person"), ("2", "business")]);
    let at = date("yyyyMMddHHmmss", &[Year, Month, Day, Hour, Minute, Second]);
    let slash = Literal('/');
    let join = |path: &str| path.replace('.', &format.separator().to_string());
    Adapter {
        name: "portal".to_owned(),
        title: Text::default(),
        dataset: "raw.samples".parse().unwrap(),
        format,
        csv: CsvForm::default(),
        rows: rows.iter().map(|name| (*name).to_owned()).collect(),
        envelope: vec![
            field(&join("top.session"), OuterMeaning::Drop),
            field(&join("top.unit"), OuterMeaning::Agency(agencies.clone())),
            field(
                &join("top.head.month"),
                OuterMeaning::Period(BTreeMap::new()),
            ),
            field(
                &join("top.service"),
                OuterMeaning::Constant("Sync".to_owned()),
            ),
        ],
        columns: vec![
            column("id", &["Ma"], Reading::AsIs),
            column("count", &["So"], Reading::AsIs),
            AdaptedColumn {
                column: "agency".to_owned(),
                source: ColumnSource::Agency,
            },
            column("kind", &["Loai"], Reading::Codes(codes)),
            column("unit", &["DonVi"], Reading::Through(agencies)),
            column("at", &["NgayTra", "NgayNhan"], at),
            column(
                "day",
                &["Ngay"],
                date("dd/MM/yyyy", &[Day, slash, Month, slash, Year]),
            ),
            column("fee", &["LePhi"], Reading::Sum("Gia".to_owned())),
        ],
        drop: vec!["Ten".to_owned(), "TaiLieu".to_owned()],
        sha256: String::new(),
        path: String::new(),
    }
}

/// The judgement of rows without an envelope.
fn judged(rows: &str) -> String {
    let (contract, mut adapter) = (contract(), adapter(AdapterFormat::Json, &[]));
    adapter.envelope.clear();
    let mapping = Mapping::new(&adapter, &contract);
    let judgement = judge_through(&mapping, &rules(), &Limits::default(), rows.as_bytes());
    answer(judgement, &contract)
}

fn check(rows: &str, expected: Expect) {
    expected.assert_eq(&judged(rows));
}

#[test]
fn fields_feed_columns_and_dropped_ones_nothing() {
    check(
        r#"[{"Ten":"x","Ma":"A","So":3,"Loai":"1","DonVi":"000.00.00.H29","NgayNhan":
        "20260901083005","Ngay":"15/09/2026","LePhi":[{"Gia":1000.5,"Ma":"L"},{"Gia":"2"}],
        "TaiLieu":[{}]},{"NgayTra":20260902000000,"NgayNhan":"20260901083000","Loai":2,
        "DonVi":"H30","LePhi":[],"Ma":"B"},{"Ma":"C","NgayTra":"","NgayNhan":null,"Loai":"",
        "Ngay":""}]"#,
        expect![[r#"
            1: A | 3 | H26 | person | H29 | 2026-09-01T08:30:05+07:00 | 2026-09-15 | 1002.50
            2: B | ∅ | H26 | business | H30 | 2026-09-02T00:00:00+07:00 | ∅ | 0.00
            3: C | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | ∅
            3 received, 3 landed, 0 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn codes_that_the_table_lacks_are_told_by_both_names() {
    check(
        r#"[{"Ma":"A","Loai":"3"},{"Ma":"B","Loai":["1"]},{"Ma":"C","Loai":"0912345678"}]"#,
        expect![[r#"
            1 refused code kind «3»: the codes of `kind` (from `Loai`) lack the value
                {"Ma":"A","Loai":"3"}
            2 refused type kind «["•••»: `kind` (from `Loai`) cannot be read as string: expected one value, not a list or an object
                {"Ma":"B","Loai":"[\"•••"}
            3 refused code kind «09•••»: the codes of `kind` (from `Loai`) lack the value
                {"Ma":"C","Loai":"09•••"}
            3 received, 0 landed, 3 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn days_and_instants_that_are_none_are_told_by_both_names() {
    let at = |text: &str| format!(r#"{{"Ma":"{text}","NgayNhan":"{text}"}}"#);
    let rows = [
        "20260931083000",
        "20260901243000",
        "20260901086000",
        "00000901083000",
        "99991231235959",
        "2026-09-01T08:30:00",
        "2026090108300",
        "202609010830000",
        "２０２６0901083000",
        "+2260901083000",
    ];
    check(
        &format!("[{}]", rows.map(at).join(",")),
        expect![[r#"
        5: 99991231235959 | ∅ | H26 | ∅ | ∅ | 9999-12-31T23:59:59+07:00 | ∅ | ∅
        1 refused type at «20260931083000»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"20260931083000","NgayNhan":"20260931083000"}
        2 refused type at «20260901243000»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"20260901243000","NgayNhan":"20260901243000"}
        3 refused type at «20260901086000»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"20260901086000","NgayNhan":"20260901086000"}
        4 refused type at «00000901083000»: `at` (from `NgayNhan`) cannot be read as timestamp: the year must lie between 1900 and 9999
            {"Ma":"00000901083000","NgayNhan":"00000901083000"}
        6 refused type at «2026-09-01T08:30:00»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"2026-09-01T08:30:00","NgayNhan":"2026-09-01T08:30:00"}
        7 refused type at «2026090108300»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"2026090108300","NgayNhan":"2026090108300"}
        8 refused type at «202609010830000»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"202609010830000","NgayNhan":"202609010830000"}
        9 refused type at «２０•••»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"２０•••","NgayNhan":"２０•••"}
        9 refused personal_data id «２０•••»: personal_data is broken
        10 refused type at «+2260901083000»: `at` (from `NgayNhan`) is not of the form `yyyyMMddHHmmss`
            {"Ma":"+2260901083000","NgayNhan":"+2260901083000"}
        10 received, 1 landed, 9 quarantined, 0 warned
    "#]],
    );
    check(
        r#"[{"Ma":"A","Ngay":"31/09/2026"},{"Ma":"B","Ngay":"1/9/2026"},{"Ma":"C","Ngay":{}}]"#,
        expect![[r#"
            1 refused type day «31/09/2026»: `day` (from `Ngay`) is not of the form `dd/MM/yyyy`
                {"Ma":"A","Ngay":"31/09/2026"}
            2 refused type day «1/9/2026»: `day` (from `Ngay`) is not of the form `dd/MM/yyyy`
                {"Ma":"B","Ngay":"1/9/2026"}
            3 refused type day «{}•••»: `day` (from `Ngay`) cannot be read as date: expected one value, not a list or an object
                {"Ma":"C","Ngay":"{}•••"}
            3 received, 0 landed, 3 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn sums_are_exact_and_of_lists_of_objects_only() {
    check(
        r#"[{"Ma":"A","LePhi":[{"Gia":0.1},{"Gia":0.2}]},{"Ma":"B","LePhi":"5"},{"Ma":"C","LePhi":
        [5]},{"Ma":"D","LePhi":[{"Gia":null}]},{"Ma":"E","LePhi":[{}]},{"Ma":"F","LePhi":[{"Gia":1,
        "Gia":2}]},{"Ma":"G","LePhi":{"Gia":1}},{"Ma":"H","LePhi":[{"Gia":999999},{"Gia":1}]},
        {"Ma":"I","LePhi":[{"Gia":0.001}]},{"Ma":"J","LePhi":[{"Gia":-0.25}]},{"Ma":"K","LePhi":
        [{"Gia":99999999999999999999999999999999999.99},
        {"Gia":999999999999999999999999999999999999.99}]},{"Ma":"L","LePhi":[{"Gia":[1]}]}]"#,
        expect![[r#"
            1: A | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | 0.30
            10: J | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | -0.25
            2 refused type fee «5»: `Gia` of `LePhi` cannot be added up to `fee`: expected a list of objects that have it once each
                {"Ma":"B","LePhi":"5"}
            3 refused type fee «[5•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected a list of objects that have it once each
                {"Ma":"C","LePhi":"[5•••"}
            4 refused type fee «[{•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected a decimal number without an exponent, as in `1250.50`
                {"Ma":"D","LePhi":"[{•••"}
            5 refused type fee «[{•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected a list of objects that have it once each
                {"Ma":"E","LePhi":"[{•••"}
            6 refused type fee «[{•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected a list of objects that have it once each
                {"Ma":"F","LePhi":"[{•••"}
            7 refused type fee «{"•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected a list of objects that have it once each
                {"Ma":"G","LePhi":"{\"•••"}
            8 refused type fee «1000000.00»: `fee` (from `LePhi`) cannot be read as decimal(8,2): the number is out of the type's range
                {"Ma":"H","LePhi":"[{•••"}
            9 refused type fee «[{•••»: `Gia` of `LePhi` cannot be added up to `fee`: too many digits after the decimal point
                {"Ma":"I","LePhi":"[{•••"}
            11 refused type fee «1099999999999999999999999999999999999.98»: `fee` (from `LePhi`) cannot be read as decimal(8,2): the number is out of the type's range
                {"Ma":"K","LePhi":"[{•••"}
            12 refused type fee «[{•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected one value, not a list or an object
                {"Ma":"L","LePhi":"[{•••"}
            12 received, 2 landed, 10 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn what_is_not_taken_is_hidden_where_a_refused_row_is_kept() {
    check(
        r#"[{"Ma":"A","ChuHoSo":"Tran Thi B"},{"So":"x","Ma":"B","Ten":"Le Van C","LePhi":
        [{"Gia":1,"NguoiNop":"Le Van C"}]},{"Ma":"001099012345"},"Tran Thi B",
        {"Ten":"Le Van C","Ten":""},{"Ma":{"Ten":"Le Van C"}},{"Ma":"F","LePhi":
        [{"NguoiNop":"Le Van C"}]},{"Ma":"G","DonVi":["Le Van C"]}]"#,
        expect![[r#"
            1 refused unknown_column ChuHoSo «Tr•••»: `raw.samples` has no column `ChuHoSo`
                {"Ma":"A","ChuHoSo":"Tr•••"}
            2 refused type count «x»: `count` (from `So`) cannot be read as int64: expected a whole number of digits only, as in `1250`
                {"So":"x","Ma":"B","Ten":"Le•••","LePhi":"[{•••"}
            3 refused personal_data id «00•••»: personal_data is broken
                {"Ma":"00•••"}
            4 refused malformed - «∅»: the row is no JSON object
                "\"T•••"
            5 refused malformed - «∅»: a field is given twice
                "{\"•••"
            6 refused type id «{"•••»: `id` (from `Ma`) cannot be read as string: expected one value, not a list or an object
                {"Ma":"{\"•••"}
            7 refused type fee «[{•••»: `Gia` of `LePhi` cannot be added up to `fee`: expected a list of objects that have it once each
                {"Ma":"F","LePhi":"[{•••"}
            8 refused type unit «["•••»: `unit` (from `DonVi`) cannot be read as string: expected one value, not a list or an object
                {"Ma":"G","DonVi":"[\"•••"}
            8 received, 0 landed, 8 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn a_field_may_be_given_once_whether_it_is_taken_or_not() {
    check(
        r#"[{"Ma":"A","Ma":"B"},{"Ma":"C","Ten":1,"Ten":2}]"#,
        expect![[r#"
            1 refused malformed - «∅»: a field is given twice
                "{\"•••"
            2 refused malformed - «∅»: a field is given twice
                "{\"•••"
            2 received, 0 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn values_of_a_wrong_type_are_told_by_both_names() {
    check(
        r#"[{"Ma":1,"So":"1.5"},{"So":-1,"Ma":"B"}]"#,
        expect![[r#"
            1 refused type id «1»: `id` (from `Ma`) cannot be read as string: expected a string; write the value in quotes
                {"Ma":1,"So":"1.5"}
            1 refused type count «1.5»: `count` (from `So`) cannot be read as int64: expected a whole number of digits only, as in `1250`
            2 refused range count «-1»: range is broken
                {"So":-1,"Ma":"B"}
            2 received, 0 landed, 2 quarantined, 0 warned
        "#]],
    );
}

#[test]
fn lines_are_read_by_a_mapping_too() {
    let (contract, mut adapter) = (contract(), adapter(AdapterFormat::Ndjson, &[]));
    adapter.envelope.clear();
    let mapping = Mapping::new(&adapter, &contract);
    let body = "{\"Ma\":\"A\",\"Ten\":\"x\"}\n{\"Ma\":\"B\",\"ChuHoSo\":\"Tran Thi B\"}\n{\"Ten\n";
    let judgement = judge_through(&mapping, &rules(), &Limits::default(), body.as_bytes());
    expect![[r#"
        1: A | ∅ | H26 | ∅ | ∅ | ∅ | ∅ | ∅
        2 refused unknown_column ChuHoSo «Tr•••»: `raw.samples` has no column `ChuHoSo`
            {"Ma":"B","ChuHoSo":"Tr•••"}
        3 refused malformed - «∅»: the line is not JSON; it breaks at byte 6
            "{\"•••"
        3 received, 1 landed, 2 quarantined, 0 warned
    "#]]
    .assert_eq(&answer(judgement, &contract));
}

#[test]
fn a_body_of_another_format_is_refused() {
    let (contract, adapter) = (contract(), adapter(AdapterFormat::Xml, &["a", "b"]));
    let mapping = Mapping::new(&adapter, &contract);
    let (envelope, limits) = (crate::samples::envelope(), Limits::default());
    let error = crate::check_through(
        std::path::Path::new("/nowhere"),
        crate::Format::Json.into(),
        &mapping,
        &[],
        &envelope,
        &limits,
        &mut |_| Ok(()),
    );
    expect!["adapter `portal` is made for the format `xml`"]
        .assert_eq(&error.unwrap_err().to_string());
}
