//! Results and reports as files for spreadsheets and data tools, through the doors, read back.

use std::collections::BTreeMap;
use std::io::Cursor;

use axum::http::{StatusCode, header};
use bytes::Bytes;
use calamine::{Data, Reader, Xlsx};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};
use service::{RunRequest, Service};

use crate::cli::{done, fails, filled};
use crate::home::VISITS;
use crate::http::Door;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PARQUET: &str = "application/vnd.apache.parquet";

const SQL: &str = "select visit_id, office, minutes, '00' || minutes as padded, '=' || office as x \
                   from raw.visits order by visit_id";

type Sheets = BTreeMap<String, Vec<Vec<Data>>>;

fn sheets(bytes: &[u8]) -> Sheets {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    let read = |name: String| {
        assert!(book.worksheet_formula(&name).unwrap().is_empty(), "{name}");
        let range = book.worksheet_range(&name).unwrap();
        (name, range.rows().map(<[Data]>::to_vec).collect())
    };
    names.into_iter().map(read).collect()
}

fn texts(row: &[Data]) -> Vec<String> {
    row.iter().map(ToString::to_string).collect()
}

fn said<'s>(sheets: &'s Sheets, item: &str) -> &'s Data {
    let line = sheets["manifest"].iter().find(|line| line[0] == *item);
    &line.unwrap()[2]
}

async fn filled_door() -> Door {
    let door = Door::new().await;
    door.submit("text/csv", None, VISITS).await;
    let f = &door.fixture;
    f.house.run(&f.admin, RunRequest::default()).await.unwrap();
    door
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_answers_as_a_workbook_whose_texts_are_texts() {
    let door = filled_door().await;
    let answer = door.query_as(SQL, XLSX).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.headers[header::CONTENT_TYPE], XLSX);
    let found = sheets(&answer.bytes);
    let rows: Vec<Vec<String>> = found["rows"].iter().map(|row| texts(row)).collect();
    assert_eq!(
        rows,
        [
            ["visit_id", "office", "minutes", "padded", "x"],
            ["V-1", "Ba Đình", "12", "0012", "=Ba Đình"],
            ["V-2", "Cầu Giấy", "8", "008", "=Cầu Giấy"],
        ]
    );
    assert!(matches!(found["rows"][1][2], Data::Float(_)));
    assert!(matches!(found["rows"][1][3], Data::String(_)));
    assert_eq!(said(&found, "sql"), SQL);
    assert_eq!(said(&found, "rows"), &Data::Float(2.0));
    assert_eq!(said(&found, "version"), &Data::Float(1.0));
    let read_at = answer.headers["dtm-read-at"].to_str().unwrap();
    assert_eq!(said(&found, "read_at"), read_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_answers_as_parquet_that_says_what_it_was_made_from() {
    let door = filled_door().await;
    let answer = door.query_as(SQL, PARQUET).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], PARQUET);
    let reader = SerializedFileReader::new(answer.bytes.clone()).unwrap();
    let file = reader.metadata().file_metadata();
    let pairs = file.key_value_metadata().unwrap();
    let versions = pairs.iter().find(|pair| pair.key == "dtm.versions");
    let versions = versions.unwrap().value.as_deref();
    assert_eq!(versions, Some("{\"raw.visits\":1}"));
    assert_eq!(parquet_rows(answer.bytes), 2);
}

fn parquet_rows(bytes: Bytes) -> usize {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let batches = reader.build().unwrap();
    batches.map(|batch| batch.unwrap().num_rows()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_a_workbook_cannot_hold_is_a_problem_and_no_broken_file() {
    let door = filled_door().await;
    let nested = door
        .query_as("select make_array(1, 2) as pair from raw.visits", XLSX)
        .await
        .problem(400);
    let detail = nested["detail"].as_str().unwrap();
    assert!(detail.starts_with("cannot write column `pair` as XLSX"));
    let late = door
        .query_as("select 1 / (minutes - 8) as x from raw.visits", XLSX)
        .await;
    assert_ne!(late.status, StatusCode::OK, "{}", late.text);
    assert_eq!(
        late.headers[header::CONTENT_TYPE],
        "application/problem+json"
    );
}

async fn rendered(door: &Door, body: &Value) -> Value {
    let path = "/api/v1/reports/visits/renditions";
    let answer = door.post_as(path, body, "*/*").await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_is_there_in_every_format_with_the_same_figures() {
    let door = filled_door().await;
    let body = json!({ "params": { "period": "2026-09" }, "language": "en" });
    let rendition = rendered(&door, &body).await;
    let links = rendition["links"].as_object().unwrap();
    assert_eq!(links.keys().collect::<Vec<_>>(), ["csv", "html", "xlsx"]);
    let link = |ending: &str| links[ending].as_str().unwrap();
    let csv = door.get(link("csv")).await;
    assert_eq!(
        csv.text,
        "Office,Visits,Minutes\r\nBa Đình,1,12\r\nCầu Giấy,1,8\r\n"
    );
    assert_eq!(
        csv.headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"visits.csv\""
    );
    let book = door.get(link("xlsx")).await;
    assert_eq!(book.headers[header::CONTENT_TYPE], XLSX);
    let found = sheets(&book.bytes);
    assert_eq!(texts(&found["Detail"][1]), ["Office", "Visits", "Minutes"]);
    assert_eq!(texts(&found["Detail"][2]), ["Ba Đình", "1", "12"]);
    assert!(matches!(said(&found, "Rendered at"), Data::DateTime(_)));
    assert!(door.get(link("html")).await.text.contains("Ba Đình"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_is_not_found_in_a_format_that_it_is_not_kept_in() {
    let door = filled_door().await;
    let body = json!({ "params": { "period": "2026-09" } });
    let id = rendered(&door, &body).await["id"].clone();
    let id = id.as_str().unwrap();
    let problem = door
        .get(&format!("/api/v1/renditions/{id}.pdf"))
        .await
        .problem(404);
    assert!(problem["hint"].as_str().unwrap().contains("`.xlsx`"));
    let body = json!({ "params": { "period": "2026-09" }, "table": "other" });
    let path = "/api/v1/reports/visits/renditions";
    let problem = door.post_as(path, &body, "*/*").await.problem(400);
    assert_eq!(
        problem["detail"],
        "report `visits` has no table `other`; it has `offices`"
    );
}

#[test]
fn the_ending_of_a_file_says_how_it_is_written() {
    let home = filled();
    done(&home, &["run"]);
    let path = |name: &str| home.root().join(name).to_str().unwrap().to_owned();
    let read = |name: &str| Bytes::from(std::fs::read(path(name)).unwrap());
    for name in ["rows.xlsx", "rows.parquet", "rows.arrow", "rows.json"] {
        done(&home, &["query", SQL, "--out", &path(name)]);
    }
    assert_eq!(sheets(&read("rows.xlsx"))["rows"].len(), 3);
    assert_eq!(parquet_rows(read("rows.parquet")), 2);
    assert!(!read("rows.arrow").is_empty());
    let report = |name: &str| {
        let (param, out) = ("period=2026-09", path(name));
        done(
            &home,
            &["report", "visits", "--param", param, "--out", &out],
        );
    };
    report("visits.xlsx");
    assert_eq!(sheets(&read("visits.xlsx"))["Chi tiết"].len(), 4);
    report("visits.csv");
    assert!(read("visits.csv").starts_with("Trụ sở,".as_bytes()));
    let left = std::fs::read_dir(home.root()).unwrap();
    let left = left.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".tmp")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn a_file_that_nothing_is_written_as_is_a_usage_error() {
    let home = filled();
    let at = ["report", "visits", "--param", "period=2026-09", "--out"];
    let told = "reports are rendered as `.html`, `.xlsx` or `.csv`";
    for name in ["x.pdf", "x", "x.docx"] {
        fails(&home, &[&at[..], &[name]].concat(), 2, told);
    }
    let html = [&at[..], &["x.html", "--table", "offices"]].concat();
    fails(&home, &html, 2, "`--table offices`");
    let other = [&at[..], &["x.csv", "--table", "other"]].concat();
    fails(&home, &other, 2, "it has `offices`");
    fails(
        &home,
        &["query", "select 1", "--out", "x.pdf"],
        2,
        "`.parquet`",
    );
}
