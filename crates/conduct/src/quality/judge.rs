//! The answer of a transformation before its contract, while no commit names it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use engine::{Finding, RuleResult, Subject, TableRules, Windows};
use lake::{Snapshot, StagedFile, Table, WriteSettings};
use project::{Contract, DatasetName, Project, Rule, Severity};
use service::{ErrorKind, Result, ServiceError};

use super::rows;
use crate::handles::Handles;
use crate::incremental::is_enough;
use crate::profiles::{self, Drifting};
use crate::{failure, staging};

/// What the rules said of the datasets of a run, until it is recorded.
pub(crate) struct Judged {
    run: String,
    datasets: Mutex<Vec<Answers>>,
    /// The rows that were computed anew, of datasets that were not computed in full.
    windows: Mutex<BTreeMap<DatasetName, Windows>>,
    /// The periods of rows that came and went, of datasets whose windows do not say them.
    periods: Mutex<BTreeMap<DatasetName, BTreeSet<String>>>,
}

/// What the rules said of a dataset.
pub(super) struct Answers {
    pub(super) dataset: DatasetName,
    pub(super) checked_at: DateTime<Utc>,
    pub(super) results: Vec<RuleResult>,
    /// Rows that break them, in files of their book that no commit names yet.
    pub(super) rows: Vec<StagedFile>,
}

/// Rows that are judged.
pub(crate) struct ToJudge {
    /// Those that were computed.
    pub(crate) new: Arc<dyn TableProvider>,
    /// The whole table as it would be and the windows that were computed, for rules that those
    /// rows say too little about; none if the computed rows are the table.
    pub(crate) whole: Option<(Arc<dyn TableProvider>, Windows)>,
}

/// A dataset that is judged, and by what.
pub(crate) struct Case<'a> {
    pub(crate) project: &'a Project,
    pub(crate) contract: &'a Contract,
    pub(crate) table: &'a Table,
    /// What its rules look at besides.
    pub(crate) beside: &'a BTreeMap<DatasetName, Snapshot>,
    pub(crate) begun_at: DateTime<Utc>,
    /// The order in which its rows are written again.
    pub(crate) order: Vec<String>,
    pub(crate) settings: WriteSettings,
}

impl Judged {
    /// Nothing judged yet in the run of that id.
    pub(crate) fn of(run: &str) -> Self {
        Self {
            run: run.to_owned(),
            datasets: Mutex::default(),
            windows: Mutex::default(),
            periods: Mutex::default(),
        }
    }

    /// The files without the rows that break a rule of severity `quarantine`, and what is said of
    /// those; none if there are none. What every such rule said is kept, and the rows with it.
    pub(crate) async fn set_aside(
        &self,
        handles: &Handles,
        case: &Case<'_>,
        files: &[StagedFile],
    ) -> Result<Option<(Vec<StagedFile>, String)>> {
        let aside = |rule: &Rule| rule.severity == Severity::Quarantine;
        if !case.contract.rules.iter().any(aside) {
            return Ok(None);
        }
        let staged = case.table.staged_provider(files).map_err(failure::lake)?;
        let findings = self
            .asked(handles, case, staged.clone(), aside, None)
            .await?;
        if findings.is_empty() {
            return Ok(None);
        }
        let lists = |list: &str| case.project.code_lists.get(list);
        let rules = rules(handles, case, staged, &lists).await?;
        let kept = rules.keeping(&case.order).map_err(failure::engine)?;
        let kept = staging::staged(rules.session(), &kept, case.table, &case.settings).await?;
        Ok(Some((kept, format!("set aside: {}", told(&findings)))))
    }

    /// Judges rows that are staged. Refuses those that break a rule of severity `error`; answers
    /// the warnings. Either way it keeps what every rule said, and the first rows that break it.
    pub(crate) async fn judge(
        &self,
        handles: &Handles,
        case: &Case<'_>,
        staged: ToJudge,
    ) -> Result<Option<String>> {
        let here = |rule: &Rule| rule.severity != Severity::Quarantine;
        let limit = Some(rows::SAMPLE);
        let ToJudge { new, whole } = staged;
        let findings = match &whole {
            None => self.asked(handles, case, new, here, limit).await?,
            Some((whole, windows)) => {
                let of_new = |rule: &Rule| here(rule) && is_enough(rule, windows);
                let of_all = |rule: &Rule| here(rule) && !is_enough(rule, windows);
                let whole = Arc::clone(whole);
                let mut found = self.asked(handles, case, new, of_new, limit).await?;
                found.extend(self.asked(handles, case, whole, of_all, limit).await?);
                found
            }
        };
        let (broken, warned): (Vec<Finding>, Vec<Finding>) = findings
            .into_iter()
            .partition(|f| f.rule.severity == Severity::Error);
        if broken.is_empty() {
            return Ok((!warned.is_empty()).then(|| told(&warned)));
        }
        Err(refused(case.contract, &broken).hint(format!(
            "Nothing was published. See the rows in `system.failing_rows`, whose `run_id` is `{}`; \
             mend the SQL or the contract and run again.",
            self.run
        )))
    }

    /// Notes that of a dataset only the rows inside were computed.
    pub(crate) fn inside(&self, dataset: &DatasetName, windows: &Windows) {
        let mut of = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        of.insert(dataset.clone(), windows.clone());
    }

    /// Notes the periods of the rows of a dataset that came and went.
    pub(crate) fn in_periods(&self, dataset: &DatasetName, touched: BTreeSet<String>) {
        let mut of = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
        of.insert(dataset.clone(), touched);
    }

    /// The periods, which stand in `column`, in which rows came and went; none if that is not known.
    pub(crate) fn touched(&self, dataset: &DatasetName, column: &str) -> Option<BTreeSet<String>> {
        let noted = self.periods.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(periods) = noted.get(dataset) {
            return Some(periods.clone());
        }
        let of = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let boxes = of.get(dataset)?.boxes().iter();
        let values: Option<Vec<_>> = boxes.map(|values| values.get(column)).collect();
        let values = values?.into_iter().flatten();
        Some(values.map(ToString::to_string).collect())
    }

    /// Asks the rules that are `wanted` and keeps what they said; answers those that are broken.
    async fn asked(
        &self,
        handles: &Handles,
        case: &Case<'_>,
        staged: Arc<dyn TableProvider>,
        wanted: impl Fn(&Rule) -> bool + Send + Sync,
        limit: Option<usize>,
    ) -> Result<Vec<Finding>> {
        if !case.contract.rules.iter().any(&wanted) {
            return Ok(Vec::new());
        }
        let lists = |list: &str| case.project.code_lists.get(list);
        let rules = rules(handles, case, Arc::clone(&staged), &lists).await?;
        let mut results = rules.results(&wanted).await.map_err(failure::engine)?;
        let drifting = Drifting {
            project: case.project,
            contract: case.contract,
            run: &self.run,
        };
        let drifted = profiles::judge(handles, &drifting, &staged, &wanted).await?;
        results.extend(drifted.iter().map(|of| of.result.clone()));
        let findings = Finding::among(&results);
        let checked_at = handles.now();
        let about = rows::About {
            run: &self.run,
            dataset: &case.contract.dataset,
            checked_at,
        };
        let rows = rows::stage(handles, &about, (&rules, &drifted), &findings, limit).await?;
        self.datasets().push(Answers {
            dataset: case.contract.dataset.clone(),
            checked_at,
            results,
            rows,
        });
        Ok(findings)
    }

    /// What the rules said of that dataset, and when they had: of one that was built, and of one
    /// that they refused; none if nothing was asked.
    pub(crate) fn told(
        &self,
        dataset: &DatasetName,
        built: bool,
    ) -> Option<(DateTime<Utc>, Vec<RuleResult>)> {
        let datasets = self.datasets();
        let of = |answers: &&Answers| answers.dataset == *dataset;
        if !built && !datasets.iter().filter(of).any(Answers::refused) {
            return None;
        }
        let at = datasets.iter().filter(of).map(|answers| answers.checked_at);
        let results = datasets.iter().filter(of);
        let results = results.flat_map(|answers| answers.results.clone());
        let results: Vec<RuleResult> = results.collect();
        Some((at.max()?, results)).filter(|(_, results)| !results.is_empty())
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

async fn rules<'a>(
    handles: &Handles,
    case: &Case<'a>,
    staged: Arc<dyn TableProvider>,
    lists: &'a (dyn Fn(&str) -> Option<&'a project::CodeList> + Sync),
) -> Result<TableRules<'a>> {
    let mut others = BTreeMap::new();
    for (dataset, snapshot) in case.beside {
        let provider = snapshot.provider().map_err(failure::lake)?;
        others.insert(dataset.clone(), provider);
    }
    let subject = Subject {
        contract: case.contract,
        table: staged,
        others,
        code_list: lists,
        calendar: &case.project.calendar,
        begun_at_micros: case.begun_at.timestamp_micros(),
    };
    let rules = TableRules::new(&handles.engine, staging::limits(handles), subject).await;
    rules.map_err(failure::engine)
}

/// Rules of severity `error` are broken.
pub(super) fn refused(contract: &Contract, broken: &[Finding]) -> ServiceError {
    let (dataset, told) = (&contract.dataset, told(broken));
    let message = format!("dataset `{dataset}` breaks its contract: {told}");
    ServiceError::new(ErrorKind::Refused, message)
}

pub(super) fn told(findings: &[Finding]) -> String {
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
