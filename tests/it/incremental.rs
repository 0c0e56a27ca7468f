//! Runs that compute what changed and no more, held against computing everything anew.

mod budget;
pub mod datasets;
mod runs;
mod shipped;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use chrono::TimeDelta;
use futures::StreamExt;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use service::{
    At, MaintainRequest, QueryRequest, Relation, RunReport, RunRequest, Service, StepState,
    SubmissionId, SubmitRequest, WithdrawRequest,
};

use crate::home::{Fixture, visits};
use crate::trace::graph::Dataset;
use datasets::{DATASETS, IN_FULL};

/// Histories that are tried, unless the environment says another number.
const HISTORIES: u64 = 2;
/// Runs of a history.
const RUNS: usize = 8;

const PERIODS: [&str; 3] = ["2026-08", "2026-09", "2026-10"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_by_windows_is_what_is_computed_in_full() {
    let mut rng = testkit::rng();
    let mut scopes: BTreeMap<String, [u32; 2]> = BTreeMap::new();
    for history in 0..testkit::sweep(HISTORIES) {
        let f = Fixture::with(datasets::setup().await).await;
        f.clock.advance(TimeDelta::days(40));
        let mut living: Vec<SubmissionId> = Vec::new();
        for run in 0..RUNS {
            for _ in 0..rng.random_range(1..4) {
                happens(&f, &mut rng, &mut living).await;
            }
            let report = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
            for step in &report.steps {
                let told = format!("history {history}, run {run}: {step:?}");
                let good = matches!(step.state, StepState::Built | StepState::UpToDate);
                assert!(good, "{told}");
                let scope = step.scope.as_deref().unwrap_or_default();
                let counts = scopes.entry(step.dataset.to_string()).or_default();
                counts[0] += u32::from(scope.starts_with("windows"));
                counts[1] += u32::from(run > 0 && scope.starts_with("full"));
            }
            for (dataset, _) in &DATASETS {
                let scope = scope(&report, dataset);
                let told = format!("history {history}, run {run}: {} ({scope})", dataset.name);
                hold(&f, dataset, &told).await;
            }
        }
    }
    for (dataset, _) in &DATASETS {
        let [by_windows, in_full] = scopes[dataset.name];
        if IN_FULL.contains(&dataset.name) {
            assert_eq!(by_windows, 0, "`{}`: {scopes:?}", dataset.name);
        } else {
            assert!(by_windows > 2 * in_full, "`{}`: {scopes:?}", dataset.name);
        }
    }
}

/// Something that changes rows, or moves them to other files.
async fn happens(f: &Fixture, rng: &mut impl Rng, living: &mut Vec<SubmissionId>) {
    f.clock.advance(TimeDelta::minutes(1));
    match rng.random_range(0..10) {
        0 => {
            let request = MaintainRequest::default();
            f.house.maintain(&f.admin, request).await.unwrap();
        }
        1 | 2 if !living.is_empty() => {
            let at = rng.random_range(0..living.len());
            let id = living.swap_remove(at);
            let reason = "sent by mistake".to_owned();
            let request = WithdrawRequest { id, reason };
            f.house.withdraw(&f.admin, request).await.unwrap();
        }
        3 | 4 if !living.is_empty() => {
            let at = rng.random_range(0..living.len());
            let id = living[at];
            let submission = f.house.submission(&f.admin, id).await.unwrap();
            let request = SubmitRequest {
                agency: Some(submission.receipt.agency),
                period: submission.receipt.period,
                relation: Some(Relation::Replaces(id)),
                ..visits()
            };
            living[at] = submit(f, rng, request).await;
        }
        _ => {
            let agency = ["H26", "H29"].choose(rng).unwrap();
            let request = SubmitRequest {
                agency: Some(agency.parse().unwrap()),
                period: PERIODS.choose(rng).unwrap().parse().unwrap(),
                ..visits()
            };
            living.push(submit(f, rng, request).await);
        }
    }
}

async fn submit(f: &Fixture, rng: &mut impl Rng, request: SubmitRequest) -> SubmissionId {
    let mut body = "visit_id,office,visited_at,minutes\n".to_owned();
    let mut ids = BTreeSet::new();
    for _ in 0..rng.random_range(1..5) {
        ids.insert(rng.random_range(0..12));
    }
    for id in ids {
        let office = ["A", "B", "C", "D"].choose(rng).unwrap();
        let minutes = ["", "0", "5", "40"].choose(rng).unwrap();
        let day = rng.random_range(1..28);
        body += &format!("V-{id},{office},2026-09-{day:02}T08:30:00+07:00,{minutes}\n");
    }
    let answer = f.submit_this(&f.admin, request, &body).await.unwrap();
    answer.receipt.id
}

/// Holds what is published against the SQL over the inputs as they are.
async fn hold(f: &Fixture, dataset: &Dataset, told: &str) {
    let columns = dataset.texts.iter().chain(dataset.numbers);
    let columns: Vec<&str> = columns.copied().collect();
    let (list, order) = (columns.join(", "), columns.join(", "));
    let published = format!("select {list} from {} order by {order}", dataset.name);
    let computed = format!("select {list} from ({}) as a order by {order}", dataset.sql);
    let (published, computed) = (rows(f, &published).await, rows(f, &computed).await);
    assert_eq!(published, computed, "{told}");
}

async fn rows(f: &Fixture, sql: &str) -> String {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at: At::Now,
    };
    let answer = f.house.query(&f.admin, request).await.unwrap();
    let batches: Vec<RecordBatch> = answer.batches.map(Result::unwrap).collect().await;
    pretty_format_batches(&batches).unwrap().to_string()
}

fn scope<'a>(report: &'a RunReport, dataset: &Dataset) -> &'a str {
    let mut steps = report.steps.iter();
    let step = steps.find(|step| step.dataset.as_str() == dataset.name);
    step.and_then(|step| step.scope.as_deref())
        .unwrap_or("none")
}
