//! What a server tells of itself: a line per request, and its counters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::done;
use crate::home::VISITS;
use crate::sockets::{ENDLESS, Node, VISITS_HEAD, heard};

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

/// How often each part of runs was timed, and how long it took, as a server tells.
fn parts(node: &Node) -> BTreeMap<String, (u64, f64)> {
    let metrics = heard(node.send("GET /metrics HTTP/1.1", 0, b"")).body;
    let told = |kind: &str| -> BTreeMap<String, f64> {
        let head = format!("dtm_run_part_seconds_{kind}{{part=\"");
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(&head));
        let pairs = lines.map(|line| line.split_once("\"} ").unwrap());
        pairs
            .map(|(part, value)| (part.to_owned(), value.parse().unwrap()))
            .collect()
    };
    let (counts, sums) = (told("count"), told("sum"));
    assert!(counts.keys().eq(sums.keys()), "{metrics}");
    let both = counts.into_iter().zip(sums.into_values());
    both.map(|((part, count), sum)| (part, (count as u64, sum)))
        .collect()
}

#[test]
fn a_server_times_every_part_of_a_run() {
    let node = Node::with(&[]);
    assert_eq!(parts(&node), BTreeMap::new());
    done(&node.home, &["run"]);
    let built = parts(&node);
    let names: Vec<&str> = built.keys().map(String::as_str).collect();
    let expected = [
        "commit", "compute", "plan", "profile", "publish", "record", "rules",
    ];
    assert_eq!(names, expected);
    for (part, (count, seconds)) in &built {
        assert!(*count > 0 && *seconds > 0.0, "{part}: {built:?}");
    }
    // One dataset is computed, and none where nothing changed.
    assert_eq!(built["commit"].0, 1);
    done(&node.home, &["run"]);
    let unchanged = parts(&node);
    for part in ["commit", "compute", "rules", "profile"] {
        assert_eq!(unchanged[part], built[part], "{part}");
    }
    assert_eq!(unchanged["plan"].0, built["plan"].0 + 1);
    assert_eq!(node.server.stop(), Some(0));
}

/// The names of metrics that the table tells of.
fn told_metrics() -> Vec<&'static str> {
    let table = include_str!("../../crates/server/src/telemetry/metrics.md");
    let rows = table.lines().filter_map(|row| row.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap()).collect()
}

#[test]
fn a_server_counts_what_it_received_refused_and_committed() {
    let node = Node::with(&[
        ("DTM_SUBMISSION_CLIENT_PER_SECOND", 1),
        ("DTM_SUBMISSION_CLIENT_BURST", 2),
    ]);
    let good = VISITS.replace("V-", "W-");
    let bad = "visit_id,office,visited_at,minutes\nV-1,,2026-09-01T08:30:00+07:00,-1\n";
    for (body, status) in [(&*good, 201), (bad, 422), (bad, 429)] {
        let answer = heard(node.send(VISITS_HEAD, body.len(), body.as_bytes()));
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let metrics = heard(node.send("GET /metrics HTTP/1.1", 0, b"")).body;
    let bytes = good.len() + bad.len();
    for line in [
        r#"dtm_submissions_total{outcome="committed"} 1"#,
        r#"dtm_submissions_total{outcome="refused"} 1"#,
        r#"dtm_submissions_turned_away_total{limit="submission.client_per_second"} 1"#,
        r#"dtm_submissions_in_work{state="receiving"} 0"#,
        r#"dtm_submissions_in_work{state="waiting"} 0"#,
        r#"dtm_submissions_in_work{state="judging"} 0"#,
        r#"dtm_submissions_in_work{state="landing"} 0"#,
        r#"dtm_rows_received_total{dataset="raw.visits",outcome="landed"} 2"#,
        r#"dtm_rows_received_total{dataset="raw.visits",outcome="quarantined"} 2"#,
        r#"dtm_rejections_total{of="row",rule="range"} 2"#,
        r#"dtm_rejections_total{of="row",rule="required"} 2"#,
        r#"dtm_commits_total{dataset="raw.visits",outcome="done"} 1"#,
        r#"dtm_commits_total{dataset="system.quarantine",outcome="done"} 2"#,
        r#"dtm_commit_seconds_count{dataset="raw.visits"} 1"#,
        r#"dtm_commit_submissions_bucket{dataset="raw.visits",le="1"} 1"#,
        r#"dtm_commit_submissions_sum{dataset="raw.visits"} 1"#,
        r#"dtm_evidence_writes_total{outcome="written"} 2"#,
        &format!("dtm_evidence_bytes_total {bytes}"),
        &format!(r#"dtm_body_bytes_total{{way="post"}} {bytes}"#),
        "dtm_uploads 0",
    ] {
        let found = metrics.lines().any(|told| told == line);
        assert!(found, "{line} is not in\n{metrics}");
    }
    let told = told_metrics();
    assert!(told.len() > 20, "{told:?}");
    let kinds = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    for name in kinds.filter_map(|line| line.split(' ').next()) {
        assert!(
            told.contains(&name),
            "`{name}` is not in the table of metrics"
        );
        assert!(metrics.contains(&format!("# HELP {name} ")), "{name}");
    }
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn a_body_that_is_on_its_way_is_counted_as_long_as_it_is() {
    let node = Node::with(&[("DTM_SUBMISSION_WAIT_MS", 600_000)]);
    let still = [node.still(), node.still()];
    let line = |number: usize| format!(r#"dtm_submissions_in_work{{state="receiving"}} {number}"#);
    let until = |number: usize| {
        let told = line(number);
        while !heard(node.send("GET /metrics HTTP/1.1", 0, b""))
            .body
            .lines()
            .any(|line| line == told)
        {}
    };
    until(2);
    drop(still);
    until(0);
    assert_eq!(node.server.stop(), Some(0));
}
