//! The memory of the process, which a thread of the house looks after.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use service::{At, Batches, ErrorKind, Page, QueryRequest, Service};

use super::Fixture;

/// So many fit into a body, and are more batches than are made ahead of whoever takes them.
const VISITS: usize = 25_000;
/// It reads on and on, and holds what it joins.
const ENDLESS: &str = "select sum(length(a.visit_id || b.visit_id || c.visit_id)) as n
    from raw.visits a, raw.visits b, raw.visits c";

fn visits() -> String {
    let mut text = "visit_id,office,visited_at,minutes\n".to_owned();
    for n in 0..VISITS {
        writeln!(text, "V-{n:05},A,2026-09-01T08:30:00+07:00,1").unwrap();
    }
    text
}

async fn ask(f: &Fixture, sql: &str) -> Batches {
    let request = QueryRequest {
        sql: sql.to_owned(),
        params: BTreeMap::new(),
        at: At::Now,
    };
    f.house.query(&f.admin, request).await.unwrap().batches
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_ends_the_query_that_holds_most_and_the_other_goes_on() {
    let f = Fixture::on_disk().await;
    let receipt = f.submit(&visits(), None).await.unwrap().receipt;
    assert_eq!(receipt.rows.landed, VISITS as u64);
    let mut small = ask(&f, "select visit_id from raw.visits").await;
    let mut rows = small.next().await.unwrap().unwrap().num_rows();
    let mut large = ask(&f, ENDLESS).await;

    f.resident.store(2 << 30, Ordering::Relaxed);
    let met = large.next().await.unwrap().unwrap_err();
    assert_eq!(met.kind, ErrorKind::Unavailable, "{met}");
    let told = "the query held most when the process held 2147483648 bytes of memory";
    assert!(met.message.starts_with(told), "{met}");
    assert!(met.message.contains("`memory.bytes`"), "{met}");
    assert!(large.next().await.is_none());

    assert!(rows < VISITS / 2, "{rows} rows came at once");
    while let Some(batch) = small.next().await {
        rows += batch.unwrap().num_rows();
    }
    assert_eq!(rows, VISITS);
    let page = Page {
        offset: 0,
        limit: 100,
    };
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let of = |outcome: &str| {
        let ended = entries
            .iter()
            .filter(|e| e.action == "query" && e.phase == "effect");
        let ended: Vec<&str> = ended
            .filter(|e| e.outcome == outcome)
            .map(|e| e.detail.as_str())
            .collect();
        ended
    };
    assert_eq!(of("done").len(), 1, "{entries:?}");
    let failed = of("failed");
    assert!(failed.len() == 1 && failed[0].contains(told), "{failed:?}");
}
