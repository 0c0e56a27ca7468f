//! What a change changes.

use service::{Impact, Preview, Reader, RetypedColumn, StepState};

/// A change that breaks a report.
pub(crate) fn impact() -> Impact {
    Impact {
        dataset: "refined.visits".parse().unwrap(),
        owner: "statistics".to_owned(),
        what: vec!["contract".to_owned(), "sql".to_owned()],
        added: vec!["note".to_owned()],
        removed: vec!["minutes".to_owned()],
        retyped: vec![RetypedColumn {
            column: "visits".to_owned(),
            from: "Int64".to_owned(),
            to: "Int32".to_owned(),
        }],
        readers: vec![Reader {
            kind: "report".to_owned(),
            name: "visits".to_owned(),
            owners: vec!["statistics".to_owned()],
        }],
        breaks: vec!["column `minutes` is gone, and it is read by report `visits`".to_owned()],
    }
}

/// One that was compared and one that failed.
pub(crate) fn previews() -> Vec<Preview> {
    let preview = |state, message: Option<&str>| Preview {
        dataset: "served.visits".parse().unwrap(),
        state,
        message: message.map(str::to_owned),
        rows_before: 7,
        rows_after: 8,
        added: 2,
        removed: 1,
        changed: 3,
        columns: vec![("minutes".to_owned(), 3)],
        examples: vec!["added: period 2026-09".to_owned()],
    };
    vec![
        preview(StepState::Built, None),
        preview(StepState::Failed, Some("a rule does not hold")),
        preview(StepState::Skipped, None),
    ]
}
