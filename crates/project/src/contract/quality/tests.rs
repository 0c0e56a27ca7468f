use expect_test::{Expect, expect};

use crate::{Check, Contract, Expects, Missing, Profiling, Severity, Statistic};

/// A computed dataset whose table states the rule, and whose column `n` states the other.
fn contract(layer: &str, rule: &str, of_column: &str) -> Result<Contract, String> {
    read_contract(layer, &text(layer, rule, of_column))
}

fn text(layer: &str, rule: &str, of_column: &str) -> String {
    format!(
        "apiVersion: v3.1.0
kind: DataContract
id: {layer}.counts
name: Số
version: 1.0.0
status: active
description: {{ purpose: Counts }}
team: {{ name: a }}
customProperties:
  - {{ property: name.en, value: Counts }}
  - {{ property: purpose.vi, value: Số }}
  - {{ property: classification, value: public }}
schema:
  - name: counts
    physicalType: table
    properties:
      - name: n
        businessName: Số
        logicalType: string
        physicalType: string
        description: N
        customProperties: [{{ property: businessName.en, value: N }}]
        quality: [{of_column}]
    quality: [{rule}]
"
    )
}

fn read_contract(layer: &str, text: &str) -> Result<Contract, String> {
    let path = format!("warehouse/{layer}/counts.odcs.yaml");
    Contract::read(&path, text).map_err(|problems| {
        let told = problems.iter().map(|p| p.message.clone());
        told.collect::<Vec<_>>().join("\n")
    })
}

const TEXTS: &str = "name: r, description: d, customProperties: [{ property: description.vi, \
                     value: d }]";

fn with(texts: &str, rule: &str) -> Result<Check, String> {
    let rule = format!("{{ {texts}, {rule} }}");
    let contract = contract("served", &rule, "")?;
    Ok(contract.rules.last().unwrap().check.clone())
}

fn read(rule: &str) -> Result<Check, String> {
    with(TEXTS, rule)
}

fn missing(word: &str, rule: &str) -> Result<Check, String> {
    let property = format!("}}, {{ property: missing, value: {word} }}]");
    with(&TEXTS.replace("}]", &property), rule)
}

fn refused(found: Result<Check, String>, expected: Expect) {
    expected.assert_eq(&found.unwrap_err());
}

const JUMP: &str = "type: custom, engine: dtm, implementation: { jump: { measure: sum(n), by: [a], \
                    period: p, atLeast: 0.5, atMost: 2 } }";

#[test]
fn rules_over_the_whole_table_are_read() {
    let fresh = "type: custom, engine: dtm, implementation: { freshness: { column: at, within: 3 \
                 days } }";
    let expected = Check::Fresh {
        column: "at".to_owned(),
        within_hours: 72,
    };
    assert_eq!(read(fresh), Ok(expected));

    let Ok(Check::Steady(steady)) = missing("zero", JUMP) else {
        panic!("no jump");
    };
    assert_eq!((steady.min, steady.max), (Some(0.5), Some(2.0)));
    assert_eq!(
        (steady.by.as_slice(), steady.period.as_str()),
        (&["a".to_owned()][..], "p")
    );
    assert_eq!(steady.missing, Missing::Zero);

    let query = "type: sql, query: 'select n from served.counts'";
    let Ok(Check::Query { expects, .. }) = read(query) else {
        panic!("no query");
    };
    assert_eq!(expects, Expects::NoRows);
    let number = format!("{query}, mustBeLessThan: 3");
    let Ok(Check::Query { expects, .. }) = read(&number) else {
        panic!("no query");
    };
    let Expects::Number { min, max, missing } = expects else {
        panic!("no number");
    };
    let max = max.unwrap();
    assert_eq!((min, max.value.as_str(), max.exclusive), (None, "3", true));
    assert_eq!(missing, Missing::Fail);
}

#[test]
fn a_reference_is_of_a_column_or_of_several() {
    let one = "{ type: library, metric: invalidValues, mustBe: 0, severity: quarantine, arguments: \
               { dataset: refined.things, column: id } }";
    let contract = contract("served", "", one).unwrap();
    let rule = &contract.rules[0];
    assert_eq!(
        (rule.name.as_str(), rule.severity),
        ("references", Severity::Quarantine)
    );
    assert_eq!(rule.column.as_deref(), Some("n"));
    let Check::References { columns, keys, .. } = &rule.check else {
        panic!("{rule:?}");
    };
    assert_eq!(
        (columns.as_slice(), keys.as_slice()),
        (&["n".to_owned()][..], &["id".to_owned()][..])
    );
    assert!(rule.message.vi.contains("refined.things") && rule.message.en.contains("`n`"));

    let several = "type: library, metric: invalidValues, mustBe: 0, arguments: { dataset: \
                   refined.things, columns: [a, b], references: [x, y] }";
    let Ok(Check::References { columns, keys, .. }) = read(several) else {
        panic!("no reference");
    };
    assert_eq!(
        (columns.join("-"), keys.join("-")),
        ("a-b".to_owned(), "x-y".to_owned())
    );
    refused(
        read(&several.replace("x, y", "x")),
        expect!["`columns` names 2 columns and `references` 1: one for each"],
    );
    refused(
        read(&several.replace("columns: [a, b], ", "")),
        expect![[
            "key `columns` is missing in `arguments` of a reference: it names the columns that stand in the other dataset"
        ]],
    );
    refused(
        read(&several.replace("refined.things", "things")),
        expect![
            "`dataset` names no dataset: `things` is no dataset name: expected `layer.name`, as in `raw.dossiers`"
        ],
    );
}

#[test]
fn what_a_rule_over_the_whole_table_lacks_is_told() {
    refused(
        read(JUMP),
        expect![
            "`jump` needs the custom property `missing`: whether a group that lacks one of the two periods is passed over (`skip`), counts as 0 there (`zero`) or breaks the rule (`fail`)"
        ],
    );
    refused(
        missing("skip", &JUMP.replace("atLeast: 0.5, atMost: 2", "")),
        expect!["`jump` needs a bound: `atLeast`, `atMost` or both"],
    );
    refused(
        missing("skip", &JUMP.replace("0.5", "3")),
        expect!["no ratio lies within these bounds"],
    );
    refused(
        missing("skip", &JUMP.replace("0.5", "-1")),
        expect!["the bound of a ratio is a number from 0"],
    );
    refused(
        missing("skip", &JUMP.replace("sum(n)", "random()")),
        expect!["`random` answers differently on every run: measure columns of the rows"],
    );
    let fresh = "type: custom, engine: dtm, implementation: { freshness: { column: at, within: \
                 soon } }";
    refused(
        read(fresh),
        expect!["`within` must be a number of hours or days such as `36 hours`, found `soon`"],
    );
    refused(
        read(&fresh.replace("soon", "0 days")),
        expect!["`within` must be a number of hours or days such as `36 hours`, found `0 days`"],
    );
    let query = "type: sql, query: 'select $x from served.counts'";
    refused(
        read(query),
        expect!["`$x` is not given: known are `$run_at`"],
    );
    refused(
        missing("zero", &query.replace("$x", "1")),
        expect![
            "`missing` is for a query that answers a number, with bounds such as `mustBe`: every row that this one answers breaks the rule"
        ],
    );
    refused(
        read("type: sql, query: delete"),
        expect!["expected one `select`, found `delete`"],
    );
}

#[test]
fn rules_stand_where_they_can_be_judged() {
    let sql = format!("{{ {TEXTS}, type: sql, query: select 1 }}");
    let found = |layer: &str, rule: &str, of_column: &str| {
        contract(layer, rule, of_column).map(|c| c.rules.last().unwrap().check.clone())
    };
    refused(
        found("raw", &sql, ""),
        expect![
            "a rule of type `sql` is for datasets that a run computes, of the layers `refined` and `served`: rows are judged one by one here"
        ],
    );
    refused(
        found("served", "", &sql),
        expect!["a rule of type `sql` belongs to the `quality` of the table, not of a column"],
    );
    let aside = sql.replace("type: sql", "severity: quarantine, type: sql");
    refused(
        found("served", &aside, ""),
        expect![
            "a rule of type `sql` cannot set rows aside: its `severity` is `error` or `warning`"
        ],
    );
    let row = format!(
        "{{ {TEXTS}, severity: quarantine, type: custom, engine: dtm, implementation: n > '1' }}"
    );
    assert!(found("served", &row, "").is_ok());
    refused(
        found("raw", &row, ""),
        expect![
            "`severity: quarantine` is for datasets that a run computes: rows of others are set aside by `error`"
        ],
    );
}

/// The page that shows every kind of rule.
const RULES: &str = include_str!("../../../../../warehouse/RULES.md");

#[test]
fn every_rule_that_the_page_shows_can_be_read() {
    let mut shown = 0;
    for block in RULES.split("```yaml").skip(1) {
        let block = block.split("\n```").next().unwrap();
        let (place, rules) = block.split_once('\n').unwrap();
        let (before, after, indent) = match place.trim() {
            "column" => ("\n        quality: [COLUMN]", "\n        quality:\n", 10),
            _ => ("\n    quality: [TABLE]", "\n    quality:\n", 6),
        };
        // Columns that a rule names must be there, and the contract here has one.
        let named = rules.replace(
            "{ column: agency_code, period: period,",
            "{ column: n, period: n,",
        );
        let lines = named.lines();
        let lines = lines.map(|line| format!("{:indent$}{line}\n", ""));
        let after = format!("{after}{}", lines.collect::<String>().trim_end());
        let text = text("served", "TABLE", "COLUMN").replace(before, &after);
        let text = text.replace("TABLE", "").replace("COLUMN", "");
        let read = read_contract("served", &text).unwrap();
        assert_eq!(read.rules.len(), 1, "{rules}");
        shown += 1;
    }
    assert!(shown > 6);
}

const DRIFT: &str = "type: custom, engine: dtm, implementation: { drift: { column: n, period: n, \
                     statistic: distinct, atLeast: 0.5, atMost: 2 } }";

#[test]
fn drift_names_a_statistic_of_a_column_and_its_bounds() {
    let Ok(Check::Drift(terms)) = missing("fail", DRIFT) else {
        panic!("no drift");
    };
    assert_eq!(
        (terms.column.as_str(), terms.period.as_deref()),
        ("n", Some("n"))
    );
    assert_eq!(
        (terms.statistic, terms.missing),
        (Statistic::Distinct, Missing::Fail)
    );
    assert_eq!((terms.min, terms.max), (Some(0.5), Some(2.0)));
    assert!(!Check::Drift(terms).is_of_a_row());
    let psi = DRIFT.replace("distinct, atLeast: 0.5", "psi");
    let Ok(Check::Drift(terms)) = missing("skip", &psi.replace("period: n, ", "")) else {
        panic!("no drift");
    };
    assert_eq!(
        (terms.period, terms.min, terms.max),
        (None, None, Some(2.0))
    );
}

#[test]
fn a_drift_that_cannot_be_meant_is_refused_with_its_reason() {
    refused(
        read(DRIFT),
        expect![
            "`drift` needs the custom property `missing`: whether a profile with nothing before it to be held against keeps the rule (`skip`) or breaks it (`fail`)"
        ],
    );
    refused(
        missing("zero", DRIFT),
        expect!["`missing: zero` is not for `drift`: a profile that is not there is none"],
    );
    refused(
        missing("skip", &DRIFT.replace("distinct", "psi")),
        expect![
            "`atLeast` is for ratios, which are those of `mean` and `distinct`: a distance has `atMost` alone"
        ],
    );
    refused(
        missing("skip", &DRIFT.replace("distinct", "median")),
        expect![
            "`statistic` must be one of `psi`, `nullShare`, `mean`, `distinct`, found `median`"
        ],
    );
    refused(
        missing("skip", &DRIFT.replace("atLeast: 0.5, atMost: 2", "")),
        expect!["`drift` needs a bound: `atMost`, or of a ratio `atLeast`"],
    );
    refused(
        missing("skip", &DRIFT.replace("0.5", "-1")),
        expect!["the bound of `drift` is a number from 0"],
    );
    refused(
        missing("skip", &DRIFT.replace("0.5", "3")),
        expect!["no ratio lies within these bounds"],
    );
    refused(
        missing("skip", &DRIFT.replace("column: n", "column: m")),
        expect!["`drift` names column `m`, which is not there"],
    );
    refused(
        missing("skip", &DRIFT.replace("period: n", "period: m")),
        expect!["`drift` names column `m`, which is not there"],
    );
    refused(
        missing("skip", &DRIFT.replace("distinct", "mean")),
        expect!["column `n` is `string`, and only numbers have a mean"],
    );
    let aside = DRIFT.replace("type: custom", "severity: quarantine, type: custom");
    refused(
        missing("skip", &aside),
        expect!["`drift` cannot set rows aside: its `severity` is `error` or `warning`"],
    );
}

#[test]
fn what_is_profiled_is_declared() {
    let found = |layer: &str, value: &str| {
        let property = format!("  - {{ property: profile, value: {value} }}\nschema:");
        let text = text(layer, "", "").replace("schema:", &property);
        read_contract(layer, &text).map(|contract| contract.profile)
    };
    let unsaid = contract("served", "", "").unwrap().profile;
    assert_eq!(unsaid, Profiling::Sample(100_000));
    assert_eq!(found("served", "none"), Ok(Profiling::Nothing));
    assert_eq!(found("refined", "whole"), Ok(Profiling::Whole));
    assert_eq!(found("served", "sample 5000"), Ok(Profiling::Sample(5000)));
    for wrong in [
        "sample",
        "sample 0",
        "sample -1",
        "sample 1000001",
        "all",
        "whole 3",
    ] {
        let told = found("served", wrong).unwrap_err();
        assert!(
            told.starts_with("`profile` must be `none`"),
            "{wrong}: {told}"
        );
        assert!(told.ends_with(&format!("found `{wrong}`")), "{told}");
    }
    let told = found("raw", "whole").unwrap_err();
    assert!(told.contains("only datasets that a run computes"), "{told}");
}
