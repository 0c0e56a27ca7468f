//! From figures to the submissions behind them, held against figures computed anew without them.

mod asked;
pub mod graph;
mod oracle;

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use chrono::TimeDelta;
use futures::StreamExt;
use rand::seq::IteratorRandom;
use rand::{Rng, RngExt};
use service::{
    At, QueryRequest, RunRequest, Service, StepState, TraceAnswer, TraceRequest, TraceRole,
};

use crate::home::{Fixture, visits};
use graph::{DATASETS, Dataset};
use oracle::{Ids, Oracle};

/// Lakes that are tried, unless the environment says another number.
const LAKES: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_named_changes_no_figure_and_what_is_named_can() {
    let mut rng = testkit::rng();
    let (mut asked_of, mut exact) = (0, 0);
    for lake in 0..testkit::sweep(LAKES) {
        let f = Fixture::with(graph::setup().await).await;
        receive(&f, &mut rng).await;
        let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
        let built = |s: &service::RunStep| s.state == StepState::Built;
        assert!(run.steps.iter().all(built), "{:?}", run.steps);
        let mut oracle = Oracle::new(
            read(&f, "select * from raw.visits").await,
            read(&f, "select * from codes.agencies").await,
        );
        for dataset in &DATASETS {
            let rows = oracle.rows(dataset, &oracle.all()).await;
            let Some(row) = rows.iter().choose(&mut rng) else {
                continue;
            };
            let keys = row
                .iter()
                .filter(|(column, _)| dataset.key.contains(&column.as_str()));
            let key: BTreeMap<_, _> = keys.map(|(c, v)| (c.clone(), v.clone())).collect();
            for column in dataset.numbers.iter().copied().map(Some).chain([None]) {
                let asked = format!("lake {lake}: {} {key:?} {column:?}", dataset.name);
                let answer = trace(&f, dataset, &key, column).await;
                hold(&mut oracle, dataset, &key, column, &answer, &asked).await;
                if column.is_some_and(|column| dataset.adds.contains(&column)) {
                    asked_of += 1;
                    exact += u32::from(answer.exact);
                }
            }
        }
    }
    // Of sums and counts; the others are where a submission's rows take each other's place.
    assert!(exact * 3 > asked_of, "{exact} of {asked_of} are exact");
}

/// Holds an answer against the figures of other choices of submissions.
async fn hold(
    oracle: &mut Oracle,
    dataset: &Dataset,
    key: &BTreeMap<String, Option<String>>,
    column: Option<&str>,
    answer: &TraceAnswer,
    asked: &str,
) {
    let all = oracle.all();
    let named = of(answer, None);
    let value = of(answer, Some(TraceRole::Value));
    let was = oracle.cell(dataset, key, column, &all).await;
    // None of those that are not named is needed for the figure, nor keeps it from being another.
    let alone = oracle.cell(dataset, key, column, &named).await;
    assert_eq!(alone, was, "{asked}: from {named:?} alone; {answer:?}");
    assert!(answer.verified, "{asked}: {answer:?}");
    assert!(
        answer.exact == answer.stops.is_empty(),
        "{asked}: {answer:?}"
    );
    for submission in &answer.submissions {
        let id = submission.id.to_string();
        let mut changes = false;
        for with in [&all, &named, &value, &BTreeSet::from([id.clone()])] {
            let mut without = with.clone();
            without.remove(&id);
            let with = oracle.cell(dataset, key, column, with).await;
            changes |= with != oracle.cell(dataset, key, column, &without).await;
        }
        if submission.role == TraceRole::Value && answer.exact {
            assert!(changes, "{asked}: {id} changes nothing; {answer:?}");
        }
        let adds = column.is_some_and(|column| dataset.adds.contains(&column));
        if adds && answer.exact {
            let mut without = all.clone();
            without.remove(&id);
            let less = oracle.cell(dataset, key, column, &without).await;
            assert_ne!(
                less, was,
                "{asked}: without {id} it is the same; {answer:?}"
            );
        }
    }
}

fn of(answer: &TraceAnswer, role: Option<TraceRole>) -> Ids {
    let named = answer.submissions.iter();
    let named = named.filter(|s| role.is_none_or(|role| s.role == role));
    named.map(|s| s.id.to_string()).collect()
}

async fn trace(
    f: &Fixture,
    dataset: &Dataset,
    key: &BTreeMap<String, Option<String>>,
    column: Option<&str>,
) -> TraceAnswer {
    let equal = |(column, value): (&String, &Option<String>)| {
        format!("{column} = '{}'", value.as_ref().unwrap())
    };
    let condition = key.iter().map(equal).collect::<Vec<_>>().join(" and ");
    let request = TraceRequest {
        dataset: dataset.name.parse().unwrap(),
        condition,
        column: column.map(str::to_owned),
        at: At::Now,
    };
    let answer = f.house.trace(&f.admin, request).await.unwrap();
    assert_eq!(answer.rows, 1, "{answer:?}");
    answer
}

/// Six submissions of two agencies, in which visits come again, elsewhere and with other minutes.
async fn receive(f: &Fixture, rng: &mut impl Rng) {
    for _ in 0..6 {
        let mut body = "visit_id,office,visited_at,minutes\n".to_owned();
        let ids = (0..9).sample(rng, 4);
        for id in ids {
            let office = ["A", "B", "C"][rng.random_range(0..3)];
            let minutes = ["", "0", "5", "40"][rng.random_range(0..4)];
            let day = rng.random_range(1..15);
            body += &format!("V-{id},{office},2026-09-{day:02}T08:30:00+07:00,{minutes}\n");
        }
        let agency = ["H26", "H29"][rng.random_range(0..2)];
        let request = service::SubmitRequest {
            agency: Some(agency.parse().unwrap()),
            ..visits()
        };
        f.submit_this(&f.admin, request, &body).await.unwrap();
        f.clock.advance(TimeDelta::minutes(1));
    }
}

async fn read(f: &Fixture, sql: &str) -> RecordBatch {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at: At::Now,
    };
    let answer = f.house.query(&f.admin, request).await.unwrap();
    let batches: Vec<_> = answer.batches.map(Result::unwrap).collect().await;
    concat_batches(&batches[0].schema(), &batches).unwrap()
}
