//! Selecting datasets by pattern.

use project::DatasetName;
use service::{ErrorKind, ServiceError};

/// Whether the patterns choose the dataset; none choose all.
pub(crate) fn chooses(patterns: &[String], dataset: &DatasetName) -> bool {
    patterns.is_empty()
        || patterns
            .iter()
            .any(|pattern| fits(pattern, dataset.as_str()))
}

/// The error for patterns that choose nothing of that kind.
pub(crate) fn nothing(kind: &str, patterns: &[String]) -> ServiceError {
    let message = format!("no {kind} fits `{}`", patterns.join("`, `"));
    ServiceError::new(ErrorKind::NotFound, message)
        .hint("Select by dataset, with `*` for any part: `served.*`.")
}

/// Whether the name fits the pattern, in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.is_char_boundary(at) && fits(rest, &tail[at..]))
        }),
    }
}
