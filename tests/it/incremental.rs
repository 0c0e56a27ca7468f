//! Runs that compute what changed and no more, held against computing everything anew.

mod budget;
pub mod datasets;
mod figures;
mod runs;
mod shipped;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use chrono::TimeDelta;
use futures::StreamExt;
use rand::seq::{IndexedMutRandom, IndexedRandom};
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
        let mut living: Vec<Family> = Vec::new();
        for run in 0..RUNS {
            for _ in 0..rng.random_range(1..4) {
                happens(&f, &mut rng, &mut living).await;
            }
            if run == RUNS / 2 {
                // No history is without a correction.
                living.push(comes(&f, &mut rng).await);
                corrected(&f, &mut rng, &mut living).await;
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

/// A submission that stands, and what corrects it.
type Family = Vec<SubmissionId>;

/// Something that changes rows, or moves them to other files.
async fn happens(f: &Fixture, rng: &mut impl Rng, living: &mut Vec<Family>) {
    f.clock.advance(TimeDelta::minutes(1));
    match rng.random_range(0..12) {
        0 => {
            let request = MaintainRequest::default();
            f.house.maintain(&f.admin, request).await.unwrap();
        }
        1 | 2 if !living.is_empty() => {
            let at = rng.random_range(0..living.len());
            let id = living.swap_remove(at)[0];
            let reason = "sent by mistake".to_owned();
            let request = WithdrawRequest { id, reason };
            f.house.withdraw(&f.admin, request).await.unwrap();
        }
        3 | 4 if !living.is_empty() => {
            let at = rng.random_range(0..living.len());
            let request = like(f, living[at][0], Relation::Replaces).await;
            living[at] = vec![submit(f, rng, request).await];
        }
        5 | 6 if !living.is_empty() => corrected(f, rng, living).await,
        _ => living.push(comes(f, rng).await),
    }
}

/// An agency sends a period.
async fn comes(f: &Fixture, rng: &mut impl Rng) -> Family {
    let agency = ["H26", "H29"].choose(rng).unwrap();
    let request = SubmitRequest {
        agency: Some(agency.parse().unwrap()),
        period: PERIODS.choose(rng).unwrap().parse().unwrap(),
        ..visits()
    };
    vec![submit(f, rng, request).await]
}

/// Some rows of a family are corrected by their keys, and perhaps one comes that it did not have.
async fn corrected(f: &Fixture, rng: &mut impl Rng, living: &mut [Family]) {
    let family = living.choose_mut(rng).unwrap();
    f.clock.advance(TimeDelta::minutes(1));
    let ids = family.iter().map(|id| format!("'{id}'"));
    let ids = ids.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select visit_id from raw.visits where _submission_id in ({ids}) order by visit_id"
    );
    let there = f.texts(&sql).await;
    let mut visits: BTreeSet<String> = there
        .iter()
        .filter(|_| rng.random_bool(0.5))
        .cloned()
        .collect();
    visits.insert(there[0].clone());
    if rng.random_bool(0.5) {
        visits.insert(format!("V-{}", rng.random_range(12..24)));
    }
    let changed = visits.iter().filter(|id| there.contains(*id)).count();
    // A correction of a correction is one of the same submission.
    let target = *family.choose(rng).unwrap();
    let request = like(f, target, Relation::Corrects).await;
    let body = body(rng, &visits);
    let receipt = f.submit_this(&f.admin, request, &body).await.unwrap();
    let receipt = receipt.receipt;
    assert_eq!(receipt.rows.landed, visits.len() as u64);
    assert_eq!(receipt.supersedes.unwrap().rows, changed as u64);
    family.push(receipt.id);
}

/// A request of the same agency for the same period.
async fn like(
    f: &Fixture,
    id: SubmissionId,
    relation: impl Fn(SubmissionId) -> Relation,
) -> SubmitRequest {
    let submission = f.house.submission(&f.admin, id).await.unwrap();
    SubmitRequest {
        agency: Some(submission.receipt.agency),
        period: submission.receipt.period,
        relation: Some(relation(id)),
        ..visits()
    }
}

async fn submit(f: &Fixture, rng: &mut impl Rng, request: SubmitRequest) -> SubmissionId {
    let mut visits = BTreeSet::new();
    for _ in 0..rng.random_range(1..5) {
        visits.insert(format!("V-{}", rng.random_range(0..12)));
    }
    let body = body(rng, &visits);
    let answer = f.submit_this(&f.admin, request, &body).await.unwrap();
    answer.receipt.id
}

fn body(rng: &mut impl Rng, visits: &BTreeSet<String>) -> String {
    let mut body = "visit_id,office,visited_at,minutes\n".to_owned();
    for id in visits {
        let office = ["A", "B", "C", "D"].choose(rng).unwrap();
        let minutes = ["", "0", "5", "40"].choose(rng).unwrap();
        let day = rng.random_range(1..28);
        body += &format!("{id},{office},2026-09-{day:02}T08:30:00+07:00,{minutes}\n");
    }
    body
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
