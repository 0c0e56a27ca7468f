//! What the last run found of a dataset's rules.

use project::{DatasetName, Severity};
use render::format::{Formats, NOTHING};
use service::{Action, Page, RuleOutcome};

use super::shell::Shell;

const ROWS: &str = include_str!("../../sql/failing_rows.sql");

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
    /// The key of the word for it.
    pub(super) severity: &'static str,
    pub(super) passed: bool,
    pub(super) failed: String,
    /// The query for the rows that break it, for whoever may ask it.
    pub(super) rows: Option<String>,
    pub(super) checked: String,
    /// The rows that could not be judged.
    pub(super) open: String,
}

/// The results of the newest run, of results that come newest first; none if there are none.
pub(super) fn last_run(
    dataset: &DatasetName,
    mut outcomes: Vec<RuleOutcome>,
    shell: &Shell,
    formats: &Formats,
) -> Option<LastRun> {
    let first = outcomes.first()?;
    let (id, checked_at, built) = (first.run.clone(), first.checked_at, first.version.is_some());
    outcomes.retain(|outcome| outcome.run == id);
    outcomes.sort_by_key(|outcome| outcome.passed);
    let asked = shell.offers(Action::Query);
    let row = |outcome: &RuleOutcome| {
        let broken = asked && !outcome.passed;
        row(outcome, broken.then(|| rows(dataset, outcome)), formats)
    };
    Some(LastRun {
        linked: shell.offers(Action::ReadRuns),
        checked_at: formats.date_time(checked_at),
        built,
        rules: outcomes.iter().map(row).collect(),
        id,
    })
}

fn row(outcome: &RuleOutcome, rows: Option<String>, formats: &Formats) -> OutcomeRow {
    let nothing = || NOTHING.to_owned();
    let open = outcome.null_rows.map(|rows| formats.integer(rows));
    OutcomeRow {
        name: outcome.rule.clone(),
        column: outcome.column.clone().unwrap_or_else(nothing),
        severity: severity(outcome.severity),
        passed: outcome.passed,
        failed: formats.integer(outcome.failed_rows),
        rows,
        checked: formats.integer(outcome.checked_rows),
        open: open.unwrap_or_else(nothing),
    }
}

/// The key of the word for a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "severity-error",
        Severity::Quarantine => "severity-quarantine",
        Severity::Warning => "severity-warning",
    }
}

/// The query for the rows that break a rule.
fn rows(dataset: &DatasetName, outcome: &RuleOutcome) -> String {
    let text = |text: &str| text.replace('\'', "''");
    let column = outcome.column.as_deref();
    let column = column.map_or("null".to_owned(), |column| format!("'{}'", text(column)));
    ROWS.replace("{run}", &text(&outcome.run))
        .replace("{dataset}", dataset.as_str())
        .replace("{rule}", &text(&outcome.rule))
        .replace("{column}", &column)
}
