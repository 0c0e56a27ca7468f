//! What rules would say of rows that no run has made.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use engine::{Finding, Subject, TableRules};
use project::{Contract, DatasetName, Project, Severity};
use service::Result;

use super::judge::{refused, told};
use crate::handles::Handles;
use crate::profiles::{self, Drifting};
use crate::{failure, staging};

/// What is judged, and what its rules look at besides.
pub(crate) struct Unmade<'a> {
    pub(crate) project: &'a Project,
    pub(crate) contract: &'a Contract,
    pub(crate) others: BTreeMap<DatasetName, Arc<dyn TableProvider>>,
    pub(crate) begun_at: DateTime<Utc>,
}

impl Unmade<'_> {
    /// What rules on profiles are asked of; no run has an id yet.
    fn drifting(&self) -> Drifting<'_> {
        Drifting {
            project: self.project,
            contract: self.contract,
            run: "",
        }
    }
}

/// The rows that a run would publish, and what it would say of the others. Refuses what a run would
/// refuse; keeps nothing.
pub(crate) async fn foretold(
    handles: &Handles,
    unmade: &Unmade<'_>,
    rows: Arc<dyn TableProvider>,
) -> Result<(Arc<dyn TableProvider>, Option<String>)> {
    let mut said = Vec::new();
    let mut kept = rows;
    for aside in [true, false] {
        let lists = |list: &str| unmade.project.code_lists.get(list);
        let subject = Subject {
            contract: unmade.contract,
            table: Arc::clone(&kept),
            others: unmade.others.clone(),
            code_list: &lists,
            calendar: &unmade.project.calendar,
            begun_at_micros: unmade.begun_at.timestamp_micros(),
        };
        let limits = staging::limits(handles);
        let rules = TableRules::new(&handles.engine, limits, subject).await;
        let rules = rules.map_err(failure::engine)?;
        let wanted = |rule: &project::Rule| (rule.severity == Severity::Quarantine) == aside;
        let mut results = rules.results(wanted).await.map_err(failure::engine)?;
        let drifted = profiles::judge(handles, &unmade.drifting(), &kept, wanted).await?;
        results.extend(drifted.into_iter().map(|of| of.result));
        let findings = Finding::among(&results);
        if aside {
            if !findings.is_empty() {
                said.push(format!("set aside: {}", told(&findings)));
                kept = rules.keeping(&[]).map_err(failure::engine)?.view();
            }
            continue;
        }
        let (broken, warned): (Vec<Finding>, Vec<Finding>) = findings
            .into_iter()
            .partition(|finding| finding.rule.severity == Severity::Error);
        if !broken.is_empty() {
            return Err(refused(unmade.contract, &broken)
                .hint("A run would publish nothing. Mend the SQL or the contract."));
        }
        if !warned.is_empty() {
            said.push(told(&warned));
        }
    }
    Ok((kept, (!said.is_empty()).then(|| said.join("; "))))
}
