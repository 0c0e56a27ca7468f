//! A body that is much larger than what the process may hold, made as it is sent.

use std::io::Write;
use std::net::TcpStream;

use super::memory::peak;
use super::{done, json};
use crate::sockets::{Node, heard};

/// What the process may hold at the most.
const MOST: u64 = 1 << 30;

/// A row as wide as those of dossiers are; each has as many bytes as the next.
fn row(number: u64) -> String {
    // Letters: twelve digits would look like a citizen's.
    let letter = |place| char::from(b'A' + (number / 26_u64.pow(place) % 26) as u8);
    let id: String = (0..8).map(letter).collect();
    let office = "Bộ phận Tiếp nhận và Trả kết quả giải quyết thủ tục hành chính. ".repeat(3);
    let minutes = 10 + number % 50;
    format!(
        "{{\"visit_id\":\"L-{id}\",\"office\":\"{office}\",\
         \"visited_at\":\"2026-09-01T08:30:00+07:00\",\"minutes\":{minutes}}}\n"
    )
}

/// Sends so many rows, a thousand at a time.
fn send(socket: &mut TcpStream, rows: u64) {
    for from in (0..rows).step_by(1000) {
        let chunk: String = (from..rows.min(from + 1000)).map(row).collect();
        socket.write_all(chunk.as_bytes()).unwrap();
    }
}

#[test]
fn a_large_body_lands_in_less_than_a_gibibyte() {
    let bytes = testkit::large_bytes(60_000_000);
    let width = row(0).len() as u64;
    let rows = bytes / width;
    let node = Node::with(&[("DTM_SUBMISSION_BODY_BYTES", bytes)]);
    let head = "POST /api/v1/datasets/raw.visits/submissions?period=2026-09&agency=H26 HTTP/1.1\r\n\
        Content-Type: application/x-ndjson";
    let length = usize::try_from(rows * width).unwrap();
    let mut socket = node.send(head, length, b"");
    send(&mut socket, rows);
    let answer = heard(socket);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let receipt = json(&answer.body);
    assert_eq!(receipt["rows"]["landed"], rows);
    assert_eq!(receipt["evidence"]["size_bytes"], rows * width);
    let peak = peak(&node.server);
    println!(
        "{rows} rows, {} bytes: a peak of {peak} bytes",
        rows * width
    );
    assert!(peak < MOST, "{peak}");
    assert_eq!(node.server.stop(), Some(0));
    let home = node.home;
    let sql = "select count(*) as n from raw.visits where visit_id like 'L-%'";
    let counted = json(&done(&home, &["query", sql, "--format", "json"]));
    assert_eq!(counted[0]["n"], rows);
}
