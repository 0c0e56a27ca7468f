//! More than there is room for: who is refused, who is served next, and that nothing is kept of
//! whoever is told to come again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use axum::http::header;
use bytes::Bytes;
use chrono::TimeDelta;
use futures::{StreamExt, stream};
use service::{Call, Door, Service, ServiceError, SubmitAnswer, SubmitRequest};
use testkit::{Fault, Gate, Op, TestHome};

use crate::cli::{done, run};
use crate::home::{Fixture, VISITS, visits};
use crate::http::{Answer, Door as HttpDoor};
use crate::sockets::{Node, VISITS_HEAD, heard};

/// Longer than any of these take; a test that waits for ever says so.
const PATIENCE: Duration = Duration::from_secs(120);

async fn limited(change: impl FnOnce(&mut conduct::Settings)) -> HttpDoor {
    HttpDoor::over(Fixture::on_disk().await.reopened_with(change).await)
}

fn csv(key: &str) -> (&'static str, Option<&str>, &'static str) {
    ("text/csv", Some(key), VISITS)
}

async fn submit(door: &HttpDoor, key: &str) -> Answer {
    let (media_type, key, body) = csv(key);
    door.submit(media_type, key, body).await
}

/// The seconds that a refusal tells to wait, which names the limit and leaves nothing behind.
#[track_caller]
fn told_to_wait(answer: &Answer, limit: &str) -> i64 {
    let problem = answer.problem(429);
    assert_eq!(problem["type"], "urn:dtm:problem:busy");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(limit), "{detail}");
    let wait = answer.headers[header::RETRY_AFTER].to_str().unwrap();
    let hint = problem["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("in {wait} s")), "{hint}");
    assert!(problem.get("submission").is_none(), "{problem}");
    wait.parse().unwrap()
}

fn spooled(f: &Fixture) -> usize {
    std::fs::read_dir(f.spool_folder()).unwrap().count()
}

fn evidence(f: &Fixture) -> usize {
    fn files(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let of = |path: std::path::PathBuf| if path.is_dir() { files(&path) } else { 1 };
        entries.map(|entry| of(entry.path())).sum()
    }
    files(&f.spool_folder().parent().unwrap().join("lake/evidence"))
}

#[tokio::test(flavor = "multi_thread")]
async fn over_an_agencys_limit_nothing_is_kept_and_whoever_waits_as_told_is_taken() {
    let door = limited(|limits| limits.bodies_per_agency = 1).await;
    let gate = Gate::new();
    door.fixture
        .faults
        .plan(Fault::held(Op::Put, "evidence", &gate));
    let second = async {
        gate.arrived(1).await;
        let refused = submit(&door, "k2").await;
        gate.open();
        told_to_wait(&refused, "`submission.bodies_per_agency` of 1")
    };
    let (first, wait) = tokio::join!(submit(&door, "k1"), second);
    assert_eq!(first.status, 201, "{}", first.text);
    let known = door.get("/api/v1/submissions").await.json();
    assert_eq!(known.as_array().map(Vec::len), Some(1), "{known}");
    assert_eq!((spooled(&door.fixture), evidence(&door.fixture)), (0, 1));
    door.fixture.clock.advance(TimeDelta::seconds(wait));
    let again = submit(&door, "k2").await;
    assert_eq!(again.status, 201, "{}", again.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_too_often_is_told_when_to_come_and_then_taken() {
    let door = limited(|limits| {
        limits.client_per_second = 1;
        limits.client_burst = 2;
    })
    .await;
    for key in ["k1", "k2"] {
        assert_eq!(submit(&door, key).await.status, 201);
    }
    let wait = told_to_wait(
        &submit(&door, "k3").await,
        "`operator` met the limit `submission.client_per_second` of 1",
    );
    // Those of the two that were taken.
    assert_eq!(evidence(&door.fixture), 2);
    door.fixture.clock.advance(TimeDelta::seconds(wait));
    assert_eq!(submit(&door, "k3").await.status, 201);
    told_to_wait(&submit(&door, "k4").await, "client_per_second");
}

/// A large body has its turn before it is kept, a small one afterwards.
async fn send(
    f: &Fixture,
    agency: &str,
    name: &str,
    large: bool,
) -> Result<SubmitAnswer, ServiceError> {
    let call = Call {
        door: Door::Http,
        ..f.admin.clone()
    };
    let request = SubmitRequest {
        agency: Some(agency.parse().unwrap()),
        ..visits()
    };
    let blank = "\n".repeat(if large { 300_000 } else { 0 });
    let body = VISITS.replace("V-", &format!("{name}-")) + &blank;
    let body = stream::iter([Ok(Bytes::from(body))]).boxed();
    f.house.submit(&call, request, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_hundreds_of_one_agency_wait_another_is_answered() {
    const FLOOD: usize = 200;
    let change = |limits: &mut conduct::Settings| {
        limits.submissions_at_once = 1;
        limits.bodies_at_once = FLOOD + 50;
        limits.bodies_per_agency = FLOOD;
    };
    let f = Fixture::on_disk().await.reopened_with(change).await;
    let gate = Gate::new();
    f.faults.plan(Fault::held(Op::Put, "evidence", &gate));
    let flood = (0..FLOOD).map(|n| {
        let f = &f;
        async move { send(f, "H26", &format!("F{n}"), true).await }
    });
    let other = async {
        gate.arrived(1).await;
        while spooled(&f) < FLOOD {
            tokio::task::yield_now().await;
        }
        // The only place is taken until the gate is open, and it opens once this is answered.
        for n in 0..3 {
            let answer = send(&f, "H29", &format!("O{n}"), false).await.unwrap();
            assert_eq!(answer.receipt.rows.landed, 2);
        }
        let landed = "select count(distinct _submission_id) from raw.visits";
        assert_eq!(f.number(landed).await, 3);
        let more = send(&f, "H26", "more", false).await.unwrap_err();
        assert_eq!(more.kind, service::ErrorKind::Busy);
        gate.open();
    };
    let both = async { tokio::join!(futures::future::join_all(flood), other) };
    let (flood, ()) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert!(flood.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_acknowledged_keeps_its_place_until_it_is_landed_and_its_replay_is_answered()
{
    let door = limited(|limits| limits.bodies_per_agency = 1).await;
    let gate = Gate::new();
    let held = Fault::held(Op::Put, "raw/visits/_delta_log", &gate);
    door.fixture.faults.plan(held);
    let durable = async || {
        let headers = [("content-type", "text/csv"), ("idempotency-key", "k")];
        door.submit_with("&ack=durable", &headers, VISITS).await
    };
    let first = durable().await;
    assert_eq!(first.status, 202, "{}", first.text);
    gate.arrived(1).await;
    told_to_wait(&durable().await, "bodies_per_agency");
    gate.open();
    let replayed = async {
        loop {
            let answer = durable().await;
            match answer.status.as_u16() {
                429 | 503 => tokio::task::yield_now().await,
                _ => break answer,
            }
        }
    };
    let replay = tokio::time::timeout(PATIENCE, replayed).await.unwrap();
    assert_eq!(replay.status, 200, "{}", replay.text);
    assert_eq!(replay.json()["id"], first.json()["id"]);
    assert_eq!(replay.json()["rows"]["landed"], 2);
}

#[test]
fn a_client_that_goes_away_gives_its_place_back() {
    let limits = [
        ("DTM_SUBMISSION_BODIES_PER_AGENCY", 2),
        ("DTM_SUBMISSION_WAIT_MS", 600_000),
    ];
    let node = Node::with(&limits);
    let still: Vec<TcpStream> = (0..2).map(|_| node.still()).collect();
    let whole = VISITS.replace("V-", "W-");
    let sent = || heard(node.send(VISITS_HEAD, whole.len(), whole.as_bytes()));
    for _ in 0..20 {
        let refused = sent();
        assert_eq!(refused.status, 429, "{}", refused.body);
        let wait: u64 = refused.headers["retry-after"].parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    node.until_spooled(2);
    drop(still);
    let answer = loop {
        let answer = sent();
        if answer.status != 429 {
            break answer;
        }
    };
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(node.server.stop(), Some(0));
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_command_waits_as_it_is_told_and_every_file_lands() {
    let rate = [
        ("DTM_SUBMISSION_CLIENT_PER_SECOND", 1),
        ("DTM_SUBMISSION_CLIENT_BURST", 1),
    ];
    let node = Node::with(&rate);
    let home = TestHome::new();
    let files = ["a", "b", "c"].map(|name| {
        let body = VISITS.replace("V-", &format!("{name}-"));
        let file = home.write(&format!("{name}.csv"), body);
        file.to_str().unwrap().to_owned()
    });
    let url = format!("http://{}", node.server.address);
    let mut args = vec!["submit", "raw.visits"];
    args.extend(files.iter().map(String::as_str));
    let to = ["--agency", "H26", "--period", "2026-09", "--server", &url];
    args.extend(
        to.iter()
            .chain(&["--token", &node.token, "--format", "json"]),
    );
    let output = run(&home, &args);
    assert!(output.status.success(), "{}", told(&output));
    assert!(
        told(&output).contains("sending it again in 1 s"),
        "{}",
        told(&output)
    );
    let receipts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(receipts.as_array().map(Vec::len), Some(3));
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn the_command_does_not_wait_for_longer_than_is_good() {
    let home = TestHome::new();
    done(&home, &["init"]);
    let file = home.write("visits.csv", VISITS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // No server of ours asks for as much; what stands before one may.
    let answering = std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let answer = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\n\
                Content-Length: 0\r\nConnection: close\r\n\r\n";
            socket.write_all(answer.as_bytes()).unwrap();
            // Until the client has read it and gone.
            let _ = socket.read_to_end(&mut Vec::new());
        });
        let file = file.to_str().unwrap();
        let to = ["--agency", "H26", "--period", "2026-09", "--server", &url];
        run(&home, &[&["submit", "raw.visits", file][..], &to].concat())
    });
    assert_eq!(answering.status.code(), Some(3), "{}", told(&answering));
    assert!(told(&answering).contains("429"), "{}", told(&answering));
}
