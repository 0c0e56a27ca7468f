//! What people get wrong: one clear message that names the thing and the way out, the right status
//! or exit code, and nothing lost. The commands' part is in `cli.rs`.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use testkit::{Fault, Op};

use crate::home::{Fixture, Setup, VISITS};
use crate::http::{BODY_BYTES, Door};

const PARQUET: &str = "application/vnd.apache.parquet";

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_dataset_is_404_and_the_known_ones_are_named() {
    let door = Door::new().await;
    let problem = door
        .submit_to("raw.visit", "text/csv", None, "x\n")
        .await
        .problem(404);
    assert!(
        problem["detail"].as_str().unwrap().contains("`raw.visit`"),
        "{problem}"
    );
    assert!(
        problem["hint"].as_str().unwrap().contains("`raw.visits`"),
        "{problem}"
    );
    let query = door.query("select * from raw.visit").await.problem(404);
    assert!(
        query["detail"].as_str().unwrap().contains("`raw.visit`"),
        "{query}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_content_type_is_415_and_the_right_ones_are_named() {
    let door = Door::new().await;
    let problem = door
        .submit("application/pdf", None, "%PDF")
        .await
        .problem(415);
    assert!(problem.to_string().contains("text/csv"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_413_whether_or_not_its_length_was_told() {
    let door = Door::new().await;
    door.submit_told("text/csv", BODY_BYTES + 1)
        .await
        .problem(413);
    let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1 << 20]));
    let untold = Body::from_stream(stream::iter([chunk(), chunk()]));
    let problem = door.submit("text/csv", None, untold).await.problem(413);
    assert!(
        problem["detail"].as_str().unwrap().contains("1048576"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_utf8_is_refused_where_it_stands_and_the_other_rows_land() {
    let door = Door::new().await;
    let mut body =
        b"visit_id,office,visited_at,minutes\nV-1,A,2026-09-01T08:30:00+07:00,1\nV-2,".to_vec();
    body.extend_from_slice(b"\xff\xfe,2026-09-01T08:30:00+07:00,1\n");
    let answer = door.submit("text/csv", None, body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    let receipt = answer.json();
    assert_eq!(receipt["rows"]["landed"], 1);
    assert_eq!(receipt["errors"][0]["row"], 2, "{receipt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_parquet_file_is_422_and_kept() {
    let door = Door::new().await;
    let problem = door
        .submit(PARQUET, None, "PAR1 and then nothing")
        .await
        .problem(422);
    let id = problem["submission"].as_str().unwrap().to_owned();
    let kept = door
        .get(&format!("/api/v1/submissions/{id}/evidence"))
        .await;
    assert_eq!(kept.text, "PAR1 and then nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_whose_header_lacks_a_column_is_422_and_names_it() {
    let door = Door::new().await;
    let body = "visit_id,visited_at\nV-1,2026-09-01T08:30:00+07:00\n";
    let problem = door.submit("text/csv", None, body).await.problem(422);
    assert!(
        problem["detail"].as_str().unwrap().contains("`office`"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_bad_rows_is_422_with_every_row_named() {
    let door = Door::new().await;
    let body =
        "visit_id,office,visited_at,minutes\nV-1,,2026-09-01,-1\nV-2,,2026-12-01T08:00:00Z,1\n";
    let problem = door.submit("text/csv", None, body).await.problem(422);
    let rows: Vec<u64> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["row"].as_u64())
        .collect();
    assert!(rows.contains(&1) && rows.contains(&2), "{problem}");
    assert!(problem["submission"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sql_mistake_is_400_and_says_where() {
    let door = Door::new().await;
    let problem = door.query("selec 1").await.problem(400);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Line: 1, Column: 1"),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_in_a_query_is_400_and_writes_nothing() {
    let door = Door::new().await;
    for sql in [
        "delete from raw.visits",
        "drop table raw.visits",
        "insert into raw.visits values (1)",
    ] {
        let problem = door.query(sql).await.problem(400);
        assert!(
            problem["hint"].as_str().unwrap().contains("select"),
            "{problem}"
        );
    }
    assert_eq!(
        door.fixture.number("select count(*) from raw.visits").await,
        0
    );
}

/// A door whose queries have little, over so many visits.
async fn with_little(memory_bytes: u64, spill_bytes: u64, visits: u32) -> Door {
    let mut setup = Setup::default();
    setup.query.memory_bytes = memory_bytes;
    setup.query.spill_bytes = spill_bytes;
    let door = Door::over(Fixture::with(setup).await);
    let row = |i: u32| format!("V-{i},office {i},2026-09-01T08:30:00+07:00,1\n");
    let rows: String = (0..visits).map(row).collect();
    let body = format!("visit_id,office,visited_at,minutes\n{rows}");
    let answer = door.submit("text/csv", None, body).await;
    assert_eq!(answer.json()["rows"]["landed"], visits, "{}", answer.text);
    door
}

/// That the query meets this limit, is told the way out, and that the next query is answered.
async fn meets(door: &Door, sql: &str, limit: &str, detail: &str) {
    let problem = door.query(sql).await.problem(422);
    assert_eq!(problem["type"], "urn:dtm:problem:limit-exceeded");
    assert_eq!(problem["detail"], detail, "{problem}");
    let hint = problem["hint"].as_str().unwrap();
    let way_out = format!("the operator sets `{limit}` in `dtm.toml`");
    assert!(hint.contains(&way_out), "{problem}");
    let next = door.query("select count(*) as n from raw.visits").await;
    assert_eq!(next.status.as_u16(), 200, "{}", next.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_over_the_memory_limit_is_422_and_names_the_limit() {
    let door = with_little(8 << 20, 64 << 20, 300).await;
    // One list of all keys cannot be spilled.
    let sql = "select array_agg(a.visit_id || repeat('-', 400) || b.visit_id) as keys
        from raw.visits a, raw.visits b";
    let detail = "the query met the limit `query.memory_bytes` of 8388608 bytes";
    meets(&door, sql, "query.memory_bytes", detail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_over_the_limit_on_temporary_disk_is_422_and_names_the_limit() {
    let door = with_little(16 << 20, 8 << 20, 600).await;
    let sql = "select a.visit_id || repeat('-', 100) || b.visit_id as k
        from raw.visits a, raw.visits b order by k";
    let detail = "the query met the limit `query.spill_bytes` of 8388608 bytes on temporary disk";
    meets(&door, sql, "query.spill_bytes", detail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_no_writes_is_503_answers_reads_and_loses_nothing() {
    let door = Door::new().await;
    door.submit("text/csv", Some("first"), VISITS).await;
    for op in [Op::Put, Op::StartUpload, Op::Copy, Op::Rename] {
        door.fixture
            .faults
            .plan(Fault::before(op, "").times(10_000));
    }
    let more = VISITS.replace("V-", "W-");
    let problem = door.submit("text/csv", Some("second"), more.clone()).await;
    assert_eq!(problem.headers["retry-after"], "5");
    let problem = problem.problem(503);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("cannot store evidence in `"),
        "{problem}"
    );
    assert!(
        problem["hint"]
            .as_str()
            .unwrap()
            .contains("Nothing was lost"),
        "{problem}"
    );
    let count = "select count(*) as n from raw.visits";
    assert_eq!(door.query(count).await.json()[0]["n"], 2);
    let listed = door.get("/api/v1/submissions").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");

    let door = door.reopened().await;
    assert_eq!(door.query(count).await.json()[0]["n"], 2);
    let first = door.submit("text/csv", Some("first"), VISITS).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text);
    let second = door.submit("text/csv", Some("second"), more).await;
    assert_eq!(second.status.as_u16(), 201, "{}", second.text);
    assert_eq!(door.query(count).await.json()[0]["n"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_out_of_reach_is_503_and_serves_again_when_it_is_back() {
    let door = Door::new().await;
    door.submit("text/csv", None, VISITS).await;
    let sql = "select visit_id from raw.visits where minutes = 12";
    let more = VISITS.replace("V-", "W-");
    door.fixture.faults.cut();
    let problem = door
        .submit("text/csv", Some("k"), more.clone())
        .await
        .problem(503);
    assert!(problem["hint"].is_string(), "{problem}");
    let problem = door.query(sql).await.problem(503);
    assert!(problem["hint"].is_string(), "{problem}");
    door.fixture.faults.mend();
    assert_eq!(door.query(sql).await.json()[0]["visit_id"], "V-1");
    let again = door.submit("text/csv", Some("k"), more).await;
    assert_eq!(again.status.as_u16(), 201, "{}", again.text);
    assert_eq!(
        door.fixture.number("select count(*) from raw.visits").await,
        4
    );
}
