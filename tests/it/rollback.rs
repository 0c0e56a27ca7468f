//! Rollback: what readers see, what the tables hold, and what the next run makes of it.

mod crash;
mod cut_off;
mod door;

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::TimeDelta;
use futures::{StreamExt, TryStreamExt};
use lake::Lake;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use service::{
    At, ErrorKind, MaintainRequest, MaintenanceState, QueryRequest, RollbackReport, RunReport,
    RunRequest, Service, ServiceError, StepState, TraceRequest,
};
use testkit::{Fault, Op};

use crate::edits::NOTE;
use crate::home::{Fixture, VISITS};
use crate::storage::places::given;
use crate::storage::reading::query;

const SQL: &str = "sql/served/visits_by_office.sql";
const CONTRACT: &str = "warehouse/served/visits_by_office.odcs.yaml";
const RECEIVED: &str = "select count(*) as n from raw.visits";
/// Both figures in one number: of readers who see one of them alone it tells.
const BOTH: &str = "select (select coalesce(sum(visits), 0) from visits_by_office) * 1000 \
    + (select coalesce(sum(visits), 0) from office_visits) as n";
const TABLES: [&str; 2] = ["served.office_visits", "served.visits_by_office"];

/// A house with two figures of what is submitted.
async fn with_two_figures(f: Fixture) -> Fixture {
    for (path, bytes) in f.files.all().iter() {
        if path.contains("served/visits_by_office") {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let again = |text: &str| text.replace("visits_by_office", "office_visits");
            f.files.put(&again(path), &again(&text));
        }
    }
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
    f
}

async fn submit(f: &Fixture, prefix: &str) {
    f.clock.advance(TimeDelta::hours(1));
    f.submit(&VISITS.replace("V-", prefix), None).await.unwrap();
}

async fn run(f: &Fixture) -> RunReport {
    f.clock.advance(TimeDelta::hours(1));
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

/// Two rows more, and a run; gives its id.
async fn submitted_and_run(f: &Fixture, prefix: &str) -> String {
    submit(f, prefix).await;
    run(f).await.id.unwrap()
}

async fn roll_back(f: &Fixture, run: &str) -> Result<RollbackReport, ServiceError> {
    f.clock.advance(TimeDelta::hours(1));
    f.house.rollback(&f.admin, run).await
}

/// The one number of an answer, and the versions that it was read from.
async fn ask(f: &Fixture, sql: &str, at: At) -> (i64, BTreeMap<String, i64>) {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at,
    };
    let answer = f.house.query(&f.admin, request).await.unwrap();
    let versions = answer.versions.iter();
    let versions = versions.map(|(d, v)| (d.to_string(), *v)).collect();
    let batches: Vec<_> = answer.batches.collect().await;
    let batch = batches
        .into_iter()
        .map(Result::unwrap)
        .find(|b| b.num_rows() > 0);
    let number = cast(batch.unwrap().column(0), &DataType::Int64).unwrap();
    (number.as_primitive::<Int64Type>().value(0), versions)
}

async fn figures(f: &Fixture, at: At) -> i64 {
    ask(f, BOTH, at).await.0
}

/// What readers see is the newest version of every table, also for a program that reads the Delta
/// log itself.
async fn published_is_newest(f: &Fixture) {
    let (shown, versions) = ask(f, BOTH, At::Now).await;
    let lake = Lake::open(f.store.clone(), given()).unwrap();
    let mut sums = Vec::new();
    for dataset in TABLES {
        let table = lake.table(&dataset.parse().unwrap()).await.unwrap();
        assert_eq!(versions[dataset], table.version(), "{dataset}");
        let plain = table.generic_provider(table.version()).await.unwrap();
        let sum = query(plain, "select coalesce(sum(visits), 0) from t").await;
        let sum = cast(sum[0].column(0), &DataType::Int64).unwrap();
        sums.push(sum.as_primitive::<Int64Type>().value(0));
    }
    assert_eq!(sums[1] * 1000 + sums[0], shown);
}

async fn a_rollback_shows_what_was_before_and_the_next_run_computes_again(f: Fixture) {
    let f = with_two_figures(f).await;
    let first = submitted_and_run(&f, "V-").await;
    let second = submitted_and_run(&f, "W-").await;
    let then = f.clock.now();
    assert_eq!(figures(&f, At::Now).await, 4004);
    let report = roll_back(&f, &second).await.unwrap();
    assert_eq!(report.run, second);
    assert_eq!(report.undone, std::slice::from_ref(&second));
    let restored = report.restored.iter();
    let restored: Vec<_> = restored
        .map(|of| (of.dataset.as_str(), of.from, of.to, of.version))
        .collect();
    assert_eq!(restored, TABLES.map(|dataset| (dataset, 2, 1, 3)));

    assert_eq!(figures(&f, At::Now).await, 2002);
    published_is_newest(&f).await;
    assert_eq!(ask(&f, RECEIVED, At::Now).await.0, 4, "no submission goes");
    assert_eq!(figures(&f, At::Instant(then)).await, 4004);
    assert_eq!(figures(&f, At::Run(second.clone())).await, 4004);
    assert_eq!(figures(&f, At::Run(first.clone())).await, 2002);
    let traced = TraceRequest {
        dataset: TABLES[1].parse().unwrap(),
        condition: "true".to_owned(),
        column: None,
        at: At::Now,
    };
    let traced = f.house.trace(&f.admin, traced).await.unwrap();
    assert_eq!((traced.run, traced.submissions.len()), (Some(first), 1));
    assert!(traced.verified);

    let f = f.reopened().await;
    assert_eq!(figures(&f, At::Now).await, 2002);
    let third = run(&f).await;
    assert!(third.steps.iter().all(|s| s.state == StepState::Built));
    assert_eq!(figures(&f, At::Now).await, 4004);
    assert_eq!(figures(&f, At::Run(second)).await, 4004);
    published_is_newest(&f).await;
    assert_eq!(run(&f).await.id, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_a_rollback_shows_what_was_before_and_the_next_run_computes_again() {
    let f = Fixture::on_disk().await;
    a_rollback_shows_what_was_before_and_the_next_run_computes_again(f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_a_rollback_shows_what_was_before_and_the_next_run_computes_again() {
    let f = Fixture::on_s3().await;
    a_rollback_shows_what_was_before_and_the_next_run_computes_again(f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_sql_that_was_taken_back_are_current() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    submitted_and_run(&f, "V-").await;
    let right = "cast(count(*) as bigint) as visits";
    let wrong = "cast(count(*) * 2 as bigint) as visits";
    f.files.edit(SQL, |sql| sql.replacen(right, wrong, 1));
    f.files.bless().await;
    let second = run(&f).await.id.unwrap();
    assert_eq!(figures(&f, At::Now).await, 4002);
    let report = roll_back(&f, &second).await.unwrap();
    // The other table was up to date in that run, and is not touched.
    assert_eq!(report.restored.len(), 1, "{report:?}");
    assert_eq!(figures(&f, At::Now).await, 2002);
    published_is_newest(&f).await;
    f.files.edit(SQL, |sql| sql.replacen(wrong, right, 1));
    f.files.bless().await;
    let third = run(&f).await;
    assert!(
        third.steps.iter().all(|s| s.state == StepState::UpToDate),
        "{:?}",
        third.steps
    );
    // It computed nothing, and by it the schedule goes on.
    assert!(third.id.is_some());
    assert_eq!(run(&f).await.id, None);
    // Without that, what was undone is computed again.
    f.files.edit(SQL, |sql| sql.replacen(right, wrong, 1));
    f.files.bless().await;
    run(&f).await;
    assert_eq!(figures(&f, At::Now).await, 4002);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_after_a_run_is_undone_with_it_and_nothing_is_undone_twice() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    let first = submitted_and_run(&f, "V-").await;
    let second = submitted_and_run(&f, "W-").await;
    let third = submitted_and_run(&f, "X-").await;
    let report = roll_back(&f, &second).await.unwrap();
    assert_eq!(report.undone, [third.clone(), second.clone()]);
    assert_eq!(figures(&f, At::Now).await, 2002);
    for run in [&second, &third] {
        let error = roll_back(&f, run).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert!(error.message.contains("nothing to undo"), "{error}");
        assert!(error.message.contains(run.as_str()) && error.hint.is_some());
    }
    assert_eq!(figures(&f, At::Run(third)).await, 6006);
    let fourth = run(&f).await.id.unwrap();
    assert_eq!(figures(&f, At::Now).await, 6006);

    // To before anything was computed: the tables are as `apply` made them.
    let report = roll_back(&f, &first).await.unwrap();
    assert_eq!(report.undone, [fourth, first]);
    assert_eq!(figures(&f, At::Now).await, 0);
    published_is_newest(&f).await;
    let built = run(&f).await;
    assert!(built.steps.iter().all(|s| s.state == StepState::Built));
    assert_eq!(figures(&f, At::Now).await, 6006);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_unknown_or_published_nothing_is_not_found() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    submitted_and_run(&f, "V-").await;
    submit(&f, "W-").await;
    f.faults
        .plan(Fault::before(Op::Put, "delta/served/").times(100));
    let failed = run(&f).await;
    f.faults.forget();
    assert!(failed.steps.iter().all(|s| s.state == StepState::Failed));
    for run in ["no-such-run", failed.id.as_deref().unwrap()] {
        let error = roll_back(&f, run).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.message.contains(run) && error.hint.is_some());
    }
    assert_eq!(figures(&f, At::Now).await, 2002);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_columns_changed_since_stands_against_it() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    let first = submitted_and_run(&f, "V-").await;
    f.files.edit(CONTRACT, |text| format!("{text}{NOTE}"));
    f.files.edit(CONTRACT, |text| {
        text.replacen("version: 1.0.0", "version: 1.1.0", 1)
    });
    let minutes = "cast(sum(visits.minutes) as bigint) as minutes";
    f.files.edit(SQL, |sql| {
        let more = format!("{minutes},\n    cast(max(visits.office) as varchar) as note");
        sql.replacen(minutes, &more, 1)
    });
    f.files.bless().await;
    f.house.apply(&f.admin).await.unwrap();
    let second = submitted_and_run(&f, "W-").await;
    let refused = roll_back(&f, &first).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(refused.message.contains(TABLES[1]), "{refused}");
    assert!(refused.message.contains("columns"), "{refused}");
    assert!(refused.hint.unwrap().contains("Nothing was changed"));
    assert_eq!(figures(&f, At::Now).await, 4004);
    published_is_newest(&f).await;
    // The one after the change can be undone.
    roll_back(&f, &second).await.unwrap();
    assert_eq!(figures(&f, At::Now).await, 2002);
    published_is_newest(&f).await;
}

/// The data files of a dataset that lie on the store.
async fn data_files(f: &Fixture, dataset: &str) -> Vec<Path> {
    let folder = Path::from(format!("delta/{}", dataset.replace('.', "/")));
    let listed: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    let paths = listed.into_iter().map(|file| file.location);
    paths
        .filter(|path| path.as_ref().ends_with(".parquet"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_gone_stand_against_it() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    submitted_and_run(&f, "V-").await;
    let before = data_files(&f, TABLES[1]).await;
    let second = submitted_and_run(&f, "W-").await;
    for path in before {
        f.store.delete(&path).await.unwrap();
    }
    let refused = roll_back(&f, &second).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(refused.message.contains(TABLES[1]), "{refused}");
    assert!(refused.message.contains("are gone"), "{refused}");
    assert_eq!(figures(&f, At::Now).await, 4004);
    published_is_newest(&f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_shown_again_outlive_a_vacuum() {
    let f = with_two_figures(Fixture::on_disk().await).await;
    let first = submitted_and_run(&f, "V-").await;
    let second = submitted_and_run(&f, "W-").await;
    roll_back(&f, &second).await.unwrap();
    // A store's own clock is the real one: this is past every file.
    f.clock.set("2126-01-01T00:00:00Z");
    let request = MaintainRequest {
        delete: true,
        ..MaintainRequest::default()
    };
    let report = f.house.maintain(&f.admin, request).await.unwrap();
    for step in &report.steps {
        assert_ne!(step.state, MaintenanceState::Failed, "{step:?}");
    }
    let f = f.reopened().await;
    for (at, number) in [
        (At::Now, 2002),
        (At::Run(first), 2002),
        (At::Run(second), 4004),
    ] {
        assert_eq!(figures(&f, at.clone()).await, number, "{at:?}");
    }
    published_is_newest(&f).await;
    run(&f).await;
    assert_eq!(figures(&f, At::Now).await, 4004);
}
