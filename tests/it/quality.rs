//! What runs find of rules is kept, run by run, and told.

use chrono::TimeDelta;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use service::{ErrorKind, Page, RuleOutcome, RunReport, RunRequest, Service, StepState};

use crate::home::{Fixture, VISITS};
use crate::http::Door;

const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const FIGURE: &str = "select sum(visits) from visits_by_office";
const RESULTS: &str = "select count(*) from system.quality";
/// The rules that the contract of the example states.
const RULES: u64 = 7;

async fn run(f: &Fixture) -> RunReport {
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

async fn outcomes(f: &Fixture, offset: u64, limit: u64) -> Vec<RuleOutcome> {
    let dataset = "served.visits_by_office".parse().unwrap();
    let page = Page { offset, limit };
    f.house.quality(&f.admin, &dataset, page).await.unwrap()
}

/// Rule and column of each, in their order.
fn named(outcomes: &[RuleOutcome]) -> Vec<(&str, &str)> {
    let outcomes = outcomes.iter();
    outcomes
        .map(|outcome| {
            let column = outcome.column.as_deref().unwrap_or("-");
            (outcome.rule.as_str(), column)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_what_every_rule_said_of_what_it_built() {
    let f = Fixture::on_disk().await;
    assert_eq!(outcomes(&f, 0, 100).await, []);
    f.submit(VISITS, None).await.unwrap();
    let report = run(&f).await;
    assert_eq!(report.steps[0].state, StepState::Built);

    let found = outcomes(&f, 0, 100).await;
    let expected = [
        ("required", "agency_name"),
        ("range", "minutes"),
        ("required", "office"),
        ("required", "period"),
        ("range", "visits"),
        ("required", "visits"),
        ("unique", "-"),
    ];
    assert_eq!(named(&found), expected);
    for outcome in &found {
        assert_eq!(Some(&outcome.run), report.id.as_ref());
        assert_eq!(outcome.version, report.steps[0].version);
        assert!(outcome.passed, "{outcome:?}");
        assert_eq!((outcome.failed_rows, outcome.checked_rows), (0, 2));
        assert_eq!(outcome.null_rows, None);
        assert_eq!(outcome.checked_at, f.clock.now());
        assert!(!outcome.message.vi.is_empty() && !outcome.message.en.is_empty());
    }
    // A run that finds everything up to date judges nothing.
    assert_eq!(run(&f).await.steps[0].state, StepState::UpToDate);
    assert_eq!(f.number(RESULTS).await, RULES as i64);
    // What is received is judged row by row, and its verdicts are in the quarantine.
    let received = "raw.visits".parse().unwrap();
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let of_received = f.house.quality(&f.admin, &received, page).await;
    assert_eq!(of_received.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_rule_keeps_what_was_published_and_is_kept_with_no_version() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    let first = run(&f).await;
    f.files.edit(CONTRACT, |text| {
        text.replace("minimum: 1 }", "minimum: 2 }")
    });
    f.house.apply(&f.admin).await.unwrap();
    f.clock.advance(TimeDelta::minutes(1));
    let more = VISITS.replace("V-", "W-").replace("Ba Đình", "Tây Hồ");
    f.submit(&more, None).await.unwrap();
    let failed = run(&f).await;
    assert_eq!(failed.steps[0].state, StepState::Failed);
    assert_eq!(f.number(FIGURE).await, 2);

    let newest = outcomes(&f, 0, RULES).await;
    for outcome in &newest {
        assert_eq!(Some(&outcome.run), failed.id.as_ref());
        assert_eq!((outcome.version, outcome.checked_rows), (None, 3));
        let broken = (outcome.rule.as_str(), outcome.column.as_deref());
        let broken = broken == ("range", Some("visits"));
        assert_eq!(outcome.passed, !broken, "{outcome:?}");
        assert_eq!(outcome.failed_rows, if broken { 2 } else { 0 });
    }
    let before = outcomes(&f, RULES, 100).await;
    assert_eq!(named(&before), named(&newest));
    for outcome in &before {
        assert_eq!(Some(&outcome.run), first.id.as_ref());
        assert!(outcome.version.is_some() && outcome.passed);
    }
    assert_eq!(outcomes(&f, 2 * RULES, 100).await, []);
    assert_eq!(outcomes(&f, u64::MAX, u64::MAX).await, []);
    assert_eq!(outcomes(&f, 0, 0).await, []);
}

/// One more rule in SQL, which only warns.
fn rule(name: &str, sql: &str, missing: &str) -> String {
    format!(
        "      - {{ type: custom, engine: dtm, name: {name}, severity: warning,
          implementation: {sql}, description: {name},
          customProperties: [ {{ property: description.vi, value: {name} }}{missing} ] }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_value_is_never_a_pass_that_nobody_sees() {
    let f = Fixture::on_disk().await;
    f.files.edit(CONTRACT, |text| {
        let missing = |word: &str| format!(", {{ property: missing, value: {word} }}");
        let rules = [
            rule("silent", "minutes >= 1", ""),
            rule("skips", "minutes >= 1", &missing("skip")),
            rule("zeroes", "minutes >= 1", &missing("zero")),
            rule("fails", "minutes >= 0", &missing("fail")),
        ];
        format!("{text}    quality:\n{}", rules.concat())
    });
    f.house.apply(&f.admin).await.unwrap();
    let visits = VISITS.replace("+07:00,12", "+07:00,");
    f.submit(&visits, None).await.unwrap();
    let report = run(&f).await;
    assert_eq!(report.steps[0].state, StepState::Built);
    let told = report.steps[0].message.clone().unwrap();
    assert!(
        told.contains("`zeroes`") && told.contains("`fails`"),
        "{told}"
    );

    let found = outcomes(&f, 0, 100).await;
    for (name, passed, failed_rows, null_rows) in [
        ("silent", true, 0, 1),
        ("skips", true, 0, 1),
        ("zeroes", false, 1, 0),
        ("fails", false, 1, 0),
    ] {
        let outcome = found.iter().find(|outcome| outcome.rule == name).unwrap();
        assert_eq!(outcome.passed, passed, "{name}");
        assert_eq!(outcome.failed_rows, failed_rows, "{name}");
        assert_eq!(outcome.null_rows, Some(null_rows), "{name}");
        assert_eq!(outcome.checked_rows, 2, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_results_have_no_table_yet_is_refused_before_it_does_anything() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    // As in a home that was made before there was such a table.
    let folder = Path::from("delta/system/quality");
    let files: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    assert!(!files.is_empty());
    for file in files {
        f.store.delete(&file.location).await.unwrap();
    }
    let f = f.reopened().await;
    let refused = f.house.run(&f.admin, RunRequest::default()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(refused.message.contains("`system.quality`"), "{refused}");
    assert!(refused.hint.unwrap().contains("`dtm apply`"));
    assert_eq!(outcomes(&f, 0, 100).await, []);
    assert_eq!(
        f.number("select count(*) from served.visits_by_office")
            .await,
        0
    );

    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(run(&f).await.steps[0].state, StepState::Built);
    assert_eq!(outcomes(&f, 0, 100).await.len() as u64, RULES);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_results_are_told_over_http() {
    let door = Door::new().await;
    let path = "/api/v1/datasets/served.visits_by_office/quality";
    assert_eq!(door.get(path).await.json(), serde_json::json!([]));
    door.submit("text/csv", None, VISITS).await;
    let report = run(&door.fixture).await;

    let answer = door.get(path).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let all = answer.json();
    let all = all.as_array().unwrap();
    assert_eq!(all.len() as u64, RULES);
    let unique = all.last().unwrap();
    assert_eq!(unique["rule"], "unique");
    assert_eq!(unique["column"], serde_json::Value::Null);
    assert_eq!(unique["severity"], "error");
    assert_eq!(unique["passed"], true);
    assert_eq!(unique["checked_rows"], 2);
    assert_eq!(unique["run"], report.id.unwrap());
    let run = format!("/api/v1/runs/{}", unique["run"].as_str().unwrap());
    assert_eq!(door.get(&run).await.status.as_u16(), 200);
    let part = door.get(&format!("{path}?offset=5&limit=1")).await.json();
    assert_eq!(part.as_array().unwrap()[..], all[5..6]);

    door.open(path).await.problem(401);
    for absent in ["served.nothing", "visits"] {
        let path = |what: &str| format!("/api/v1/datasets/{absent}/{what}");
        let history = door.get(&path("history")).await;
        let status = history.status.as_u16();
        assert_eq!(status, 404, "{absent}");
        door.get(&path("quality")).await.problem(status);
    }
}
