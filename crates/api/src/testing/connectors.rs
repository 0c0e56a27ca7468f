//! Connectors and what they fetched.

use chrono::{DateTime, Utc};
use project::Text;
use service::{ConnectorState, ErrorKind, PullReport, PulledPiece, RowCounts};

fn at() -> DateTime<Utc> {
    "2026-09-15T01:02:03.250Z".parse().unwrap()
}

pub(crate) fn connector() -> ConnectorState {
    ConnectorState {
        name: "province-inbox".to_owned(),
        title: Text {
            vi: "Hộp nhận của tỉnh".to_owned(),
            en: "Inbox of the province".to_owned(),
        },
        kind: "folder".to_owned(),
        schedule: "every 900s".to_owned(),
        enabled: true,
        running: false,
        mark: Some("00000000000000000000:H26/<a>.csv".to_owned()),
        started_at: Some(at()),
        ended_at: Some(at()),
        landed: 1_200,
        refused: 1,
        failures: 0,
        error: None,
        error_kind: None,
        due_at: Some(at()),
    }
}

/// One of each state, of each kind, and of each kind of error.
pub(crate) fn connectors() -> Vec<ConnectorState> {
    let fresh = ConnectorState {
        name: "nightly".to_owned(),
        kind: "sql".to_owned(),
        schedule: "cron 30 2 * * *".to_owned(),
        mark: None,
        started_at: None,
        ended_at: None,
        landed: 0,
        refused: 0,
        ..connector()
    };
    let failed = ConnectorState {
        name: "bucket".to_owned(),
        kind: "objects".to_owned(),
        failures: 3,
        error: Some("cannot list `s3://drop`: <no route>".to_owned()),
        error_kind: Some(ErrorKind::Unavailable),
        ..connector()
    };
    let wrong = |name: &str, kind: &str, error_kind| ConnectorState {
        name: name.to_owned(),
        kind: kind.to_owned(),
        failures: 1,
        error: Some("told by the test".to_owned()),
        error_kind,
        ..connector()
    };
    let off = ConnectorState {
        name: "old".to_owned(),
        kind: "sftp".to_owned(),
        enabled: false,
        due_at: None,
        ..connector()
    };
    let running = ConnectorState {
        name: "busy".to_owned(),
        running: true,
        ..connector()
    };
    vec![
        connector(),
        fresh,
        failed,
        off,
        running,
        wrong("declared", "http", Some(ErrorKind::Invalid)),
        wrong("large", "http", Some(ErrorKind::LimitExceeded)),
        wrong("taken", "http", Some(ErrorKind::Conflict)),
        wrong("before", "http", None),
    ]
}

pub(crate) fn pull_report() -> PullReport {
    PullReport {
        connector: "province-inbox".to_owned(),
        started_at: at(),
        seconds: 0.5,
        pieces: vec![
            PulledPiece {
                name: "H26/a.csv".to_owned(),
                landed: true,
                submission: Some(super::ID.parse().unwrap()),
                rows: RowCounts {
                    received: 3,
                    landed: 2,
                    quarantined: 1,
                    warned: 0,
                },
                message: None,
            },
            PulledPiece {
                name: "H26/b.doc".to_owned(),
                landed: false,
                submission: None,
                rows: RowCounts::default(),
                message: Some("`H26/b.doc` has no known format".to_owned()),
            },
        ],
        error: Some("cannot look through the folder `inbox`".to_owned()),
    }
}
