//! Transformations that run out of memory or of disk: readers see what they saw, and whoever ran
//! them is told which limit it was.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use conduct::Settings;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use project::DatasetName;
use service::{At, ErrorKind, QueryRequest, RunReport, RunRequest, RunStep, Service, StepState};
use testkit::{Fault, Op};

use crate::home::{Fixture, Setup};
use crate::trace::graph::{Dataset, with_datasets};

/// Every visit beside every other, in one order over all of them: a hundred bytes for each pair.
const PAIRS: Dataset = Dataset {
    name: "served.pairs",
    key: &["office"],
    texts: &["office"],
    numbers: &["pairs", "places"],
    adds: &[],
    sql: "select office, count(*) as pairs, cast(sum(place) as bigint) as places
        from (
            select a.office, row_number() over (
                order by repeat('-', 40) || b.visit_id || repeat('-', 40) || a.visit_id
            ) as place
            from raw.visits as a
            cross join raw.visits as b
        ) as placed
        group by office",
};

const TOTAL: Dataset = Dataset {
    name: "served.total",
    key: &["unit"],
    texts: &["unit"],
    numbers: &["pairs"],
    adds: &[],
    sql: "select 'all' as unit, cast(sum(pairs) as bigint) as pairs from served.pairs",
};

/// What the example computes needs room, too; this reads no visits.
const OF_NO_VISITS: &str = "-- why: reads no visits\n-- write: replace\n-- refresh: on change
select cast(code as varchar) as period, cast(name_vi as varchar) as agency_name,
    cast(code as varchar) as office, cast(0 as bigint) as visits, cast(0 as bigint) as minutes
from codes.agencies where code is null\n";

/// A house that has published the pairs of so many visits, and has received ten more.
async fn filled(visits: usize) -> Fixture {
    let setup = Setup::default().with_file("sql/served/visits_by_office.sql", OF_NO_VISITS);
    let datasets = [(&PAIRS, "replace"), (&TOTAL, "replace")];
    let f = Fixture::with(with_datasets(setup, datasets.into_iter()).await).await;
    f.submit(&body(0..visits), None).await.unwrap();
    built(&run(&f).await);
    f.submit(&body(visits..visits + 10), None).await.unwrap();
    f
}

fn body(visits: Range<usize>) -> String {
    let mut body = "visit_id,office,visited_at,minutes\n".to_owned();
    for n in visits {
        let office = ["A", "B", "C"][n % 3];
        let _ = writeln!(body, "V-{n:04},{office},2026-09-01T08:30:00+07:00,1");
    }
    body
}

async fn run(f: &Fixture) -> RunReport {
    f.house.run(&f.admin, RunRequest::default()).await.unwrap()
}

fn step<'a>(report: &'a RunReport, dataset: &str) -> &'a RunStep {
    let mut steps = report.steps.iter();
    steps.find(|of| of.dataset.as_str() == dataset).unwrap()
}

#[track_caller]
fn built(report: &RunReport) {
    for dataset in [PAIRS.name, TOTAL.name] {
        let step = step(report, dataset);
        assert_eq!(step.state, StepState::Built, "{step:?}");
    }
}

/// That nothing was made of the pairs, nor of what reads them, and that all of `told` was told.
#[track_caller]
fn failed(report: &RunReport, told: &[&str]) {
    let pairs = step(report, PAIRS.name);
    assert_eq!(pairs.state, StepState::Failed, "{pairs:?}");
    let message = pairs.message.as_deref().unwrap_or_default();
    for part in told {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(step(report, TOTAL.name).state, StepState::Skipped);
}

/// What readers see, in which versions, and the objects of the tables.
#[derive(Debug, PartialEq)]
struct Lake {
    versions: BTreeMap<DatasetName, i64>,
    rows: String,
    objects: Vec<String>,
}

async fn lake(f: &Fixture) -> Lake {
    let sql = "select p.office, p.pairs, p.places, t.pairs as of_all
        from served.pairs as p cross join served.total as t order by p.office";
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at: At::Now,
    };
    let answer = f.house.query(&f.admin, request).await.unwrap();
    let batches: Vec<RecordBatch> = answer.batches.map(Result::unwrap).collect().await;
    let listed: Vec<_> = f
        .store
        .list(Some(&Path::from("delta/served")))
        .try_collect()
        .await
        .unwrap();
    let mut objects: Vec<String> = listed.iter().map(|of| of.location.to_string()).collect();
    objects.sort();
    Lake {
        versions: answer.versions,
        rows: pretty_format_batches(&batches).unwrap().to_string(),
        objects,
    }
}

type Limits = fn(&mut Settings);

/// Limits on what is run, with what is told of the one that is met.
const LIMITS: [(Limits, &str); 3] = [
    (
        |settings| settings.run_memory_bytes = 64 << 10,
        "`run.memory_bytes` of 65536 bytes",
    ),
    (
        |settings| {
            settings.run_memory_bytes = 16 << 20;
            settings.query.spill_bytes = 1 << 20;
        },
        "`query.spill_bytes` of 1048576 bytes",
    ),
    (
        |settings| {
            settings.run_memory_bytes = 16 << 20;
            settings.spill_bytes = 1 << 20;
        },
        "`memory.spill_bytes`",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_transformation_without_room_publishes_nothing_and_names_the_limit() {
    let mut f = filled(400).await;
    let before = lake(&f).await;
    assert!(before.rows.contains("160000"), "{}", before.rows);
    assert!(!before.objects.is_empty());
    for (limits, told) in LIMITS {
        f = f.reopened_with(limits).await;
        failed(&run(&f).await, &[told, "in `dtm.toml`"]);
        assert_eq!(lake(&f).await, before, "{told}");
    }
    f = f.reopened().await;
    built(&run(&f).await);
    let after = lake(&f).await;
    assert!(after.rows.contains("168100"), "{}", after.rows);
    for (dataset, version) in &before.versions {
        assert!(after.versions[dataset] > *version, "{dataset}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_disk_is_full_keeps_what_is_published_and_says_so() {
    const FULL: &str = "the disk is full; free space on it and try again";
    let f = filled(20).await;
    let before = lake(&f).await;
    f.faults.plan(Fault::full(Op::Put, "delta/served/pairs/"));
    failed(&run(&f).await, &["cannot write the file", FULL]);
    f.faults.assert_all_met();
    assert_eq!(lake(&f).await, before);

    // Not even that the run failed can be kept, and readers read on.
    let nothing = Fault::full(Op::Put, "").times(usize::MAX / 2);
    f.faults.plan(nothing);
    let ran = f.house.run(&f.admin, RunRequest::default()).await;
    let error = ran.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert!(error.message.contains(FULL), "{error}");
    assert!(error.hint.is_some(), "{error}");
    assert_eq!(lake(&f).await, before);

    f.faults.forget();
    built(&run(&f).await);
    assert!(lake(&f).await.rows.contains("900"));
}
