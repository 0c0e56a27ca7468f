//! `at` through the doors: HTTP, the page's form, and the built binary, embedded and through a server.

use axum::body::Body;
use axum::http::{Request, header};
use bytes::Bytes;
use chrono::TimeDelta;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use service::{Call, Service};
use testkit::TestHome;
use url::form_urlencoded;

use super::{BOTH, FIGURE, submit};
use crate::cli::{self, Server, done, fails, filled};
use crate::home::VISITS;
use crate::http::{Answer, Door};

/// What each door answers at a moment.
#[derive(Debug, PartialEq)]
struct Seen {
    all: String,
    versions: String,
    figures: String,
    page: String,
}

/// A door, and a browser that is signed in.
struct Visitor {
    door: Door,
    cookie: String,
}

impl Visitor {
    async fn new() -> Self {
        let door = Door::new().await;
        let (house, admin) = (&door.fixture.house, &door.fixture.admin);
        let code = house.create_sign_in_code(admin).await.unwrap();
        let nobody = Call {
            credential: None,
            ..admin.clone()
        };
        let session = house.sign_in(&nobody, &code).await.unwrap();
        let cookie = format!("{}={}", api::SESSION_COOKIE, session.reveal());
        Self { door, cookie }
    }

    async fn post(&self, path: &str, sql: &str, at: &Value) -> Answer {
        let body = json!({ "sql": sql, "at": at });
        let answer = self.door.post_as(path, &body, "text/csv").await;
        assert_eq!(answer.status, 200, "{path} at {at}: {}", answer.text);
        answer
    }

    async fn send_form(&self, path: &str, sql: &str, at: &Value) -> Answer {
        let at = match at {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("sql", sql), ("at", &at)])
            .finish();
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.door
            .send(request.body(Body::from(form)).unwrap())
            .await
    }

    /// The part of the page that holds rows and versions.
    async fn page(&self, sql: &str, at: &Value) -> String {
        let answer = self.send_form("/query", sql, at).await;
        assert_eq!(answer.status, 200, "page at {at}: {}", answer.text);
        let part = answer
            .text
            .split_once("<section aria-labelledby=\"answer\">");
        let part = part.and_then(|(_, rest)| rest.split_once("</section>"));
        part.unwrap_or_else(|| panic!("{}", answer.text))
            .0
            .to_owned()
    }

    /// What is seen, and when the versions were taken.
    async fn sees(&self, at: &Value) -> (Seen, String) {
        let all = self.post("/api/v1/query", BOTH, at).await;
        let told = |name: &str| all.headers[name].to_str().unwrap().to_owned();
        let seen = Seen {
            versions: told("dtm-versions"),
            figures: self.post("/api/v1/figures", FIGURE, at).await.text,
            page: self.page(BOTH, at).await,
            all: all.text.clone(),
        };
        (seen, told("dtm-read-at"))
    }

    async fn run(&self) -> Value {
        let run = self.door.post_as("/api/v1/runs", &json!({}), "*/*").await;
        run.json()["id"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_and_on_the_page_the_answer_of_then_is_given_again() {
    let visitor = Visitor::new().await;
    let f = &visitor.door.fixture;
    submit(f, "V-").await;
    let run = visitor.run().await;
    f.clock.advance(TimeDelta::minutes(5));
    let (then, read_at) = visitor.sees(&Value::Null).await;
    assert_eq!(then.all, "n\r\n2002\r\n");
    assert_eq!(then.figures, "n\r\n2\r\n");
    f.clock.advance(TimeDelta::minutes(5));
    submit(f, "W-").await;
    visitor.run().await;
    let (now, _) = visitor.sees(&Value::Null).await;
    assert_eq!(now.all, "n\r\n4004\r\n");
    assert_ne!(now.page, then.page);

    for at in [json!(read_at), run] {
        assert_eq!(visitor.sees(&at).await.0, then, "at {at}");
    }
    // Versions are those of one query: what it does not read is no moment of it.
    let versions: Value = serde_json::from_str(&then.versions).unwrap();
    let again = visitor.post("/api/v1/query", BOTH, &versions).await;
    assert_eq!(again.text, then.all);
    assert_eq!(again.headers["dtm-versions"], then.versions);
    assert_eq!(visitor.page(BOTH, &versions).await, then.page);
    let computed = "served.visits_by_office";
    let one = json!({ computed: versions[computed] });
    let again = visitor.post("/api/v1/figures", FIGURE, &one).await;
    assert_eq!(again.text, then.figures);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_that_is_not_there_is_a_problem_over_http_and_on_the_page() {
    let visitor = Visitor::new().await;
    let unknown = json!("01996f2e-0000-7000-8000-000000000009");
    for (at, status, told) in [
        (unknown, 404, "no such run"),
        (json!("2031-01-01"), 400, "still to come"),
        (json!("yesterday"), 400, "yesterday"),
    ] {
        let body = json!({ "sql": FIGURE, "at": at });
        let answer = visitor.door.post_as("/api/v1/query", &body, "*/*").await;
        let problem = answer.problem(status);
        assert!(
            problem["detail"].as_str().unwrap().contains(told),
            "{problem}"
        );
        let page = visitor.send_form("/query", FIGURE, &at).await;
        assert_eq!(page.status.as_u16(), status, "{at}");
        assert!(page.text.contains(told), "{at}: {}", page.text);
    }
}

/// The number that the binary answers, the versions that it read and when it took them, as the file
/// that it writes says.
fn answered(home: &TestHome, at: Option<&str>) -> (i64, String, String) {
    let file = home.root().join("answer.parquet");
    let mut args = vec!["query", BOTH, "--out", file.to_str().unwrap()];
    args.extend(at.into_iter().flat_map(|at| ["--at", at]));
    done(home, &args);
    let bytes = Bytes::from(std::fs::read(&file).unwrap());
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let pairs = pairs.unwrap().clone();
    let told = |key: &str| {
        let pair = pairs.iter().find(|pair| pair.key == key).unwrap();
        pair.value.clone().unwrap()
    };
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let number = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Int64);
    let number =
        arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&number.unwrap())
            .value(0);
    (number, told("dtm.versions"), told("dtm.read_at"))
}

/// What `dtm run` says of itself.
fn run(home: &TestHome) -> String {
    let output = cli::run(home, &["run"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// The id in what `dtm run` says.
fn id_in(told: &str) -> Option<&str> {
    let words = told.split_whitespace();
    let mut ids = words.filter(|word| word.len() == 36 && word.matches('-').count() == 4);
    ids.next()
}

/// A home that has received, before its first run.
fn the_binary_gives_the_answer_of_then_again(home: &TestHome) {
    let told = run(home);
    let first = id_in(&told).unwrap_or_else(|| panic!("{told}"));
    let (then, versions, read_at) = answered(home, None);
    assert_eq!(then, 2002);
    let file = home.write("more.csv", VISITS.replace("V-", "W-"));
    let to = ["--agency", "H26", "--period", "2026-09"];
    let submit = ["submit", "raw.visits", file.to_str().unwrap()];
    done(home, &[&submit[..], &to].concat());
    assert!(id_in(&run(home)).is_some());
    let told = run(home);
    assert!(told.contains("everything is up to date"), "{told}");
    assert_eq!(id_in(&told), None, "{told}");
    assert_eq!(answered(home, None).0, 4004);

    for at in [read_at.as_str(), first, &versions] {
        let (number, read, _) = answered(home, Some(at));
        assert_eq!((number, &read), (then, &versions), "at {at}");
        let csv = done(home, &["query", BOTH, "--at", at, "--format", "csv"]);
        assert_eq!(csv, "n\r\n2002\r\n", "at {at}");
    }
    let unknown = "01996f2e-0000-7000-8000-000000000009";
    fails(home, &["query", BOTH, "--at", unknown], 2, "no such run");
}

#[test]
fn the_binary_that_holds_its_home_gives_the_answer_of_then_again() {
    the_binary_gives_the_answer_of_then_again(&filled());
}

#[test]
fn the_binary_gives_the_answer_of_then_again_through_a_server() {
    let home = filled();
    let server = Server::of(&home);
    the_binary_gives_the_answer_of_then_again(&home);
    assert_eq!(server.stop(), Some(0));
}
