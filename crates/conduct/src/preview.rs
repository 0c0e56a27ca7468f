//! What a run of the changed project would publish, computed beside what is published.
//!
//! Answers are views of one another and read no more than once a question: nothing is staged, so
//! nothing is left behind, and what a comparison needs is bounded as a run's work is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::empty::EmptyTable;
use engine::{DifferentRow, RowDifference, Statement};
use project::{Classification, Contract, DatasetName, Project, Transformation, Write};
use service::{At, ErrorKind, PlannedChange, Preview, Result, RunRequest, ServiceError, StepState};

use crate::check::run_params;
use crate::handles::Handles;
use crate::{failure, plan, quality, runs, select, staging, system};

/// Rows that are shown of a dataset.
const EXAMPLES: usize = 5;

type Provider = Arc<dyn TableProvider>;

/// Computes what changed, or fits the patterns, and what is made of it.
pub(crate) async fn preview(handles: &Handles, patterns: &[String]) -> Result<Vec<Preview>> {
    let project = handles.project.written().await?.project;
    let order = runs::chosen(&project, &RunRequest::default())?;
    let is_shown = |dataset: &DatasetName| select::chooses(patterns, dataset);
    if !patterns.is_empty() && !order.iter().any(|t| is_shown(&t.dataset)) {
        return Err(select::nothing("transformation", patterns));
    }
    let mut work = Work {
        handles,
        project: &project,
        codes: BTreeSet::new(),
        answers: BTreeMap::new(),
    };
    let changed = work.changed().await?;
    let mut touched = changed.clone();
    let mut previews = Vec::new();
    for transformation in order {
        let dataset = &transformation.dataset;
        let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
        let asked = !patterns.is_empty() && is_shown(dataset);
        let below = statement.inputs().iter().any(|i| touched.contains(i));
        if !(asked || below || changed.contains(dataset)) {
            continue;
        }
        touched.insert(dataset.clone());
        let preview = work.step(transformation, &statement).await;
        if is_shown(dataset) {
            previews.push(preview);
        }
    }
    Ok(previews)
}

struct Work<'a> {
    handles: &'a Handles,
    project: &'a Project,
    /// Code lists whose rows are not those of the lake.
    codes: BTreeSet<DatasetName>,
    /// What was computed; none of what failed or was skipped.
    answers: BTreeMap<DatasetName, Option<Provider>>,
}

impl Work<'_> {
    /// The datasets that mean something else than the lake holds.
    async fn changed(&mut self) -> Result<BTreeSet<DatasetName>> {
        let mut changed = BTreeSet::new();
        for item in plan::differences(self.handles, self.project).await?.items {
            let computed = self.project.transformations.contains_key(&item.dataset);
            // Other words may be other rules, which only what is computed is held to.
            if item.change == PlannedChange::Describe && !computed {
                continue;
            }
            if item.change == PlannedChange::LoadCodes {
                self.codes.insert(item.dataset.clone());
            }
            changed.insert(item.dataset);
        }
        for transformation in self.project.transformations.values() {
            if runs::edited(self.handles, transformation).await? {
                changed.insert(transformation.dataset.clone());
            }
        }
        Ok(changed)
    }

    async fn step(&mut self, transformation: &Transformation, statement: &Statement) -> Preview {
        let dataset = &transformation.dataset;
        let failed = |input: &&DatasetName| matches!(self.answers.get(*input), Some(None));
        if let Some(input) = statement.inputs().iter().find(failed) {
            let message = format!("dataset `{input}`, which it reads, failed");
            self.answers.insert(dataset.clone(), None);
            return told(dataset, StepState::Skipped, Some(message));
        }
        match self.compared(transformation, statement).await {
            Ok((preview, answer)) => {
                self.answers.insert(dataset.clone(), Some(answer));
                preview
            }
            Err(error) => {
                self.answers.insert(dataset.clone(), None);
                let message = match error.hint {
                    Some(hint) => format!("{}. {hint}", error.message),
                    None => error.message,
                };
                told(dataset, StepState::Failed, Some(message))
            }
        }
    }

    async fn compared(
        &self,
        transformation: &Transformation,
        statement: &Statement,
    ) -> Result<(Preview, Provider)> {
        let (handles, dataset) = (self.handles, &transformation.dataset);
        let contract = self.contract(dataset)?;
        let before = self.published(&contract).await?;
        let (judged, answer) = self.answer(transformation, statement, &contract).await?;
        let subject = quality::Unmade {
            project: self.project,
            contract: &contract,
            others: self.beside(&contract).await?,
            begun_at: handles.now(),
        };
        let (kept, warnings) = quality::foretold(handles, &subject, judged).await?;
        let answer = match transformation.write {
            Write::Append => answer,
            _ => kept,
        };
        let has = |name: &String| before.schema().field_with_name(name).is_ok();
        let keyed = contract.key.iter().all(has);
        let key = if keyed { &contract.key[..] } else { &[] };
        let sides = (before, Arc::clone(&answer));
        let difference = handles
            .engine
            .compare(staging::limits(handles), sides, key, EXAMPLES)
            .await
            .map_err(failure::engine)?;
        let examples = shown(&contract, &difference);
        let preview = Preview {
            rows_before: difference.before,
            rows_after: difference.after,
            added: difference.added,
            removed: difference.removed,
            changed: difference.changed,
            columns: difference.columns,
            examples,
            ..told(dataset, StepState::Built, warnings)
        };
        Ok((preview, answer))
    }

    /// What the rules on the answer look at.
    async fn beside(&self, contract: &Contract) -> Result<BTreeMap<DatasetName, Provider>> {
        let mut others = BTreeMap::new();
        for dataset in engine::reads(contract).map_err(failure::engine)? {
            let table = match self.answers.get(&dataset) {
                Some(Some(answer)) => Arc::clone(answer),
                _ => self.given(&dataset).await?,
            };
            others.insert(dataset, table);
        }
        Ok(others)
    }

    /// What a run would hold against the rules, and what would be published.
    async fn answer(
        &self,
        transformation: &Transformation,
        statement: &Statement,
        contract: &Contract,
    ) -> Result<(Provider, Provider)> {
        let mut tables = BTreeMap::new();
        for input in statement.inputs() {
            let table = match self.answers.get(input) {
                Some(Some(answer)) => Arc::clone(answer),
                _ => self.given(input).await?,
            };
            tables.insert(input.clone(), table);
        }
        let dataset = &transformation.dataset;
        if transformation.write == Write::Append {
            let there = self.published(contract).await?;
            let wanted = contract.table_schema();
            let there = engine::with_columns(there, &wanted).map_err(failure::engine)?;
            tables.entry(dataset.clone()).or_insert(there);
        }
        let limits = staging::limits(self.handles);
        let session = self.handles.engine.session(tables, limits);
        let session = session.map_err(failure::engine)?;
        let now = self.handles.now().timestamp_micros();
        let params = run_params(&transformation.sql, now);
        let planned = session.plan(statement, &params).await;
        let planned = planned.map_err(failure::engine)?;
        let planned = session.under_contract(planned, contract);
        let planned = planned.map_err(failure::engine)?;
        let judged = planned.view();
        if transformation.write != Write::Append {
            return Ok((Arc::clone(&judged), judged));
        }
        let whole = session.appended(dataset, &planned).await;
        Ok((judged, whole.map_err(failure::engine)?.view()))
    }

    /// The rows that a run would read of a dataset that did not change, in the columns that its
    /// contract has now.
    async fn given(&self, dataset: &DatasetName) -> Result<Provider> {
        let contract = self.contract(dataset)?;
        let list = self.project.code_lists.get(dataset.name());
        if let (true, Some(list)) = (self.codes.contains(dataset), list) {
            let rows = plan::code_rows(&contract, list)?;
            let table = MemTable::try_new(rows.schema(), vec![vec![rows]]);
            let table = table.map_err(|error| {
                ServiceError::new(ErrorKind::Internal, "cannot hold a code list").caused_by(error)
            })?;
            return Ok(Arc::new(table));
        }
        let table = self.published(&contract).await?;
        let wanted = contract.table_schema();
        let there = table.schema();
        let rebuilt = wanted.fields().iter().any(|field| {
            let old = there.field_with_name(field.name());
            old.is_ok_and(|old| old.data_type() != field.data_type())
        });
        if rebuilt {
            // A table of other types begins empty.
            return Ok(Arc::new(EmptyTable::new(Arc::new(wanted))));
        }
        engine::with_columns(table, &wanted).map_err(failure::engine)
    }

    async fn published(&self, contract: &Contract) -> Result<Provider> {
        published(self.handles, contract, &At::Now).await
    }

    fn contract(&self, dataset: &DatasetName) -> Result<Contract> {
        let own = || system::contracts().get(dataset);
        let contract = self.project.contracts.get(dataset).or_else(own);
        match contract {
            Some(contract) => Ok(contract.clone()),
            None => self.handles.contract(dataset),
        }
    }
}

/// The rows that readers see then; none of a table that is not made yet.
pub(crate) async fn published(handles: &Handles, contract: &Contract, at: &At) -> Result<Provider> {
    let dataset = &contract.dataset;
    match handles.lake.table(dataset).await {
        Ok(_) => {}
        Err(lake::LakeError::NotFound { .. }) => {
            let schema = Arc::new(contract.table_schema());
            return Ok(Arc::new(EmptyTable::new(schema)));
        }
        Err(error) => return Err(failure::lake(error)),
    }
    let snapshots = handles.snapshots([dataset], at).await?;
    let snapshot = snapshots.get(dataset).ok_or_else(|| {
        let message = format!("dataset `{dataset}` was not read");
        ServiceError::new(ErrorKind::Internal, message).hint("Report the defect.")
    })?;
    snapshot.provider().map_err(failure::lake)
}

fn told(dataset: &DatasetName, state: StepState, message: Option<String>) -> Preview {
    Preview {
        dataset: dataset.clone(),
        state,
        message,
        rows_before: 0,
        rows_after: 0,
        added: 0,
        removed: 0,
        changed: 0,
        columns: Vec::new(),
        examples: Vec::new(),
    }
}

/// The rows as they may be shown: none of restricted datasets, and nothing that looks personal.
fn shown(contract: &Contract, difference: &RowDifference) -> Vec<String> {
    if contract.classification == Classification::Restricted {
        return Vec::new();
    }
    let one = |row: &DifferentRow| {
        let cells = row.key.iter().map(|(column, value)| {
            if ingest::looks_personal(value) {
                format!("{column} {}", ingest::mask(value))
            } else {
                format!("{column} {value}")
            }
        });
        format!("{}: {}", row.how, cells.collect::<Vec<_>>().join(", "))
    };
    difference.examples.iter().map(one).collect()
}
