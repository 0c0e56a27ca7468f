//! What a rollback did.

use service::{RestoredDataset, RollbackReport};

/// Two runs undone, and a dataset restored.
pub(crate) fn rollback() -> RollbackReport {
    RollbackReport {
        run: "r1".to_owned(),
        undone: vec!["r2".to_owned(), "r1".to_owned()],
        restored: vec![RestoredDataset {
            dataset: "served.visits".parse().unwrap(),
            from: 5,
            to: 3,
            version: 6,
        }],
    }
}
