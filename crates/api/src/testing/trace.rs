//! What is behind a figure.

use service::{TraceAnswer, TraceRole, TraceStop, TracedSubmission};

/// One submission in each role, and an operator that stopped the way back.
pub(crate) fn trace() -> TraceAnswer {
    let submission = |dataset: &str, role, rows| TracedSubmission {
        id: super::ID.parse().unwrap(),
        dataset: dataset.parse().unwrap(),
        agency: "H26.01".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        evidence_sha256: "ab".repeat(32),
        role,
        rows,
    };
    let version = |dataset: &str, version| (dataset.parse().unwrap(), version);
    TraceAnswer {
        dataset: "served.visits".parse().unwrap(),
        run: Some("r1".to_owned()),
        rows: 1,
        exact: false,
        stops: vec![TraceStop {
            dataset: "refined.visits".parse().unwrap(),
            operator: "a window function".to_owned(),
        }],
        verified: true,
        submissions: vec![
            submission("raw.offices", TraceRole::Presence, 1),
            submission("raw.visits", TraceRole::Value, 2),
        ],
        versions: [version("raw.visits", 7), version("served.visits", 3)].into(),
    }
}
