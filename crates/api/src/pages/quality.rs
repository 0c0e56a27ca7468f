//! What the last run found of a dataset's rules.

use project::Severity;
use render::format::{Formats, NOTHING};
use service::{Action, Page, RuleOutcome};

use super::shell::Shell;

/// As many results as are asked for: more than a contract has rules.
pub(super) const NEWEST: Page = Page {
    offset: 0,
    limit: 1000,
};

/// The last run that judged the dataset, and what it found.
pub(super) struct LastRun {
    pub(super) id: String,
    /// Whether its page may be read.
    pub(super) linked: bool,
    pub(super) checked_at: String,
    /// Whether it made a version.
    pub(super) built: bool,
    /// What it found, broken rules first.
    pub(super) rules: Vec<OutcomeRow>,
}

pub(super) struct OutcomeRow {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) error: bool,
    pub(super) passed: bool,
    pub(super) failed: String,
    pub(super) checked: String,
    /// The rows that could not be judged.
    pub(super) open: String,
}

/// The results of the newest run, of results that come newest first; none if there are none.
pub(super) fn last_run(
    mut outcomes: Vec<RuleOutcome>,
    shell: &Shell,
    formats: &Formats,
) -> Option<LastRun> {
    let first = outcomes.first()?;
    let (id, checked_at, built) = (first.run.clone(), first.checked_at, first.version.is_some());
    outcomes.retain(|outcome| outcome.run == id);
    outcomes.sort_by_key(|outcome| outcome.passed);
    Some(LastRun {
        linked: shell.offers(Action::ReadRuns),
        checked_at: formats.date_time(checked_at),
        built,
        rules: outcomes.iter().map(|o| row(o, formats)).collect(),
        id,
    })
}

fn row(outcome: &RuleOutcome, formats: &Formats) -> OutcomeRow {
    let nothing = || NOTHING.to_owned();
    let open = outcome.null_rows.map(|rows| formats.integer(rows));
    OutcomeRow {
        name: outcome.rule.clone(),
        column: outcome.column.clone().unwrap_or_else(nothing),
        error: outcome.severity == Severity::Error,
        passed: outcome.passed,
        failed: formats.integer(outcome.failed_rows),
        checked: formats.integer(outcome.checked_rows),
        open: open.unwrap_or_else(nothing),
    }
}
