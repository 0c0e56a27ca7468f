//! Rules over more than a row, rows that are set aside, and the rows that break rules.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use service::{At, Page, RunReport, RunRequest, Service, StepState, SubmitRequest, TraceRequest};

use crate::home::{Fixture, VISITS, visits as request};

const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const SQL: &str = "sql/served/visits_by_office.sql";
const FIGURE: &str = "select sum(visits) from visits_by_office";
const KEPT: &str = "select count(*) from system.failing_rows";

/// Three visits of one office, one of another.
fn visits() -> String {
    let more = ["V-4", "V-5"].map(|id| format!("{id},Ba Đình,2026-09-03T09:00:00+07:00,10\n"));
    let first = VISITS.lines().take(3);
    first.map(|line| format!("{line}\n")).collect::<String>() + &more.concat()
}

/// A rule in the words of a contract, and what is said of it.
fn rule(name: &str, severity: &str, rule: &str) -> String {
    format!(
        "      - {{ name: {name}, severity: {severity}, {rule}, description: {name},
          customProperties: [ {{ property: description.vi, value: {name} }} ] }}\n"
    )
}

/// An expression that holds of an office with two visits.
fn several(severity: &str) -> String {
    rule(
        "several",
        severity,
        "type: custom, engine: dtm, implementation: visits >= 2",
    )
}

async fn state_rules(f: &Fixture, rules: &str) {
    f.files.edit(CONTRACT, |text| {
        let text = text.split("    quality:\n").next().unwrap().to_owned();
        format!("{text}    quality:\n{rules}")
    });
    f.house.apply(&f.admin).await.unwrap();
}

async fn run(f: &Fixture) -> RunReport {
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

/// The rows of a run that broke that rule, as they are kept.
async fn kept(f: &Fixture, run: &RunReport, rule: &str) -> Vec<serde_json::Value> {
    let run = run.id.as_deref().unwrap();
    let sql = format!(
        "select row from system.failing_rows where run_id = '{run}' and rule = '{rule}' order by row"
    );
    let texts = f.texts(&sql).await;
    texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_that_kept_a_run_from_publishing_are_in_reach_and_nothing_personal_is_in_them() {
    let f = Fixture::on_disk().await;
    f.submit(&visits(), None).await.unwrap();
    run(&f).await;
    assert_eq!(f.number(KEPT).await, 0);
    f.files.edit(SQL, |sql| {
        sql.replace(
            "visits.office as varchar",
            "visits.office || ' an@example.vn' as varchar",
        )
    });
    f.files.bless().await;
    state_rules(&f, &several("error")).await;
    let failed = run(&f).await;
    assert_eq!(failed.steps[0].state, StepState::Failed);
    let told = failed.steps[0].message.clone().unwrap();
    let id = failed.id.clone().unwrap();
    assert!(
        told.contains("`system.failing_rows`") && told.contains(&id),
        "{told}"
    );
    assert_eq!(f.number(FIGURE).await, 4);

    let rows = kept(&f, &failed, "several").await;
    let [row] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(
        (row["visits"].as_i64(), row["minutes"].as_i64()),
        (Some(1), Some(8))
    );
    assert!(row["period"] == "2026-09", "{row}");
    let office = row["office"].as_str().unwrap();
    assert!(
        !office.contains("example.vn") && office.starts_with("Cầ"),
        "{office}"
    );
    let said = "select severity from system.failing_rows";
    assert_eq!(f.texts(said).await, ["error"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_set_aside_and_the_others_published() {
    let f = Fixture::on_disk().await;
    state_rules(&f, &several("quarantine")).await;
    f.submit(&visits(), None).await.unwrap();
    let report = run(&f).await;
    let step = &report.steps[0];
    assert_eq!((step.state, step.rows), (StepState::Built, 1));
    let told = step.message.clone().unwrap();
    assert!(
        told.contains("set aside: rule `several` on 1 rows"),
        "{told}"
    );
    assert_eq!(f.number(FIGURE).await, 3);
    let rows = kept(&f, &report, "several").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["office"], "Cầu Giấy");
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let dataset = "served.visits_by_office".parse().unwrap();
    let outcomes = f.house.quality(&f.admin, &dataset, page).await.unwrap();
    let outcome = outcomes.iter().find(|o| o.rule == "several").unwrap();
    assert_eq!(outcome.severity, project::Severity::Quarantine);
    assert_eq!(
        (outcome.passed, outcome.failed_rows, outcome.checked_rows),
        (false, 1, 2)
    );
    // What was written with them is deleted.
    let folder = Path::from("delta/served/visits_by_office");
    let files: Vec<ObjectMeta> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    let parquet = |file: &&ObjectMeta| file.location.as_ref().ends_with(".parquet");
    assert_eq!(files.iter().filter(parquet).count(), 1);

    let traced = TraceRequest {
        dataset: dataset.clone(),
        condition: "office = 'Ba Đình'".to_owned(),
        column: None,
        at: At::Now,
    };
    let traced = f.house.trace(&f.admin, traced).await.unwrap();
    assert_eq!((traced.rows, traced.submissions.len()), (1, 1));
    assert!(!traced.exact && traced.stops[0].operator.contains("quarantine"));

    // Without the rule they are published.
    f.files
        .edit(CONTRACT, |text| text.replace("visits >= 2", "visits >= 1"));
    f.house.apply(&f.admin).await.unwrap();
    let request = RunRequest {
        select: vec!["served.visits_by_office".to_owned()],
    };
    f.house.run(&f.admin, request).await.unwrap();
    assert_eq!(f.number(FIGURE).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_by_windows_sets_aside_inside_them_and_keeps_the_others() {
    let f = Fixture::on_disk().await;
    f.files.edit(SQL, |sql| {
        let sql = sql.replace("write: replace", "write: replace window agency_name");
        sql.replace("agencies.name_vi as varchar", "visits._agency as varchar")
            .replace("    agencies.name_vi,", "    visits._agency,")
            .replace(
                "inner join codes.agencies as agencies\n    on agencies.code = visits._agency\n",
                "",
            )
    });
    f.files.bless().await;
    state_rules(&f, &several("quarantine")).await;
    f.submit(&visits(), None).await.unwrap();
    run(&f).await;
    assert_eq!(f.number(FIGURE).await, 3);
    let other = SubmitRequest {
        agency: Some("H29".parse().unwrap()),
        ..request()
    };
    let body = visits().replace("V-", "X-");
    f.submit_this(&f.admin, other, &body).await.unwrap();
    let report = run(&f).await;
    let scope = report.steps[0].scope.clone().unwrap();
    assert!(scope.contains("H29") && !scope.contains("H26"), "{scope}");
    assert_eq!(f.number(FIGURE).await, 6);
    let rows = kept(&f, &report, "several").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["agency_name"], "H29");
    assert_eq!(f.number(KEPT).await, 2);
}

const TOTALS: &str = "-- why: all visits
-- write: replace
-- refresh: on change
select
    cast(visits._period as varchar) as period,
    cast(count(*) as bigint) as visits
from raw.visits as visits
group by visits._period
";

const TOTALS_CONTRACT: &str = "apiVersion: v3.1.0
kind: DataContract
id: served.zz_totals
name: Tổng
version: 1.0.0
status: active
description: { purpose: All visits }
team: { name: example }
customProperties:
  - { property: name.en, value: Totals }
  - { property: purpose.vi, value: Tổng }
  - { property: classification, value: public }
schema:
  - name: zz_totals
    physicalType: table
    properties:
      - name: period
        businessName: Kỳ
        logicalType: string
        physicalType: string
        description: Period
        customProperties: [ { property: businessName.en, value: Period } ]
      - name: visits
        businessName: Số lượt
        logicalType: integer
        physicalType: int64
        description: Visits
        customProperties: [ { property: businessName.en, value: Visits } ]
";

const AGREES: &str = "type: sql, query: 'select o.period from (select period, sum(visits) as n from \
                      served.visits_by_office group by period) as o full join served.zz_totals as t \
                      on t.period = o.period where o.n is distinct from t.visits'";

async fn with_totals(f: &Fixture) {
    f.files.put("sql/served/zz_totals.sql", TOTALS);
    f.files
        .put("warehouse/served/zz_totals.odcs.yaml", TOTALS_CONTRACT);
    f.files.bless().await;
    state_rules(f, &rule("agrees", "error", AGREES)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_is_held_against_another_that_the_same_run_made_before_it() {
    let f = Fixture::on_disk().await;
    with_totals(&f).await;
    f.submit(&visits(), None).await.unwrap();
    let report = run(&f).await;
    let order: Vec<&str> = report.steps.iter().map(|s| s.dataset.as_str()).collect();
    assert_eq!(order, ["served.zz_totals", "served.visits_by_office"]);
    let states: Vec<StepState> = report.steps.iter().map(|s| s.state).collect();
    assert_eq!(states, [StepState::Built, StepState::Built], "{report:?}");

    f.files
        .edit(SQL, |sql| sql.replace("count(*)", "count(*) + 1"));
    let failed = run(&f).await;
    let of_figure = failed
        .steps
        .iter()
        .find(|s| s.dataset.name() == "visits_by_office");
    assert_eq!(of_figure.unwrap().state, StepState::Failed);
    assert_eq!(f.number(FIGURE).await, 4);
    assert_eq!(kept(&f, &failed, "agrees").await.len(), 1);
    // What a dataset is held against failed: so it waits, too.
    f.files.edit("sql/served/zz_totals.sql", |sql| {
        sql.replace("count(*)", "1 / (count(*) - 4)")
    });
    let failed = run(&f).await;
    let states: Vec<StepState> = failed.steps.iter().map(|s| s.state).collect();
    assert_eq!(
        states,
        [StepState::Failed, StepState::Skipped],
        "{failed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_judged_is_told_by_a_check_of_the_project() {
    let f = Fixture::on_disk().await;
    with_totals(&f).await;
    let told = async |change: &dyn Fn(String) -> String| {
        let files = f.files.all();
        f.files.edit(CONTRACT, change);
        let problems = conduct::check(&f.files.all()).await.problems;
        for (path, bytes) in files.iter() {
            f.files.put(path, std::str::from_utf8(bytes).unwrap());
        }
        let problems = problems.iter().map(|p| p.message.clone());
        problems.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(told(&|text| text + "\n").await, "");
    let unknown = told(&|text| text.replace("served.zz_totals", "served.nothing")).await;
    assert!(
        unknown.contains("a rule reads `served.nothing`"),
        "{unknown}"
    );
    let column = told(&|text| text.replace("t.visits", "t.people")).await;
    assert!(
        column.contains("rule `agrees`") && column.contains("people"),
        "{column}"
    );
    let circle = async {
        let totals = TOTALS.replace("raw.visits as visits", "served.visits_by_office as visits");
        let totals = totals.replace("visits._period", "visits.period");
        f.files.put("sql/served/zz_totals.sql", &totals);
        f.files.bless().await;
        let problems = conduct::check(&f.files.all()).await.problems;
        problems
            .iter()
            .map(|p| p.message.clone())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let circle = circle.await;
    assert!(
        circle.contains("served.zz_totals") && circle.contains("served.visits_by_office"),
        "{circle}"
    );
    let refused = f.house.run(&f.admin, RunRequest::default()).await;
    assert!(refused.is_err());
}
