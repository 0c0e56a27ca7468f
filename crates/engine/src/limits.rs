//! The limits on an answer while it streams: time, rows, bytes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};

use crate::attempt::{Attempt, Work};
use crate::halt::Halt;
use crate::{EngineError, QueryLimits, Result};

/// Batches that are made ahead of whoever takes them.
const AHEAD: usize = 2;
/// Longer is as good as for ever, and the timer cannot wait longer.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A stream of batches that ends with an error when a limit is met. The work is a task of its own,
/// so that its caller is answered in time even while an operator holds on to its thread. Dropping
/// the stream ends the task when it next yields.
pub(crate) struct Limited {
    batches: mpsc::Receiver<RecordBatch>,
    task: JoinSet<Result<()>>,
    ended: BoxFuture<'static, String>,
    deadline: Pin<Box<Sleep>>,
    halt: Arc<Halt>,
    limits: QueryLimits,
    rows: u64,
    bytes: u64,
    done: bool,
}

impl QueryLimits {
    /// When a query that begins now must have ended.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.wait_ms).min(LONGEST)
    }

    /// The error of a query that took too long.
    pub(crate) fn late(&self) -> EngineError {
        let wait_ms = self.wait_ms;
        EngineError::Limit {
            limit: "query.wait_ms",
            message: format!("the query met the limit `query.wait_ms` of {wait_ms} ms"),
        }
    }
}

impl Limited {
    /// Starts the work and the clock.
    pub(crate) fn start(work: Work, first: Attempt) -> Self {
        let limits = work.limits;
        let ended = work.part.end_of().boxed();
        let (rows, batches) = mpsc::channel(AHEAD);
        let mut task = JoinSet::new();
        let halt = Arc::clone(&work.halt);
        task.spawn(work.drive(first, rows));
        Self {
            batches,
            task,
            ended,
            deadline: Box::pin(tokio::time::sleep_until(halt.deadline())),
            halt,
            limits,
            rows: 0,
            bytes: 0,
            done: false,
        }
    }

    fn admit(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        self.rows += batch.num_rows() as u64;
        self.bytes += batch.get_array_memory_size() as u64;
        let QueryLimits { rows, bytes, .. } = self.limits;
        let met = |limit, unit: &str, value: u64| {
            Err(EngineError::Limit {
                limit,
                message: format!("the answer met the limit `{limit}` of {value} {unit}"),
            })
        };
        if self.rows > rows {
            return met("query.rows", "rows", rows);
        }
        if self.bytes > bytes {
            return met("query.bytes", "bytes", bytes);
        }
        Ok(batch)
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        if self.deadline.poll_unpin(cx).is_ready() {
            return Poll::Ready(Some(Err(self.limits.late())));
        }
        if let Poll::Ready(reason) = self.ended.poll_unpin(cx) {
            return Poll::Ready(Some(Err(EngineError::ended(reason))));
        }
        if let Some(batch) = std::task::ready!(self.batches.poll_recv(cx)) {
            return Poll::Ready(Some(self.admit(batch)));
        }
        // Only the task's own word makes an end of the rows the end of the answer.
        let end = std::task::ready!(self.task.poll_join_next(cx));
        Poll::Ready(match end {
            None | Some(Ok(Ok(()))) => None,
            Some(Ok(Err(error))) => Some(Err(error)),
            Some(Err(broken)) => Some(Err(EngineError::Failed(DataFusionError::ExecutionJoin(
                Box::new(broken),
            )))),
        })
    }
}

impl Stream for Limited {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        let answer = std::task::ready!(self.poll_batch(cx));
        if !matches!(answer, Some(Ok(_))) {
            self.done = true;
            self.batches.close();
            self.task.abort_all();
            self.halt.drop_work();
        }
        Poll::Ready(answer)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        self.halt.drop_work();
    }
}
