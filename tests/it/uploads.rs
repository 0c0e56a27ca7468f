//! Bodies that arrive in parts, by the tus protocol: what is kept through breaks and crashes, who
//! may go on, and that the end is a submission like any other.

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::TimeDelta;
use conduct::UploadLimits;
use futures::future::pending;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use service::{
    Call, Door as CallDoor, ErrorKind, Page, Principal, Service, Upload, UploadId, UploadPart,
};
use sha2::{Digest, Sha256};
use testkit::{Fault, Gate, Op};
use tokio::sync::oneshot;

use crate::home::{Fixture, VISITS};
use crate::http::{Answer, Door};

const UPLOADS: &str = "/api/v1/uploads";
const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");

fn metadata(more: &[(&str, &str)]) -> String {
    let least = [
        ("dataset", "raw.visits"),
        ("agency", "H26"),
        ("period", "2026-09"),
        ("filename", "visits.csv"),
    ];
    let pair = |(name, value): &(&str, &str)| format!("{name} {}", STANDARD.encode(value));
    let pairs: Vec<String> = least.iter().chain(more).map(pair).collect();
    pairs.join(",")
}

/// A request that speaks the protocol, by whoever has that credential.
async fn ask_as(
    door: &Door,
    bearer: &str,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, bearer)
        .header("tus-resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    door.send(request.body(body.into()).unwrap()).await
}

async fn ask(
    door: &Door,
    line: (&str, &str),
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    ask_as(door, &door.bearer(), line, headers, body).await
}

async fn create(door: &Door, length: usize, more: &[(&str, &str)]) -> Answer {
    let (length, metadata) = (length.to_string(), metadata(more));
    let headers = [("upload-length", &*length), ("upload-metadata", &metadata)];
    ask(door, ("POST", UPLOADS), &headers, Body::empty()).await
}

/// A new upload's path.
async fn begun(door: &Door, length: usize, more: &[(&str, &str)]) -> String {
    let answer = create(door, length, more).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.headers[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned()
}

async fn patch(door: &Door, path: &str, offset: usize, body: &str) -> Answer {
    let offset = offset.to_string();
    let headers = [PART, ("upload-offset", &*offset)];
    ask(door, ("PATCH", path), &headers, body.to_owned()).await
}

#[track_caller]
fn offset(answer: &Answer) -> usize {
    let offset = answer.headers.get("upload-offset");
    let offset = offset.unwrap_or_else(|| panic!("{} {}", answer.status, answer.text));
    offset.to_str().unwrap().parse().unwrap()
}

async fn head(door: &Door, path: &str) -> Answer {
    ask(door, ("HEAD", path), &[], Body::empty()).await
}

/// What became of it, once something did.
async fn ended(door: &Door, path: &str) -> Value {
    loop {
        let read = door.get(path).await;
        assert_eq!(read.status, 200, "{}", read.text);
        let read = read.json();
        match read["state"].as_str() {
            Some("receiving" | "landing") => tokio::task::yield_now().await,
            _ => return read,
        }
    }
}

/// A whole upload in one part, to its end.
async fn uploaded(door: &Door, body: &str, more: &[(&str, &str)]) -> Value {
    let path = begun(door, body.len(), more).await;
    let answer = patch(door, &path, 0, body).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    ended(door, &path).await
}

fn files(f: &Fixture) -> Vec<String> {
    let folder = f.spool_folder().parent().unwrap().join("uploads");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn id_of(path: &str) -> UploadId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

async fn landed(f: &Fixture) -> i64 {
    f.number("select count(*) from raw.visits").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_parts_becomes_the_submission_that_it_would_have_been_at_once() {
    let door = Door::new().await;
    let path = begun(&door, VISITS.len(), &[("idempotency_key", "k")]).await;
    for (from, to) in [(0, 30), (30, 31), (31, 31), (31, 100)] {
        let answer = patch(&door, &path, from, &VISITS[from..to]).await;
        assert_eq!((answer.status.as_u16(), offset(&answer)), (204, to));
        assert!(!answer.headers.contains_key(header::LOCATION));
    }
    assert_eq!(door.get(&path).await.json()["state"], "receiving");
    let sum = format!("sha256 {}", STANDARD.encode(Sha256::digest(&VISITS[100..])));
    let headers = [PART, ("upload-offset", "100"), ("upload-checksum", &sum)];
    let last = ask(&door, ("PATCH", &path), &headers, &VISITS[100..]).await;
    assert_eq!((last.status.as_u16(), offset(&last)), (204, VISITS.len()));
    assert_eq!(last.headers[header::LOCATION], path);
    let told = ended(&door, &path).await;
    assert_eq!(told["state"], "done", "{told}");
    let id = told["submission"].as_str().unwrap();
    let at_once = door.submit("text/csv", Some("k"), VISITS).await;
    assert_eq!(at_once.status, 200, "{}", at_once.text);
    assert_eq!(told["answer"], at_once.json());
    let evidence = door
        .get(&format!("/api/v1/submissions/{id}/evidence"))
        .await;
    assert_eq!(evidence.text, VISITS);
    // Its bytes are gone from here, and what became of it is told on.
    assert_eq!(files(&door.fixture).len(), 1);
    assert_eq!(offset(&head(&door, &path).await), VISITS.len());
    patch(&door, &path, VISITS.len(), "x").await.problem(409);
    let page = Page {
        offset: 0,
        limit: 1000,
    };
    let f = &door.fixture;
    let entries = f.house.audit_entries(&f.admin, page).await.unwrap();
    let acts = |action: &str| {
        let of = |e: &&service::AuditRecord| e.action == action && e.phase == "effect";
        entries
            .iter()
            .filter(of)
            .filter(|e| e.door == "http")
            .count()
    };
    // Begun, six parts, and asked.
    assert!(acts("upload") >= 8, "{}", acts("upload"));
    assert_eq!(acts("submit"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_part_may_come_with_the_beginning_and_the_end_too() {
    let door = Door::new().await;
    let (length, metadata) = (VISITS.len().to_string(), metadata(&[]));
    let headers = [
        ("upload-length", &*length),
        ("upload-metadata", &metadata),
        PART,
    ];
    let answer = ask(&door, ("POST", UPLOADS), &headers, VISITS).await;
    assert_eq!(
        (answer.status.as_u16(), offset(&answer)),
        (201, VISITS.len())
    );
    let path = answer.headers[header::LOCATION].to_str().unwrap();
    assert_eq!(ended(&door, path).await["answer"]["rows"]["landed"], 2);
    let sum = ("upload-checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let damaged = [headers[0], headers[1], PART, sum];
    let answer = ask(&door, ("POST", UPLOADS), &damaged, VISITS).await;
    answer.problem(460);
    assert_eq!(files(&door.fixture).len(), 1, "nobody knows of the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_does_not_fit_is_refused_and_changes_nothing() {
    let door = Door::new().await;
    let path = begun(&door, 100, &[]).await;
    patch(&door, &path, 0, &VISITS[..40]).await;
    for wrong in [0, 39, 41, 100] {
        let problem = patch(&door, &path, wrong, "x").await.problem(409);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("stands at 40"), "{detail}");
    }
    let problem = patch(&door, &path, 40, &VISITS[40..101]).await.problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("of 100"));
    let sum = format!("sha256 {}", STANDARD.encode(Sha256::digest("other")));
    let headers = [PART, ("upload-offset", "40"), ("upload-checksum", &sum)];
    let damaged = ask(&door, ("PATCH", &path), &headers, &VISITS[40..50]).await;
    damaged.problem(460);
    assert_eq!(offset(&head(&door, &path).await), 40);
    let answer = patch(&door, &path, 40, &VISITS[40..50]).await;
    assert_eq!(offset(&answer), 50);
}

/// A part whose first bytes come and that stands still then, sent by the service's own door.
fn still(bytes: &'static str) -> (service::ByteStream, oneshot::Receiver<()>) {
    let (told, taken) = oneshot::channel();
    let rest = stream::once(async move {
        told.send(()).unwrap();
        pending().await
    });
    let start = stream::iter([Ok(Bytes::from(bytes))]);
    (start.chain(rest).boxed(), taken)
}

async fn send(f: &Fixture, path: &str, part: UploadPart, body: service::ByteStream) -> ErrorKind {
    let call = Call {
        door: CallDoor::Http,
        ..f.admin.clone()
    };
    let sent = f
        .house
        .continue_upload(&call, id_of(path), part, body)
        .await;
    sent.map(|upload: Upload| upload.offset).unwrap_err().kind
}

#[tokio::test(flavor = "multi_thread")]
async fn two_parts_at_once_are_one_too_many_and_whoever_asks_for_the_offset_goes_on() {
    let door = Door::new().await;
    let path = begun(&door, VISITS.len(), &[]).await;
    let at = |offset| UploadPart {
        offset,
        checksum: None,
    };
    let (body, taken) = still(&VISITS[..40]);
    let lost = send(&door.fixture, &path, at(0), body);
    let goes_on = async {
        taken.await.unwrap();
        patch(&door, &path, 0, VISITS).await.problem(423);
        // Who only looks disturbs nobody.
        assert_eq!(door.get(&path).await.json()["offset"], 0);
        offset(&head(&door, &path).await)
    };
    let (lost, stands) = tokio::join!(lost, goes_on);
    assert_eq!((lost, stands), (ErrorKind::Locked, 40));
    let (body, taken) = still(&VISITS[40..60]);
    let sum = service::Checksum::Sha256(Sha256::digest(&VISITS[40..]).into());
    let checked = UploadPart {
        checksum: Some(sum),
        ..at(40)
    };
    let lost = send(&door.fixture, &path, checked, body);
    let goes_on = async {
        taken.await.unwrap();
        offset(&head(&door, &path).await)
    };
    let (_, stands) = tokio::join!(lost, goes_on);
    assert_eq!(
        stands, 40,
        "a part with a checksum is kept whole or not at all"
    );
    let answer = patch(&door, &path, 40, &VISITS[40..]).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(ended(&door, &path).await["answer"]["rows"]["landed"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_crash_and_the_upload_goes_on() {
    let door = Door::new().await;
    let path = begun(&door, VISITS.len(), &[("key", "k")]).await;
    patch(&door, &path, 0, &VISITS[..70]).await;
    let before = head(&door, &path).await;
    // The process died while bytes were on their way.
    let data = files(&door.fixture)
        .into_iter()
        .find(|n| n.ends_with(".data"));
    let folder = door
        .fixture
        .spool_folder()
        .parent()
        .unwrap()
        .join("uploads");
    let mut torn = std::fs::read(folder.join(data.as_ref().unwrap())).unwrap();
    torn.extend(b"torn");
    std::fs::write(folder.join(data.unwrap()), torn).unwrap();
    let door = door.reopened().await;
    let after = head(&door, &path).await;
    assert_eq!(offset(&after), 70);
    for name in ["upload-metadata", "upload-length", "upload-expires"] {
        assert_eq!(after.headers[name], before.headers[name], "{name}");
    }
    patch(&door, &path, 70, &VISITS[70..]).await;
    let told = ended(&door, &path).await;
    assert_eq!(told["answer"]["evidence"]["size_bytes"], VISITS.len());
    let door = door.reopened().await;
    assert_eq!(ended(&door, &path).await["answer"], told["answer"]);
    assert_eq!(landed(&door.fixture).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_upload_is_landed_once_whenever_the_store_answers_again() {
    let door = Door::new().await;
    let failing = Fault::before(Op::Put, "evidence");
    door.fixture.faults.plan(failing);
    assert_eq!(uploaded(&door, VISITS, &[]).await["state"], "done");
    door.fixture.faults.assert_all_met();
    assert_eq!(landed(&door.fixture).await, 2);
    // It is claimed and staged, and the process dies before its rows are committed.
    let other = VISITS.replace("V-", "W-");
    let gate = Gate::new();
    let held = Fault::held(Op::Put, "raw/visits/_delta_log", &gate);
    door.fixture.faults.plan(held);
    let path = begun(&door, other.len(), &[]).await;
    patch(&door, &path, 0, &other).await;
    gate.arrived(1).await;
    assert_eq!(door.get(&path).await.json()["state"], "landing");
    let late = ask(&door, ("DELETE", &path), &[], Body::empty()).await;
    late.problem(409);
    door.fixture.faults.cut();
    let door = door.reopened().await;
    let told = ended(&door, &path).await;
    assert_eq!(told["answer"]["rows"]["landed"], 2, "{told}");
    assert_eq!(landed(&door.fixture).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_which_no_row_lands_is_refused_as_it_would_be_at_once() {
    let door = Door::new().await;
    let bad = "visit_id,office,visited_at,minutes\nV-1,,x,-1\n";
    let told = uploaded(&door, bad, &[("key", "bad")]).await;
    let at_once = door.submit("text/csv", Some("bad"), bad).await.problem(422);
    assert_eq!(told["state"], "refused", "{told}");
    for member in [
        "detail",
        "errors",
        "errors_total",
        "submission",
        "status",
        "hint",
    ] {
        assert_eq!(told["problem"][member], at_once[member], "{member}");
    }
    assert_eq!(told["submission"], at_once["submission"]);
    let other = uploaded(&door, VISITS, &[("key", "bad")]).await;
    assert_eq!(other["problem"]["status"], 409, "{other}");
    assert!(other["problem"]["hint"].is_string(), "{other}");
    let empty = begun(&door, 0, &[]).await;
    assert_eq!(ended(&door, &empty).await["state"], "refused");
    let door = door.reopened().await;
    let again = ended(&door, &empty).await;
    assert_eq!(again["problem"]["status"], 422, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_lands_nothing_and_is_told_again_after_a_restart() {
    let door = Door::new().await;
    let path = begun(&door, VISITS.len(), &[("dry_run", "true")]).await;
    patch(&door, &path, 0, VISITS).await;
    for _ in 0..2 {
        let told = ended(&door, &path).await;
        assert_eq!(
            (&told["state"], &told["dry_run"]),
            (&json!("done"), &json!(true))
        );
        assert_eq!(told["answer"]["rows"]["quarantined"], 1);
        assert!(told.get("submission").is_none(), "{told}");
        assert_eq!(landed(&door.fixture).await, 0);
    }
    let door = door.reopened().await;
    assert_eq!(ended(&door, &path).await["answer"]["rows"]["landed"], 2);
    assert_eq!(landed(&door.fixture).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_at_once_is_refused_before_a_byte_is_sent() {
    let door = Door::new().await;
    for (more, status, named) in [
        ([("control_totals", "nothing:3")], 400, "nothing"),
        ([("adapter", "none")], 400, "none"),
        (
            [("replaces", "0192f0c1-0000-7000-8000-000000000001")],
            404,
            "0192f0c1",
        ),
    ] {
        let problem = create(&door, 10, &more).await.problem(status);
        assert!(
            problem["detail"].as_str().unwrap().contains(named),
            "{problem}"
        );
    }
    let large = create(&door, 2 << 20, &[]).await.problem(413);
    assert!(large["detail"].as_str().unwrap().contains("body_bytes"));
    assert!(files(&door.fixture).is_empty());
}

/// The bearer token of another principal.
async fn other(f: &Fixture, name: &str, agency: Option<&str>) -> String {
    let role = agency.map_or("administrator", |_| "submitter");
    let principal = Principal {
        name: name.to_owned(),
        role: role.to_owned(),
        agency: agency.map(|agency| agency.parse().unwrap()),
    };
    let token = f.house.create_token(&f.admin, &principal).await.unwrap();
    format!("Bearer {}", token.reveal())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_its_owners_alone_and_as_if_it_were_not_there_for_others() {
    let door = Door::new().await;
    let path = begun(&door, VISITS.len(), &[]).await;
    patch(&door, &path, 0, &VISITS[..40]).await;
    let f = &door.fixture;
    let others = [
        other(f, "boss", None).await,
        other(f, "ha-noi", Some("H26")).await,
        other(f, "hcm", Some("H29")).await,
    ];
    for bearer in &others {
        for method in ["HEAD", "GET", "PATCH", "DELETE"] {
            let headers = [PART, ("upload-offset", "40")];
            let answer = ask_as(&door, bearer, (method, &path), &headers, "x").await;
            assert_eq!(answer.status, 404, "{method}: {}", answer.text);
            assert!(method == "HEAD" || answer.json()["hint"].is_string());
            assert!(!answer.text.contains("H26"), "{}", answer.text);
        }
    }
    assert_eq!(offset(&head(&door, &path).await), 40);
    let reader = other_role(f, "analyst").await;
    let denied = ask_as(&door, &reader, ("HEAD", &path), &[], Body::empty()).await;
    assert_eq!(denied.status, 403);
    let metadata = metadata(&[]);
    let headers = [("upload-length", "1"), ("upload-metadata", &*metadata)];
    let foreign = ask_as(
        &door,
        &others[2],
        ("POST", UPLOADS),
        &headers,
        Body::empty(),
    )
    .await;
    foreign.problem(403);
}

async fn other_role(f: &Fixture, role: &str) -> String {
    let principal = Principal {
        name: role.to_owned(),
        role: role.to_owned(),
        agency: None,
    };
    let token = f.house.create_token(&f.admin, &principal).await.unwrap();
    format!("Bearer {}", token.reveal())
}

async fn limited(change: impl FnOnce(&mut UploadLimits)) -> Door {
    let fixture = Fixture::on_disk().await;
    Door::over(
        fixture
            .reopened_with(|settings| change(&mut settings.upload))
            .await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_a_client_may_begin_is_bounded_and_what_it_gives_up_makes_room() {
    let told = |answer: Answer, limit: &str| {
        let problem = answer.problem(429);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(limit), "{detail}");
        assert!(problem["hint"].as_str().unwrap().contains("DELETE"));
        let wait: u64 = answer.headers[header::RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=3600).contains(&wait));
    };
    let door = limited(|limits| {
        limits.per_client = 2;
        limits.bytes_per_client = 1000;
        limits.bytes = 1500;
    })
    .await;
    let first = begun(&door, 400, &[]).await;
    told(
        create(&door, 601, &[]).await,
        "`upload.bytes_per_client` of 1000",
    );
    begun(&door, 600, &[]).await;
    told(create(&door, 0, &[]).await, "`upload.per_client` of 2");
    let boss = other(&door.fixture, "boss", None).await;
    let metadata = metadata(&[]);
    let create_as_boss = async |length: &str| {
        let headers = [("upload-length", length), ("upload-metadata", &*metadata)];
        ask_as(&door, &boss, ("POST", UPLOADS), &headers, Body::empty()).await
    };
    told(create_as_boss("501").await, "`upload.bytes` of 1500");
    assert_eq!(create_as_boss("500").await.status, 201);
    let gone = ask(&door, ("DELETE", &first), &[], Body::empty()).await;
    assert_eq!(gone.status, 204);
    assert_eq!(head(&door, &first).await.status, 404);
    begun(&door, 400, &[]).await;
    assert_eq!(files(&door.fixture).len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_nobody_goes_on_with_is_given_up_by_the_clock_and_at_start() {
    let door = limited(|limits| limits.keep_hours = 2).await;
    let clock = door.fixture.clock.clone();
    let path = begun(&door, 100, &[]).await;
    clock.advance(TimeDelta::minutes(90));
    patch(&door, &path, 0, &VISITS[..10]).await;
    clock.advance(TimeDelta::minutes(90));
    let stands = head(&door, &path).await;
    assert_eq!(
        stands.headers["upload-expires"],
        "Sun, 20 Sep 2026 06:30:00 GMT"
    );
    clock.advance(TimeDelta::minutes(30));
    assert_eq!(head(&door, &path).await.status, 404);
    let problem = patch(&door, &path, 10, "x").await.problem(404);
    assert!(
        problem["hint"].as_str().unwrap().contains("another node"),
        "{problem}"
    );
    // Its bytes go when the next one comes, and at start.
    begun(&door, 100, &[]).await;
    assert_eq!(files(&door.fixture).len(), 2);
    clock.advance(TimeDelta::hours(20));
    let door = door.reopened_with(|s| s.upload.keep_hours = 2).await;
    assert!(files(&door.fixture).is_empty());
    // What is done is told for as long.
    let done = uploaded(&door, VISITS, &[]).await;
    let path = format!("{UPLOADS}/{}", done["id"].as_str().unwrap());
    clock.advance(TimeDelta::minutes(119));
    assert_eq!(door.get(&path).await.status, 200);
    clock.advance(TimeDelta::minutes(1));
    door.get(&path).await.problem(404);
}
