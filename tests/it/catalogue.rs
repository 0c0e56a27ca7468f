//! What the house tells of itself: datasets with their files and quarantine, runs, and the figures
//! that everyone who reports may read.

use std::collections::BTreeMap;

use futures::StreamExt;
use project::{DatasetName, Text};
use service::{
    Call, Direction, ErrorKind, LineageRequest, Page, Principal, QueryRequest, RunRequest, Service,
    ServiceError, StepState,
};

use crate::home::{Fixture, VISITS, call};

const PAGE: Page = Page {
    offset: 0,
    limit: 10,
};

async fn with_role(f: &Fixture, role: &str, agency: Option<&str>) -> Call {
    let principal = Principal {
        name: format!("some {role}"),
        role: role.to_owned(),
        agency: agency.map(|code| code.parse().unwrap()),
    };
    call(&f.house.create_token(&f.admin, &principal).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_read_back_as_they_were_answered_newest_first() {
    let f = Fixture::on_disk().await;
    assert_eq!(f.house.runs(&f.admin, PAGE).await.unwrap(), []);
    f.submit(VISITS, None).await.unwrap();
    let first = f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    f.clock.set("2026-09-20T03:01:00Z");
    f.submit(&VISITS.replace("V-", "W-"), None).await.unwrap();
    let second = f.house.run(&f.admin, RunRequest::default()).await.unwrap();

    let runs = f.house.runs(&f.admin, PAGE).await.unwrap();
    let ids: Vec<_> = runs.iter().map(|run| run.id.clone()).collect();
    assert_eq!(ids, [second.id.clone(), first.id.clone()]);
    assert_eq!(runs[0].steps, second.steps);
    assert_eq!(runs[0].started_at, second.started_at);
    assert_eq!(runs[1].steps[0].state, StepState::Built);
    let older = Page {
        offset: 1,
        limit: 1,
    };
    assert_eq!(f.house.runs(&f.admin, older).await.unwrap(), runs[1..]);
    let first = first.id.unwrap();
    let one = f.house.run_of(&f.admin, &first).await.unwrap();
    assert_eq!(one, runs[1]);
    let absent = f.house.run_of(&f.admin, "no such run").await.unwrap_err();
    assert_eq!(absent.kind, ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_tells_its_partitions_its_quarantine_and_what_each_version_wrote() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    f.submit(&VISITS.replace("V-", "W-"), None).await.unwrap();
    let visits = "raw.visits".parse().unwrap();
    let detail = f.house.dataset(&f.admin, &visits).await.unwrap();
    assert_eq!(
        detail.quarantined,
        Some(2),
        "two rows, each with two reasons"
    );
    let [partition] = &detail.partitions[..] else {
        panic!("{:?}", detail.partitions);
    };
    let period = ("_period".to_owned(), Some("2026-09".to_owned()));
    assert_eq!(partition.values, [period]);
    assert_eq!((partition.rows, partition.files), (4, 2));
    let table = detail.summary.table.unwrap();
    let sizes = detail.data_files.iter().map(|file| file.size_bytes);
    assert_eq!(
        (table.files, sizes.sum::<u64>()),
        (detail.data_files.len() as u64, table.size_bytes)
    );
    for file in &detail.data_files {
        assert_eq!((&file.values, file.rows), (&partition.values, 2));
    }
    let written: Vec<Option<u64>> = detail.history.iter().map(|v| v.rows).collect();
    assert_eq!(written[..2], [Some(2), Some(2)]);
    let periods = "codes.periods".parse().unwrap();
    let detail = f.house.dataset(&f.admin, &periods).await.unwrap();
    assert_eq!(detail.quarantined, None, "nobody submits code lists");
    assert!(detail.partitions.is_empty());
    assert_eq!(detail.data_files.len(), 1);
    assert!(detail.data_files[0].values.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lineage_tells_the_titles_that_the_list_of_datasets_has() {
    let f = Fixture::on_disk().await;
    let all = f.house.datasets(&f.admin).await.unwrap();
    let all = all.into_iter().map(|dataset| dataset.contract);
    let all: BTreeMap<DatasetName, Text> = all.map(|c| (c.dataset, c.title)).collect();
    assert!(all.keys().any(|dataset| dataset.as_str() == "system.runs"));
    let asked = all.keys().cloned().map(Some).chain([None]);
    for (dataset, direction) in
        asked.flat_map(|d| [(d.clone(), Direction::Up), (d, Direction::Down)])
    {
        let request = LineageRequest {
            dataset: dataset.clone(),
            column: None,
            direction,
        };
        let answer = f.house.lineage(&f.admin, request).await.unwrap();
        let told = answer.graph.datasets().cloned().chain(dataset);
        let told: BTreeMap<DatasetName, Text> =
            told.map(|d| (d.clone(), all[&d].clone())).collect();
        assert_eq!(answer.titles, told);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_dataset_is_read_in_pages() {
    let f = Fixture::on_disk().await;
    for letter in ["V", "W", "X"] {
        let visits = VISITS.replace("V-", &format!("{letter}-"));
        f.submit(&visits, None).await.unwrap();
    }
    let visits = "raw.visits".parse().unwrap();
    let all = f.house.history(&f.admin, &visits, PAGE).await.unwrap();
    let versions: Vec<i64> = all.iter().map(|version| version.version).collect();
    assert_eq!(versions, [3, 2, 1, 0]);
    for (offset, limit) in [(0, 2), (1, 2), (3, 5), (4, 1), (u64::MAX, u64::MAX), (0, 0)] {
        let page = Page { offset, limit };
        let read = f.house.history(&f.admin, &visits, page).await.unwrap();
        let first = usize::try_from(offset).unwrap().min(all.len());
        let last = first
            .saturating_add(usize::try_from(limit).unwrap())
            .min(all.len());
        assert_eq!(read, all[first..last], "{page:?}");
    }
}

async fn figures(f: &Fixture, caller: &Call, sql: &str) -> Result<usize, ServiceError> {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at: service::At::Now,
    };
    let mut answer = f.house.figures(caller, request).await?;
    let mut rows = 0;
    while let Some(batch) = answer.batches.next().await.transpose()? {
        rows += batch.num_rows();
    }
    Ok(rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reports_reads_what_is_published_and_nothing_else() {
    let f = Fixture::on_disk().await;
    f.submit(VISITS, None).await.unwrap();
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    let published = "select * from served.visits_by_office";
    for (role, agency) in [
        ("submitter", Some("H26")),
        ("official", Some("H26")),
        ("analyst", None),
    ] {
        let caller = with_role(&f, role, agency).await;
        assert_eq!(figures(&f, &caller, published).await.unwrap(), 2, "{role}");
        let codes = "select code from codes.periods limit 1";
        assert_eq!(figures(&f, &caller, codes).await.unwrap(), 1, "{role}");
        for hidden in [
            "select * from raw.visits",
            "select (select count(*) from raw.visits) as n from served.visits_by_office",
            "with served as (select * from raw.visits) select * from served",
            "select * from system.quarantine",
            "select * from served.visits_by_office where visits in (select minutes from raw.visits)",
        ] {
            let refused = figures(&f, &caller, hidden).await.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Forbidden, "{role}: {hidden}");
        }
    }
    for role in ["operator", "auditor"] {
        let caller = with_role(&f, role, None).await;
        let refused = figures(&f, &caller, published).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Forbidden, "{role}");
    }
    let entries = f.house.audit_entries(&f.admin, PAGE).await.unwrap();
    assert!(entries.iter().any(|entry| entry.action == "read_figures"));
}
