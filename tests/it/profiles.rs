//! Profiles of what runs make: kept, held against those before, hidden, sampled, judged.

use service::{
    ColumnProfile, ErrorKind, Page, RunReport, RunRequest, Service, StepState, SubmitRequest,
};
use testkit::{Fault, Op};

use crate::home::{Fixture, visits as request};
use crate::http::Door;

const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const SQL: &str = "sql/served/visits_by_office.sql";
const FIGURE: &str = "select sum(visits) from visits_by_office";
const KEPT: &str = "select count(*) from system.profiles";
/// The columns of the example.
const COLUMNS: i64 = 5;

/// Visits to as many offices as minutes are given, one to each.
fn body(month: &str, minutes: &[u32]) -> String {
    let lines = minutes.iter().enumerate().map(|(place, minutes)| {
        format!("V-{place},Phường {place},2026-{month}-01T08:30:00+07:00,{minutes}\n")
    });
    "visit_id,office,visited_at,minutes\n".to_owned() + &lines.collect::<String>()
}

async fn submit(f: &Fixture, month: &str, minutes: &[u32]) {
    let request = SubmitRequest {
        period: format!("2026-{month}").parse().unwrap(),
        ..request()
    };
    let body = body(month, minutes);
    f.submit_this(&f.admin, request, &body).await.unwrap();
}

async fn run(f: &Fixture) -> RunReport {
    f.clock.advance(chrono::TimeDelta::minutes(1));
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

async fn selected(f: &Fixture) -> RunReport {
    f.clock.advance(chrono::TimeDelta::minutes(1));
    let select = vec!["served.visits_by_office".to_owned()];
    let report = f.house.run(&f.admin, RunRequest { select }).await.unwrap();
    assert_eq!(report.steps[0].state, StepState::Built, "{report:?}");
    report
}

async fn profiles(f: &Fixture) -> Vec<ColumnProfile> {
    let dataset = "served.visits_by_office".parse().unwrap();
    let page = Page {
        offset: 0,
        limit: 1000,
    };
    f.house.profiles(&f.admin, &dataset, page).await.unwrap()
}

/// The newest profile of a column in a period.
async fn of(f: &Fixture, column: &str, month: &str) -> ColumnProfile {
    let period = Some(format!("2026-{month}"));
    let mut all = profiles(f).await.into_iter();
    let found = all.find(|profile| profile.column == column && profile.period == period);
    found.unwrap()
}

/// The contract with another property, and with rules of the table.
async fn state(f: &Fixture, property: &str, rules: &str) {
    f.files.edit(CONTRACT, |text| {
        let rules = match rules {
            "" => String::new(),
            rules => format!("    quality:\n{rules}"),
        };
        let text = text.split("    quality:\n").next().unwrap().to_owned();
        text.replace("schema:\n", &format!("{property}schema:\n")) + &rules
    });
    f.house.apply(&f.admin).await.unwrap();
}

async fn by_windows(f: &Fixture) {
    f.files.edit(SQL, |sql| {
        sql.replace("write: replace", "write: replace window period")
    });
    f.files.bless().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_profiles_what_it_computed_and_holds_it_against_the_period_before() {
    let f = Fixture::on_disk().await;
    by_windows(&f).await;
    assert_eq!(profiles(&f).await, []);
    submit(&f, "08", &[10, 20, 30, 40]).await;
    let first = run(&f).await;
    assert_eq!(first.steps[0].message, None, "{first:?}");
    assert_eq!(f.number(KEPT).await, COLUMNS);
    let minutes = of(&f, "minutes", "08").await;
    assert_eq!(Some(&minutes.run), first.id.as_ref());
    assert_eq!(Some(minutes.version), first.steps[0].version);
    assert_eq!(
        (minutes.rows, minutes.seen_rows, minutes.sampled),
        (4, 4, false)
    );
    assert_eq!((minutes.null_rows, minutes.distinct_values), (0, Some(4)));
    assert_eq!(
        (minutes.min.as_deref(), minutes.max.as_deref()),
        (Some("10"), Some("40"))
    );
    assert_eq!(
        (minutes.mean, minutes.quantiles[2].as_str()),
        (Some(25.0), "25")
    );
    assert_eq!(minutes.histogram.iter().map(|bin| bin.rows).sum::<u64>(), 4);
    assert_eq!((minutes.psi, minutes.compared_run), (None, None));
    assert_eq!(minutes.profiled_at, f.clock.now());
    let office = of(&f, "office", "08").await;
    assert_eq!((office.kind.as_str(), office.top.len()), ("text", 4));
    assert_eq!(office.hidden, None);

    // Up to date: nothing is profiled again.
    assert_eq!(run(&f).await.steps[0].state, StepState::UpToDate);
    assert_eq!(f.number(KEPT).await, COLUMNS);

    // Three of four in the first two bins of then: 10, 20 and 20, 20.
    submit(&f, "09", &[10, 20, 20, 20]).await;
    let second = run(&f).await;
    let scope = second.steps[0].scope.clone().unwrap();
    assert!(scope.contains("windows: period 2026-09"), "{scope}");
    assert_eq!(
        f.number(KEPT).await,
        2 * COLUMNS,
        "the other period is as it was"
    );
    let minutes = of(&f, "minutes", "09").await;
    assert_eq!(minutes.compared_run, first.id);
    assert_eq!(minutes.compared_period.as_deref(), Some("2026-08"));
    assert_eq!(minutes.null_share_change, Some(0.0));
    // A quarter each then: 10, 20, 30, 40; now a quarter, three quarters, none and none.
    let none = 2.0 * (0.0001_f64 - 0.25) * (0.0001_f64 / 0.25).ln();
    let expected = 0.5 * 3.0_f64.ln() + none;
    let found = minutes.psi.unwrap();
    assert!(
        (found - expected).abs() < 1e-9,
        "{found} instead of {expected}"
    );

    // In full, the period before is held against as the same run found it.
    let third = selected(&f).await;
    assert_eq!(f.number(KEPT).await, 4 * COLUMNS);
    let minutes = of(&f, "minutes", "09").await;
    assert_eq!(minutes.compared_run, third.id);
    let newest = "select max(mean) from system.profiles where period = '2026-08' and mean > 9";
    assert_eq!(f.number(newest).await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_personal_is_hidden_and_counted() {
    let f = Fixture::on_disk().await;
    submit(&f, "08", &[10, 20]).await;
    let hidden = async |reason: &str, column: &str| {
        selected(&f).await;
        let profile = of(&f, column, "08").await;
        assert_eq!(profile.hidden.as_deref(), Some(reason), "{column}");
        assert_eq!((profile.rows, profile.distinct_values), (2, Some(2)));
        assert_eq!((profile.min, profile.max, profile.mean), (None, None, None));
        assert!(profile.top.is_empty() && profile.quantiles.is_empty());
        assert!(profile.histogram.is_empty() && profile.psi.is_none());
    };
    f.files.edit(SQL, |sql| {
        let mail = "visits.office || ' an@example.vn' as varchar";
        sql.replace("visits.office as varchar", mail)
    });
    f.files.bless().await;
    hidden("looks_personal", "office").await;
    assert_eq!(of(&f, "minutes", "08").await.hidden, None);
    let shown = "select count(*) from system.profiles where concat(min_value, max_value, \
                 top_values, histogram, quantiles) like '%@%'";
    assert_eq!(f.number(shown).await, 0);

    f.files
        .edit(SQL, |sql| sql.replace(" || ' an@example.vn'", ""));
    f.files.bless().await;
    f.files.edit("warehouse/raw/visits.odcs.yaml", |text| {
        let label = "{ property: businessName.en, value: Office }";
        let allowed = format!("{label}, {{ property: personalData, value: allowed }}");
        text.replace(label, &allowed)
    });
    f.house.apply(&f.admin).await.unwrap();
    hidden("from_personal", "office").await;
    assert_eq!(of(&f, "minutes", "08").await.hidden, None);

    f.files.edit(CONTRACT, |text| {
        text.replace("value: public", "value: restricted")
    });
    f.house.apply(&f.admin).await.unwrap();
    hidden("restricted", "minutes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_declares_how_much_is_profiled() {
    let f = Fixture::on_disk().await;
    submit(&f, "08", &[10, 20, 30, 40, 50, 60, 70, 80]).await;
    let property = |value: &str| format!("  - {{ property: profile, value: {value} }}\n");
    state(&f, &property("none"), "").await;
    selected(&f).await;
    assert_eq!(f.number(KEPT).await, 0);

    f.files.edit(CONTRACT, |text| {
        text.replace("value: none", "value: sample 3")
    });
    f.house.apply(&f.admin).await.unwrap();
    selected(&f).await;
    let one = of(&f, "minutes", "08").await;
    assert_eq!((one.rows, one.seen_rows, one.sampled), (8, 3, true));
    let whole: Vec<String> = (1..9).map(|n| format!("{n}0")).collect();
    assert!(
        one.top.iter().all(|top| whole.contains(&top.value)),
        "{one:?}"
    );
    // The same rows give the same sample, whatever files they lie in.
    selected(&f).await;
    let other = of(&f, "minutes", "08").await;
    assert_ne!(other.run, one.run);
    assert_eq!((&other.top, &other.histogram), (&one.top, &one.histogram));

    f.files
        .edit(CONTRACT, |text| text.replace("sample 3", "whole"));
    f.house.apply(&f.admin).await.unwrap();
    selected(&f).await;
    let all = of(&f, "minutes", "08").await;
    assert_eq!((all.seen_rows, all.sampled), (8, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_do_not_fit_are_sampled_and_a_sample_that_does_not_is_told() {
    let f = Fixture::on_disk().await;
    // A quarter of it is what the rows of a profile may take.
    let f = f
        .reopened_with(|settings| settings.run_memory_bytes = 16 << 20)
        .await;
    let minutes: Vec<u32> = (0..600).collect();
    f.files.edit(SQL, |sql| {
        let wide = "visits.office || repeat('x', 8000) as varchar";
        sql.replace("visits.office as varchar", wide)
    });
    f.files.bless().await;
    submit(&f, "08", &minutes).await;
    state(&f, "  - { property: profile, value: whole }\n", "").await;
    let report = selected(&f).await;
    let told = report.steps[0].message.clone().unwrap();
    assert!(
        told.contains("not profiled") && told.contains("run.memory_bytes"),
        "{told}"
    );
    assert_eq!(f.number(KEPT).await, 0);
    f.files.edit(CONTRACT, |text| {
        text.replace("value: whole", "value: sample 20")
    });
    f.house.apply(&f.admin).await.unwrap();
    let report = selected(&f).await;
    assert_eq!(report.steps[0].message, None);
    let office = of(&f, "office", "08").await;
    assert_eq!(
        (office.rows, office.seen_rows, office.sampled),
        (600, 20, true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_cannot_be_kept_fails_no_run() {
    let f = Fixture::on_disk().await;
    submit(&f, "08", &[10, 20]).await;
    f.faults
        .plan(Fault::before(Op::Put, "system/profiles/_delta_log").times(99));
    let report = run(&f).await;
    assert_eq!(report.steps[0].state, StepState::Built);
    let told = report.steps[0].message.clone().unwrap();
    assert!(told.contains("not profiled"), "{told}");
    assert_eq!(f.number(FIGURE).await, 2);
    let ledger = "select count(*) from system.runs where message like '%not profiled%'";
    assert_eq!(f.number(ledger).await, 1);
    f.faults.forget();
    selected(&f).await;
    assert_eq!(f.number(KEPT).await, COLUMNS);
}

fn drift(severity: &str, missing: &str, terms: &str) -> String {
    format!(
        "      - {{ type: custom, engine: dtm, name: alike, severity: {severity},
          implementation: {{ drift: {{ column: minutes, {terms} }} }},
          description: Minutes are alike,
          customProperties: [ {{ property: description.vi, value: Số phút ổn định }},
            {{ property: missing, value: {missing} }} ] }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_on_profiles_keeps_a_run_from_publishing() {
    let f = Fixture::on_disk().await;
    let terms = "period: period, statistic: mean, atMost: 2";
    state(&f, "", &drift("error", "skip", terms)).await;
    submit(&f, "08", &[10, 20]).await;
    assert_eq!(run(&f).await.steps[0].state, StepState::Built);
    let said = async |what: &str| {
        let sql = format!(
            "select cast({what} as varchar) from system.quality where rule = 'alike' order by \
             checked_at desc"
        );
        f.texts(&sql).await
    };
    assert_eq!(
        (said("passed").await, said("null_rows").await),
        (vec!["true".to_owned()], vec!["1".to_owned()])
    );

    submit(&f, "09", &[100, 200]).await;
    let failed = run(&f).await;
    assert_eq!(failed.steps[0].state, StepState::Failed);
    let told = failed.steps[0].message.clone().unwrap();
    assert!(
        told.contains("`alike`") && told.contains("Minutes are alike"),
        "{told}"
    );
    assert_eq!(f.number(FIGURE).await, 2, "nothing was published");
    assert_eq!(said("passed").await, ["false", "true"]);
    let row = f
        .texts("select row from system.failing_rows where rule = 'alike'")
        .await;
    let row: serde_json::Value = serde_json::from_str(&row[0]).unwrap();
    assert_eq!(
        (row["before"].as_f64(), row["now"].as_f64()),
        (Some(15.0), Some(150.0))
    );
    assert_eq!(
        (row["period"].as_str(), row["statistic"].as_str()),
        (Some("2026-09"), Some("mean"))
    );

    // Told and published, where it is a warning.
    f.files.edit(CONTRACT, |text| {
        let text = text.replace("severity: error", "severity: warning");
        text.replace("statistic: mean, atMost: 2", "statistic: psi, atMost: 0.25")
    });
    f.house.apply(&f.admin).await.unwrap();
    let warned = run(&f).await;
    assert_eq!(warned.steps[0].state, StepState::Built);
    assert!(warned.steps[0].message.clone().unwrap().contains("`alike`"));
    assert_eq!(f.number(FIGURE).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_periods_is_held_against_its_profile_before() {
    let f = Fixture::on_disk().await;
    f.files.edit(CONTRACT, |text| {
        let text = text.replace("name: period", "name: month");
        text.replace("version: 1.0.0", "version: 2.0.0")
    });
    f.files
        .edit(SQL, |sql| sql.replace("as period", "as month"));
    f.files.edit("warehouse/reports/visits.yaml", |text| {
        text.replace("where period = $period", "where month = $period")
    });
    f.files.bless().await;
    let terms = "statistic: distinct, atLeast: 0.5, atMost: 1.5";
    state(&f, "", &drift("warning", "fail", terms)).await;
    submit(&f, "08", &[10, 20]).await;
    let first = run(&f).await;
    assert!(
        first.steps[0].message.clone().unwrap().contains("`alike`"),
        "{first:?}"
    );
    submit(&f, "09", &[30]).await;
    let second = run(&f).await;
    assert_eq!(second.steps[0].message, None);
    let newest = profiles(&f).await.swap_remove(0);
    assert_eq!((newest.rows, newest.period), (3, None));
    assert_eq!(
        (newest.compared_run, newest.compared_period),
        (first.id, None)
    );
    submit(&f, "10", &[40, 50, 60]).await;
    let third = run(&f).await;
    assert!(
        third.steps[0].message.clone().unwrap().contains("`alike`"),
        "{third:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_with_nothing_before_it_is_no_pass_where_missing_fails() {
    let f = Fixture::on_disk().await;
    let terms = "period: period, statistic: nullShare, atMost: 0.1";
    state(&f, "", &drift("error", "fail", terms)).await;
    submit(&f, "08", &[10, 20]).await;
    let failed = run(&f).await;
    assert_eq!(failed.steps[0].state, StepState::Failed);
    // Where it is passed over, the same rows are published.
    f.files
        .edit(CONTRACT, |text| text.replace("value: fail", "value: skip"));
    f.house.apply(&f.admin).await.unwrap();
    assert_eq!(run(&f).await.steps[0].state, StepState::Built);
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_told_over_http() {
    let door = Door::new().await;
    let path = "/api/v1/datasets/served.visits_by_office/profiles";
    assert_eq!(door.get(path).await.json(), serde_json::json!([]));
    submit(&door.fixture, "08", &[10, 20]).await;
    let report = run(&door.fixture).await;
    let all = door.get(path).await.json();
    let all = all.as_array().unwrap();
    assert_eq!(all.len() as i64, COLUMNS);
    let minutes = all.iter().find(|of| of["column"] == "minutes").unwrap();
    assert_eq!(minutes["run"], report.id.unwrap());
    assert_eq!(
        (minutes["mean"].as_f64(), minutes["period"].as_str()),
        (Some(15.0), Some("2026-08"))
    );
    assert_eq!(
        minutes["top_values"][0],
        serde_json::json!({ "value": "10", "rows": 1 })
    );
    door.open(path).await.problem(401);
    door.get("/api/v1/datasets/served.nothing/profiles")
        .await
        .problem(404);
    let dataset = "served.nothing".parse().unwrap();
    let page = Page {
        offset: 0,
        limit: 1,
    };
    let f = &door.fixture;
    let refused = f
        .house
        .profiles(&f.admin, &dataset, page)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
}
