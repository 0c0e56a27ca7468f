//! What a run tells of itself: an event when a transformation begins, and one when it has ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use calendar::civil;
use chrono::{DateTime, Utc};
use engine::RuleResult;
use lineage::openlineage::{self, Asserted, Shown, Source, Task};
use project::{Contract, DatasetName, Project};
use serde_json::Value;
use service::{ErrorKind, Result, RunReport, RunStep, ServiceError, StepState};

use super::open::Open;
use super::step::{Step, Work};
use crate::alone::Alone;
use crate::handles::Handles;
use crate::outbox::{self, Kept, Noted, Numbers, Started, When};
use crate::quality::Judged;

/// The events of a run.
pub(super) struct Told<'a> {
    handles: &'a Handles,
    open: &'a Open<'a>,
    run: &'a str,
    since: u64,
    numbers: Numbers<'a>,
    begun: Mutex<Vec<Begun>>,
}

/// A transformation that began.
struct Begun {
    dataset: DatasetName,
    start: Value,
    path: String,
    /// Whether it is known that the event is kept.
    kept: bool,
    ended_at: Option<DateTime<Utc>>,
    /// Why it failed, as others may know it.
    why: Option<String>,
}

impl<'a> Told<'a> {
    /// None where no events are kept.
    pub(super) async fn of(
        handles: &'a Handles,
        alone: &Alone,
        open: &'a Open<'a>,
        run: &'a str,
    ) -> Result<Option<Self>> {
        if handles.settings.lineage.sink.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            handles,
            open,
            run,
            since: handles.published.newest().await?.sequence,
            numbers: Numbers::of(alone.fence(), run),
            begun: Mutex::default(),
        }))
    }

    /// A transformation begins, of which it is known what it reads.
    pub(super) async fn begin(&self, step: &Step<'_>, work: &Work) -> Result<()> {
        // What keeps a plan's lineage from being told keeps nobody from running it.
        let edges = step.edges(work).await.unwrap_or_else(|error| {
            let dataset = &step.transformation.dataset;
            tracing::warn!(%dataset, %error, "an event has no column lineage");
            Vec::new()
        });
        let mut contracts = Vec::new();
        for (dataset, snapshot) in &work.snapshots {
            contracts.push((self.contract(step.project, dataset)?, snapshot.version()));
        }
        let inputs = contracts.iter().map(|(contract, version)| Shown {
            contract,
            version: Some(*version),
        });
        let task = Task {
            transformation: step.transformation,
            contract: Some(&work.contract),
            edges: &edges,
            inputs: inputs.collect(),
        };
        self.start(&task).await
    }

    /// It ended; what came of that is told with the others.
    pub(super) fn end(&self, dataset: &DatasetName, error: Option<&ServiceError>) {
        let now = self.handles.now();
        let mut begun = self.begun();
        if let Some(of) = begun.iter_mut().find(|of| of.dataset == *dataset) {
            of.ended_at = Some(now);
            of.why = error.map(|error| self.why(error));
        }
    }

    /// Keeps what came of every transformation; to be called before anything is published.
    pub(super) async fn endings(
        &self,
        project: &Project,
        report: &RunReport,
        judged: &Judged,
    ) -> Result<()> {
        for step in &report.steps {
            let when = match step.state {
                StepState::Built => When::Published,
                StepState::Failed => When::Ended,
                StepState::UpToDate | StepState::Skipped => continue,
            };
            self.make_sure(project, step).await?;
            let Some(end) = self.end_of(step) else {
                continue;
            };
            self.keep(&self.numbers.next(), when, end).await?;
            for event in self.judged(project, step, judged)? {
                self.keep(&self.numbers.next(), when, event).await?;
            }
        }
        self.handles.outbox.wake();
        Ok(())
    }

    /// That the event of its beginning is kept: it may have failed before, or then.
    async fn make_sure(&self, project: &Project, step: &RunStep) -> Result<()> {
        let found = {
            let begun = self.begun();
            let at = begun.iter().position(|of| of.dataset == step.dataset);
            at.map(|at| (at, begun[at].kept))
        };
        match found {
            Some((_, true)) => Ok(()),
            Some((at, false)) => self.keep_start(at).await,
            None => {
                let Some(transformation) = project.transformations.get(&step.dataset) else {
                    return Ok(());
                };
                let task = Task {
                    transformation,
                    contract: project.contracts.get(&step.dataset),
                    edges: &[],
                    inputs: Vec::new(),
                };
                self.start(&task).await
            }
        }
    }

    async fn start(&self, task: &Task<'_>) -> Result<()> {
        let start = self
            .source()
            .start(self.run, task, &told(self.handles.now()));
        let at = {
            let mut begun = self.begun();
            begun.push(Begun {
                dataset: task.transformation.dataset.clone(),
                start,
                path: self.numbers.next(),
                kept: false,
                ended_at: None,
                why: None,
            });
            begun.len() - 1
        };
        self.keep_start(at).await
    }

    /// What is noted first is told to be given up, if nothing more is heard of it.
    async fn keep_start(&self, at: usize) -> Result<()> {
        let (path, start, started) = {
            let begun = self.begun();
            let started = begun.iter().map(|of| Started {
                dataset: of.dataset.to_string(),
                kept: of.kept,
            });
            let of = &begun[at];
            (of.path.clone(), of.start.clone(), started.collect())
        };
        let since = self.since;
        self.open.note(Noted { since, started }).await?;
        self.keep(&path, When::Begun, start).await?;
        self.begun()[at].kept = true;
        self.handles.outbox.wake();
        Ok(())
    }

    fn end_of(&self, step: &RunStep) -> Option<Value> {
        let begun = self.begun();
        let of = begun.iter().find(|of| of.dataset == step.dataset)?;
        let at = told(of.ended_at.unwrap_or_else(|| self.handles.now()));
        Some(match (step.state, step.version) {
            (StepState::Built, Some(version)) => {
                openlineage::completed(&of.start, &at, version, step.rows)
            }
            _ => {
                let why = of.why.clone();
                let why = why.unwrap_or_else(|| self.elsewhere("it could not begin"));
                openlineage::failed(&of.start, &at, &why)
            }
        })
    }

    /// What the rules said, where that is kept: of what was built, and of what they refused.
    fn judged(&self, project: &Project, step: &RunStep, judged: &Judged) -> Result<Vec<Value>> {
        let Some((at, results)) = judged.told(&step.dataset, step.state == StepState::Built) else {
            return Ok(Vec::new());
        };
        let contract = self.contract(project, &step.dataset)?;
        let shown = Shown {
            contract: &contract,
            version: step.version,
        };
        let asserted: Vec<Asserted<'_>> = results.iter().map(asserted).collect();
        let events = self.source().judged(self.run, shown, &asserted, &told(at));
        Ok(events.into())
    }

    async fn keep(&self, path: &str, when: When, event: Value) -> Result<()> {
        let kept = Kept {
            run: self.run.to_owned(),
            since: self.since,
            when,
            event,
        };
        outbox::put(self.handles, path, &kept).await
    }

    /// Rules name themselves and numbers of rows. What else an engine says may hold a value of a
    /// row, so that stays here.
    fn why(&self, error: &ServiceError) -> String {
        match error.kind {
            ErrorKind::Refused => error.message.clone(),
            kind => self.elsewhere(kind.as_str()),
        }
    }

    fn elsewhere(&self, kind: &str) -> String {
        format!("{kind}; `system.runs` says more of run `{}`", self.run)
    }

    /// The contract of the run's project; our own books are in none.
    fn contract(&self, project: &Project, dataset: &DatasetName) -> Result<Contract> {
        match project.contracts.get(dataset) {
            Some(contract) => Ok(contract.clone()),
            None => self.handles.contract(dataset),
        }
    }

    fn source(&self) -> &Source {
        &self.handles.settings.lineage.source
    }

    fn begun(&self) -> MutexGuard<'_, Vec<Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn asserted(result: &RuleResult) -> Asserted<'_> {
    Asserted {
        rule: &result.rule,
        passed: result.passed,
        failed_rows: result.failed_rows,
        checked_rows: result.checked_rows,
    }
}

fn told(at: DateTime<Utc>) -> String {
    civil(at).to_rfc3339()
}
