//! What a server tells of itself: a line per request, and its counters.

use serde_json::Value;

use crate::sockets::{ENDLESS, Node, heard};

/// The lines about requests, each with the text it was read from.
fn requests(log: impl Iterator<Item = String>) -> impl Iterator<Item = (Value, String)> {
    let lines = log.map(|line| {
        let value: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        (value, line)
    });
    lines.filter(|(value, _)| value["message"] == "a request ended")
}

#[test]
fn each_request_leaves_one_line_with_the_correlation_id_of_its_answer() {
    let (node, log) = Node::logged("", &[]);
    let probe = heard(node.send("GET /healthz HTTP/1.1", 0, b""));
    assert_eq!(probe.status, 200);
    let answers = [
        heard(node.query("select 'hush-1' as secret")),
        heard(node.send("GET /hush-2?code=hush-3 HTTP/1.1", 0, b"")),
        heard(node.send("GET /api/v1/datasets/raw.visits HTTP/1.1", 0, b"")),
    ];
    let token = node.token;
    assert_eq!(node.server.stop(), Some(0));
    let lines: Vec<(Value, String)> = requests(log).collect();
    assert_eq!(lines.len(), answers.len(), "{lines:?}");
    let expected = [
        ("POST", "/api/v1/query", 200, Some("operator")),
        ("GET", "unknown", 404, None),
        ("GET", "/api/v1/datasets/{dataset}", 200, Some("operator")),
    ];
    for ((answer, wanted), (line, text)) in answers.iter().zip(expected).zip(&lines) {
        let (method, route, status, principal) = wanted;
        let span = &line["span"];
        let id = answer.headers["x-correlation-id"].as_str();
        assert_eq!(span["correlation_id"], id, "{line}");
        assert_eq!(
            (&span["method"], &span["route"]),
            (&method.into(), &route.into())
        );
        assert_eq!(span["principal"].as_str(), principal, "{line}");
        assert_eq!((answer.status, &line["status"]), (status, &status.into()));
        assert_eq!(line["sent_bytes"], answer.body.len(), "{line}");
        assert_eq!(line["end"], "complete", "{line}");
        assert!(
            line["took_ms"].as_f64().is_some_and(|ms| ms > 0.0),
            "{line}"
        );
        assert_eq!(line["level"], "INFO");
        assert!(!text.contains("hush") && !text.contains(&token), "{text}");
    }
}

#[test]
fn a_client_that_goes_away_leaves_its_line_too() {
    let (node, log) = Node::logged("", &[("DTM_QUERY_WAIT_MS", 600_000)]);
    let socket = node.query(ENDLESS);
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut &socket, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    drop(socket);
    let (line, _) = requests(log).next().unwrap();
    assert_eq!(
        (&line["status"], &line["end"]),
        (&200.into(), &"left".into())
    );
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn a_reader_of_the_log_who_stands_still_stops_nothing() {
    let (node, log) = Node::logged("", &[]);
    // Several times what a pipe holds.
    for _ in 0..800 {
        assert_eq!(
            heard(node.send("GET /nowhere HTTP/1.1", 0, b"")).status,
            404
        );
    }
    assert_eq!(node.server.stop(), Some(0));
    drop(log);
}

#[test]
fn a_server_counts_its_acts_and_its_requests() {
    let node = Node::with(&[]);
    assert_eq!(heard(node.query("select 1 as one")).status, 200);
    let metrics = heard(node.send("GET /metrics HTTP/1.1", 0, b""));
    assert_eq!(metrics.status, 200);
    for line in [
        r#"dtm_acts_total{action="query",outcome="done"} 1"#,
        r#"dtm_acts_total{action="read_metrics",outcome="done"} 1"#,
        r#"dtm_http_requests_total{method="POST",path="/api/v1/query",status="200"} 1"#,
    ] {
        let found = metrics.body.lines().any(|told| told == line);
        assert!(found, "{line} is not in\n{}", metrics.body);
    }
    assert_eq!(node.server.stop(), Some(0));
}
