//! The answer of a transformation before its contract, while no commit names it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use engine::{Finding, RuleResult, table_results};
use project::{Contract, DatasetName, Project, Severity};
use service::{ErrorKind, Result, ServiceError};

use crate::handles::Handles;
use crate::{failure, staging};

/// What the rules said of the datasets of a run, until it is recorded.
#[derive(Default)]
pub(crate) struct Judged {
    datasets: Mutex<Vec<Answers>>,
}

/// What the rules said of a dataset.
pub(super) struct Answers {
    pub(super) dataset: DatasetName,
    pub(super) checked_at: DateTime<Utc>,
    pub(super) results: Vec<RuleResult>,
}

impl Judged {
    /// Judges rows that are staged. Refuses those that break a rule of severity `error`; answers
    /// the warnings. Either way it keeps what every rule said.
    pub(crate) async fn judge(
        &self,
        handles: &Handles,
        project: &Project,
        contract: &Contract,
        staged: Arc<dyn TableProvider>,
    ) -> Result<Option<String>> {
        let lists = |list: &str| project.code_lists.get(list);
        let limits = staging::limits(handles);
        let results = table_results(&handles.engine, limits, contract, staged, &lists)
            .await
            .map_err(failure::engine)?;
        let findings = Finding::among(&results);
        self.datasets().push(Answers {
            dataset: contract.dataset.clone(),
            checked_at: handles.now(),
            results,
        });
        let (broken, warned): (Vec<Finding>, Vec<Finding>) = findings
            .into_iter()
            .partition(|f| f.rule.severity == Severity::Error);
        if broken.is_empty() {
            return Ok((!warned.is_empty()).then(|| told(&warned)));
        }
        Err(ServiceError::new(
            ErrorKind::Refused,
            format!(
                "dataset `{}` breaks its contract: {}",
                contract.dataset,
                told(&broken)
            ),
        )
        .hint("Nothing was published. Mend the SQL or the contract and run again."))
    }

    /// What the rules said of each dataset.
    pub(super) fn datasets(&self) -> MutexGuard<'_, Vec<Answers>> {
        self.datasets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers {
    /// Whether a rule is broken that keeps the dataset from being published.
    pub(super) fn refused(&self) -> bool {
        let error = |r: &RuleResult| r.rule.severity == Severity::Error;
        self.results.iter().any(|r| !r.passed && error(r))
    }
}

fn told(findings: &[Finding]) -> String {
    let one = |f: &Finding| {
        let column = f.rule.column.as_ref().map(|c| format!(" of column `{c}`"));
        let (rule, column) = (&f.rule.name, column.unwrap_or_default());
        format!(
            "rule `{rule}`{column} on {} rows ({})",
            f.rows, f.rule.message.en
        )
    };
    findings.iter().map(one).collect::<Vec<_>>().join("; ")
}
