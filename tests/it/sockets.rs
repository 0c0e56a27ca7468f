//! Clients over real sockets: who goes away, who meets a limit, who is cut off by a stop.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::TestHome;

use crate::cli::{Log, Server, done, filled};
use crate::home::VISITS;

/// Rows without end, by any measure of a test: two to the power of forty-eight.
pub const ENDLESS: &str = "with a as (select x.visit_id from raw.visits x, raw.visits b, raw.visits c, \
    raw.visits d, raw.visits e, raw.visits f, raw.visits g, raw.visits h), \
    b as (select x.visit_id from a x, a y), c as (select x.visit_id from b x, b y) \
    select x.visit_id from c x, a y";

/// One row, after all of them: what is added up differs from row to row for all the engine knows.
fn counted() -> String {
    format!("select sum(length(visit_id)) as n from ({ENDLESS})")
}

/// Where visits are submitted.
pub const VISITS_HEAD: &str = "POST /api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26 \
    HTTP/1.1\r\nContent-Type: text/csv";

/// A server with the token of its operator.
pub struct Node {
    pub server: Server,
    pub token: String,
    pub home: TestHome,
}

impl Node {
    pub fn with(settings: &[(&str, u64)]) -> Self {
        Self::logged("", settings).0
    }

    /// With what it logs by that filter.
    pub fn logged(filter: &str, settings: &[(&str, u64)]) -> (Self, Log) {
        Self::over(filled(), filter, settings)
    }

    fn over(home: TestHome, filter: &str, settings: &[(&str, u64)]) -> (Self, Log) {
        let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
        let (server, log) = Server::logged(&home, filter, settings);
        let token = token.trim().to_owned();
        let node = Self {
            server,
            token,
            home,
        };
        (node, log)
    }

    /// Sends the head of a request, and what of its body is given.
    pub fn send(&self, head: &str, length: usize, body: &[u8]) -> TcpStream {
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

    pub fn query(&self, sql: &str) -> TcpStream {
        let body = json!({ "sql": sql }).to_string();
        let head = "POST /api/v1/query HTTP/1.1\r\nContent-Type: application/json\r\n\
            Accept: application/x-ndjson";
        self.send(head, body.len(), body.as_bytes())
    }

    /// A submission whose act has begun, and of whose body nothing was sent.
    fn begun(&self, length: usize) -> TcpStream {
        let head = format!("{VISITS_HEAD}\r\nExpect: 100-continue");
        let mut socket = self.send(&head, length, b"");
        // The server asks for the body once the act has begun.
        let mut asked = [0; 25];
        socket.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        socket
    }

    /// A submission that stands still in the middle of its body, so much of which has come that it
    /// lies in a file.
    pub fn still(&self) -> TcpStream {
        let mut socket = self.begun(1_000_000);
        socket.write_all(&[b'V'; 300_000]).unwrap();
        socket
    }

    /// Waits until so many bodies lie in the spool folder.
    pub fn until_spooled(&self, number: usize) {
        while self.spooled() != number {
            std::thread::yield_now();
        }
    }

    /// Bodies that lie in the spool folder.
    pub fn spooled(&self) -> usize {
        let folder = self.home.path().join("spool");
        std::fs::read_dir(folder).unwrap().count()
    }

    /// The entries of the journal, newest first.
    fn entries(&self) -> Vec<Value> {
        let head = "GET /api/v1/audit/entries?limit=1000 HTTP/1.1";
        let entries = heard(self.send(head, 0, b"")).body;
        serde_json::from_str(&entries).unwrap()
    }

    /// The first entry of the journal about a query in this phase, once there is one.
    fn entry(&self, phase: &str) -> Value {
        loop {
            let wanted = |e: &Value| e["action"] == "query" && e["phase"] == phase;
            if let Some(entry) = self.entries().into_iter().find(wanted) {
                return entry;
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

/// An answer of a known length, read whole.
pub struct Heard {
    pub status: u16,
    /// By their names in lowercase.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Heard {
    /// The detail of a problem with that status, which must have a hint.
    #[track_caller]
    fn detail(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert!(problem["hint"].is_string(), "{problem}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub fn heard(socket: TcpStream) -> Heard {
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map(|told| told.parse().unwrap());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Heard {
        status,
        headers,
        body: String::from_utf8(body).unwrap(),
    }
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
        let detail = heard(node.query(sql)).detail(422);
        assert!(detail.contains(limit), "{name}: {detail}");
        assert_eq!(node.server.stop(), Some(0));
    }
}

#[test]
fn a_submission_that_is_complete_lands_although_the_server_is_told_to_stop() {
    let (node, log) = Node::logged("conduct=debug", &[]);
    let rows = (0..20_000).map(|n| format!("W-{n},Ba Đình,2026-09-01T08:30:00+07:00,1\n"));
    let body = format!(
        "visit_id,office,visited_at,minutes\n{}",
        rows.collect::<String>()
    );
    let mut socket = node.begun(body.len());
    socket.write_all(body.as_bytes()).unwrap();
    let mut complete = log.filter(|line| line.contains("a body is complete"));
    assert!(complete.next().is_some());
    node.server.tell_to_stop();
    let answer = heard(socket);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let receipt: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(receipt["rows"]["landed"], 20_000);
    drop(complete);
    assert_eq!(node.server.wait(), Some(0));
    let sql = "select count(*) as n from raw.visits where visit_id like 'W-%'";
    assert!(done(&node.home, &["query", sql, "--format", "csv"]).ends_with("20000\r\n"));
}

#[test]
fn bodies_that_stand_still_keep_nobody_waiting_and_a_stop_gives_them_up() {
    let limits = [
        ("DTM_SUBMISSION_AT_ONCE", 1),
        ("DTM_SUBMISSION_WAIT_MS", 600_000),
    ];
    let node = Node::with(&limits);
    let still: Vec<TcpStream> = (0..3).map(|_| node.still()).collect();
    let whole = VISITS.replace("V-", "W-");
    let other = heard(node.send(VISITS_HEAD, whole.len(), whole.as_bytes()));
    assert_eq!(other.status, 201, "{}", other.body);
    node.until_spooled(3);
    let told = Instant::now();
    node.server.tell_to_stop();
    for socket in &still {
        let detail = heard(socket.try_clone().unwrap()).detail(503);
        assert!(detail.contains("stopping"), "{detail}");
    }
    assert_eq!(node.spooled(), 0);
    // The clients are there still.
    assert_eq!(node.server.wait(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(60));
    drop(still);
    let (node, _) = Node::over(node.home, "", &[]);
    let entries = node.entries();
    let ended = |outcome: &str| {
        let fits = |e: &&Value| {
            e["action"] == "submit" && e["phase"] == "effect" && e["outcome"] == outcome
        };
        entries.iter().filter(fits).count()
    };
    assert_eq!((ended("failed"), ended("done")), (3, 2));
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn a_body_that_stands_still_ends_with_the_name_of_its_limit() {
    let node = Node::with(&[("DTM_SUBMISSION_WAIT_MS", 200)]);
    let answer = heard(node.still());
    let detail = answer.detail(503);
    assert!(
        detail.contains("`submission.wait_ms` of 200 ms"),
        "{detail}"
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(node.spooled(), 0);
    let ended = |e: &Value| e["action"] == "submit" && e["phase"] == "effect";
    let entry = node.entries().into_iter().find(ended).unwrap();
    assert_eq!(entry["outcome"], "failed", "{entry}");
    assert!(entry["detail"].as_str().unwrap().contains("wait_ms"));
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn clients_that_neither_send_nor_take_their_answer_hold_up_no_stop() {
    let node = Node::with(&[("DTM_STOP_MS", 100), ("DTM_QUERY_WAIT_MS", 600_000)]);
    let mut half_a_head = TcpStream::connect(&node.server.address).unwrap();
    half_a_head
        .write_all(b"GET /healthz HTTP/1.1\r\nHost:")
        .unwrap();
    let json = "POST /api/v1/query HTTP/1.1\r\nContent-Type: application/json";
    let half_a_query = node.send(json, 100, b"{");
    let unread = node.query(ENDLESS);
    // They are heard before this one.
    node.entry("attempt");
    assert_eq!(node.server.stop(), Some(0));
    drop((half_a_head, half_a_query, unread));
}
