//! What data would change.

use service::{
    CitingRendition, Rendition, RestatedDataset, RestatedFigure, RestatedRow, Restatement,
    StepState, Supersession,
};

use super::samples;

/// A figure that would be another, in a report that was rendered.
pub(crate) fn restatement() -> Restatement {
    let figure = RestatedFigure {
        column: "visits".to_owned(),
        before: Some("1234".to_owned()),
        after: Some("1240".to_owned()),
        difference: Some("6".to_owned()),
        relative: Some("0.004862".to_owned()),
    };
    Restatement {
        datasets: vec![RestatedDataset {
            dataset: "served.visits".parse().unwrap(),
            state: StepState::Built,
            message: None,
            scope: Some("windows: period 2026-09".to_owned()),
            added: 0,
            removed: 0,
            changed: 1,
            rows: vec![RestatedRow {
                how: "changed".to_owned(),
                key: vec![("period".to_owned(), "2026-09".to_owned())],
                figures: vec![figure],
            }],
        }],
        hidden: 1,
        waiting: vec!["raw.other".parse().unwrap()],
        renditions: vec![CitingRendition {
            id: "0192".to_owned(),
            report: "monthly".to_owned(),
            params: vec![("period".to_owned(), "2026-09".to_owned())],
            rendered_at: samples::receipt().received_at,
        }],
        renditions_total: 1,
        renditions_unknown: 2,
    }
}

/// One whose figures were corrected.
pub(crate) fn superseded() -> Rendition {
    Rendition {
        id: "0191".to_owned(),
        superseded: Some(Supersession {
            at: samples::receipt().received_at,
            run: Some("r1".to_owned()),
            by: Some("0192".to_owned()),
        }),
        ..samples::rendition()
    }
}
