use expect_test::{Expect, expect};

use super::{Table, calendar};
use crate::Contract;
use crate::problem::Sink;

/// A contract of a code list from `name type options` per column, `!` for required, `*` for key.
fn contract(name: &str, columns: &[&str]) -> Contract {
    let mut position = 0;
    let mut properties = String::new();
    for column in columns {
        let mut words = column.split(' ');
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        let flags = words.next().unwrap_or_default();
        let logical = kind.parse::<crate::ColumnType>().unwrap().logical();
        let mut more = words.collect::<Vec<_>>().join(" ");
        if flags.contains('!') {
            more.push_str("\n        required: true");
        }
        if flags.contains('*') {
            position += 1;
            more.push_str(&format!(
                "\n        primaryKey: true\n        primaryKeyPosition: {position}"
            ));
        }
        properties.push_str(&format!(
            "      - name: {name}\n        logicalType: {logical}\n        physicalType: \
             {kind}\n        businessName: {name}\n        description: {name}\n        \
             customProperties: [{{ property: businessName.en, value: {name} }}]\n        {more}\n"
        ));
    }
    let text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: codes.{name}\nname: x\nversion: \
         1.0.0\nstatus: active\ndescription: {{ purpose: x }}\nteam: {{ name: x \
         }}\ncustomProperties:\n  - {{ property: name.en, value: x }}\n  - {{ property: \
         purpose.vi, value: x }}\n  - {{ property: classification, value: public }}\nschema:\n  - \
         name: {name}\n    physicalType: table\n    properties:\n{properties}"
    );
    Contract::read(&format!("warehouse/codes/{name}.odcs.yaml"), &text).unwrap()
}

fn kinds() -> Contract {
    contract(
        "kinds",
        &[
            "code string !* logicalTypeOptions: { pattern: '[0-9a-z]+' }",
            "name string ! logicalTypeOptions: { maxLength: 8 }",
            "weight decimal(4,2) - logicalTypeOptions: { minimum: 0, exclusiveMaximum: 10 }",
            "open boolean",
            "valid_from date !*",
            "valid_to date",
        ],
    )
}

const HEADER: &str = "code,name,weight,open,valid_from,valid_to\n";

fn listed(sink: Sink<'_>) -> String {
    sink.into_problems()
        .iter()
        .map(|p| format!("{p}\n"))
        .collect()
}

fn check_file(csv: &str, expected: Expect) {
    let contract = kinds();
    let sink = Sink::new("x.csv");
    let table = Table::read(&contract, csv, &sink);
    table.check_rules(&std::collections::BTreeMap::new(), &sink);
    expected.assert_eq(&listed(sink));
}

fn check(rows: &str, expected: Expect) {
    check_file(&format!("{HEADER}{rows}"), expected);
}

#[test]
fn the_header_is_the_contract() {
    check_file(
        "",
        expect![[r#"
        x.csv: the file is empty: expected a header
    "#]],
    );
    check_file(
        "code,name,open,weight,valid_from,valid_to\n",
        expect![[r#"
        x.csv:1:11: expected `weight` in the header, found `open`; the contract says `code,name,weight,open,valid_from,valid_to`
    "#]],
    );
    check_file(
        "code,name\n",
        expect![[r#"
        x.csv:1:6: expected `weight` in the header, found nothing; the contract says `code,name,weight,open,valid_from,valid_to`
    "#]],
    );
    check_file(
        "code,name,weight,open,valid_from,valid_to,extra\n",
        expect![[r#"
            x.csv:1:43: expected no more column in the header, found `extra`; the contract says `code,name,weight,open,valid_from,valid_to`
        "#]],
    );
    check_file(
        "a;b\n",
        expect![[r#"
        x.csv:1:1: expected `code` in the header, found `a;b`; the contract says `code,name,weight,open,valid_from,valid_to`
    "#]],
    );
}

#[test]
fn a_row_has_a_cell_for_every_column() {
    check(
        "a,b\nc,C,,,2026-01-01,\nd,D,,,2026-01-01,,\n",
        expect![[r#"
            x.csv:2:1: expected 6 cells, found 2
            x.csv:4:1: expected 6 cells, found 7
        "#]],
    );
}

#[test]
fn every_cell_is_a_value_of_its_column() {
    check(
        ",,,,,\n",
        expect![[r#"
        x.csv:2:1: column `code` must be given
        x.csv:2:2: column `name` must be given
        x.csv:2:5: column `valid_from` must be given
    "#]],
    );
    check(
        "a,A,x,yes,01/02/2026,2026-13-01\n",
        expect![[r#"
        x.csv:2:5: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `x`
        x.csv:2:7: column `open` must be `true` or `false`, found `yes`
        x.csv:2:11: column `valid_from` must be a day like `2026-08-31`, found `01/02/2026`
        x.csv:2:22: column `valid_to` must be a day like `2026-08-31`, found `2026-13-01`
    "#]],
    );
    check(
        "a,A,1.234,TRUE,2026-1-1,2026-02-30\nb,B,100,false,2026-01-01,\n",
        expect![[r#"
            x.csv:2:5: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `1.234`
            x.csv:2:11: column `open` must be `true` or `false`, found `TRUE`
            x.csv:2:16: column `valid_from` must be a day like `2026-08-31`, found `2026-1-1`
            x.csv:2:25: column `valid_to` must be a day like `2026-08-31`, found `2026-02-30`
            x.csv:3:5: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `100`
        "#]],
    );
    check(
        "a, A,1 ,true,2026-01-01,\n",
        expect![[r#"
        x.csv:2:3: column `name` begins or ends with a blank: ` A`
        x.csv:2:6: column `weight` begins or ends with a blank: `1 `
    "#]],
    );
}

#[test]
fn rules_over_one_value_are_applied() {
    check(
        "A-1,a long name,10,true,2026-01-01,\nb,B,-1,,2026-01-01,\n",
        expect![[r#"
            x.csv:2:1: code does not have the form `[0-9a-z]+`: `A-1`
            x.csv:2:5: name must have at most 8 characters: `a long name`
            x.csv:2:17: weight must be at least 0 and less than 10: `10`
            x.csv:3:5: weight must be at least 0 and less than 10: `-1`
        "#]],
    );
}

#[test]
fn keys_and_days_of_a_code_do_not_collide() {
    check(
        "a,A,,,2026-01-01,\na,B,,,2026-01-01,\n",
        expect![[r#"
        x.csv:3:1: key `a, 2026-01-01` stands twice; first on line 2
    "#]],
    );
    check(
        "a,A,,,2026-01-01,2025-12-31\n",
        expect![[r#"
        x.csv:2:18: `a` is valid to 2025-12-31, before 2026-01-01
    "#]],
    );
    check(
        "a,A,,,2026-01-01,2026-06-30\na,A,,,2026-06-30,\n",
        expect![[r#"
            x.csv:3:7: `a` is valid twice on some days: also by line 2
        "#]],
    );
    check(
        "a,A,,,2027-01-01,\nb,B,,,2026-01-01,\na,A,,,2026-01-01,\n",
        expect![[r#"
            x.csv:2:7: `a` is valid twice on some days: also by line 4
        "#]],
    );
    check(
        "a,A,,,2026-01-01,2026-06-30\na,A,,,2026-07-01,\n",
        expect![[""]],
    );
}

#[test]
fn places_hold_behind_quotes_line_ends_and_accents() {
    check(
        "a,\"B, b\",x,,2026-01-01,\n",
        expect![[r#"
        x.csv:2:10: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `x`
    "#]],
    );
    check(
        "a,\"B\"\"b\",1,x,2026-01-01,\n",
        expect![[r#"
        x.csv:2:12: column `open` must be `true` or `false`, found `x`
    "#]],
    );
    check(
        "a,\"B\nb\",1,x,2026-01-01,\nc,C,x,,2026-01-01,\n",
        expect![[r#"
            x.csv:3:6: column `open` must be `true` or `false`, found `x`
            x.csv:4:5: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `x`
        "#]],
    );
    check(
        "a,Tên ạ,x,,2026-01-01,\r\nb,Tên,x,,2026-01-01,\r\n\r\nc,C,x,,2026-01-01,\r\n",
        expect![[r#"
            x.csv:2:9: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `x`
            x.csv:3:7: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `x`
            x.csv:5:5: column `weight` must be a number with at most 2 digits before the point and 2 behind, found `x`
        "#]],
    );
}

#[test]
fn codes_keep_their_days_and_empty_cells_are_null() {
    let contract = kinds();
    let sink = Sink::new("x.csv");
    let rows = format!("{HEADER}a,A,1.5,true,2026-01-01,2026-06-30\na,B,,,2026-07-01,\n");
    let list = Table::read(&contract, &rows, &sink).list("x.csv");
    assert_eq!(listed(sink), "");
    assert_eq!(list.rows[1][2], None);
    let day = |text: &str| text.parse().unwrap();
    assert_eq!(
        list.valid_codes(day("2026-06-30"), day("2026-07-01")),
        ["a"]
    );
    assert!(
        list.valid_codes(day("2025-06-30"), day("2025-12-31"))
            .is_empty()
    );
    assert_eq!(list.codes[1].valid_to, None);
}

fn check_calendar(rows: &str, expected: Expect) {
    let columns = [
        "code string !*",
        "kind string !",
        "start_on date !",
        "end_on date !",
    ];
    let contract = contract("periods", &columns);
    let sink = Sink::new("x.csv");
    let csv = format!("code,kind,start_on,end_on\n{rows}");
    let table = Table::read(&contract, &csv, &sink);
    let calendar = calendar(&table, &sink);
    let periods: String = calendar
        .periods()
        .map(|p| format!("{}\n", p.code))
        .collect();
    expected.assert_eq(&format!("{}{periods}", listed(sink)));
}

#[test]
fn the_calendar_takes_periods_that_are_what_they_say() {
    check_calendar(
        "2026-09,month,2026-08-15,2026-09-14\n2026,year,2025-12-15,2026-12-14\n",
        expect![[r#"
            2026
            2026-09
        "#]],
    );
    check_calendar(
        "2026-13,month,2026-08-15,2026-09-14\n",
        expect![[r#"
        x.csv:2:1: `2026-13` is no period: expected `2026-09`, `2026-Q3`, `2026-H1`, `2026-9M` or `2026`
    "#]],
    );
    check_calendar(
        "2026-Q3,month,2026-06-15,2026-09-14\n",
        expect![[r#"
        x.csv:2:9: kind of period `2026-Q3` must be `quarter`, found `month`
        2026-Q3
    "#]],
    );
    check_calendar(
        "2026-09,month,2026-09-14,2026-08-15\n",
        expect![[r#"
        x.csv:2:26: period `2026-09` ends on 2026-08-15, before 2026-09-14
    "#]],
    );
    check_calendar(
        "2026-09,month,2026-08-15,\n",
        expect![[r#"
        x.csv:2:26: column `end_on` must be given
    "#]],
    );
    check_calendar(
        "2026-09,month,2026-08-15,2026-09-14\n2026-09,month,2026-08-15,2026-09-14\n",
        expect![[r#"
            x.csv:3:1: key `2026-09` stands twice; first on line 2
            2026-09
        "#]],
    );
}

#[test]
fn a_calendar_without_its_columns_is_refused() {
    let contract = contract("periods", &["code string !*", "kind string !"]);
    let sink = Sink::new("x.csv");
    let table = Table::read(&contract, "code,kind\n2026,year\n", &sink);
    assert_eq!(calendar(&table, &sink).periods().count(), 0);
    expect![[r#"
        x.csv: the calendar needs a column `start_on`: add it to the contract
        x.csv: the calendar needs a column `end_on`: add it to the contract
    "#]]
    .assert_eq(&listed(sink));
}
