use expect_test::{Expect, expect};

use super::{Check, ColumnType, Contract, Missing, Rule};
use crate::problem::Problem;

const PATH: &str = "warehouse/raw/things.odcs.yaml";

const GOOD: &str = r#"apiVersion: v3.1.0
kind: DataContract
id: raw.things
name: Đồ vật
version: 1.2.3
status: active
description: { purpose: Things, limitations: sample data }
team: { name: chuyen-doi-so }
customProperties:
  - { property: name.en, value: Things }
  - { property: purpose.vi, value: Các đồ vật }
  - { property: classification, value: public }
schema:
  - name: things
    physicalType: table
    properties:
      - name: thing_id
        businessName: Mã
        logicalType: string
        physicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        description: Id
        examples: ['1', a]
        logicalTypeOptions: { minLength: 1, maxLength: 9, pattern: '[a-z0-9]+' }
        customProperties:
          - { property: businessName.en, value: Id }
          - { property: personalData, value: allowed }
      - name: kind
        businessName: Loại
        logicalType: string
        physicalType: string
        description: Kind
        customProperties: [{ property: businessName.en, value: Kind }]
        quality:
          - { type: library, metric: invalidValues, arguments: { codeList: kinds }, mustBe: 0 }
      - name: amount
        businessName: Số lượng
        logicalType: integer
        physicalType: int32
        description: Amount
        logicalTypeOptions: { minimum: 0, exclusiveMaximum: 100 }
        customProperties: [{ property: businessName.en, value: Amount }]
      - name: made_on
        businessName: Ngày
        logicalType: date
        physicalType: date
        description: Day
        customProperties: [{ property: businessName.en, value: Day }]
    quality:
      - type: custom
        engine: dtm
        name: kind_needs_amount
        implementation: kind is null or amount is not null
        severity: warning
        description: a kind without an amount
        customProperties: [{ property: description.vi, value: thiếu số lượng }]
"#;

fn listed(problems: &[Problem]) -> String {
    let text: String = problems.iter().map(|p| format!("{p}\n")).collect();
    text.replace(PATH, "C")
}

fn check_text(text: &str, expected: Expect) {
    let told = Contract::read(PATH, text).map_or_else(|p| listed(&p), |_| String::new());
    expected.assert_eq(&told);
}

/// Checks the good contract with one part changed.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(GOOD.contains(from), "{from}");
    check_text(&GOOD.replacen(from, to, 1), expected);
}

/// Checks the good contract with one more rule of the table.
fn check_rule(rule: &str, expected: Expect) {
    check_text(&format!("{GOOD}      - {rule}\n"), expected);
}

fn good() -> Contract {
    Contract::read(PATH, GOOD).unwrap()
}

fn show(rule: &Rule) -> String {
    let Rule {
        name,
        column,
        check,
        severity,
        message,
    } = rule;
    let column = column.as_deref().unwrap_or("-");
    format!(
        "{name} {column} {severity:?}\n  {check:?}\n  {}\n  {}\n",
        message.vi, message.en
    )
}

#[test]
fn implicit_and_stated_rules_are_listed_with_texts_in_both_languages() {
    let told: String = good().rules.iter().map(show).collect();
    expect![[r#"
        required thing_id Error
          Required
          Mã không được để trống
          Id must be given
        length thing_id Error
          Length { min: Some(1), max: Some(9) }
          Mã phải có từ 1 đến 9 ký tự
          Id must have from 1 to 9 characters
        pattern thing_id Error
          Pattern("[a-z0-9]+")
          Mã không đúng dạng `[a-z0-9]+`
          Id does not have the form `[a-z0-9]+`
        personal_data kind Error
          PersonalData
          Loại có vẻ chứa dữ liệu cá nhân (số định danh, số điện thoại hoặc địa chỉ thư điện tử)
          Kind looks as if it held personal data (a citizen id, a phone number or an e-mail address)
        code_list kind Error
          CodeList("kinds")
          Loại không phải là mã có hiệu lực trong kỳ của danh mục `kinds`
          Kind is no code of the list `kinds` that is valid in the period
        range amount Error
          Range { min: Some(Bound { value: "0", exclusive: false }), max: Some(Bound { value: "100", exclusive: true }) }
          Số lượng phải lớn hơn hoặc bằng 0 và nhỏ hơn 100
          Amount must be at least 0 and less than 100
        unique - Error
          Unique(["thing_id"])
          Đã có một dòng khác trùng Mã
          Another row has the same Id
        kind_needs_amount - Warning
          Expression { sql: "kind is null or amount is not null", missing: Skip }
          thiếu số lượng
          a kind without an amount
    "#]].assert_eq(&told);
}

#[test]
fn what_is_said_in_vietnamese_stands_beside_the_english() {
    let more = "  - { property: limitations.vi, value: dữ liệu mẫu }\n  \
        - { property: legalBasis, value: Thông tư 12 }\n  - { property: classification";
    let text = GOOD.replacen("  - { property: classification", more, 1);
    let contract = Contract::read(PATH, &text).unwrap();
    assert_eq!(contract.limitations, "sample data");
    assert_eq!(contract.limitations_vi, "dữ liệu mẫu");
    assert_eq!(contract.legal_basis, "Thông tư 12");
    assert_eq!(good().limitations_vi, "");
}

#[test]
fn what_the_file_says_is_in_the_model() {
    let contract = good();
    assert_eq!(contract.dataset.as_str(), "raw.things");
    assert_eq!(contract.version.to_string(), "1.2.3");
    assert_eq!(
        (contract.title.vi.as_str(), contract.title.en.as_str()),
        ("Đồ vật", "Things")
    );
    assert_eq!(contract.purpose.vi, "Các đồ vật");
    assert_eq!(contract.limitations, "sample data");
    assert_eq!(contract.key, ["thing_id"]);
    assert_eq!(contract.partition_by, ["_period"]);
    assert_eq!(contract.arrow_schema().fields().len(), 4);
    assert_eq!(contract.table_schema().fields().len(), 9);
    assert_eq!(contract.source, GOOD);
}

#[test]
fn ranges_and_lengths_name_the_ends_that_they_have() {
    let messages = |options: &str| {
        let text = GOOD.replacen("{ minimum: 0, exclusiveMaximum: 100 }", options, 1);
        let contract = Contract::read(PATH, &text).unwrap();
        let range = contract
            .rules
            .iter()
            .find(|r| matches!(r.check, Check::Range { .. }))
            .unwrap();
        format!("{} · {}\n", range.message.vi, range.message.en)
    };
    expect![[r#"
        Số lượng phải lớn hơn hoặc bằng -5 · Amount must be at least -5
        Số lượng phải lớn hơn 0 · Amount must be greater than 0
        Số lượng phải nhỏ hơn hoặc bằng 5 · Amount must be at most 5
        Số lượng phải nhỏ hơn 5 · Amount must be less than 5
        Số lượng phải từ 1 đến 5 · Amount must be from 1 to 5
    "#]]
    .assert_eq(
        &[
            messages("{ minimum: -5 }"),
            messages("{ exclusiveMinimum: 0 }"),
            messages("{ maximum: 5 }"),
            messages("{ exclusiveMaximum: 5 }"),
            messages("{ minimum: 1, maximum: 5 }"),
        ]
        .concat(),
    );
}

#[test]
fn ten_mistakes_are_told_in_one_pass() {
    let mut text = GOOD.to_owned();
    for (from, to) in [
        ("apiVersion: v3.1.0", "apiVersion: v3.0.0"),
        ("id: raw.things", "id: raw.thing"),
        ("version: 1.2.3", "version: 1.2"),
        ("status: active\n", "status: active\nowner: me\n"),
        ("value: public", "value: secret"),
        ("required: true", "required: yes"),
        ("pattern: '[a-z0-9]+'", "pattern: '[a-z'"),
        ("businessName: Loại\n        ", ""),
        ("logicalType: integer", "logicalType: number"),
        ("minimum: 0", "minimum: 0.5"),
        ("name: made_on", "name: kind"),
        ("severity: warning", "severity: fatal"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    check_text(
        &text,
        expect![[r#"
            C:1:13: `apiVersion` must be `v3.1.0`, found `v3.0.0`
            C:3:5: `id` must be `raw.things`, as the path says, found `raw.thing`
            C:5:10: `version` must be text, found the number `1.2`: put it in quotes
            C:7:1: unknown key `owner` in the contract: known are `apiVersion`, `kind`, `id`, `name`, `version`, `status`, `domain`, `tenant`, `tags`, `description`, `team`, `customProperties`, `schema`
            C:13:40: `classification` must be one of `public`, `internal`, `restricted`, found `secret`
            C:22:19: `required` must be `true` or `false`, found the text `yes`
            C:27:68: `[a-z` is no regular expression: unclosed character class
            C:31:9: key `businessName` is missing in column `kind`
            C:40:22: `logicalType` beside `int32` must be `integer`, found `number`
            C:43:40: bound `0.5` is no `int32`: expected a whole number of 32 bits
            C:45:15: column `kind` stands twice; first on line 31
            C:56:19: `severity` must be one of `error`, `quarantine`, `warning`, found `fatal`
        "#]],
    );
}

#[test]
fn the_path_is_the_name() {
    let told = |path: &str| listed(&Contract::read(path, GOOD).unwrap_err());
    expect![[r#"
        warehouse/raw/Things.odcs.yaml: the path names no dataset: expected `warehouse/<layer>/<name>.odcs.yaml`, the name in lowercase letters, digits and `_`
    "#]].assert_eq(&told("warehouse/raw/Things.odcs.yaml"));
    expect![[r#"
        warehouse/gold/things.odcs.yaml: the path names no dataset: expected `warehouse/<layer>/<name>.odcs.yaml`, the name in lowercase letters, digits and `_`
    "#]].assert_eq(&told("warehouse/gold/things.odcs.yaml"));
    expect![[r#"
        warehouse/system/things.odcs.yaml: datasets of the layer `system` have no contract file
    "#]]
    .assert_eq(&told("warehouse/system/things.odcs.yaml"));
    expect![[r#"
        warehouse/raw/others.odcs.yaml:3:5: `id` must be `raw.others`, as the path says, found `raw.things`
        warehouse/raw/others.odcs.yaml:14:11: the table must be named `others`, found `things`
    "#]].assert_eq(&told("warehouse/raw/others.odcs.yaml"));
}

#[test]
fn metadata_is_checked() {
    check(
        "kind: DataContract",
        "kind: Contract",
        expect![[r#"
            C:2:7: `kind` must be `DataContract`, found `Contract`
        "#]],
    );
    check(
        "version: 1.2.3",
        "version: 1.02.3",
        expect![[r#"
        C:5:10: `1.02.3` is no version: expected three numbers as in `1.0.0`
    "#]],
    );
    check(
        "version: 1.2.3",
        "version: 1.2.3-beta",
        expect![[r#"
        C:5:10: `1.2.3-beta` is no version: expected three numbers as in `1.0.0`
    "#]],
    );
    check(
        "version: 1.2.3",
        "version: 1",
        expect![[r#"
        C:5:10: `version` must be text, found the number `1`: put it in quotes
    "#]],
    );
    check(
        "status: active",
        "status: living",
        expect![[r#"
        C:6:9: `status` must be one of `proposed`, `draft`, `active`, `deprecated`, `retired`, found `living`
    "#]],
    );
    check(
        "status: active\n",
        "",
        expect![[r#"
        C:1:1: key `status` is missing in the contract
    "#]],
    );
}

/// Checks a deadline of that value.
fn check_deadline(value: &str, expected: Expect) {
    let property = format!("  - {{ property: deadline, value: {value} }}\nschema:");
    check("schema:", &property, expected);
}

#[test]
fn a_deadline_is_a_rule_with_its_basis() {
    let value = "{ dueAfterDays: 10, lockAfterDays: 30, legalBasis: Thông tư, verified: true }";
    let property = format!("  - {{ property: deadline, value: {value} }}\nschema:");
    let contract = Contract::read(PATH, &GOOD.replacen("schema:", &property, 1)).unwrap();
    let deadline = contract.deadline.unwrap();
    assert_eq!(deadline.rule.due_after_days, 10);
    assert_eq!(deadline.rule.lock_after_days, Some(30));
    assert_eq!(deadline.legal_basis, "Thông tư");
    assert!(deadline.verified);
    assert_eq!(good().deadline, None);
    check_deadline("{ dueAfterDays: 0 }", expect![""]);
}

#[test]
fn deadlines_are_checked() {
    check_deadline(
        "10",
        expect![[r#"
        C:13:34: `deadline` of customProperties of the contract must be a mapping, found the number `10`
    "#]],
    );
    check_deadline(
        "{ lockAfterDays: 30 }",
        expect![[r#"
        C:13:34: key `dueAfterDays` is missing in `deadline` of customProperties of the contract
    "#]],
    );
    check_deadline(
        "{ dueAfterDays: -1, lockAfterDays: 3661, verifed: true }",
        expect![[r#"
            C:13:50: `dueAfterDays` must be a whole number from 0 up, found the number `-1`
            C:13:69: `lockAfterDays` must be at most 3660 days
            C:13:75: unknown key `verifed` in `deadline` of customProperties of the contract: did you mean `verified`?
        "#]],
    );
    check_deadline(
        "{ dueAfterDays: 10, lockAfterDays: 9 }",
        expect![[r#"
        C:13:69: `lockAfterDays` is 9, and data is due only after 10 days
    "#]],
    );
    let served = GOOD.replace("raw.things", "served.things");
    let deadline = "  - { property: deadline, value: { dueAfterDays: 10 } }\nschema:";
    let served = served.replacen("schema:", deadline, 1);
    let told = Contract::read("warehouse/served/things.odcs.yaml", &served).unwrap_err();
    let told = listed(&told);
    assert!(
        told.contains("only a dataset that takes submissions has a deadline"),
        "{told}"
    );
}

#[test]
fn texts_and_custom_properties_are_checked() {
    check(
        "purpose: Things, ",
        "",
        expect![[r#"
        C:7:14: key `purpose` is missing in `description` of the contract
    "#]],
    );
    check(
        "purpose: Things",
        "purpose: Things, porpose: x",
        expect![[r#"
            C:7:33: unknown key `porpose` in `description` of the contract: did you mean `purpose`?
        "#]],
    );
    check(
        "{ name: chuyen-doi-so }",
        "chuyen-doi-so",
        expect![[r#"
        C:8:7: `team` of the contract must be a mapping, found the text `chuyen-doi-so`
    "#]],
    );
    check(
        "  - { property: name.en, value: Things }\n",
        "",
        expect![[r#"
            C:10:3: property `name.en` is missing in customProperties of the contract
        "#]],
    );
    check(
        "value: public",
        "value: 1",
        expect![[r#"
        C:12:40: `classification` must be text, found the number `1`: put it in quotes
    "#]],
    );
    check(
        "property: name.en",
        "property: nameEn",
        expect![[r#"
        C:10:3: property `name.en` is missing in customProperties of the contract
        C:10:17: unknown property `nameEn` in customProperties of the contract: did you mean `name.en`?
    "#]],
    );
    check(
        "status: active",
        "status: active\ntags: [a, [b]]",
        expect![[r#"
            C:7:11: an item of `tags` must be text, found a list
        "#]],
    );
}

#[test]
fn partition_and_sort_columns_must_exist() {
    let add = |line: &str| format!("customProperties:\n  - {line}");
    let partition = add("{ property: partitionBy, value: [_period, knd, kind, kind] }");
    check(
        "customProperties:",
        &partition,
        expect![[r#"
        C:10:47: `partitionBy` names no column `knd`: did you mean `kind`?
        C:10:58: `partitionBy` names column `kind` twice
    "#]],
    );
    let sort = add("{ property: sortBy, value: kind }");
    check(
        "customProperties:",
        &sort,
        expect![[r#"
        C:10:32: `sortBy` must be a list, found the text `kind`
    "#]],
    );
    let served = GOOD.replace("raw.things", "served.things").replacen(
        "customProperties:",
        &add("{ property: sortBy, value: [_period] }"),
        1,
    );
    let told = listed(&Contract::read("warehouse/served/things.odcs.yaml", &served).unwrap_err());
    expect![[r#"
        warehouse/served/things.odcs.yaml:10:33: `sortBy` names no column `_period`: known are `thing_id`, `kind`, `amount`, `made_on`
        warehouse/served/things.odcs.yaml:30:46: `personalData` has no effect here: only string columns of raw datasets are looked through for personal data
    "#]].assert_eq(&told);
}

#[test]
fn the_table_is_checked() {
    check(
        "  - name: things",
        "  - name: thing",
        expect![[r#"
        C:14:11: the table must be named `things`, found `thing`
    "#]],
    );
    check(
        "physicalType: table",
        "physicalType: view",
        expect![[r#"
            C:15:19: `physicalType` must be `table`, found `view`
        "#]],
    );
    check(
        "schema:\n",
        "schema: []\nservers:\n",
        expect![[r#"
            C:13:9: `schema` must be a list of one table, found an empty list
            C:14:1: unknown key `servers` in the contract: known are `apiVersion`, `kind`, `id`, `name`, `version`, `status`, `domain`, `tenant`, `tags`, `description`, `team`, `customProperties`, `schema`
        "#]],
    );
    check(
        "    properties:\n",
        "    properties: []\n    columns:\n",
        expect![[r#"
            C:16:17: `properties` is empty
            C:17:5: unknown key `columns` in the table: known are `name`, `physicalType`, `properties`, `quality`
        "#]],
    );
}

#[test]
fn names_of_columns_are_checked() {
    check(
        "name: amount",
        "name: Amount",
        expect![[r#"
        C:38:15: `Amount` is no column name: expected lowercase letters, digits and `_`, a letter first, at most 60
    "#]],
    );
    check(
        "name: amount",
        "name: _amount",
        expect![[r#"
        C:38:15: column name `_amount` is reserved: names that begin with `_` are added on landing
    "#]],
    );
    check(
        "name: amount",
        "name: kind",
        expect![[r#"
        C:38:15: column `kind` stands twice; first on line 30
    "#]],
    );
    check(
        "name: amount\n",
        "nmae: amount\n",
        expect![[r#"
        C:38:9: key `name` is missing in a column
        C:38:9: unknown key `nmae` in a column: did you mean `name`?
    "#]],
    );
}

#[test]
fn columns_are_checked() {
    check(
        "physicalType: int32",
        "physicalType: int",
        expect![[r#"
        C:41:23: `int` is no physical type: expected `string`, `int32`, `int64`, `float64`, `decimal(precision,scale)`, `boolean`, `date` or `timestamp`
    "#]],
    );
    check(
        "physicalType: int32",
        "physicalType: decimal(39,2)",
        expect![[r#"
            C:41:23: `decimal(39,2)` is no physical type: expected `string`, `int32`, `int64`, `float64`, `decimal(precision,scale)`, `boolean`, `date` or `timestamp`
        "#]],
    );
    check(
        "logicalType: integer\n        ",
        "",
        expect![[r#"
        C:38:9: key `logicalType` is missing in column `amount`
    "#]],
    );
    check(
        "description: Amount\n        ",
        "",
        expect![[r#"
        C:38:9: key `description` is missing in column `amount`
    "#]],
    );
    check(
        "value: Amount",
        "value: ''",
        expect![[r#"
        C:44:64: `businessName.en` is empty
    "#]],
    );
    check(
        "description: Day",
        "description: Day\n        unique: true",
        expect![[r#"
            C:50:9: unknown key `unique` in column `made_on`: known are `name`, `businessName`, `description`, `logicalType`, `physicalType`, `required`, `primaryKey`, `primaryKeyPosition`, `customProperties`, `examples`, `logicalTypeOptions`, `quality`
        "#]],
    );
}

#[test]
fn examples_fit_the_type() {
    check(
        "['1', a]",
        "[1, true, ~]",
        expect![[r#"
        C:25:20: example `1` must be text: put it in quotes
        C:25:23: example `true` must be text: put it in quotes
        C:25:29: an example must be a value, found nothing
    "#]],
    );
    check(
        "description: Amount",
        "description: Amount\n        examples: [1, x, 2.5]",
        expect![[r#"
            C:43:23: example `x` is no `int32`: expected a whole number of 32 bits
            C:43:26: example `2.5` is no `int32`: expected a whole number of 32 bits
        "#]],
    );
    check(
        "description: Day",
        "description: Day\n        examples: [2026-9-1]",
        expect![[r#"
            C:50:20: example `2026-9-1` is no `date`: expected a day like `2026-08-31`
        "#]],
    );
}

#[test]
fn options_fit_the_type() {
    check(
        "minimum: 0",
        "minimum: '0'",
        expect![[r#"
        C:43:40: `minimum` must be a number, found the text `0`
    "#]],
    );
    check(
        "minimum: 0",
        "minimum: 3000000000",
        expect![[r#"
        C:43:40: bound `3000000000` is no `int32`: expected a whole number of 32 bits
    "#]],
    );
    check(
        "minimum: 0",
        "minimum: 100",
        expect![[r#"
        C:43:63: no number lies between 100 and 100
    "#]],
    );
    check(
        "minimum: 0",
        "minimum: 0, exclusiveMinimum: 1",
        expect![[r#"
            C:43:61: only one of `minimum`, `exclusiveMinimum` can be given
        "#]],
    );
    check(
        "minimum: 0",
        "minLength: 0",
        expect![[r#"
        C:43:31: unknown key `minLength` in logicalTypeOptions of a column of type `int32`: known are `minimum`, `exclusiveMinimum`, `maximum`, `exclusiveMaximum`
    "#]],
    );
    check(
        "minLength: 1",
        "minLength: 10",
        expect![[r#"
        C:26:57: no length is at least 10 and at most 9
    "#]],
    );
    check(
        "minLength: 1",
        "minLength: -1",
        expect![[r#"
        C:26:42: `minLength` must be a whole number from 0 up, found the number `-1`
    "#]],
    );
    check(
        "'[a-z0-9]+'",
        "'(?x) a # b'",
        expect![[r#"
        C:26:68: `(?x) a # b` is no regular expression: unclosed group
    "#]],
    );
    check(
        "'[a-z0-9]+'",
        "'a{2,1}'",
        expect![[r#"
        C:26:68: `a{2,1}` is no regular expression: invalid repetition count range, the start must be <= the end
    "#]],
    );
}

#[test]
fn keys_are_required_and_counted_without_gap() {
    check(
        "required: true\n        ",
        "",
        expect![[r#"
        C:17:9: a column of the primary key needs `required: true`
    "#]],
    );
    check(
        "primaryKey: true\n        ",
        "",
        expect![[r#"
        C:22:29: `primaryKeyPosition` needs `primaryKey: true` beside it
    "#]],
    );
    check(
        "primaryKeyPosition: 1",
        "primaryKeyPosition: 2",
        expect![[r#"
            C:17:15: `primaryKeyPosition` of column `thing_id` is 2, but the positions count 1, 2, … without gap; expected 1
        "#]],
    );
    let second = "description: Day\n        required: true\n        primaryKey: true";
    check(
        "description: Day",
        second,
        expect![[r#"
        C:17:15: `primaryKeyPosition` of column `thing_id` is 1, but the positions count 1, 2, … without gap; expected 2
        C:45:15: column `made_on` of the primary key needs its `primaryKeyPosition`
    "#]],
    );
}

#[test]
fn personal_data_is_allowed_only_where_it_is_looked_for() {
    check(
        "value: allowed",
        "value: yes",
        expect![[r#"
        C:29:46: `personalData` can only be `allowed`, found the text `yes`
    "#]],
    );
    let date = "[{ property: businessName.en, value: Day }, { property: personalData, value: \
                allowed }]";
    check(
        "[{ property: businessName.en, value: Day }]",
        date,
        expect![[r#"
            C:50:104: `personalData` has no effect here: only string columns of raw datasets are looked through for personal data
        "#]],
    );
}

#[test]
fn code_list_rules_are_checked() {
    check(
        "mustBe: 0",
        "mustBe: 1",
        expect![[r#"
        C:37:93: `mustBe` of `invalidValues` can only be 0, found the number `1`
    "#]],
    );
    check(
        "mustBe: 0",
        "mustBe: 0, description: no kind",
        expect![[r#"
            C:37:13: custom property `description.vi` is missing in a quality rule: it tells people in Vietnamese
        "#]],
    );
    check(
        "mustBe: 0",
        "mustBe: 0, name: required",
        expect![[r#"
        C:37:102: rule name `required` is taken by the rule of that name
    "#]],
    );
    check(
        "arguments: { codeList: kinds }, ",
        "",
        expect![[r#"
        C:37:13: key `arguments` is missing in a quality rule
    "#]],
    );
    check(
        "{ codeList: kinds }",
        "{ codelist: kinds }",
        expect![[r#"
        C:37:64: key `codeList` is missing in `arguments` of a quality rule
        C:37:66: unknown key `codelist` in `arguments` of a quality rule: did you mean `codeList`?
    "#]],
    );
    check(
        "invalidValues",
        "nullValues",
        expect![[r#"
        C:37:38: `metric` must be one of `invalidValues`, `rowCount`, found `nullValues`
    "#]],
    );
    check(
        "type: library",
        "type: sql",
        expect![[r#"
            C:37:13: a rule of type `sql` belongs to the `quality` of the table, not of a column
        "#]],
    );
    let number = "description: Amount\n        quality: [{ type: library, metric: invalidValues, \
                  arguments: { codeList: kinds }, mustBe: 0, unit: percent }]";
    check(
        "description: Amount",
        number,
        expect![[r#"
            C:43:82: codes are text, but column `amount` is `int32`
            C:43:108: `unit` must be `rows`, found `percent`
        "#]],
    );
    check_rule(
        "{ type: library, metric: invalidValues, arguments: { codeList: kinds }, mustBe: 0 }",
        expect![[r#"
            C:59:9: `invalidValues` belongs to the `quality` of a column
        "#]],
    );
}

#[test]
fn table_rules_are_checked() {
    check(
        "engine: dtm",
        "engine: soda",
        expect![[r#"
            C:53:17: `engine` must be `dtm`, found `soda`
        "#]],
    );
    check(
        "        name: kind_needs_amount\n",
        "",
        expect![[r#"
        C:52:9: key `name` is missing in a quality rule of type `custom`
    "#]],
    );
    check(
        "kind is null",
        "made_on < now() or $x",
        expect![[r#"
        C:55:35: `now` answers differently on every run: compare with columns of the row
        C:55:44: `$x` is not given: no parameter is
    "#]],
    );
    check(
        "kind is null or amount is not null",
        "''",
        expect![[r#"
        C:55:25: `implementation` is empty
    "#]],
    );
    check(
        "description: a kind without an amount\n        ",
        "",
        expect![[r#"
            C:52:9: key `description` is missing in a quality rule: it tells people in English
        "#]],
    );
    check(
        "property: description.vi",
        "property: description.fr",
        expect![[r#"
            C:52:9: custom property `description.vi` is missing in a quality rule: it tells people in Vietnamese
            C:58:40: unknown property `description.fr` in customProperties of quality rule `kind_needs_amount`: did you mean `description.vi`?
        "#]],
    );
    check_rule(
        "{ type: library, metric: rowCount, mustBeGreaterThan: 0 }",
        expect![[r#"
            C:59:9: `rowCount` is not for raw datasets: rows are judged one by one there
        "#]],
    );
    check_rule(
        "nothing",
        expect![[r#"
        C:59:9: a quality rule must be a mapping, found the text `nothing`
    "#]],
    );
    let again = "{ type: custom, engine: dtm, name: kind_needs_amount, implementation: a, \
                 description: b, customProperties: [{ property: description.vi, value: c }] }";
    check_rule(
        again,
        expect![[r#"
            C:59:9: a rule named `kind_needs_amount` stands here already: choose another name
        "#]],
    );
}

#[test]
fn a_rule_in_sql_says_what_it_makes_of_missing_values() {
    let vi = "{ property: description.vi, value: thiếu số lượng }";
    let with = |more: &str| GOOD.replacen(vi, &format!("{vi}, {more}"), 1);
    let words = [
        ("skip", Missing::Skip),
        ("zero", Missing::Zero),
        ("fail", Missing::Fail),
    ];
    for (word, expected) in words {
        let text = with(&format!("{{ property: missing, value: {word} }}"));
        let contract = Contract::read(PATH, &text).unwrap();
        let stated = contract.rules.last().map(|rule| &rule.check);
        let missing = match stated {
            Some(Check::Expression { missing, .. }) => *missing,
            other => panic!("{other:?}"),
        };
        assert_eq!(missing, expected, "{word}");
    }
    check_text(
        &with("{ property: missing, value: nothing }"),
        expect![[r#"
            C:58:109: `missing` must be one of `skip`, `zero`, `fail`, found `nothing`
        "#]],
    );
    check_text(
        &with("{ property: nulls, value: skip }"),
        expect![[r#"
            C:58:93: unknown property `nulls` in customProperties of quality rule `kind_needs_amount`: known are `description.vi`, `missing`
        "#]],
    );
    check(
        "mustBe: 0 }",
        "mustBe: 0, customProperties: [{ property: missing, value: skip }] }",
        expect![[r#"
            C:37:143: `missing` is for expressions, `jump`, `drift` and rules of type `sql`: a column that must have a value says `required: true`
        "#]],
    );
}

#[test]
fn row_counts_are_for_tables_that_queries_make() {
    let path = "warehouse/served/things.odcs.yaml";
    let good = GOOD.replace("raw.things", "served.things").replace(
        "          - { property: personalData, value: allowed }\n",
        "",
    );
    let read = |rule: &str| Contract::read(path, &format!("{good}      - {rule}\n"));
    let contract = read("{ type: library, metric: rowCount, mustBeGreaterThan: 0 }").unwrap();
    let told: String = contract.rules.iter().map(show).collect();
    expect![[r#"
        required thing_id Error
          Required
          Mã không được để trống
          Id must be given
        length thing_id Error
          Length { min: Some(1), max: Some(9) }
          Mã phải có từ 1 đến 9 ký tự
          Id must have from 1 to 9 characters
        pattern thing_id Error
          Pattern("[a-z0-9]+")
          Mã không đúng dạng `[a-z0-9]+`
          Id does not have the form `[a-z0-9]+`
        code_list kind Error
          CodeList("kinds")
          Loại không phải là mã có hiệu lực trong kỳ của danh mục `kinds`
          Kind is no code of the list `kinds` that is valid in the period
        range amount Error
          Range { min: Some(Bound { value: "0", exclusive: false }), max: Some(Bound { value: "100", exclusive: true }) }
          Số lượng phải lớn hơn hoặc bằng 0 và nhỏ hơn 100
          Amount must be at least 0 and less than 100
        unique - Error
          Unique(["thing_id"])
          Đã có một dòng khác trùng Mã
          Another row has the same Id
        kind_needs_amount - Warning
          Expression { sql: "kind is null or amount is not null", missing: Skip }
          thiếu số lượng
          a kind without an amount
        row_count - Error
          RowCount { min: Some(1), max: None }
          Số dòng phải lớn hơn hoặc bằng 1
          The number of rows must be at least 1
    "#]].assert_eq(&told);
    let refused = |rule: &str| listed(&read(rule).unwrap_err());
    expect![[r#"
        warehouse/served/things.odcs.yaml:58:9: `rowCount` needs a bound: one of `mustBe`, `mustBeGreaterThan`, `mustBeGreaterOrEqualTo`, `mustBeLessThan`, `mustBeLessOrEqualTo`
    "#]].assert_eq(&refused("{ type: library, metric: rowCount }"));
    let reversed = "{ type: library, metric: rowCount, mustBeGreaterThan: 5, mustBeLessThan: 5 }";
    expect![[r#"
        warehouse/served/things.odcs.yaml:58:9: no row count lies within these bounds
    "#]]
    .assert_eq(&refused(reversed));
    expect![[r#"
        warehouse/served/things.odcs.yaml:58:9: `rowCount` needs a bound: one of `mustBe`, `mustBeGreaterThan`, `mustBeGreaterOrEqualTo`, `mustBeLessThan`, `mustBeLessOrEqualTo`
        warehouse/served/things.odcs.yaml:58:52: `mustBe` must be a whole number from 0 up, found the text `many`
    "#]].assert_eq(&refused(
        "{ type: library, metric: rowCount, mustBe: many }",
    ));
}

#[test]
fn a_code_list_begins_with_its_code_and_dates_its_days() {
    let text = GOOD
        .replace("raw.things", "codes.things")
        .replace(
            "          - { property: personalData, value: allowed }\n",
            "",
        )
        .replace("name: amount", "name: valid_from");
    let told = listed(&Contract::read("warehouse/codes/things.odcs.yaml", &text).unwrap_err());
    expect![[r#"
        warehouse/codes/things.odcs.yaml:17:15: the first column of a code list must be `code`, a required `string`, found `thing_id`
        warehouse/codes/things.odcs.yaml:37:15: column `valid_from` of a code list must be `date`, not `int32`
    "#]].assert_eq(&told);
}

#[test]
fn nonsense_is_refused_without_a_panic() {
    check_text(
        "",
        expect![[r#"
        C:1:1: the file is empty
    "#]],
    );
    check_text(
        "[]",
        expect![[r#"
            C:1:1: the contract must be a mapping, found an empty list
        "#]],
    );
    check_text(
        "schema: [{ properties: [{}, 1, { name: [] }] }]",
        expect![[r#"
            C:1:1: key `apiVersion` is missing in the contract
            C:1:1: key `description` is missing in the contract
            C:1:1: key `id` is missing in the contract
            C:1:1: key `kind` is missing in the contract
            C:1:1: key `name` is missing in the contract
            C:1:1: key `status` is missing in the contract
            C:1:1: key `team` is missing in the contract
            C:1:1: key `version` is missing in the contract
            C:1:1: property `classification` is missing in customProperties of the contract
            C:1:1: property `name.en` is missing in customProperties of the contract
            C:1:1: property `purpose.vi` is missing in customProperties of the contract
            C:1:10: key `name` is missing in the table
            C:1:10: key `physicalType` is missing in the table
            C:1:25: key `businessName` is missing in a column
            C:1:25: key `description` is missing in a column
            C:1:25: key `logicalType` is missing in a column
            C:1:25: key `name` is missing in a column
            C:1:25: key `physicalType` is missing in a column
            C:1:25: property `businessName.en` is missing in customProperties of a column
            C:1:29: a column must be a mapping, found the number `1`
            C:1:32: key `businessName` is missing in a column
            C:1:32: key `description` is missing in a column
            C:1:32: key `logicalType` is missing in a column
            C:1:32: key `physicalType` is missing in a column
            C:1:32: property `businessName.en` is missing in customProperties of a column
            C:1:40: `name` must be text, found an empty list
        "#]],
    );
    let mut text = GOOD.to_owned();
    for cut in GOOD.lines() {
        let _ = Contract::read(PATH, &GOOD.replacen(cut, "", 1));
        text.truncate(text.len().saturating_sub(cut.len() / 2));
        let _ = Contract::read(PATH, &text);
    }
}

#[test]
fn physical_types_are_read_as_they_are_shown() {
    for text in [
        "string",
        "int32",
        "int64",
        "float64",
        "decimal(20,2)",
        "boolean",
        "date",
    ] {
        assert_eq!(text.parse::<ColumnType>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "String",
        "decimal",
        "decimal(0,0)",
        "decimal(5,6)",
        "decimal(5)",
        "int",
    ] {
        assert!(text.parse::<ColumnType>().is_err(), "{text}");
    }
}

#[test]
fn a_value_fits_its_type_or_does_not() {
    for (kind, good, bad) in [
        (
            "int32",
            vec!["0", "-5", "2147483647"],
            vec!["", "+5", "2147483648", "1.0", "1e3"],
        ),
        (
            "int64",
            vec!["9223372036854775807"],
            vec!["9223372036854775808", " 1"],
        ),
        (
            "float64",
            vec!["1", "-0.5", "1e3"],
            vec!["", "inf", "NaN", "1,5"],
        ),
        (
            "decimal(4,2)",
            vec!["12.34", "-0.5", "0012"],
            vec!["123", "1.234", ".5", "5.", "1e1"],
        ),
        ("boolean", vec!["true", "false"], vec!["TRUE", "1", "yes"]),
        (
            "date",
            vec!["2026-02-28"],
            vec!["2026-02-29", "2026-2-28", "28/02/2026", "+2026-02-2"],
        ),
        (
            "timestamp",
            vec!["2026-02-28T07:00:00+07:00"],
            vec!["2026-02-28", "2026-02-28T07:00"],
        ),
    ] {
        let kind: ColumnType = kind.parse().unwrap();
        good.iter()
            .for_each(|text| assert!(kind.check(text).is_ok(), "{kind} {text}"));
        bad.iter()
            .for_each(|text| assert!(kind.check(text).is_err(), "{kind} {text}"));
    }
}

#[test]
fn comments_layout_and_the_order_of_keys_mean_nothing() {
    let meaning = |text: &str| Contract::read(PATH, text).unwrap().meaning();
    let good = meaning(GOOD);
    let said = "team: { name: chuyen-doi-so }\n";
    let same = [
        GOOD.replace(
            said,
            "# the team\nteam:\n  name: 'chuyen-doi-so' # of the ministry\n",
        ),
        GOOD.replace(said, "")
            .replace("schema:\n", &format!("{said}schema:\n")),
    ];
    for text in same {
        assert_ne!(text, GOOD);
        assert_eq!(meaning(&text), good);
    }
    for (one, other) in [
        ("exclusiveMaximum: 100", "exclusiveMaximum: 101"),
        ("sample data", "sample  data"),
    ] {
        let text = GOOD.replace(one, other);
        assert_ne!(text, GOOD);
        assert_ne!(meaning(&text), good);
    }
}
