//! A statement at work: planned with the fastest joins and, when these do not fit, once more with
//! joins that spill.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::{SendableRecordBatchStream, SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::sync::mpsc;

use crate::halt::{Halt, halting};
use crate::pool::Part;
use crate::{EngineError, QueryLimits, Result};

/// How long the memory of a first attempt is waited for. Its tasks end when they next yield.
const RELEASE: Duration = Duration::from_secs(30);

/// What a statement needs to be planned, and planned again.
#[derive(Clone)]
pub(crate) struct Work {
    /// The session's settings and tables.
    pub state: SessionState,
    /// What is asked.
    pub plan: LogicalPlan,
    /// The query's memory.
    pub part: Arc<Part>,
    /// The query's limits.
    pub limits: QueryLimits,
    /// Whether it is still wanted.
    pub halt: Arc<Halt>,
}

/// A physical plan.
pub(crate) struct Attempt {
    pub plan: Arc<dyn ExecutionPlan>,
    pub context: Arc<TaskContext>,
    /// Whether there is a plan that needs less memory.
    sortable: bool,
    /// What the query held before.
    held: usize,
}

impl Work {
    /// The plan that is best when there is memory for it.
    pub(crate) async fn first(&self) -> Result<Attempt> {
        let attempt = self.attempt(self.state.clone()).await?;
        let sortable = has_sortable_join(&attempt.plan)?;
        Ok(Attempt {
            sortable,
            ..attempt
        })
    }

    /// The plan whose joins spill, if the first one met a limit on memory that it would not meet.
    /// What the first attempt held is waited for.
    pub(crate) async fn again(&self, first: Attempt, error: EngineError) -> Result<Attempt> {
        let (sortable, held) = (first.sortable, first.held);
        // A hash join keeps what it gathered as long as its plan.
        drop(first);
        if !sortable || !error.is_memory(&self.limits) || self.part.is_ended() {
            return Err(error);
        }
        tracing::info!(%error, "a query is planned again with joins that spill");
        metrics::counter!("dtm_query_replans_total").increment(1);
        if tokio::time::timeout(RELEASE, self.part.falls_to(held))
            .await
            .is_err()
        {
            return Err(error);
        }
        let mut state = self.state.clone();
        let options = state.config_mut().options_mut();
        options.optimizer.prefer_hash_join = false;
        // With one partition the engine plans hash joins whatever is preferred.
        let partitions = options.execution.target_partitions.max(2);
        options.execution.target_partitions = partitions;
        self.attempt(state).await
    }

    async fn attempt(&self, state: SessionState) -> Result<Attempt> {
        let plan = state.create_physical_plan(&self.plan).await;
        let plan = plan
            .and_then(|plan| halting(plan, &self.halt))
            .map_err(EngineError::planning)?;
        Ok(Attempt {
            plan,
            context: state.task_ctx(),
            sortable: false,
            held: self.part.reserved(),
        })
    }

    /// Runs to the end, and a second time if nothing was sent and another plan may do. Ends early
    /// when nobody takes the rows any more, when the time is up, or when an end is put to it.
    pub(crate) async fn drive(self, first: Attempt, rows: mpsc::Sender<RecordBatch>) -> Result<()> {
        let (ended, late) = (
            self.part.end_of(),
            tokio::time::sleep_until(self.halt.deadline()),
        );
        tokio::pin!(ended, late);
        let mut stream = self.stream(&first)?;
        let mut first = Some(first);
        loop {
            let item = tokio::select! {
                biased;
                reason = &mut ended => return Err(EngineError::ended(reason)),
                () = &mut late => return Err(self.limits.late()),
                () = rows.closed() => return Ok(()),
                item = stream.next() => item,
            };
            match item {
                None => return Ok(()),
                Some(Ok(batch)) => {
                    if batch.num_rows() > 0 {
                        first = None;
                    }
                    let sent = tokio::select! {
                        biased;
                        reason = &mut ended => return Err(EngineError::ended(reason)),
                        () = &mut late => return Err(self.limits.late()),
                        sent = rows.send(batch) => sent,
                    };
                    if sent.is_err() {
                        return Ok(());
                    }
                }
                // A join that stops because its time is up says so before the timer does.
                Some(Err(_)) if self.part.is_ended() => {
                    return Err(EngineError::ended(ended.await));
                }
                Some(Err(_)) if self.halt.is_late() => return Err(self.limits.late()),
                Some(Err(error)) => {
                    let error = EngineError::running(error, &self.limits);
                    let Some(attempt) = first.take() else {
                        return Err(error);
                    };
                    drop(stream);
                    stream = self.stream(&self.again(attempt, error).await?)?;
                }
            }
        }
    }

    fn stream(&self, attempt: &Attempt) -> Result<SendableRecordBatchStream> {
        execute_stream(Arc::clone(&attempt.plan), Arc::clone(&attempt.context))
            .map_err(|error| EngineError::running(error, &self.limits))
    }
}

/// Whether a sort-merge join could stand for one of the plan's joins. It could not for a `not in`
/// over a column with nulls.
fn has_sortable_join(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        let join = node.downcast_ref::<HashJoinExec>();
        found |= join.is_some_and(|join| !join.null_aware);
        Ok(if found {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })
    .map_err(EngineError::planning)?;
    Ok(found)
}
