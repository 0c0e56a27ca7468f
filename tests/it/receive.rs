//! Receiving and asking over HTTP on a whole house: the three formats, dry runs, damaged files,
//! parameters. The commands' part is in `cli/receive.rs`.

use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::bodies::{CSV, NDJSON, PARQUET, ndjson, parquet, visits};
use crate::home::{Setup, VISITS};
use crate::http::Door;

fn with_ids(letter: &str) -> String {
    VISITS.replace("V-", letter)
}

async fn count(door: &Door, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    door.fixture.number(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_land_alike_as_csv_ndjson_and_parquet() {
    let door = Door::new().await;
    let schema = visits(&Setup::default().sources);
    let bodies = [
        (CSV, VISITS.as_bytes().to_vec()),
        (NDJSON, ndjson(VISITS, &schema).into_bytes()),
        (PARQUET, parquet(VISITS, &schema)),
    ];
    let expected = "visit_id,office,visited_at,minutes,_agency,_period,_row_number\r\n\
        V-1,Ba Đình,2026-09-01T01:30:00Z,12,H26,2026-09,1\r\n\
        V-2,Cầu Giấy,2026-09-02T07:15:00Z,8,H26,2026-09,2\r\n";
    for (media_type, body) in bodies {
        let answer = door.submit(media_type, None, body.clone()).await;
        assert_eq!(answer.status.as_u16(), 201, "{media_type}: {}", answer.text);
        let receipt = answer.json();
        let rows = json!({ "received": 3, "landed": 2, "quarantined": 1, "warned": 0 });
        assert_eq!(receipt["rows"], rows, "{media_type}");
        let id = receipt["id"].as_str().unwrap();
        let sql = format!(
            "select visit_id, office, visited_at, minutes, _agency, _period, _row_number \
             from raw.visits where _submission_id = '{id}' order by _row_number"
        );
        assert_eq!(
            door.query_as(&sql, CSV).await.text,
            expected,
            "{media_type}"
        );
        let kept = door
            .get(&format!("/api/v1/submissions/{id}/evidence"))
            .await;
        assert_eq!(kept.headers[CONTENT_TYPE], media_type);
        assert!(kept.bytes == body, "{media_type}: the evidence is another");
    }
    assert_eq!(count(&door, "raw.visits").await, 6);
    assert_eq!(count(&door, "system.quarantine").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_is_200_judges_all_and_leaves_no_row_no_submission_and_no_key() {
    let door = Door::new().await;
    door.submit(CSV, None, VISITS).await;
    let answer = door.dry_run(CSV, "k", with_ids("W-")).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["rows"]["landed"], 2, "{told}");
    assert_eq!(told["errors_total"], 2, "{told}");
    assert_eq!(told["table_version"], Value::Null, "{told}");
    assert_eq!(count(&door, "raw.visits").await, 2);
    assert_eq!(count(&door, "system.quarantine").await, 2);
    let listed = door.get("/api/v1/submissions").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let path = format!("/api/v1/submissions/{}", told["id"].as_str().unwrap());
    door.get(&path).await.problem(404);

    // The key is free, also for another body.
    let landed = door.submit(CSV, Some("k"), with_ids("X-")).await;
    assert_eq!(landed.status.as_u16(), 201, "{}", landed.text);
    assert_eq!(count(&door, "raw.visits").await, 4);
    let bad = "visit_id,office,visited_at,minutes\nV-1,,never,-1\n";
    let refused = door.dry_run(CSV, "l", bad).await;
    assert_eq!(refused.json()["rows"]["quarantined"], 1, "{}", refused.text);
    assert_eq!(count(&door, "system.quarantine").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_that_was_cut_is_422_wherever_it_was_cut_and_lands_nothing() {
    let door = Door::new().await;
    let row = |n: u32| format!("V-{n},Ba Đình,2026-09-01T08:30:00+07:00,{}\n", n % 60);
    let rows: String = (0..2000).map(row).collect();
    let csv = format!("visit_id,office,visited_at,minutes\n{rows}");
    let whole = parquet(&csv, &visits(&Setup::default().sources));
    let (third, half) = (whole.len() / 3, whole.len() / 2);
    let cut = [
        ("the end", whole[..half].to_vec()),
        ("the beginning", whole[half..].to_vec()),
        ("the middle", [&whole[..third], &whole[half..]].concat()),
    ];
    for (lost, body) in cut {
        let problem = door.submit(PARQUET, None, body.clone()).await.problem(422);
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("the body is no readable Parquet file: "),
            "{lost}: {problem}"
        );
        assert!(
            problem["hint"]
                .as_str()
                .unwrap()
                .contains(problem["submission"].as_str().unwrap()),
            "{lost}: {problem}"
        );
        assert_eq!(
            problem["errors"][0]["rule"], "malformed",
            "{lost}: {problem}"
        );
        let id = problem["submission"].as_str().unwrap();
        let kept = door
            .get(&format!("/api/v1/submissions/{id}/evidence"))
            .await;
        assert!(kept.bytes == body, "{lost}: the evidence is another");
    }
    assert_eq!(count(&door, "raw.visits").await, 0);
    let answer = door.submit(PARQUET, None, whole).await;
    assert_eq!(answer.json()["rows"]["landed"], 2000, "{}", answer.text);
    assert_eq!(count(&door, "raw.visits").await, 2000);
}

async fn ask(door: &Door, sql: &str, params: &Value) -> crate::http::Answer {
    let body = json!({ "sql": sql, "params": params });
    door.post_as("/api/v1/query", &body, CSV).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_takes_parameters_of_every_kind_as_values_and_never_as_sql() {
    let door = Door::new().await;
    door.submit(CSV, None, VISITS).await;
    let ids = |condition: &str| {
        format!("select visit_id from raw.visits where {condition} order by visit_id")
    };
    let both = "visit_id\r\nV-1\r\nV-2\r\n";
    for (sql, params, expected) in [
        (
            ids("minutes > $least"),
            json!({ "least": 8 }),
            "visit_id\r\nV-1\r\n",
        ),
        (ids("minutes > $least"), json!({ "least": 7.5 }), both),
        // Text is read as what it is compared with.
        (
            ids("minutes > $least"),
            json!({ "least": "8" }),
            "visit_id\r\nV-1\r\n",
        ),
        (
            ids("office = $office"),
            json!({ "office": "Cầu Giấy" }),
            "visit_id\r\nV-2\r\n",
        ),
        (
            ids("visited_at >= $since and minutes < $most"),
            json!({ "since": "2026-09-02T00:00:00+07:00", "most": 100 }),
            "visit_id\r\nV-2\r\n",
        ),
        (
            ids("(minutes > 10) = $long"),
            json!({ "long": false }),
            "visit_id\r\nV-2\r\n",
        ),
        (
            ids("$office is null or office = $office"),
            json!({ "office": null }),
            both,
        ),
        (
            ids("office = $office"),
            json!({ "office": "x' or '1' = '1" }),
            "visit_id\r\n",
        ),
    ] {
        let answer = ask(&door, &sql, &params).await;
        assert_eq!(
            answer.status.as_u16(),
            200,
            "{sql} {params}: {}",
            answer.text
        );
        assert_eq!(answer.text, expected, "{sql} {params}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_do_not_fit_are_400_and_named() {
    let door = Door::new().await;
    let sql = "select visit_id from raw.visits where minutes > $least";
    for (params, told) in [
        (json!({}), "needs the parameter `least`"),
        (json!({ "least": 1, "most": 2 }), "has no parameter `$most`"),
        (
            json!({ "least": "many" }),
            "the parameter `least` is `many`",
        ),
        (
            json!({ "least": [1] }),
            "parameter `least` is neither text, number, boolean nor null",
        ),
    ] {
        let problem = ask(&door, sql, &params).await.problem(400);
        assert!(
            problem["detail"].as_str().unwrap().contains(told),
            "{problem}"
        );
        assert!(problem["hint"].is_string(), "{problem}");
    }
}
