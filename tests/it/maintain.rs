//! Maintenance inside a house: small files, checkpoints, and what nobody needs any more.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use service::{
    At, ErrorKind, MaintainRequest, MaintenanceReport, MaintenanceState, MaintenanceStep,
    MaintenanceTask, QueryRequest, RenderRequest, RunRequest, Service, ServiceError, StepState,
};
use testkit::{Fault, Op};

use crate::home::{Fixture, VISITS};

/// Every row has another id. A plain count would be answered by the log, whatever became of the
/// files.
const RECEIVED: &str = "select count(distinct visit_id) as n from raw.visits";
const FIGURE: &str = "select sum(visits) as n from visits_by_office";

async fn submit(f: &Fixture, prefixes: &[&str]) {
    for prefix in prefixes {
        f.submit(&VISITS.replace("V-", prefix), None).await.unwrap();
    }
}

async fn run(f: &Fixture) -> service::RunReport {
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

async fn maintained(f: &Fixture, request: MaintainRequest) -> MaintenanceReport {
    let report = f.house.maintain(&f.admin, request).await.unwrap();
    for step in &report.steps {
        assert_ne!(step.state, MaintenanceState::Failed, "{step:?}");
    }
    report
}

async fn maintain(f: &Fixture) -> MaintenanceReport {
    maintained(f, MaintainRequest::default()).await
}

/// Everything that nobody needs goes.
fn vacuum() -> MaintainRequest {
    MaintainRequest {
        delete: true,
        ..MaintainRequest::default()
    }
}

fn steps(report: &MaintenanceReport, task: MaintenanceTask) -> Vec<&MaintenanceStep> {
    let steps = report.steps.iter();
    steps.filter(|step| step.task == task).collect()
}

async fn ask(f: &Fixture, sql: &str, at: At) -> Result<i64, ServiceError> {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at,
    };
    let answer = f.house.query(&f.admin, request).await?;
    let batches: Vec<_> = answer.batches.try_collect().await?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).unwrap();
    let number = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Int64);
    let number = number.unwrap();
    Ok(arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&number).value(0))
}

/// The paths below a dataset's folder that end so.
async fn paths(f: &Fixture, dataset: &str, end: &str) -> Vec<String> {
    let folder = Path::from(format!("delta/{dataset}"));
    let listed: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    let paths = listed.into_iter().map(|file| file.location.to_string());
    let mut paths: Vec<_> = paths.filter(|path| path.ends_with(end)).collect();
    paths.sort();
    paths
}

async fn data_files(f: &Fixture) -> Vec<String> {
    let mut files = paths(f, "raw/visits", ".parquet").await;
    files.retain(|path| !path.contains("_delta_log"));
    files
}

async fn small_files_are_put_together_and_nothing_else_changes(f: Fixture) {
    submit(&f, &["A-", "B-", "C-", "D-", "E-"]).await;
    let first = run(&f).await;
    let report = maintain(&f).await;
    let compacted = steps(&report, MaintenanceTask::Compact);
    let visits: Vec<_> = compacted
        .iter()
        .filter(|step| step.dataset.as_str() == "raw.visits")
        .map(|step| (step.files_removed, step.files_added, step.version))
        .collect();
    assert_eq!(visits, [(5, 1, Some(6))], "{compacted:?}");
    // The new file says in the log that it is sorted as the contract asks.
    let entry = Path::from(format!("delta/raw/visits/_delta_log/{:020}.json", 6));
    let entry = f.store.get_opts(&entry, Default::default()).await.unwrap();
    let entry = String::from_utf8(entry.bytes().await.unwrap().to_vec()).unwrap();
    assert!(
        entry.contains(r#""dtm.sorted_by":"[\"visited_at\"]""#),
        "{entry}"
    );
    assert!(entry.contains(&report.id), "{entry}");

    assert_eq!(ask(&f, RECEIVED, At::Now).await.unwrap(), 10);
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap(), 10);
    let again = run(&f).await;
    assert_eq!(
        again.steps[0].state,
        StepState::UpToDate,
        "the rows are the same"
    );
    assert_eq!(again.id, None, "nothing was published or recorded");
    assert_eq!(
        ask(&f, FIGURE, At::Run(first.id.clone().unwrap()))
            .await
            .unwrap(),
        10
    );
    let book = "select count(*) as n from system.maintenance where state = 'done' \
        and task = 'compact' and dataset = 'raw.visits' and files_removed = 5";
    assert_eq!(ask(&f, book, At::Now).await.unwrap(), 1);
    let second = maintain(&f).await;
    assert!(
        steps(&second, MaintenanceTask::Compact).is_empty(),
        "{second:?}"
    );

    submit(&f, &["F-"]).await;
    let changed = run(&f).await;
    assert_eq!(changed.steps[0].state, StepState::Built);
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap(), 12);
    let f = f.reopened().await;
    assert_eq!(
        ask(&f, FIGURE, At::Run(first.id.unwrap())).await.unwrap(),
        10
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_small_files_are_put_together_and_nothing_else_changes() {
    small_files_are_put_together_and_nothing_else_changes(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_small_files_are_put_together_and_nothing_else_changes() {
    small_files_are_put_together_and_nothing_else_changes(Fixture::on_s3().await).await;
}

/// The version of the figures that readers see.
async fn shown(f: &Fixture) -> i64 {
    let request = QueryRequest {
        sql: FIGURE.to_owned(),
        params: BTreeMap::new(),
        at: At::Now,
    };
    let answer = f.house.query(&f.admin, request).await.unwrap();
    answer.versions[&"served.visits_by_office".parse().unwrap()]
}

/// The published version moves over a rewriting, also over one whose maintenance was cut off before
/// it could say so.
#[tokio::test(flavor = "multi_thread")]
async fn readers_of_figures_are_shown_the_new_files() {
    let f = Fixture::on_disk().await;
    let mut body = "visit_id,office,visited_at,minutes\n".to_owned();
    for at in 0..40 {
        body += &format!("V-{at},Office {at},2026-09-01T08:30:00+07:00,{at}\n");
    }
    f.submit(&body, None).await.unwrap();
    run(&f).await;
    let before = shown(&f).await;
    // Each of two streams has written a file.
    let few = conduct::MaintainSettings {
        small_files: 2,
        ..conduct::MaintainSettings::default()
    };
    let f = f.reopened_with(|limits| limits.maintain = few).await;
    f.faults
        .plan(Fault::before(Op::Put, "published/").times(50));
    let request = MaintainRequest::default();
    let cut_off = f.house.maintain(&f.admin, request).await.unwrap();
    let failed = |step: &&MaintenanceStep| step.state == MaintenanceState::Failed;
    let failed: Vec<_> = cut_off.steps.iter().filter(failed).collect();
    assert_eq!(failed.len(), 1, "{cut_off:?}");
    assert_eq!(failed[0].dataset.as_str(), "served.visits_by_office");
    let f = f.reopened_with(|limits| limits.maintain = few).await;
    assert_eq!(shown(&f).await, before);
    maintain(&f).await;
    assert_eq!(shown(&f).await, before + 1);
    assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap(), 40);
    assert_eq!(run(&f).await.steps[0].state, StepState::UpToDate);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_twenty_commits_there_is_a_checkpoint() {
    let f = Fixture::on_disk().await;
    let prefixes: Vec<String> = (0..19).map(|at| format!("P{at}-")).collect();
    submit(&f, &prefixes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let checkpoints = |report: &MaintenanceReport| {
        let all = steps(report, MaintenanceTask::Checkpoint).into_iter();
        all.map(|step| step.dataset.to_string()).collect::<Vec<_>>()
    };
    // Nineteen submissions and the rewriting are twenty commits.
    let first = maintain(&f).await;
    assert!(
        checkpoints(&first).contains(&"raw.visits".to_owned()),
        "{first:?}"
    );
    assert_eq!(paths(&f, "raw/visits", "_last_checkpoint").await.len(), 1);
    submit(&f, &["Q-"]).await;
    assert!(!checkpoints(&maintain(&f).await).contains(&"raw.visits".to_owned()));
    let f = f.reopened().await;
    assert_eq!(ask(&f, RECEIVED, At::Now).await.unwrap(), 40);
    submit(&f, &["R-"]).await;
    assert_eq!(ask(&f, RECEIVED, At::Now).await.unwrap(), 42);
}

async fn what_was_published_or_reported_outlives_a_vacuum(f: Fixture) {
    submit(&f, &["A-", "B-"]).await;
    let first = run(&f).await;
    submit(&f, &["C-"]).await;
    let unpublished = 3;
    submit(&f, &["D-", "E-"]).await;
    let report = f.house.render(
        &f.admin,
        RenderRequest {
            report: "visits".to_owned(),
            params: BTreeMap::from([("period".to_owned(), "2026-09".to_owned())]),
            language: "vi".to_owned(),
            table: None,
        },
    );
    let read = report.await.unwrap().manifest.input_versions;
    maintain(&f).await;
    submit(&f, &["F-"]).await;
    let second = run(&f).await;
    // A job that was cut off leaves a file that no commit names.
    let stray = Path::from("delta/raw/visits/part-stray.zstd.parquet");
    f.store
        .put_opts(&stray, "x".into(), Default::default())
        .await
        .unwrap();
    let before = data_files(&f).await;
    let young = maintained(&f, vacuum()).await;
    assert!(
        steps(&young, MaintenanceTask::Vacuum).is_empty(),
        "{young:?}"
    );

    // A store's own clock is the real one: this is past every file.
    f.clock.set("2126-01-01T00:00:00Z");
    let told = maintain(&f).await;
    let told = steps(&told, MaintenanceTask::Vacuum);
    let visits = told
        .iter()
        .find(|step| step.dataset.as_str() == "raw.visits")
        .unwrap();
    assert_eq!(visits.state, MaintenanceState::DryRun);
    assert_eq!(data_files(&f).await, before, "a dry run deletes nothing");
    let done = maintained(&f, vacuum()).await;
    let done = steps(&done, MaintenanceTask::Vacuum);
    let deleted = done
        .iter()
        .find(|step| step.dataset.as_str() == "raw.visits")
        .unwrap();
    assert_eq!(deleted.files_removed, visits.files_removed);
    let after = data_files(&f).await;
    assert_eq!(
        after.len() as u64,
        before.len() as u64 - deleted.files_removed
    );
    assert!(!after.contains(&stray.to_string()));

    older_versions_answer_or_say_why(
        &f,
        [(first.id.unwrap(), 4), (second.id.unwrap(), 12)],
        read,
        unpublished,
    )
    .await;
}

async fn older_versions_answer_or_say_why(
    f: &Fixture,
    runs: [(String, i64); 2],
    reported: BTreeMap<String, i64>,
    unpublished: i64,
) {
    for sql in [RECEIVED, FIGURE] {
        for (run, number) in &runs {
            assert_eq!(
                ask(f, sql, At::Run(run.clone())).await.unwrap(),
                *number,
                "{sql}"
            );
        }
    }
    for (dataset, version) in reported {
        let sql = format!("select count(*) as n from {dataset}");
        ask(f, &sql, At::Version(version)).await.unwrap();
    }
    let gone = ask(f, RECEIVED, At::Version(unpublished))
        .await
        .unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
    assert!(
        gone.message.contains("version 3 of dataset `raw.visits`"),
        "{}",
        gone.message
    );
    assert!(gone.hint.unwrap().contains("system.runs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_what_was_published_or_reported_outlives_a_vacuum() {
    what_was_published_or_reported_outlives_a_vacuum(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_what_was_published_or_reported_outlives_a_vacuum() {
    what_was_published_or_reported_outlives_a_vacuum(Fixture::on_s3().await).await;
}

/// The store is out of reach from the n-th write on, for every n until maintenance meets none of
/// it: as a process that was killed there leaves things.
#[tokio::test(flavor = "multi_thread")]
async fn maintenance_that_is_cut_off_anywhere_loses_nothing() {
    for op in [Op::Put, Op::Delete] {
        for lost in [false, true] {
            let mut f = Fixture::on_disk().await;
            submit(&f, &["A-", "B-"]).await;
            let first = run(&f).await;
            let mut rows = 4;
            for nth in 1.. {
                let prefixes = [format!("{nth}a-"), format!("{nth}b-"), format!("{nth}c-")];
                submit(&f, &prefixes.each_ref().map(String::as_str)).await;
                rows += 6;
                f.clock.advance(TimeDelta::days(200));
                // The first one that fails may have happened; after it nothing does.
                let fault = if lost {
                    Fault::after(op, "")
                } else {
                    Fault::before(op, "")
                };
                f.faults.plan(fault.nth(nth));
                f.faults
                    .plan(Fault::before(op, "").nth(nth + 1).times(1 << 40));
                let cut_off = f.house.maintain(&f.admin, vacuum()).await;
                let met = !f.faults.injected().is_empty();
                assert!(met || cut_off.is_ok(), "{cut_off:?}");
                f = f.reopened().await;
                assert_eq!(
                    ask(&f, RECEIVED, At::Now).await.unwrap(),
                    rows,
                    "{op:?} {nth}"
                );
                assert_eq!(ask(&f, FIGURE, At::Now).await.unwrap(), 4, "{op:?} {nth}");
                maintained(&f, vacuum()).await;
                assert_eq!(
                    ask(&f, RECEIVED, At::Now).await.unwrap(),
                    rows,
                    "{op:?} {nth}"
                );
                let at_run = At::Run(first.id.clone().unwrap());
                assert_eq!(ask(&f, RECEIVED, at_run.clone()).await.unwrap(), 4);
                assert_eq!(ask(&f, FIGURE, at_run).await.unwrap(), 4, "{op:?} {nth}");
                if !met {
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_maintenance_is_checked() {
    let f = Fixture::on_disk().await;
    let short = MaintainRequest {
        keep_hours: Some(0),
        ..vacuum()
    };
    let refused = f.house.maintain(&f.admin, short).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
    let endless = MaintainRequest {
        keep_hours: Some(u64::MAX),
        ..vacuum()
    };
    let refused = f.house.maintain(&f.admin, endless).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
    let select = vec!["raw.nothing".to_owned()];
    let unknown = MaintainRequest { select, ..vacuum() };
    let refused = f.house.maintain(&f.admin, unknown).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
    assert!(
        refused.message.contains("`raw.nothing`"),
        "{}",
        refused.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn submissions_land_while_maintenance_is_at_work() {
    let f = Fixture::on_disk().await;
    submit(&f, &["A-", "B-", "C-", "D-"]).await;
    let submitting = async {
        for at in 0..12 {
            submit(&f, &[&format!("W{at}-")]).await;
        }
    };
    let maintaining = async {
        let mut rewritten = 0;
        for _ in 0..6 {
            let report = maintained(&f, vacuum()).await;
            rewritten += steps(&report, MaintenanceTask::Compact).len();
        }
        rewritten
    };
    let ((), rewritten) = tokio::join!(submitting, maintaining);
    assert!(rewritten > 0);
    assert_eq!(ask(&f, RECEIVED, At::Now).await.unwrap(), 32);
    let distinct = "select count(distinct visit_id) as n from raw.visits";
    assert_eq!(ask(&f, distinct, At::Now).await.unwrap(), 32);
    maintain(&f).await;
    assert_eq!(ask(&f, distinct, At::Now).await.unwrap(), 32);
}
