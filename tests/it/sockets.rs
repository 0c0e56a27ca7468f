//! Clients over real sockets: who goes away, who meets a limit, who is cut off by a stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use testkit::TestHome;

use crate::cli::{Server, done, filled};
use crate::home::VISITS;

/// Rows without end, by any measure of a test: two to the power of forty-eight.
const ENDLESS: &str = "with a as (select x.visit_id from raw.visits x, raw.visits b, raw.visits c, \
    raw.visits d, raw.visits e, raw.visits f, raw.visits g, raw.visits h), \
    b as (select x.visit_id from a x, a y), c as (select x.visit_id from b x, b y) \
    select x.visit_id from c x, a y";

/// One row, after all of them: what is added up differs from row to row for all the engine knows.
fn counted() -> String {
    format!("select sum(length(visit_id)) as n from ({ENDLESS})")
}

/// A server with the token of its operator.
struct Node {
    server: Server,
    token: String,
    home: TestHome,
}

impl Node {
    fn with(settings: &[(&str, u64)]) -> Self {
        let home = filled();
        let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
        let server = Server::with(&home, settings);
        let token = token.trim().to_owned();
        Self {
            server,
            token,
            home,
        }
    }

    /// Sends the head of a request, and what of its body is given.
    fn send(&self, head: &str, length: usize, body: &[u8]) -> TcpStream {
        let mut socket = TcpStream::connect(&self.server.address).unwrap();
        let (address, token) = (&self.server.address, &self.token);
        let head = format!(
            "{head}\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body).unwrap();
        socket
    }

    fn query(&self, sql: &str) -> TcpStream {
        let body = json!({ "sql": sql }).to_string();
        let head = "POST /api/v1/query HTTP/1.1\r\nContent-Type: application/json\r\n\
            Accept: application/x-ndjson";
        self.send(head, body.len(), body.as_bytes())
    }

    /// The first entry of the journal about a query in this phase, once there is one.
    fn entry(&self, phase: &str) -> Value {
        loop {
            let head = "GET /api/v1/audit/entries?limit=1000 HTTP/1.1";
            let (_, entries) = answer(self.send(head, 0, b""));
            let entries: Vec<Value> = serde_json::from_str(&entries).unwrap();
            let wanted = |e: &&Value| e["action"] == "query" && e["phase"] == phase;
            if let Some(entry) = entries.iter().find(wanted) {
                return entry.clone();
            }
        }
    }

    /// What the journal says about the end of a query whose client went away.
    fn end_of_query(&self) -> Value {
        let entry = self.entry("effect");
        assert_eq!(entry["outcome"], "failed", "{entry}");
        serde_json::from_str(entry["detail"].as_str().unwrap()).unwrap()
    }
}

/// Status and body of an answer.
fn answer(socket: TcpStream) -> (u16, String) {
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(told) = line.strip_prefix("content-length:") {
            length = told.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (status, String::from_utf8(body).unwrap())
}

#[test]
fn a_query_ends_when_its_client_goes_away_while_it_reads() {
    let node = Node::with(&[("DTM_QUERY_WAIT_MS", 600_000)]);
    let mut socket = node.query(ENDLESS);
    let mut first = [0; 64];
    socket.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200"), "{first:?}");
    drop(socket);
    let end = node.end_of_query();
    assert_eq!(end["error"], "the answer was dropped before its end");
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn a_query_ends_when_its_client_goes_away_before_the_first_row() {
    let node = Node::with(&[("DTM_QUERY_WAIT_MS", 600_000)]);
    let socket = node.query(&counted());
    node.entry("attempt");
    drop(socket);
    let end = node.end_of_query();
    // It may have been planning still, or adding up.
    let told = end["error"].as_str().unwrap();
    assert!(
        told.ends_with("before its end") || told.ends_with("before the end"),
        "{end}"
    );
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn each_limit_of_a_query_is_told_to_its_client() {
    let counted = counted();
    let sorted = format!("select visit_id from ({ENDLESS}) order by visit_id");
    for (name, value, sql, limit) in [
        ("DTM_QUERY_WAIT_MS", 300, &*counted, "query.wait_ms"),
        ("DTM_QUERY_MEMORY_BYTES", 4_000_000, &sorted, "query."),
        (
            "DTM_QUERY_ROWS",
            1,
            "select visit_id from raw.visits",
            "query.rows",
        ),
        (
            "DTM_QUERY_BYTES",
            8,
            "select visit_id from raw.visits",
            "query.bytes",
        ),
    ] {
        let node = Node::with(&[("DTM_QUERY_SPILL_BYTES", 4_000_000), (name, value)]);
        let (status, problem) = answer(node.query(sql));
        assert_eq!(status, 422, "{name}: {problem}");
        let problem: Value = serde_json::from_str(&problem).unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(limit), "{name}: {detail}");
        assert!(problem["hint"].is_string(), "{name}: {problem}");
        assert_eq!(node.server.stop(), Some(0));
    }
}

#[test]
fn a_submission_that_was_begun_lands_although_the_server_is_told_to_stop() {
    let node = Node::with(&[]);
    let body = VISITS.replace("V-", "W-");
    let head = "POST /api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26 HTTP/1.1\r\n\
        Content-Type: text/csv\r\nExpect: 100-continue";
    let (first, rest) = body.as_bytes().split_at(40);
    let mut socket = node.send(head, body.len(), b"");
    // The server asks for the body once the act has begun.
    let mut asked = [0; 25];
    socket.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(first).unwrap();
    node.server.tell_to_stop();
    // It listens until it has heard; then new work is refused.
    while TcpStream::connect(&node.server.address).is_ok() {}
    socket.write_all(rest).unwrap();
    let (status, receipt) = answer(socket);
    assert_eq!(status, 201, "{receipt}");
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["rows"]["landed"], 2);
    assert_eq!(node.server.wait(), Some(0));
    let sql = "select count(*) as n from raw.visits where visit_id like 'W-%'";
    assert!(done(&node.home, &["query", sql, "--format", "csv"]).ends_with("2\r\n"));
}
