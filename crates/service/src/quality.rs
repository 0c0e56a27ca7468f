//! Results of rules: what runs found of them.

use chrono::{DateTime, Utc};
use project::{Severity, Text};

/// What a run found of a rule of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome {
    /// The run's id.
    pub run: String,
    /// The version of the table that the run made; none if a rule of severity `error` was broken.
    pub version: Option<i64>,
    /// The rule.
    pub rule: String,
    /// The column it speaks of; none for a rule of the table.
    pub column: Option<String>,
    /// What a breach does.
    pub severity: Severity,
    /// Whether the rule holds.
    pub passed: bool,
    /// The rows that break it; for a rule on the number of rows, that number if it is out of
    /// bounds.
    pub failed_rows: u64,
    /// The rows that were checked.
    pub checked_rows: u64,
    /// The rows that keep it only because a missing value leaves the answer open; none for rules
    /// that are not SQL.
    pub null_rows: Option<u64>,
    /// What people are told when it is broken.
    pub message: Text,
    /// When it was checked.
    pub checked_at: DateTime<Utc>,
}
