//! Transformations computed over rows that are not taken, beside what is published.
//!
//! As in a preview nothing is staged. Only the windows that the rows touch are computed where a run
//! would do so, and what comes out the same touches nothing further. What is computed is held, for
//! several datasets read it, or else it is a view and computed by each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::datasource::empty::EmptyTable;
use engine::{Changed, Difference, EngineError, Planned, QueryLimits, Session, Statement, Windows};
use project::{Contract, DatasetName, Layer, Project, Transformation, Write};
use service::{At, Result, RunRequest, StepState};

use super::moved::{Moved, Provider, quoted};
use crate::check::{run_params, uses};
use crate::handles::Handles;
use crate::incremental::{self, Scope};
use crate::{failure, preview, quality, runs};

/// Rows that are shown of a dataset.
const ROWS: usize = 200;

/// What rows change, step by step.
pub(crate) struct Work<'a> {
    pub(super) handles: &'a Handles,
    pub(super) project: &'a Project,
    pub(super) limits: QueryLimits,
    /// The versions of the received datasets that are published from; none reads the newest.
    pub(super) read: Option<BTreeMap<DatasetName, i64>>,
    /// Datasets with other rows.
    pub(crate) moved: BTreeMap<DatasetName, Moved>,
    pub(super) failed: BTreeSet<DatasetName>,
    /// They answer for the memory of what is held.
    pub(super) sessions: Vec<Session>,
}

/// What became of a computed dataset.
pub(super) struct Step {
    pub(super) contract: Contract,
    pub(super) state: StepState,
    pub(super) message: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) difference: engine::RowDifference,
    /// The columns that hold no numbers.
    pub(super) texts: BTreeSet<String>,
}

/// The rows of a dataset that are compared, and all of them as they would be.
struct Sides {
    before: Provider,
    after: Provider,
    now: Provider,
    warnings: Option<String>,
}

impl Work<'_> {
    /// Computes whatever is made of the rows; gives the datasets that change or cannot be made.
    pub(super) async fn all(&mut self) -> Result<Vec<Step>> {
        let project = self.project;
        let mut steps = Vec::new();
        for transformation in runs::chosen(project, &RunRequest::default())? {
            let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
            let inputs = statement.inputs();
            let contract = self.contract(&transformation.dataset)?;
            if let Some(input) = inputs.iter().find(|input| self.failed.contains(*input)) {
                let message = format!("dataset `{input}`, which it reads, failed");
                self.failed.insert(contract.dataset.clone());
                steps.push(told(contract, StepState::Skipped, Some(message)));
                continue;
            }
            if !inputs.iter().any(|input| self.moved.contains_key(input)) {
                continue;
            }
            match self.step(&contract, transformation, &statement).await {
                Ok(None) => {}
                Ok(Some(step)) => steps.push(step),
                // Of what a query may use everything here is a part.
                Err(error) if error.kind == service::ErrorKind::LimitExceeded => return Err(error),
                Err(error) => {
                    let message = match error.hint {
                        Some(hint) => format!("{}. {hint}", error.message),
                        None => error.message,
                    };
                    self.failed.insert(contract.dataset.clone());
                    steps.push(told(contract, StepState::Failed, Some(message)));
                }
            }
        }
        Ok(steps)
    }

    async fn step(
        &mut self,
        contract: &Contract,
        transformation: &Transformation,
        statement: &Statement,
    ) -> Result<Option<Step>> {
        let tables = self.tables(transformation, statement, contract).await?;
        let scope = self
            .scope(contract, (transformation, statement), &tables)
            .await?;
        let windows = match &scope {
            Scope::Nothing => return Ok(None),
            Scope::Windows(windows) => Some(windows),
            Scope::All(_) => None,
        };
        let answer = self.answer(contract, (transformation, statement), (tables, windows));
        let (session, planned) = answer.await?;
        let held = self.held(&session, &planned).await?;
        let is_held = held.is_some();
        let computed = held.unwrap_or_else(|| planned.view());
        let sides = self
            .sides(
                contract,
                transformation,
                (&session, planned, computed),
                windows,
            )
            .await?;
        if is_held {
            self.sessions.push(session);
        }
        let (before, after) = (Arc::clone(&sides.before), Arc::clone(&sides.after));
        let has = |name: &String| before.schema().field_with_name(name).is_ok();
        let keyed = contract.key.iter().all(has);
        let key = if keyed { &contract.key[..] } else { &[] };
        let texts = after.schema();
        let texts = texts
            .fields()
            .iter()
            .filter(|f| !f.data_type().is_numeric());
        let texts = texts.map(|field| field.name().clone()).collect();
        let compared = self
            .handles
            .engine
            .compare(self.limits, (before, after), key, ROWS);
        let difference = compared.await.map_err(failure::engine)?;
        if difference.added + difference.removed + difference.changed == 0 {
            return Ok(None);
        }
        let moved = Moved {
            before: Some(sides.before),
            after: Some(sides.after),
            now: sides.now,
            whole: None,
        };
        self.moved.insert(contract.dataset.clone(), moved);
        Ok(Some(Step {
            scope: Some(scope.told()),
            difference,
            texts,
            ..told(contract.clone(), StepState::Built, sides.warnings)
        }))
    }

    /// What the transformation would read.
    async fn tables(
        &self,
        transformation: &Transformation,
        statement: &Statement,
        contract: &Contract,
    ) -> Result<BTreeMap<DatasetName, Provider>> {
        let mut tables = BTreeMap::new();
        for input in statement.inputs() {
            tables.insert(input.clone(), self.given(input).await?);
        }
        if transformation.write == Write::Append {
            let own = &contract.dataset;
            tables.entry(own.clone()).or_insert(self.given(own).await?);
        }
        Ok(tables)
    }

    /// The windows that the moved rows touch, as a run would find them.
    async fn scope(
        &self,
        contract: &Contract,
        (transformation, statement): (&Transformation, &Statement),
        tables: &BTreeMap<DatasetName, Provider>,
    ) -> Result<Scope> {
        if transformation.write.windows().is_empty() {
            return Ok(Scope::All("it writes no windows".to_owned()));
        }
        if uses(&transformation.sql, "run_at") {
            return Ok(Scope::All("it reads the time of the run".to_owned()));
        }
        let inputs = statement.inputs().iter();
        let schemas = inputs.filter_map(|d| Some((d.clone(), tables.get(d)?.schema())));
        let (handles, mut touched) = (self.handles, Windows::none());
        let readings =
            incremental::followed(handles, contract, transformation, statement, schemas).await?;
        for reading in &readings {
            let Some(moved) = self.moved.get(&reading.dataset) else {
                continue;
            };
            if let Some(why) = &moved.whole {
                return Ok(Scope::All(why.clone()));
            }
            let difference = Difference {
                before: moved.before.clone(),
                after: moved.after.clone(),
            };
            let changed = handles.engine.changed(self.limits, reading, difference);
            match changed.await.map_err(failure::engine)? {
                Changed::Inside(windows) => touched = touched.with(windows),
                Changed::Anything(reason) => return Ok(Scope::All(reason)),
            }
        }
        Ok(if touched.is_empty() {
            Scope::Nothing
        } else {
            Scope::Windows(touched)
        })
    }

    /// The rows that a run would compute.
    async fn answer(
        &self,
        contract: &Contract,
        (transformation, statement): (&Transformation, &Statement),
        (tables, windows): (BTreeMap<DatasetName, Provider>, Option<&Windows>),
    ) -> Result<(Session, Planned)> {
        let session = self.session(tables)?;
        let now = self.handles.now().timestamp_micros();
        let params = run_params(&transformation.sql, now);
        let planned = session.plan(statement, &params).await;
        let planned = planned.map_err(failure::engine)?;
        let planned = session.under_contract(planned, contract);
        let planned = planned.map_err(failure::engine)?;
        let planned = match windows {
            Some(windows) => session.inside(planned, windows).map_err(failure::engine)?,
            None => planned,
        };
        Ok((session, planned))
    }

    /// The answer, computed once; none if there is no room for it.
    async fn held(&self, session: &Session, planned: &Planned) -> Result<Option<Provider>> {
        let memory = self.limits.memory_name;
        match session.held(planned).await {
            Ok(held) => Ok(Some(held)),
            Err(EngineError::Limit { limit, .. }) if limit == memory => Ok(None),
            Err(error) => Err(failure::engine(error)),
        }
    }

    /// What is published and what would be, held against the rules.
    async fn sides(
        &self,
        contract: &Contract,
        transformation: &Transformation,
        (session, planned, computed): (&Session, Planned, Provider),
        windows: Option<&Windows>,
    ) -> Result<Sides> {
        let dataset = &contract.dataset;
        let published = self.given(dataset).await?;
        let Some(windows) = windows else {
            let (kept, warnings) = self.judged(contract, computed).await?;
            let now = if transformation.write == Write::Append {
                let whole = session.appended(dataset, &planned).await;
                whole.map_err(failure::engine)?.view()
            } else {
                kept
            };
            return Ok(Sides {
                before: published,
                after: Arc::clone(&now),
                now,
                warnings,
            });
        };
        let before = self
            .inside(dataset, Arc::clone(&published), windows)
            .await?;
        if incremental::are_enough(contract, windows) {
            let (after, warnings) = self.judged(contract, computed).await?;
            let now = self
                .joined(dataset, published, Arc::clone(&after), windows)
                .await?;
            return Ok(Sides {
                before,
                after,
                now,
                warnings,
            });
        }
        let now = self.joined(dataset, published, computed, windows).await?;
        let (now, warnings) = self.judged(contract, now).await?;
        Ok(Sides {
            before,
            after: self.inside(dataset, Arc::clone(&now), windows).await?,
            now,
            warnings,
        })
    }

    async fn judged(
        &self,
        contract: &Contract,
        rows: Provider,
    ) -> Result<(Provider, Option<String>)> {
        let mut others = BTreeMap::new();
        for dataset in engine::reads(contract).map_err(failure::engine)? {
            others.insert(dataset.clone(), self.given(&dataset).await?);
        }
        let subject = quality::Unmade {
            project: self.project,
            contract,
            others,
            begun_at: self.handles.now(),
        };
        quality::foretold(self.handles, &subject, rows).await
    }

    /// The rows inside the windows.
    async fn inside(
        &self,
        dataset: &DatasetName,
        table: Provider,
        windows: &Windows,
    ) -> Result<Provider> {
        let session = self.session(BTreeMap::from([(dataset.clone(), table)]))?;
        let sql = format!("select * from {}", quoted(dataset));
        let statement = Statement::parse(&sql).map_err(failure::engine)?;
        let planned = session.plan(&statement, &BTreeMap::new()).await;
        let planned = planned.map_err(failure::engine)?;
        let inside = session.inside(planned, windows).map_err(failure::engine)?;
        Ok(inside.view())
    }

    /// The published rows outside of the windows, and the others.
    async fn joined(
        &self,
        dataset: &DatasetName,
        published: Provider,
        inside: Provider,
        windows: &Windows,
    ) -> Result<Provider> {
        let session = self.session(BTreeMap::from([(dataset.clone(), published)]))?;
        let outside = session.outside(dataset, windows, &[]).await;
        let outside = outside.map_err(failure::engine)?.view();
        let session = self.session(BTreeMap::from([(dataset.clone(), inside)]))?;
        let sql = format!("select * from {}", quoted(dataset));
        let statement = Statement::parse(&sql).map_err(failure::engine)?;
        let planned = session.plan(&statement, &BTreeMap::new()).await;
        let planned = planned.map_err(failure::engine)?;
        let session = self.session(BTreeMap::from([(dataset.clone(), outside)]))?;
        let joined = session.appended(dataset, &planned).await;
        Ok(joined.map_err(failure::engine)?.view())
    }

    /// The rows of a dataset as they would be.
    pub(super) async fn given(&self, dataset: &DatasetName) -> Result<Provider> {
        if let Some(moved) = self.moved.get(dataset) {
            return Ok(Arc::clone(&moved.now));
        }
        let contract = self.contract(dataset)?;
        let computed = self.project.transformations.contains_key(dataset);
        let at = match (&self.read, computed) {
            (Some(read), false) => match read.get(dataset) {
                Some(version) => At::Versions(BTreeMap::from([(dataset.clone(), *version)])),
                // No run has read it: nothing that is published comes from it.
                None if dataset.layer() == Layer::Raw => {
                    return Ok(Arc::new(EmptyTable::new(Arc::new(contract.table_schema()))));
                }
                None => At::Now,
            },
            _ => At::Now,
        };
        let table = preview::published(self.handles, &contract, &at).await?;
        engine::with_columns(table, &contract.table_schema()).map_err(failure::engine)
    }

    fn session(&self, tables: BTreeMap<DatasetName, Provider>) -> Result<Session> {
        let session = self.handles.engine.session(tables, self.limits);
        session.map_err(failure::engine)
    }

    fn contract(&self, dataset: &DatasetName) -> Result<Contract> {
        self.handles.contract(dataset)
    }
}

fn told(contract: Contract, state: StepState, message: Option<String>) -> Step {
    Step {
        contract,
        state,
        message,
        scope: None,
        difference: engine::RowDifference::default(),
        texts: BTreeSet::new(),
    }
}
