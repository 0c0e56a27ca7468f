//! Bombs that are sent to a server: others are answered meanwhile, and its memory stays bounded.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::memory::peak;
use super::{Server, filled};
use crate::home::VISITS;
use crate::hostile::recipes::{RECIPES, VISITS as TABLE};

/// What the process may grow by while all bombs are decoded, two at a time: each may hold a message
/// of Arrow, or what a frame of zstd looks back, and the rows that were made of it.
const GROWTH: u64 = 640 << 20;

/// A machine that does other things besides must not fail the test; a server that stands still must.
const SLOWEST: Duration = Duration::from_secs(20);

const SUBMISSIONS: &str = "/api/v1/datasets/raw.visits/submissions?period=2026-09";

/// A client of the server.
struct Client<'s> {
    server: &'s Server,
    token: String,
}

impl Client<'_> {
    /// The status of the answer, which is read to its end.
    fn post(&self, path: &str, headers: &str, body: &[u8]) -> u16 {
        let mut socket = TcpStream::connect(&self.server.address).unwrap();
        let (token, length) = (&self.token, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {length}\r\n{headers}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        // A server that has refused the body need not read it to its end.
        let _ = socket.write_all(body);
        let mut answer = BufReader::new(socket);
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        let _ = answer.read_to_end(&mut Vec::new());
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn bomb(&self, name: &str, body: &[u8]) -> u16 {
        const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        let packed = |name: &str| match name.rsplit('.').next() {
            Some("gz") => "\r\nContent-Encoding: gzip",
            Some("zst") => "\r\nContent-Encoding: zstd",
            _ => "",
        };
        let kinds = [
            (".csv", "text/csv"),
            (".ndjson", "application/x-ndjson"),
            (".json", "application/json"),
            (".xml", "application/xml"),
            (".xlsx", SHEET),
            (".parquet", "application/vnd.apache.parquet"),
            (".arrows", "application/vnd.apache.arrow.stream"),
        ];
        let kind = kinds.iter().find(|(ending, _)| name.contains(ending));
        let headers = format!("Content-Type: {}{}", kind.unwrap().1, packed(name));
        self.post(&format!("{SUBMISSIONS}&agency=H26"), &headers, body)
    }

    /// How long a query and a small submission of another agency take.
    fn other(&self, key: usize) -> Duration {
        let begun = Instant::now();
        let query = br#"{"sql": "select count(*) as n from raw.visits"}"#;
        let json = "Content-Type: application/json";
        assert_eq!(self.post("/api/v1/query", json, query), 200);
        let body = VISITS.replace("V-", &format!("W-{key}-"));
        let path = format!("{SUBMISSIONS}&agency=H29");
        assert_eq!(
            self.post(&path, "Content-Type: text/csv", body.as_bytes()),
            201
        );
        begun.elapsed()
    }
}

#[test]
fn while_bombs_are_sent_others_are_answered_and_memory_stays_bounded() {
    let home = filled();
    let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
    let server = Server::of(&home);
    let client = Client {
        server: &server,
        token: token.trim().to_owned(),
    };
    let bombs: Vec<(&str, Vec<u8>)> = RECIPES
        .iter()
        .map(|(name, make)| (*name, make(TABLE)))
        .collect();
    // What the server holds once it has done a little of everything.
    let usual = (0..5).map(|key| client.other(key)).max().unwrap();
    let before = peak(&server);
    let done = AtomicBool::new(false);
    let (slowest, answered) = std::thread::scope(|scope| {
        let half = bombs.len() / 2;
        let client = &client;
        let senders = [&bombs[..half], &bombs[half..]].map(|bombs| {
            scope.spawn(move || {
                for (name, body) in bombs {
                    let status = client.bomb(name, body);
                    assert!(status < 500, "{name}: {status}");
                }
            })
        });
        let other = scope.spawn(|| {
            let (mut slowest, mut answered) = (Duration::ZERO, 5);
            while !done.load(Ordering::Relaxed) {
                slowest = slowest.max(client.other(answered));
                answered += 1;
            }
            (slowest, answered - 5)
        });
        let sent: Vec<_> = senders.into_iter().map(|sender| sender.join()).collect();
        done.store(true, Ordering::Relaxed);
        let other = other.join().unwrap();
        for sent in sent {
            sent.unwrap();
        }
        other
    });
    let grown = peak(&server).saturating_sub(before);
    let told = format!(
        "grown by {grown} bytes; {answered} answered meanwhile, the slowest in {slowest:?}, before \
         in {usual:?}"
    );
    println!("{told}");
    assert!(grown <= GROWTH, "{told}");
    assert!(answered > 0 && slowest <= SLOWEST, "{told}");
    assert_eq!(server.stop(), Some(0));
}
