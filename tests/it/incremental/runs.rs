//! What a run by windows does beside computing: rules, plans, files.

use service::{ErrorKind, Plan, RunRequest, RunStep, Service, StepState};

use super::datasets;
use crate::home::{Fixture, Setup, VISITS};
use crate::trace::graph::with_datasets;

const MORE: &str = "visit_id,office,visited_at,minutes\nV-9,Ba Đình,2026-09-03T08:30:00+07:00,30\n";
const BY_OFFICE: &str = "sql/served/visits_by_office.sql";

async fn run(f: &Fixture, select: &[&str]) -> Vec<RunStep> {
    let select = select.iter().map(|name| (*name).to_owned()).collect();
    let run = f.house.run(&f.admin, RunRequest { select }).await.unwrap();
    run.steps
}

fn scope_of<'a>(steps: &'a [RunStep], dataset: &str) -> Option<&'a str> {
    let step = steps.iter().find(|step| step.dataset.as_str() == dataset);
    step.unwrap().scope.as_deref()
}

fn due(plan: &Plan) -> Vec<(&str, &str)> {
    let runs = plan.runs.iter();
    runs.map(|run| (run.dataset.as_str(), run.scope.as_str()))
        .collect()
}

/// The example, of which two datasets are made by windows.
async fn setup() -> Setup {
    let wanted = ["refined.latest", "served.by_office"];
    let chosen = datasets::DATASETS
        .iter()
        .filter(|(d, _)| wanted.contains(&d.name));
    with_datasets(datasets::anywhere(), chosen.map(|(d, write)| (d, *write))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_the_next_run_computes_and_why() {
    let f = Fixture::with(setup().await).await;
    f.submit(VISITS, None).await.unwrap();
    let plan = f.house.plan(&f.admin).await.unwrap();
    let first = "full: it was not built before";
    let expected = [
        ("refined.latest", first),
        ("served.by_office", first),
        ("served.visits_by_office", first),
    ];
    assert_eq!(due(&plan), expected);
    run(&f, &[]).await;
    assert_eq!(due(&f.house.plan(&f.admin).await.unwrap()), []);
    f.submit(MORE, None).await.unwrap();
    let plan = f.house.plan(&f.admin).await.unwrap();
    let expected = [
        ("refined.latest", "windows: visit_id V-9"),
        ("served.by_office", "after: `refined.latest`"),
        ("served.visits_by_office", "full: it writes no windows"),
    ];
    assert_eq!(due(&plan), expected);
    assert_eq!(plan.runs[0].rows, 2);
    let steps = run(&f, &[]).await;
    assert_eq!(
        scope_of(&steps, "refined.latest"),
        Some("windows: visit_id V-9")
    );
    let by_office = Some("windows: office Ba Đình and period 2026-09");
    assert_eq!(scope_of(&steps, "served.by_office"), by_office);
    // Asked for by name it is computed in full, and gives the same.
    let before = f
        .number("select sum(visits * 1000 + minutes) from served.by_office")
        .await;
    let steps = run(&f, &["served.by_office"]).await;
    assert_eq!(
        scope_of(&steps, "served.by_office"),
        Some("full: it was selected")
    );
    let after = f
        .number("select sum(visits * 1000 + minutes) from served.by_office")
        .await;
    assert_eq!(before, after);
    f.files.edit("sql/served/by_office.sql", |sql| {
        sql.replace("max(minutes)", "min(minutes)")
    });
    let plan = f.house.plan(&f.admin).await.unwrap();
    assert_eq!(due(&plan), [("served.by_office", "full: its SQL changed")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_answer_can_tell_of_computes_nothing() {
    let f = Fixture::with(setup().await).await;
    f.submit(VISITS, None).await.unwrap();
    run(&f, &[]).await;
    // The same visit once more, as it was: the newest of it has the same values.
    let again = "visit_id,office,visited_at,minutes\nV-1,Ba Đình,2026-09-01T08:30:00+07:00,12\n";
    f.clock.advance(chrono::TimeDelta::minutes(1));
    f.submit(again, None).await.unwrap();
    let steps = run(&f, &["refined.*", "served.by_office"]).await;
    assert!(
        steps.iter().all(|step| step.state == StepState::Built),
        "{steps:?}"
    );
    f.clock.advance(chrono::TimeDelta::minutes(1));
    f.submit(again, None).await.unwrap();
    let steps = run(&f, &[]).await;
    assert_eq!(
        scope_of(&steps, "refined.latest"),
        Some("windows: visit_id V-1")
    );
    let unchanged = Some("nothing: no row that it reads changed");
    assert_eq!(scope_of(&steps, "served.by_office"), unchanged);
    // It is known for what it is: nothing is looked at once more.
    let steps = run(&f, &[]).await;
    assert!(
        steps.iter().all(|step| step.state == StepState::UpToDate),
        "{steps:?}"
    );
    assert!(steps.iter().all(|step| step.scope.is_none()), "{steps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_window_that_break_a_rule_are_not_published_and_what_came_of_rules_is_kept() {
    let mut setup = setup().await;
    let path = "warehouse/served/by_office.odcs.yaml";
    let text = String::from_utf8(setup.sources.get(path).unwrap().to_vec()).unwrap();
    let rule = "    quality:
      - { type: custom, engine: dtm, name: not_long, severity: error,
          implementation: \"longest < 100\", description: a visit takes too long,
          customProperties: [ { property: description.vi, value: lượt quá dài } ] }
";
    setup = setup.with_file(path, &format!("{text}{rule}"));
    let f = Fixture::with(setup).await;
    f.submit(VISITS, None).await.unwrap();
    let steps = run(&f, &[]).await;
    assert!(
        steps.iter().all(|step| step.state == StepState::Built),
        "{steps:?}"
    );
    f.submit(&MORE.replace(",30\n", ",300\n"), None)
        .await
        .unwrap();
    let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let step = report
        .steps
        .iter()
        .find(|s| s.dataset.as_str() == "served.by_office");
    let message = step.unwrap().message.clone().unwrap();
    assert_eq!(step.unwrap().state, StepState::Failed);
    assert!(message.contains("`not_long` on 1 rows"), "{message}");
    let longest = "select max(longest) from served.by_office";
    assert_eq!(f.number(longest).await, 12);
    for (count, of) in [
        (2, "rule = 'not_long'"),
        (
            1,
            "rule = 'not_long' and not passed and failed_rows = 1 and version is null",
        ),
        (
            1,
            "rule = 'not_long' and passed and checked_rows = 2 and version is not null",
        ),
        (
            0,
            "dataset = 'served.by_office' and rule <> 'not_long' and not passed",
        ),
    ] {
        let sql = format!("select count(*) from system.quality where {of}");
        assert_eq!(f.number(&sql).await, count, "{of}");
    }
    let of_every_rule = "select count(distinct dataset) from system.quality";
    assert_eq!(f.number(of_every_rule).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_the_answer_does_not_have_are_refused() {
    for (write, fault) in [
        (
            "replace window day",
            "names the column `day`, and the contract has none",
        ),
        (
            "merge on office",
            "names `office`, and that is not the contract's key",
        ),
    ] {
        let f = Fixture::on_disk().await;
        f.files.edit(BY_OFFICE, |sql| {
            sql.replace("write: replace", &format!("write: {write}"))
        });
        let error = f.house.plan(&f.admin).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.message.contains(fault), "{}", error.message);
    }
}
