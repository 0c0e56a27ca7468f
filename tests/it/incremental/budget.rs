//! What a run reads after one agency sent one period anew.

use std::fmt::Write as _;

use chrono::TimeDelta;
use futures::future::join_all;
use service::{Relation, RunRequest, Service, StepState, SubmissionId, SubmitRequest};

use super::datasets;
use crate::home::{Fixture, Setup, visits};
use crate::trace::graph::{Dataset, with_datasets};

const AGENCIES: usize = 50;
const PERIODS: usize = 12;
const ROWS: usize = 400;

/// What is measured: the rows as received, as believed, and added up.
const NAMES: [&str; 3] = ["raw.visits", "refined.reported", "served.by_agency"];
const DATASETS: [&str; 2] = [NAMES[1], NAMES[2]];

#[tokio::test(flavor = "multi_thread")]
async fn one_agencys_period_costs_at_most_three_times_its_bytes() {
    let (f, counts) = Fixture::counted(setup().await).await;
    let mut sent = Vec::new();
    for period in 1..=PERIODS {
        let all = (1..=AGENCIES).map(|agency| send(&f, (agency, period), 0, None));
        sent.push(join_all(all).await);
    }
    let first = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let built = |s: &service::RunStep| s.state == StepState::Built;
    assert!(first.steps.iter().all(built), "{first:?}");
    let mut allowed = 0;
    for name in NAMES {
        allowed += bytes_of_period(&f, name, &code(7)).await;
    }
    // More of it; then other rows in place of some, for which the files before are read, too.
    let replaced = Some(Relation::Replaces(sent[6][11]));
    for (seed, relation, times) in [(1, None, 3), (2, replaced, 6)] {
        // Of rows that were received at once it is not said which is the newest.
        f.clock.advance(TimeDelta::minutes(1));
        send(&f, (12, 7), seed, relation).await;
        counts.reset();
        let run = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
        let read = counts.counts().received_bytes();
        for (name, wanted) in [
            (DATASETS[0], "windows: period 2026-07"),
            (DATASETS[1], "windows: agency H12 and period 2026-07"),
        ] {
            let step = run.steps.iter().find(|s| s.dataset.as_str() == name);
            let scope = step.and_then(|step| step.scope.as_deref());
            assert_eq!(scope, Some(wanted), "{name}");
        }
        println!("{relation:?}: {read} bytes were read; the period has {allowed}");
        assert!(
            read <= times * allowed,
            "{relation:?}: {read} of {times} × {allowed}"
        );
    }
    let computed = "select count(*) from (select visit_id, period, agency, minutes
        from refined.reported except select visit_id, _period, _agency, cast(minutes as bigint)
        from raw.visits) as lacking";
    assert_eq!(f.number(computed).await, 0);
}

fn code(period: usize) -> String {
    format!("2026-{period:02}")
}

async fn bytes_of_period(f: &Fixture, name: &str, code: &str) -> u64 {
    let dataset = f
        .house
        .dataset(&f.admin, &name.parse().unwrap())
        .await
        .unwrap();
    let holds =
        |p: &service::PartitionState| p.values.iter().any(|(_, v)| v.as_deref() == Some(code));
    let partitions = dataset.partitions.iter().filter(|p| holds(p));
    partitions.map(|partition| partition.size_bytes).sum()
}

async fn send(
    f: &Fixture,
    (agency, period): (usize, usize),
    seed: usize,
    relation: Option<Relation>,
) -> SubmissionId {
    let mut body = "visit_id,office,visited_at,minutes\n".to_owned();
    for row in 0..ROWS {
        let id = format!("V-{agency}-{period}-{row}");
        let (office, minutes) = (row * 7919 % 97, (row * 31 + agency * 17 + seed) % 600);
        let _ = writeln!(
            body,
            "{id},Office {office},2026-01-01T{:02}:{:02}:{:02}+07:00,{minutes}",
            8 + row % 9,
            (row * 13) % 60,
            (row * 29 + period) % 60
        );
    }
    let request = SubmitRequest {
        agency: Some(format!("H{agency:02}").parse().unwrap()),
        period: code(period).parse().unwrap(),
        relation,
        ..visits()
    };
    let answer = f.submit_this(&f.admin, request, &body).await;
    answer.unwrap().receipt.id
}

/// The graph of one table as believed and one added up, by period, with so many agencies.
async fn setup() -> Setup {
    let (mut agencies, mut periods) = (
        "code,name_vi,name_en,valid_from,valid_to\n".to_owned(),
        "code,kind,start_on,end_on\n".to_owned(),
    );
    for agency in 1..=AGENCIES {
        let _ = writeln!(
            agencies,
            "H{agency:02},Cơ quan {agency},Agency {agency},2020-01-01,"
        );
    }
    for period in 1..=PERIODS {
        let (code, before) = (code(period), code(period - 1).replace("2026-00", "2025-12"));
        let _ = writeln!(periods, "{code},month,{before}-15,{code}-14");
    }
    let mut setup = datasets::anywhere()
        .with_file("warehouse/codes/agencies.csv", &agencies)
        .with_file("warehouse/codes/periods.csv", &periods);
    let path = "warehouse/raw/visits.odcs.yaml";
    setup = edited(setup, path, "_period");
    // What the example computes in full would read all of it.
    setup = setup.with_file("sql/served/visits_by_office.sql", OF_NO_VISITS);
    let reported = datasets::DATASETS.iter().find(|(d, _)| d.name == NAMES[1]);
    let (reported, write) = reported.unwrap();
    setup = with_datasets(
        setup,
        [(reported, *write), (&BY_AGENCY, *write)].into_iter(),
    )
    .await;
    for name in DATASETS {
        let path = format!("warehouse/{}.odcs.yaml", name.replace('.', "/"));
        setup = edited(setup, &path, "period");
    }
    setup
}

const BY_AGENCY: Dataset = Dataset {
    name: "served.by_agency",
    key: &["period", "agency"],
    texts: &["period", "agency"],
    numbers: &["visits", "minutes"],
    adds: &[],
    sql: "select period, agency, count(*) as visits, cast(sum(minutes) as bigint) as minutes
        from refined.reported group by period, agency",
};

const OF_NO_VISITS: &str = "-- why: reads no visits\n-- write: replace\n-- refresh: on change
select cast(code as varchar) as period, cast(name_vi as varchar) as agency_name,
    cast(code as varchar) as office, cast(0 as bigint) as visits, cast(0 as bigint) as minutes
from codes.agencies where code is null\n";

/// Partitioned by that column.
fn edited(setup: Setup, path: &str, column: &str) -> Setup {
    let text = std::str::from_utf8(setup.sources.get(path).unwrap()).unwrap();
    let head = "customProperties:\n";
    let partitioned = format!("{head}  - {{ property: partitionBy, value: [{column}] }}\n");
    let text = text.replacen(head, &partitioned, 1);
    setup.with_file(path, &text)
}
