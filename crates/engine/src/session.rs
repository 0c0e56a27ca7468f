//! A session: statements planned and run over the tables it was given.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast, col, ident};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;
use futures::stream::BoxStream;
use project::Contract;

use crate::attempt::Work;
use crate::halt::Halt;
use crate::limits::Limited;
use crate::pool::Part;
use crate::{EngineError, Param, Partitions, QueryLimits, Result, Statement, params};

/// Tables and limits under which statements run.
pub struct Session {
    context: SessionContext,
    limits: QueryLimits,
    part: Arc<Part>,
    /// The memory of whole answers, until the session is dropped.
    kept: OnceLock<MemoryReservation>,
}

/// A statement that was planned and may run.
#[derive(Debug, Clone)]
pub struct Planned {
    pub(crate) plan: LogicalPlan,
}

impl Planned {
    pub(crate) fn of(frame: DataFrame) -> Self {
        Self {
            plan: frame.into_unoptimized_plan(),
        }
    }

    /// The columns of the answer.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.plan.schema().inner())
    }
}

impl Session {
    pub(crate) fn new(context: SessionContext, limits: QueryLimits, part: Arc<Part>) -> Self {
        Self {
            context,
            limits,
            part,
            kept: OnceLock::new(),
        }
    }

    /// The engine's own context, for tests and for rules.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Plans a statement with its parameters bound.
    pub async fn plan(
        &self,
        statement: &Statement,
        params: &BTreeMap<String, Param>,
    ) -> Result<Planned> {
        let state = self.context.state();
        let plan = state
            .statement_to_plan(statement.parsed.clone())
            .await
            .map_err(EngineError::planning)?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .map_err(EngineError::planning)?;
        Ok(Planned {
            plan: params::bind(plan, params)?,
        })
    }

    /// The plan after analysis, which finds what does not fit, and before optimisation.
    pub fn analysed(&self, planned: &Planned) -> Result<LogicalPlan> {
        let state = self.context.state();
        let options = state.config_options();
        state
            .analyzer()
            .execute_and_check(planned.plan.clone(), options, |_, _| {})
            .map_err(EngineError::planning)
    }

    /// The planned statement with its answer cast to the contract's columns. Refuses an answer
    /// whose columns have other names or another order than the contract, or types of another kind.
    pub fn under_contract(&self, planned: Planned, contract: &Contract) -> Result<Planned> {
        let wanted = contract.arrow_schema();
        let got = planned.plan.schema();
        let names = |fields: &mut dyn Iterator<Item = &str>| fields.collect::<Vec<_>>().join(", ");
        let got_names = names(&mut got.fields().iter().map(|f| f.name().as_str()));
        let wanted_names = names(&mut wanted.fields().iter().map(|f| f.name().as_str()));
        if got_names != wanted_names {
            return Err(EngineError::invalid(
                format!(
                    "the answer's columns are `{got_names}`, and the contract of dataset `{}` says \
                     `{wanted_names}`",
                    contract.dataset
                ),
                "Give the last `select` the contract's columns in the contract's order.",
            ));
        }
        let mut exprs = Vec::new();
        for ((qualifier, from), to) in got.iter().zip(wanted.fields()) {
            if !same_kind(from.data_type(), to.data_type()) {
                return Err(EngineError::invalid(
                    format!(
                        "cannot write dataset `{}`: column `{}` is `{}`, the contract says `{}`",
                        contract.dataset,
                        to.name(),
                        from.data_type(),
                        to.data_type()
                    ),
                    "Cast the column in the last `select` to the contract's type.",
                ));
            }
            let column = match qualifier {
                Some(q) => col(datafusion::common::Column::new(
                    Some(q.clone()),
                    from.name(),
                )),
                None => ident(from.name()),
            };
            let typed = if from.data_type() == to.data_type() {
                column
            } else {
                cast(column, to.data_type().clone())
            };
            exprs.push(typed.alias(to.name()));
        }
        let plan = LogicalPlanBuilder::from(planned.plan)
            .project(exprs)
            .and_then(LogicalPlanBuilder::build)
            .map_err(EngineError::planning)?;
        Ok(Planned { plan })
    }

    /// Runs the statement as one stream under every limit of the session.
    pub async fn run(&self, planned: &Planned) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let work = self.work(planned);
        let first = work.first().await?;
        Ok(Limited::start(work, first).boxed())
    }

    /// Runs the statement as one stream per partition, for a writer that encodes them in parallel.
    /// Only the limits on memory and temporary disk apply.
    pub async fn run_partitioned(&self, planned: &Planned) -> Result<Partitions> {
        let work = self.work(planned);
        let first = work.first().await?;
        Partitions::start(work, first)
    }

    /// Runs the statement and keeps the whole answer; for small answers. Until the session is
    /// dropped, the answer counts as memory of the query.
    pub async fn collect(&self, planned: &Planned) -> Result<Vec<RecordBatch>> {
        let mut stream = self.run(planned).await?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let kept = self.kept.get_or_init(|| {
                let pool = Arc::clone(&self.part) as Arc<dyn MemoryPool>;
                MemoryConsumer::new("the answer").register(&pool)
            });
            kept.try_grow(batch.get_array_memory_size())
                .map_err(|error| EngineError::running(error, &self.limits))?;
            batches.push(batch);
        }
        Ok(batches)
    }

    fn work(&self, planned: &Planned) -> Work {
        Work {
            state: self.context.state(),
            plan: planned.plan.clone(),
            part: Arc::clone(&self.part),
            limits: self.limits,
            halt: Halt::new(Arc::clone(&self.part), self.limits.deadline()),
        }
    }
}

/// Whether the two types differ only in how the engine holds them, or in exactness that the
/// contract may widen.
fn same_kind(
    from: &datafusion::arrow::datatypes::DataType,
    to: &datafusion::arrow::datatypes::DataType,
) -> bool {
    use datafusion::arrow::datatypes::DataType as T;
    match (from, to) {
        (T::Utf8 | T::Utf8View | T::LargeUtf8, T::Utf8) => true,
        (T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16, T::Int32) => true,
        (f, T::Int64) => f.is_integer(),
        (T::Float32 | T::Float64, T::Float64) => true,
        (T::Decimal128(_, s), T::Decimal128(_, t)) => s <= t,
        (T::Timestamp(_, _), T::Timestamp(_, _)) => true,
        (a, b) => a == b,
    }
}
