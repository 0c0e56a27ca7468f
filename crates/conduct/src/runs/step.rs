//! One transformation of a run: what it computes anew, staged, held against the rules, committed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use chrono::{DateTime, Utc};
use engine::{Planned, QueryLimits, Session, Statement, Windows};
use lake::{CommitRequest, Snapshot, StagedFile, Table};
use lineage::Edge;
use project::{Contract, DatasetName, Project, Transformation, Write};
use serde_json::{Map, Value, json};
use service::{PlannedRun, Result, RunStep, StepState};

use super::RUN;
use super::open::Open;
use super::part::Part;
use super::told::Told;
use crate::check::run_params;
use crate::handles::{Handles, versions};
use crate::incremental::{self, Previous, Replaced, Scope};
use crate::inputs::{self, Inputs};
use crate::quality::{Judged, ToJudge};
use crate::{failure, staging};

/// The versions that a step read, in the commit that it made.
pub(crate) const INPUTS: &str = "dtm.inputs";
/// The hash of the SQL file, in the commit that it made.
pub(crate) const SQL: &str = "dtm.sql_sha256";
/// The hash of what the SQL file means, in the commit that it made.
pub(crate) const MEANING: &str = "dtm.sql_meaning";
/// The contract's version, in the commit that it made.
pub(crate) const CONTRACT: &str = "dtm.contract";

/// One transformation of one run.
pub(super) struct Step<'a> {
    pub(super) handles: &'a Handles,
    pub(super) project: &'a Project,
    pub(super) transformation: &'a Transformation,
    pub(super) inputs: &'a Inputs,
    pub(super) judged: &'a Judged,
    /// Told before the first commit; none where nothing is committed.
    pub(super) open: Option<&'a Open<'a>>,
    /// Told that it begins, and how it ended; none where nobody is to know.
    pub(super) told: Option<&'a Told<'a>>,
    pub(super) run: &'a str,
    pub(super) started_at: DateTime<Utc>,
    pub(super) forced: bool,
}

/// What a step reads and writes.
pub(super) struct Work {
    pub(super) contract: Contract,
    pub(super) table: Table,
    pub(super) write: Write,
    statement: Statement,
    pub(super) snapshots: BTreeMap<DatasetName, Snapshot>,
    /// What the rules on the answer look at.
    pub(super) beside: BTreeMap<DatasetName, Snapshot>,
    info: Map<String, Value>,
}

/// What a step found and made.
struct Outcome {
    state: StepState,
    inputs: Vec<(DatasetName, i64)>,
    version: i64,
    rows: u64,
    scope: Option<String>,
    warnings: Option<String>,
}

/// What was committed.
struct Made {
    version: i64,
    rows: u64,
    warnings: Option<String>,
}

impl Work {
    fn as_it_is(&self) -> Made {
        Made {
            version: self.table.version(),
            rows: 0,
            warnings: None,
        }
    }
}

impl Step<'_> {
    pub(super) fn blocked_by(&self, before: &[RunStep]) -> Option<DatasetName> {
        let read = inputs::read(self.project, self.transformation).ok()?;
        let bad = |s: &&RunStep| matches!(s.state, StepState::Failed | StepState::Skipped);
        before
            .iter()
            .filter(bad)
            .find(|s| read.contains(&s.dataset))
            .map(|s| s.dataset.clone())
    }

    pub(super) async fn take(&self) -> RunStep {
        let started = Instant::now();
        let outcome = self.build().await;
        let seconds = started.elapsed().as_secs_f64();
        if let Some(told) = self.told {
            told.end(&self.transformation.dataset, outcome.as_ref().err());
        }
        match outcome {
            Ok(done) => RunStep {
                inputs: done.inputs,
                version: Some(done.version),
                rows: done.rows,
                scope: done.scope,
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

    pub(super) fn answer(
        &self,
        state: StepState,
        seconds: f64,
        message: Option<String>,
    ) -> RunStep {
        RunStep {
            dataset: self.transformation.dataset.clone(),
            state,
            inputs: Vec::new(),
            version: None,
            rows: 0,
            seconds,
            message,
            scope: None,
        }
    }

    /// What it would compute anew if it ran after `before`, which are due; none if nothing.
    pub(super) async fn due(&self, before: &BTreeSet<DatasetName>) -> Result<Option<PlannedRun>> {
        let dataset = &self.transformation.dataset;
        let planned = |scope: String, rows: u64| PlannedRun {
            dataset: dataset.clone(),
            scope,
            rows,
        };
        let read = inputs::read(self.project, self.transformation)?;
        let table = self.handles.lake.table(dataset).await;
        let unmade = |d: &DatasetName| self.project.contracts.contains_key(d);
        let mut inputs = Vec::new();
        for input in &read {
            inputs.push((input, self.handles.lake.table(input).await.is_ok()));
        }
        let lacking = inputs.iter().any(|(input, made)| !made && unmade(input));
        let rows = match table {
            Ok(table) if !lacking => table.row_count().map_err(failure::lake)?,
            Err(lake::LakeError::NotFound { .. }) | Ok(_) => {
                let scope = "full: a table is not made yet; `dtm apply` makes it";
                return Ok(Some(planned(scope.to_owned(), 0)));
            }
            Err(error) => return Err(failure::lake(error)),
        };
        let work = self.work().await?;
        let read = versions(&work.snapshots);
        let (scope, current) = self.scope(&work, &read).await?;
        let due = work.statement.inputs().intersection(before);
        let due: Vec<String> = due.map(|input| format!("`{input}`")).collect();
        Ok(match scope {
            Scope::Windows(_) | Scope::All(_) if due.is_empty() => {
                Some(planned(scope.told(), rows))
            }
            Scope::All(_) => Some(planned(scope.told(), rows)),
            _ if !due.is_empty() => Some(planned(format!("after: {}", due.join(", ")), rows)),
            _ if current => None,
            scope => Some(planned(scope.told(), rows)),
        })
    }

    async fn work(&self) -> Result<Work> {
        let handles = self.handles;
        let dataset = &self.transformation.dataset;
        let contract = match self.project.contracts.get(dataset) {
            Some(contract) => contract.clone(),
            None => handles.contract(dataset)?,
        };
        let table = handles.table(dataset).await?;
        let statement = Statement::parse(&self.transformation.sql).map_err(failure::engine)?;
        let snapshots = self.inputs.of(handles, statement.inputs()).await?;
        let beside = engine::reads(&contract).map_err(failure::engine)?;
        let beside = self.inputs.of(handles, &beside).await?;
        let info = self.info(&contract, &versions(&snapshots));
        Ok(Work {
            contract,
            table,
            write: self.transformation.write.clone(),
            statement,
            snapshots,
            beside,
            info,
        })
    }

    async fn build(&self) -> Result<Outcome> {
        let work = self.work().await?;
        let read = versions(&work.snapshots);
        let (scope, current) = Part::Plan.timed(self.scope(&work, &read)).await?;
        let told = scope.told();
        let inputs: Vec<(DatasetName, i64)> = read.into_iter().collect();
        if let (Scope::Windows(_) | Scope::All(_), Some(told)) = (&scope, self.told) {
            Part::Record.timed(told.begin(self, &work)).await?;
        }
        let (state, made) = match scope {
            Scope::Nothing if current => (StepState::UpToDate, work.as_it_is()),
            Scope::Nothing => (StepState::UpToDate, self.note(work).await?),
            Scope::Windows(windows) => (StepState::Built, self.replace(work, &windows).await?),
            Scope::All(_) => (StepState::Built, self.compute(work).await?),
        };
        Ok(Outcome {
            state,
            inputs,
            version: made.version,
            rows: made.rows,
            scope: (!current).then_some(told),
            warnings: made.warnings,
        })
    }

    /// What is computed anew, and whether the table is what this step would make of it already.
    async fn scope(&self, work: &Work, read: &BTreeMap<DatasetName, i64>) -> Result<(Scope, bool)> {
        if self.forced {
            return Ok((Scope::All("it was selected".to_owned()), false));
        }
        let previous = match self.previous(&work.table, &work.info).await? {
            Ok(previous) => previous,
            Err(reason) => return Ok((Scope::All(reason), false)),
        };
        if self.is_current(&previous, read).await? {
            return Ok((Scope::Nothing, true));
        }
        let sql = (self.transformation, &work.statement);
        let scope = incremental::scope(
            self.handles,
            &work.contract,
            sql,
            &work.snapshots,
            &previous,
        );
        Ok((scope.await?, false))
    }

    /// Notes that the rows that are there are those of the inputs as they are now.
    async fn note(&self, work: Work) -> Result<Made> {
        let request = Table::noting(work.table.version());
        self.commit(&work, request, Vec::new(), 0, None).await
    }

    /// Computes every row.
    async fn compute(&self, work: Work) -> Result<Made> {
        let (session, planned) = self.planned(&work).await?;
        let (files, aside) = self.stage(&session, &planned, &work).await?;
        let judged = work.table.staged_provider(&files).map_err(failure::lake);
        let warnings = match judged {
            Ok(new) => self.judge(&work, ToJudge { new, whole: None }, aside).await,
            Err(error) => Err(error),
        };
        let warnings = self.or_discard(&work, warnings, &files).await?;
        let rows = files.iter().map(StagedFile::rows).sum();
        let request = match self.transformation.write {
            Write::Append => CommitRequest::append(files.clone()),
            _ => CommitRequest::replace(files.clone()),
        };
        // Also what is added: another process may have added it since.
        let request = request.with_base(work.table.version());
        self.commit(&work, request, files, rows, warnings).await
    }

    /// Computes the rows inside the windows and leaves the others.
    async fn replace(&self, work: Work, windows: &Windows) -> Result<Made> {
        self.judged.inside(&work.contract.dataset, windows);
        let snapshot = work.table.snapshot();
        let holding = snapshot.holding_any(windows.boxes());
        let holding = holding.map_err(failure::lake)?;
        let (session, planned) = self.planned(&work).await?;
        let planned = session.inside(planned, windows).map_err(failure::engine)?;
        let (inside, aside) = self.stage(&session, &planned, &work).await?;
        let replaced = Replaced {
            base: work.table.version(),
            snapshot,
            holding,
            inside,
            kept: Vec::new(),
        };
        let noted = self.note_periods(&work, &replaced, windows).await;
        self.or_discard(&work, noted, &replaced.inside).await?;
        let warnings = self.kept_and_judged(&work, (replaced, aside), windows);
        let (replaced, warnings) = warnings.await?;
        let rows = replaced.inside.iter().map(StagedFile::rows).sum();
        let (base, portion) = (replaced.base, replaced.holding.all.clone());
        let files = replaced.files();
        let request = portion.replaced_by(base, files.clone());
        self.commit(&work, request, files, rows, warnings).await
    }

    /// With the rows that stay of the files that hold some of the windows' rows, and what the rules
    /// warn of.
    async fn kept_and_judged(
        &self,
        work: &Work,
        (mut replaced, aside): (Replaced, Option<String>),
        windows: &Windows,
    ) -> Result<(Replaced, Option<String>)> {
        let kept = self.kept(work, &replaced, windows);
        let kept = Part::Compute.timed(kept).await;
        replaced.kept = self.or_discard(work, kept, &replaced.inside).await?;
        let judged = replaced.to_judge(&work.table, &work.contract, windows);
        let warnings = match judged {
            Ok(judged) => self.judge(work, judged, aside).await,
            Err(error) => Err(error),
        };
        let files: Vec<StagedFile> = replaced
            .inside
            .iter()
            .chain(&replaced.kept)
            .cloned()
            .collect();
        let warnings = self.or_discard(work, warnings, &files).await?;
        Ok((replaced, warnings))
    }

    async fn kept(
        &self,
        work: &Work,
        replaced: &Replaced,
        windows: &Windows,
    ) -> Result<Vec<StagedFile>> {
        let mixed = &replaced.holding.mixed;
        if mixed.count() == 0 {
            return Ok(Vec::new());
        }
        let dataset = &work.contract.dataset;
        let provider = mixed.provider().map_err(failure::lake)?;
        let tables = BTreeMap::from([(dataset.clone(), provider)]);
        let session = self.handles.engine.session(tables, self.limits());
        let session = session.map_err(failure::engine)?;
        let kept = session.outside(dataset, windows, &work.order()).await;
        let kept = kept.map_err(failure::engine)?;
        staging::staged(&session, &kept, &work.table, &work.settings()).await
    }

    async fn commit(
        &self,
        work: &Work,
        request: CommitRequest,
        files: Vec<StagedFile>,
        rows: u64,
        warnings: Option<String>,
    ) -> Result<Made> {
        if let Some(open) = self.open {
            let noted = open.before_commit().await;
            self.or_discard(work, noted, &files).await?;
        }
        let info = work.info.clone();
        let request = request.with_operation("TRANSFORM").with_info(info);
        let committed = Part::Commit.timed(work.table.commit(request)).await;
        // Whether the commit happened is not known when the store does not answer.
        if let Err(lake::LakeError::Conflict(_)) = &committed {
            work.table.discard(files).await.map_err(failure::lake)?;
        }
        let version = committed.map_err(failure::lake)?.version;
        Ok(Made {
            version,
            rows,
            warnings,
        })
    }

    /// What there is, or the error once the files are deleted, which nothing will name.
    pub(super) async fn or_discard<T>(
        &self,
        work: &Work,
        done: Result<T>,
        files: &[StagedFile],
    ) -> Result<T> {
        match done {
            Ok(done) => Ok(done),
            Err(error) => {
                let discarded = work.table.discard(files.to_vec()).await;
                discarded.map_err(failure::lake)?;
                Err(error)
            }
        }
    }

    /// What the commit says of itself: enough to know later whether it is still current.
    fn info(&self, contract: &Contract, read: &BTreeMap<DatasetName, i64>) -> Map<String, Value> {
        let inputs: BTreeMap<&str, i64> = read.iter().map(|(d, v)| (d.as_str(), *v)).collect();
        Map::from_iter([
            (RUN.to_owned(), json!(self.run)),
            (INPUTS.to_owned(), json!(inputs)),
            (SQL.to_owned(), json!(self.transformation.sha256)),
            (MEANING.to_owned(), json!(self.transformation.meaning)),
            (CONTRACT.to_owned(), json!(contract.version.to_string())),
        ])
    }

    /// What the rows that are there were computed from, if it was by the same SQL under the same
    /// contract; else why that does not help.
    async fn previous(
        &self,
        table: &Table,
        info: &Map<String, Value>,
    ) -> Result<std::result::Result<Previous, String>> {
        let newest = table.newest_noting(RUN).await.map_err(failure::lake)?;
        let Some(newest) = newest else {
            return Ok(Err("it was not built before".to_owned()));
        };
        if !made_by(&newest.info, self.transformation) {
            return Ok(Err("its SQL changed".to_owned()));
        }
        if newest.info.get(CONTRACT) != info.get(CONTRACT) {
            return Ok(Err("its contract changed".to_owned()));
        }
        let same = table.same_rows(newest.version, table.version()).await;
        if !same.map_err(failure::lake)? {
            return Ok(Err("its table was changed by others".to_owned()));
        }
        let inputs = newest.info.get(INPUTS).and_then(Value::as_object);
        let inputs = inputs.map(|inputs| {
            let versions = inputs.iter();
            let versions = versions.filter_map(|(d, v)| Some((d.parse().ok()?, v.as_i64()?)));
            versions.collect()
        });
        Ok(inputs
            .map(|inputs| Previous { inputs })
            .ok_or_else(|| "it is not known what it read".to_owned()))
    }

    /// Whether the newest build read the same rows.
    async fn is_current(
        &self,
        previous: &Previous,
        read: &BTreeMap<DatasetName, i64>,
    ) -> Result<bool> {
        if !previous.inputs.keys().eq(read.keys()) {
            return Ok(false);
        }
        for (dataset, version) in read {
            let Some(before) = previous.inputs.get(dataset) else {
                return Ok(false);
            };
            // A version that only holds the same rows in other files is as good.
            let input = self.handles.table(dataset).await?;
            let same = input.same_rows(*before, *version).await;
            if !same.map_err(failure::lake)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The transformation's answer as its contract has it.
    async fn planned(&self, work: &Work) -> Result<(Session, Planned)> {
        let session = self.handles.session(&work.snapshots, self.limits())?;
        let params = run_params(&self.transformation.sql, self.started_at.timestamp_micros());
        let planned = session.plan(&work.statement, &params).await;
        let planned = planned.map_err(failure::engine)?;
        let planned = session.under_contract(planned, &work.contract);
        let planned = planned.map_err(failure::engine)?;
        Ok((session, planned))
    }

    /// What its columns come from, as the SQL says.
    pub(super) async fn edges(&self, work: &Work) -> Result<Vec<Edge>> {
        let session = self.handles.session(&work.snapshots, self.limits())?;
        let params = run_params(&self.transformation.sql, self.started_at.timestamp_micros());
        let planned = session.plan(&work.statement, &params).await;
        let planned = planned.map_err(failure::engine)?;
        engine::lineage::edges(&self.transformation.dataset, &planned).map_err(failure::engine)
    }

    fn limits(&self) -> QueryLimits {
        staging::limits(self.handles)
    }
}

/// Whether what a commit notes was made by SQL of the same meaning; commits of earlier versions note
/// the file alone.
pub(crate) fn made_by(noted: &Map<String, Value>, transformation: &Transformation) -> bool {
    let says = |key: &str, hash: &str| noted.get(key).and_then(Value::as_str) == Some(hash);
    says(MEANING, &transformation.meaning) || says(SQL, &transformation.sha256)
}
