//! Stops joins in the middle of a batch.
//!
//! A join whose condition rejects every pair goes through millions of them between two rows, and
//! neither returns nor pauses meanwhile. The condition itself is the one place that it passes again
//! and again, so that is where it learns that nobody waits for its rows any more.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
};
use tokio::time::Instant;

use crate::pool::Part;

/// Whether the work of a statement is still wanted.
pub(crate) struct Halt {
    part: Arc<Part>,
    deadline: Instant,
    dropped: AtomicBool,
}

impl Halt {
    pub(crate) fn new(part: Arc<Part>, deadline: Instant) -> Arc<Self> {
        Arc::new(Self {
            part,
            deadline,
            dropped: AtomicBool::new(false),
        })
    }

    /// When the time is up.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Nobody takes the rows any more.
    pub(crate) fn drop_work(&self) {
        self.dropped.store(true, Ordering::Relaxed);
    }

    /// Whether the time is up.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn is_wanted(&self) -> bool {
        !self.dropped.load(Ordering::Relaxed) && !self.is_late() && !self.part.is_ended()
    }
}

/// The same plan, with joins that stop.
pub(crate) fn halting(
    plan: Arc<dyn ExecutionPlan>,
    halt: &Arc<Halt>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let within = |filter: &JoinFilter, schema: SchemaRef| {
        let condition = Arc::new(Condition {
            inner: Arc::clone(filter.expression()),
            halt: Arc::clone(halt),
        });
        let columns = filter.column_indices().to_vec();
        JoinFilter::new(condition, columns, schema)
    };
    let as_it_is = |filter: &JoinFilter| within(filter, Arc::clone(filter.schema()));
    // A sort-merge join shows its condition the nulls of an outer join as well, whatever the columns
    // are declared to be.
    let with_nulls = |filter: &JoinFilter| within(filter, nullable(filter.schema()));
    let stopping = |plan: Arc<dyn ExecutionPlan>| {
        let stopping = if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
            let filter = join.filter().map(as_it_is);
            filter.map(|filter| nested(join, filter)).transpose()?
        } else if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
            let filter = join.filter.as_ref().map(as_it_is);
            let hashed = |filter| join.builder().with_filter(Some(filter)).build_exec();
            filter.map(hashed).transpose()?
        } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
            let filter = join.filter.as_ref().map(with_nulls);
            filter.map(|filter| merged(join, filter)).transpose()?
        } else {
            None
        };
        Ok(stopping.map_or_else(|| Transformed::no(plan), Transformed::yes))
    };
    Ok(plan.transform_up(stopping)?.data)
}

fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn nested(join: &NestedLoopJoinExec, filter: JoinFilter) -> Result<Arc<dyn ExecutionPlan>> {
    let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
    let join = NestedLoopJoinExecBuilder::new(left, right, *join.join_type())
        .with_filter(Some(filter))
        .with_projection_ref(join.projection().clone())
        .build()?;
    Ok(Arc::new(join))
}

fn merged(join: &SortMergeJoinExec, filter: JoinFilter) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(Arc::new(SortMergeJoinExec::try_new(
        Arc::clone(&join.left),
        Arc::clone(&join.right),
        join.on.clone(),
        Some(filter),
        join.join_type,
        join.sort_options.clone(),
        join.null_equality,
    )?))
}

/// A join's condition that fails when the work is not wanted.
#[derive(Clone)]
struct Condition {
    inner: Arc<dyn PhysicalExpr>,
    halt: Arc<Halt>,
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Condition {}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl PhysicalExpr for Condition {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.halt.is_wanted() {
            self.inner.evaluate(batch)
        } else {
            Err(DataFusionError::Execution(
                "the work is not wanted any more".to_owned(),
            ))
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.into_iter().next();
        Ok(Arc::new(Self {
            inner: inner.unwrap_or_else(|| Arc::clone(&self.inner)),
            halt: Arc::clone(&self.halt),
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
