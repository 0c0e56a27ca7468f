//! What people get wrong: one clear message that names the thing and the way out, the right status
//! or exit code, and nothing lost. The commands' part is in `cli.rs`.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;

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

#[tokio::test(flavor = "multi_thread")]
async fn a_query_over_the_memory_limit_is_422_and_names_the_limit() {
    let door = Door::new().await;
    let row = |i: u32| format!("V-{i},office {i},2026-09-01T08:30:00+07:00,1\n");
    let rows: String = (0..1000).map(row).collect();
    let body = format!("visit_id,office,visited_at,minutes\n{rows}");
    assert_eq!(
        door.submit("text/csv", None, body).await.status.as_u16(),
        201
    );
    let sql = "select a.visit_id || b.visit_id || c.visit_id as k, count(*) as n
        from raw.visits a, raw.visits b, raw.visits c
        where c.visit_id < 'V-12'
        group by 1 order by n desc, k limit 1";
    let problem = door.query(sql).await.problem(422);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("query.memory_bytes") || detail.contains("query.spill_bytes"),
        "{problem}"
    );
}
