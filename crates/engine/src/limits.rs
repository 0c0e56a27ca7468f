//! The limits on an answer while it streams: time, rows, bytes.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::{FutureExt, Stream, StreamExt};
use tokio::time::Sleep;

use crate::{EngineError, QueryLimits, Result};

/// A stream of batches that ends with an error when a limit is met. Dropping it ends the work.
pub(crate) struct Limited {
    inner: Option<SendableRecordBatchStream>,
    limits: QueryLimits,
    deadline: Pin<Box<Sleep>>,
    rows: u64,
    bytes: u64,
}

impl Limited {
    /// Starts the clock.
    pub(crate) fn new(inner: SendableRecordBatchStream, limits: QueryLimits) -> Self {
        let deadline = Box::pin(tokio::time::sleep(Duration::from_millis(limits.wait_ms)));
        Self {
            inner: Some(inner),
            limits,
            deadline,
            rows: 0,
            bytes: 0,
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
}

impl Stream for Limited {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.inner.is_some() && self.deadline.poll_unpin(cx).is_ready() {
            self.inner = None;
            let wait_ms = self.limits.wait_ms;
            return Poll::Ready(Some(Err(EngineError::Limit {
                limit: "query.wait_ms",
                message: format!("the query met the limit `query.wait_ms` of {wait_ms} ms"),
            })));
        }
        let Some(inner) = self.inner.as_mut() else {
            return Poll::Ready(None);
        };
        let answer = match inner.poll_next_unpin(cx) {
            Poll::Ready(None) => None,
            Poll::Ready(Some(Ok(batch))) => Some(self.admit(batch)),
            Poll::Ready(Some(Err(error))) => {
                Some(Err(EngineError::running(error, self.limits.memory_bytes)))
            }
            Poll::Pending => return Poll::Pending,
        };
        if !matches!(answer, Some(Ok(_))) {
            self.inner = None;
        }
        Poll::Ready(answer)
    }
}
