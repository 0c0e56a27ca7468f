//! Runs: transformations in the order of their inputs, checked before they are visible, recorded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use engine::{QueryLimits, Statement};
use lake::{CommitRequest, Snapshot, StagedFile, Table, WriteSettings};
use lineage::{ColumnRef, Edge, EdgeKind, Graph};
use project::{Contract, DatasetName, Project, Transformation, Write};
use serde_json::{Map, Value, json};
use service::{ErrorKind, Result, RunReport, RunRequest, RunStep, ServiceError, StepState};

use crate::check::run_params;
use crate::handles::{Handles, versions};
use crate::inputs::Inputs;
use crate::quality::{self, Judged};
use crate::system::{self, own};
use crate::{failure, plan, select, staging};

/// The versions that a step read, in the commit that it made.
pub(crate) const INPUTS: &str = "dtm.inputs";
/// The hash of the SQL file, in the commit that it made.
pub(crate) const SQL: &str = "dtm.sql_sha256";
/// The contract's version, in the commit that it made.
const CONTRACT: &str = "dtm.contract";
/// The run, in the commit that it made.
pub(crate) const RUN: &str = "dtm.run";

/// Runs what is due, or what was selected whether due or not. One run at a time.
pub(crate) async fn run(handles: &Arc<Handles>, request: RunRequest) -> Result<RunReport> {
    let _alone = handles.running.lock().await;
    let project = plan::for_run(handles).await?;
    let started_at = handles.now();
    let started = Instant::now();
    let id = (handles.given.ids)().to_string();
    let chosen = chosen(&project, &request)?;
    let total = chosen.len();
    let inputs = Inputs::take(handles, &project, &chosen).await?;
    let judged = Judged::begin(handles).await?;
    let mut steps: Vec<RunStep> = Vec::new();
    for transformation in chosen {
        let forced = !request.select.is_empty();
        let step = Step {
            handles,
            project: &project,
            transformation,
            inputs: &inputs,
            judged: &judged,
            run: &id,
            started_at,
            forced,
        };
        let done = match step.blocked_by(&steps) {
            Some(dataset) => step.answer(
                StepState::Skipped,
                0.0,
                Some(format!("dataset `{dataset}`, which it reads, failed")),
            ),
            None => step.take().await,
        };
        (handles.given.on_step)(steps.len() + 1, total, &done);
        tracing::info!(
            run = %id,
            dataset = %done.dataset,
            state = done.state.as_str(),
            rows = done.rows,
            seconds = done.seconds,
            "transformation"
        );
        steps.push(done);
    }
    let mut report = RunReport {
        id: Some(id),
        started_at,
        seconds: started.elapsed().as_secs_f64(),
        steps,
    };
    let published = publish(handles, &project, &report).await?;
    if published || report.steps.iter().any(|s| s.state != StepState::UpToDate) {
        quality::record(handles, &report, &judged).await?;
        record(handles, &project, &report).await?;
    } else {
        // It leaves nothing behind that could be asked for by its id.
        report.id = None;
    }
    Ok(report)
}

/// The transformations to run, inputs before what reads them.
fn chosen<'a>(project: &'a Project, request: &RunRequest) -> Result<Vec<&'a Transformation>> {
    let mut edges = Vec::new();
    for transformation in project.transformations.values() {
        let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
        edges.extend(statement.inputs().iter().map(|input| Edge {
            target: whole(&transformation.dataset),
            source: whole(input),
            kind: EdgeKind::Identity,
        }));
    }
    let graph = Graph::new(edges).including(project.transformations.keys().cloned());
    let order = graph.order().map_err(|cycle| {
        ServiceError::new(ErrorKind::Invalid, cycle.to_string())
            .hint("Break the cycle: a dataset cannot be made of itself.")
    })?;
    let chosen: Vec<&Transformation> = order
        .iter()
        .filter(|d| select::chooses(&request.select, d))
        .filter_map(|d| project.transformations.get(d))
        .collect();
    if chosen.is_empty() && !request.select.is_empty() {
        return Err(select::nothing("transformation", &request.select));
    }
    Ok(chosen)
}

fn whole(dataset: &DatasetName) -> ColumnRef {
    ColumnRef {
        dataset: dataset.clone(),
        column: "*".to_owned(),
    }
}

/// One transformation of one run.
struct Step<'a> {
    handles: &'a Arc<Handles>,
    project: &'a Project,
    transformation: &'a Transformation,
    inputs: &'a Inputs,
    judged: &'a Judged,
    run: &'a str,
    started_at: DateTime<Utc>,
    forced: bool,
}

/// What a step found and made.
struct Outcome {
    state: StepState,
    inputs: Vec<(DatasetName, i64)>,
    version: i64,
    rows: u64,
    warnings: Option<String>,
}

impl Step<'_> {
    fn blocked_by(&self, before: &[RunStep]) -> Option<DatasetName> {
        let statement = Statement::parse(&self.transformation.sql).ok()?;
        let bad = |s: &&RunStep| matches!(s.state, StepState::Failed | StepState::Skipped);
        before
            .iter()
            .filter(bad)
            .find(|s| statement.inputs().contains(&s.dataset))
            .map(|s| s.dataset.clone())
    }

    async fn take(&self) -> RunStep {
        let started = Instant::now();
        let outcome = self.build().await;
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(done) => RunStep {
                inputs: done.inputs,
                version: Some(done.version),
                rows: done.rows,
                ..self.answer(done.state, seconds, done.warnings)
            },
            Err(error) => {
                let message = match error.hint {
                    Some(hint) => format!("{}. {hint}", error.message),
                    None => error.message,
                };
                self.answer(StepState::Failed, seconds, Some(message))
            }
        }
    }

    fn answer(&self, state: StepState, seconds: f64, message: Option<String>) -> RunStep {
        RunStep {
            dataset: self.transformation.dataset.clone(),
            state,
            inputs: Vec::new(),
            version: None,
            rows: 0,
            seconds,
            message,
        }
    }

    async fn build(&self) -> Result<Outcome> {
        let handles = self.handles;
        let contract = handles.contract(&self.transformation.dataset)?;
        let table = handles.table(&self.transformation.dataset).await?;
        let statement = Statement::parse(&self.transformation.sql).map_err(failure::engine)?;
        let snapshots = self.inputs.of(handles, &statement).await?;
        let read = versions(&snapshots);
        let info = self.info(&contract, &read);
        let current = !self.forced && self.is_current(&table, &info, &read).await?;
        let inputs: Vec<(DatasetName, i64)> = read.into_iter().collect();
        if current {
            let version = table.version();
            let state = StepState::UpToDate;
            return Ok(Outcome {
                state,
                inputs,
                version,
                rows: 0,
                warnings: None,
            });
        }
        let files = self
            .stage(&statement, &contract, &table, &snapshots)
            .await?;
        let warnings = match self.judge(&contract, &table, &files).await {
            Ok(warnings) => warnings,
            Err(error) => {
                table.discard(files).await.map_err(failure::lake)?;
                return Err(error);
            }
        };
        let rows = files.iter().map(StagedFile::rows).sum();
        let request = match self.transformation.write {
            Write::Replace => CommitRequest::replace(files).with_base(table.version()),
            Write::Append => CommitRequest::append(files),
        };
        let request = request.with_operation("TRANSFORM").with_info(info);
        let committed = table.commit(request).await.map_err(failure::lake)?;
        let version = committed.version;
        Ok(Outcome {
            state: StepState::Built,
            inputs,
            version,
            rows,
            warnings,
        })
    }

    /// What the commit says of itself: enough to know later whether it is still current.
    fn info(&self, contract: &Contract, read: &BTreeMap<DatasetName, i64>) -> Map<String, Value> {
        let inputs: BTreeMap<&str, i64> = read.iter().map(|(d, v)| (d.as_str(), *v)).collect();
        Map::from_iter([
            (RUN.to_owned(), json!(self.run)),
            (INPUTS.to_owned(), json!(inputs)),
            (SQL.to_owned(), json!(self.transformation.sha256)),
            (CONTRACT.to_owned(), json!(contract.version.to_string())),
        ])
    }

    /// Whether the newest build read the same rows with the same SQL under the same contract.
    async fn is_current(
        &self,
        table: &Table,
        info: &Map<String, Value>,
        read: &BTreeMap<DatasetName, i64>,
    ) -> Result<bool> {
        let newest = table.newest_noting(RUN).await.map_err(failure::lake)?;
        let Some(newest) = newest else {
            return Ok(false);
        };
        let same = |key: &&str| newest.info.get(*key) == info.get(*key);
        if ![SQL, CONTRACT].iter().all(same) {
            return Ok(false);
        }
        let built = newest.info.get(INPUTS).and_then(Value::as_object);
        let built = built.filter(|built| built.len() == read.len());
        let Some(built) = built else {
            return Ok(false);
        };
        for (dataset, version) in read {
            let Some(before) = built.get(dataset.as_str()).and_then(Value::as_i64) else {
                return Ok(false);
            };
            // A version that only holds the same rows in other files is as good.
            let input = self.handles.table(dataset).await?;
            if !input
                .same_rows(before, *version)
                .await
                .map_err(failure::lake)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn stage(
        &self,
        statement: &Statement,
        contract: &Contract,
        table: &Table,
        snapshots: &BTreeMap<DatasetName, Snapshot>,
    ) -> Result<Vec<StagedFile>> {
        let session = self.handles.session(snapshots, self.limits())?;
        let params = run_params(&self.transformation.sql, self.started_at.timestamp_micros());
        let planned = session
            .plan(statement, &params)
            .await
            .map_err(failure::engine)?;
        let planned = session
            .under_contract(planned, contract)
            .map_err(failure::engine)?;
        let settings = WriteSettings {
            sort_by: contract.sort_by.clone(),
            ..WriteSettings::default()
        };
        staging::staged(&session, &planned, table, &settings).await
    }

    /// Refuses staged files that break a rule of severity `error`; answers the warnings.
    async fn judge(
        &self,
        contract: &Contract,
        table: &Table,
        files: &[StagedFile],
    ) -> Result<Option<String>> {
        let staged = table.staged_provider(files).map_err(failure::lake)?;
        self.judged
            .judge(self.handles, self.project, contract, staged)
            .await
    }

    fn limits(&self) -> QueryLimits {
        staging::limits(self.handles)
    }
}

/// Lets readers see what the run made, all of it at once. Answers whether they see another set.
async fn publish(handles: &Handles, project: &Project, report: &RunReport) -> Result<bool> {
    let run = report.id.as_deref();
    let publication = handles.published.publish(run, handles.now(), |set| {
        for step in &report.steps {
            if let Some(version) = step.version {
                set.versions.insert(step.dataset.to_string(), version);
            }
            let read = step.inputs.iter();
            let read = read.filter(|(d, _)| !project.transformations.contains_key(d));
            set.inputs.extend(read.map(|(d, v)| (d.to_string(), *v)));
        }
    });
    publication.await
}

/// Adds the run to `system.runs`.
async fn record(handles: &Handles, project: &Project, report: &RunReport) -> Result<()> {
    let batch = ledger(project, report).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the run ledger").caused_by(error)
    })?;
    let info = Map::from_iter([(RUN.to_owned(), json!(report.id))]);
    own::append(handles, system::RUNS, batch, "RECORD RUN", info).await
}

fn ledger(
    project: &Project,
    report: &RunReport,
) -> std::result::Result<RecordBatch, arrow::error::ArrowError> {
    let steps = &report.steps;
    let text = |of: &dyn Fn(&RunStep) -> Option<String>| -> ArrayRef {
        Arc::new(steps.iter().map(of).collect::<StringArray>())
    };
    let inputs = |s: &RunStep| {
        let read: BTreeMap<&str, i64> = s.inputs.iter().map(|(d, v)| (d.as_str(), *v)).collect();
        Some(json!(read).to_string())
    };
    let sha256 = |s: &RunStep| {
        project
            .transformations
            .get(&s.dataset)
            .map(|t| t.sha256.clone())
    };
    let version = |s: &RunStep| {
        project
            .contracts
            .get(&s.dataset)
            .map(|c| c.version.to_string())
    };
    let rows = steps
        .iter()
        .map(|s| i64::try_from(s.rows).unwrap_or(i64::MAX));
    let at = vec![report.started_at.timestamp_micros(); steps.len()];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run_id", text(&|_| report.id.clone())),
        ("dataset", text(&|s| Some(s.dataset.to_string()))),
        ("state", text(&|s| Some(s.state.as_str().to_owned()))),
        (
            "started_at",
            Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC")),
        ),
        (
            "seconds",
            Arc::new(
                steps
                    .iter()
                    .map(|s| Some(s.seconds))
                    .collect::<Float64Array>(),
            ),
        ),
        ("rows", Arc::new(Int64Array::from_iter_values(rows))),
        ("inputs", text(&inputs)),
        (
            "output_version",
            Arc::new(steps.iter().map(|s| s.version).collect::<Int64Array>()),
        ),
        ("sql_sha256", text(&sha256)),
        ("contract_version", text(&version)),
        ("message", text(&|s| s.message.clone())),
    ];
    RecordBatch::try_from_iter(columns)
}
