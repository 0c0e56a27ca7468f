use expect_test::{Expect, expect};

use super::{Block, ParameterType, read};

const PATH: &str = "warehouse/reports/monthly-summary.yaml";

const GOOD: &str = "\
name: monthly-summary
title: { vi: Tổng hợp tháng, en: Monthly summary }
description: { vi: Số liệu của kỳ, en: Figures of the period }
parameters:
  - { name: period, type: period, required: true, label: { vi: Kỳ, en: Period } }
  - { name: top, type: integer, default: 10, label: { vi: Số dòng, en: Rows } }
queries:
  scoreboard: |
    select
        agency_code,
        score
    from served.provincial_scoreboard
    where period = $period
    limit $top
layout:
  - heading: { vi: Bảng điểm, en: Scoreboard }
  - text: { vi: Điểm của các tỉnh, en: Scores of the provinces }
  - figures:
      query: scoreboard
      columns:
        - { name: score, label: { vi: Điểm, en: Score }, format: decimal1 }
  - chart: { kind: bar, query: scoreboard, x: agency_code, y: score, title: { vi: Điểm, en: Score } }
  - table:
      query: scoreboard
      title: { vi: Điểm, en: Score }
      columns:
        - { name: agency_code, label: { vi: Cơ quan, en: Agency }, format: text }
        - { name: score, label: { vi: Điểm, en: Score }, format: decimal1 }
";

fn check_text(text: &str, expected: Expect) {
    let mut problems = Vec::new();
    read(PATH, text, &mut problems);
    problems.sort();
    let told: String = problems.iter().map(|p| format!("{p}\n")).collect();
    expected.assert_eq(&told.replace("warehouse/reports/monthly-summary.yaml", "R"));
}

/// Checks the good report with one part changed.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(GOOD.contains(from), "{from}");
    check_text(&GOOD.replacen(from, to, 1), expected);
}

#[test]
fn a_good_report_is_read() {
    let mut problems = Vec::new();
    let report = read(PATH, GOOD, &mut problems).unwrap();
    assert_eq!(problems, []);
    assert_eq!(report.title.en, "Monthly summary");
    let [period, top] = report.parameters.as_slice() else {
        panic!()
    };
    assert!(period.required && period.parameter_type == ParameterType::Period);
    assert_eq!(top.default.as_deref(), Some("10"));
    assert!(report.queries["scoreboard"].starts_with("select\n    agency_code"));
    assert_eq!(report.layout.len(), 5);
    assert!(matches!(&report.layout[3], Block::Chart { x, .. } if x == "agency_code"));
}

#[test]
fn names_and_texts_are_checked() {
    check(
        "name: monthly-summary",
        "name: monthly",
        expect![[r#"
        R:1:7: `name` must be `monthly-summary`, as the path says, found `monthly`
    "#]],
    );
    check(
        ", en: Monthly summary",
        "",
        expect![[r#"
        R:2:8: key `en` is missing in `title` of the report
    "#]],
    );
    check(
        "en: Monthly summary",
        "eng: Monthly summary",
        expect![[r#"
        R:2:8: key `en` is missing in `title` of the report
        R:2:30: unknown key `eng` in `title` of the report: did you mean `en`?
    "#]],
    );
    check(
        "title: { vi: Tổng hợp tháng, en: Monthly summary }",
        "title: Summary",
        expect![[r#"
            R:2:8: `title` of the report must be a mapping, found the text `Summary`
        "#]],
    );
    check(
        "description:",
        "descripton:",
        expect![[r#"
        R:1:1: key `description` is missing in the report
        R:3:1: unknown key `descripton` in the report: did you mean `description`?
    "#]],
    );
    let mut problems = Vec::new();
    assert!(read("warehouse/reports/Monthly.yaml", GOOD, &mut problems).is_none());
    expect!["warehouse/reports/Monthly.yaml: the path names no report: expected `warehouse/reports/<name>.yaml`, the name in lowercase letters, digits and `-`"].assert_eq(&problems[0].to_string());
}

#[test]
fn the_language_is_given_to_every_query_and_cannot_be_declared() {
    check(
        "score\n    from",
        "$language as score\n    from",
        expect![""],
    );
    check(
        "name: top",
        "name: language",
        expect![[r#"
        R:6:13: parameter `language` is given to every query as it is
        R:6:13: parameter `language` is used by no query
        R:14:11: `$top` is not given: known are `$period`, `$language`, `$language`
    "#]],
    );
}

#[test]
fn parameters_are_checked() {
    check(
        "type: period",
        "type: month",
        expect![[r#"
        R:5:27: `type` must be one of `string`, `period`, `integer`, `date`, found `month`
        R:13:20: `$period` is not given: known are `$top`, `$language`
    "#]],
    );
    check(
        "name: top",
        "name: period",
        expect![[r#"
        R:6:5: parameter `period` stands twice; first on line 5
        R:14:11: `$top` is not given: known are `$period`, `$language`
    "#]],
    );
    check(
        "name: top",
        "name: Top",
        expect![[r#"
        R:6:13: `Top` is no parameter name: expected lowercase letters, digits and `_`, a letter first
        R:6:13: parameter `Top` is used by no query
        R:14:11: `$top` is not given: known are `$period`, `$Top`, `$language`
    "#]],
    );
    check(
        "default: 10",
        "default: ten",
        expect![[r#"
        R:6:42: `default` must be a whole number, found the text `ten`
    "#]],
    );
    check(
        "default: 10",
        "default: [1]",
        expect![[r#"
            R:6:42: `default` must be a whole number, found a list
        "#]],
    );
    check(
        "required: true",
        "required: true, default: 2026-09",
        expect![[r#"
            R:5:60: parameter `period` is required: its default has no use
        "#]],
    );
    check(
        "type: integer, default: 10",
        "type: date, default: 2026-9-1",
        expect![[r#"
            R:6:39: `default` must be a day like `2026-08-31`, found the text `2026-9-1`
        "#]],
    );
    check(
        "type: integer, default: 10",
        "type: period, default: 2026-13",
        expect![[r#"
            R:6:41: `default` must be a period like `2026-09`, found the text `2026-13`
        "#]],
    );
    check(
        "    limit $top\n",
        "",
        expect![[r#"
        R:6:13: parameter `top` is used by no query
    "#]],
    );
}

#[test]
fn queries_are_checked_at_their_place_in_the_file() {
    check(
        "$period",
        "$perod",
        expect![[r#"
        R:5:13: parameter `period` is used by no query
        R:13:20: `$perod` is not given: known are `$period`, `$top`, `$language`
    "#]],
    );
    check(
        "where period",
        "where at < now() and period",
        expect![[r#"
        R:13:16: `now` answers differently on every run: take what varies as a parameter
    "#]],
    );
    check(
        "    select\n",
        "    delete\n",
        expect![[r#"
        R:9:5: expected one `select`, found `delete`
    "#]],
    );
    check(
        "queries:\n",
        "queries:\n  other: select 1\n",
        expect![[r#"
        R:8:3: query `other` is shown by no block of the layout
    "#]],
    );
    check(
        "queries:\n",
        "queries:\n  Other: 5\n",
        expect![[r#"
        R:8:3: `Other` is no query name: expected lowercase letters, digits and `_`, a letter first
        R:8:10: `Other` must be text, found the number `5`: put it in quotes
    "#]],
    );
    check(
        "query: scoreboard\n      title",
        "query: scorebord\n      title",
        expect![[r#"
            R:24:14: no query is named `scorebord`: did you mean `scoreboard`?
        "#]],
    );
}

#[test]
fn blocks_are_checked() {
    check(
        "- heading:",
        "- headline:",
        expect![[r#"
        R:16:5: unknown block `headline`: did you mean `heading`?
    "#]],
    );
    check(
        "- heading:",
        "- divider:",
        expect![[r#"
        R:16:5: unknown block `divider`: known are `heading`, `text`, `figures`, `chart`, `table`
    "#]],
    );
    check(
        "- text: {",
        "- text: x\n    heading: {",
        expect![[r#"
        R:17:5: a block is one of `heading`, `text`, `figures`, `chart`, `table`, found 2 keys
    "#]],
    );
    check(
        "- text: { vi: Điểm của các tỉnh, en: Scores of the provinces }",
        "- text",
        expect![[r#"
            R:17:5: a block of the layout must be a mapping, found the text `text`
        "#]],
    );
    check(
        "kind: bar",
        "kind: pie",
        expect![[r#"
        R:22:20: `kind` must be one of `bar`, `column`, `line`, found `pie`
    "#]],
    );
    check(
        ", y: score",
        "",
        expect![[r#"
        R:22:12: key `y` is missing in `chart` of a block of the layout
    "#]],
    );
    check(
        "format: decimal1",
        "format: number",
        expect![[r#"
        R:21:66: `format` must be one of `text`, `integer`, `decimal1`, `decimal2`, `percent1`, `date`, `datetime`, found `number`
    "#]],
    );
    check(
        "name: agency_code, label",
        "name: score, label",
        expect![[r#"
            R:28:19: column `score` stands twice in one block
        "#]],
    );
    check(
        ", format: text",
        ", format: text, width: 5",
        expect![[r#"
        R:27:82: unknown key `width` in column `agency_code`: known are `name`, `label`, `format`
    "#]],
    );
}

#[test]
fn many_faults_are_told_in_one_pass() {
    check_text(
        "name: x\ntitle: 5\nextra: 1\nparameters:\n  - { name: a, type: b }\n  - c\nqueries:\n  \
         q: select $z, random()\nlayout:\n  - table: { query: r }\n  - chart: []\n",
        expect![[r#"
            R:1:1: key `description` is missing in the report
            R:1:7: `name` must be `monthly-summary`, as the path says, found `x`
            R:2:8: `title` of the report must be a mapping, found the number `5`
            R:3:1: unknown key `extra` in the report: known are `name`, `title`, `description`, `parameters`, `queries`, `layout`
            R:5:5: key `label` is missing in parameter `a`
            R:5:22: `type` must be one of `string`, `period`, `integer`, `date`, found `b`
            R:6:5: a parameter must be a mapping, found the text `c`
            R:8:3: query `q` is shown by no block of the layout
            R:8:13: `$z` is not given: known are `$language`
            R:8:17: `random` answers differently on every run: take what varies as a parameter
            R:10:12: key `columns` is missing in `table` of a block of the layout
            R:10:12: key `title` is missing in `table` of a block of the layout
            R:10:21: no query is named `r`: did you mean `q`?
            R:11:12: `chart` of a block of the layout must be a mapping, found an empty list
        "#]],
    );
}
