//! The streams of a statement, one per partition, for a writer that encodes them in parallel.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use datafusion::physical_plan::ExecutionPlanProperties;
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};

use crate::attempt::{Attempt, Work};
use crate::halt::Halt;
use crate::{EngineError, QueryLimits, Result};

/// A statement at work as one stream per partition.
pub struct Partitions {
    work: Work,
    attempt: Attempt,
    streams: Vec<SendableRecordBatchStream>,
    failure: Failure,
    wanted: Wanted,
}

/// Dropped with the streams' owner: then nobody wants their rows.
struct Wanted(Arc<Halt>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.drop_work();
    }
}

type Failure = Arc<Mutex<Option<EngineError>>>;

impl Partitions {
    pub(crate) fn start(work: Work, attempt: Attempt) -> Result<Self> {
        let wanted = Wanted(Arc::clone(&work.halt));
        Self::open(work, attempt, wanted)
    }

    fn open(work: Work, attempt: Attempt, wanted: Wanted) -> Result<Self> {
        let failure = Failure::default();
        let limits = work.limits;
        let streams = (0..attempt.plan.output_partitioning().partition_count())
            .map(|partition| {
                let context = Arc::clone(&attempt.context);
                let inner = attempt.plan.execute(partition, context);
                let inner = inner.map_err(|error| EngineError::running(error, &limits))?;
                Ok(Box::pin(Told {
                    schema: inner.schema(),
                    inner: Some(inner),
                    ended: work.part.end_of().boxed(),
                    limits,
                    failure: Arc::clone(&failure),
                }) as SendableRecordBatchStream)
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            work,
            attempt,
            streams,
            failure,
            wanted,
        })
    }

    /// The streams, once.
    pub fn streams(&mut self) -> Vec<SendableRecordBatchStream> {
        std::mem::take(&mut self.streams)
    }

    /// After the writer failed and threw away what it wrote: the same statement with joins that
    /// spill, if a limit on memory was met that these may not meet. Otherwise the statement's own
    /// error; none says that the writer failed for reasons of its own.
    pub async fn again(self) -> Result<Option<Self>> {
        let Self {
            work,
            attempt,
            streams,
            failure,
            wanted,
        } = self;
        drop(streams);
        let failure = failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(failure) = failure else {
            return Ok(None);
        };
        let attempt = work.again(attempt, failure).await?;
        Self::open(work, attempt, wanted).map(Some)
    }
}

/// A stream that remembers why it broke, and ends when an end is put to the query.
struct Told {
    schema: SchemaRef,
    inner: Option<SendableRecordBatchStream>,
    ended: BoxFuture<'static, String>,
    limits: QueryLimits,
    failure: Failure,
}

impl Told {
    /// Whether another stream of the statement broke: then this one's rows are of no use.
    fn is_broken(&self) -> bool {
        let failure = self.failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Keeps what the statement is at fault for; what came from the store goes on as it is.
    fn keep(&self, error: EngineError) -> DataFusionError {
        let error = match error {
            EngineError::Failed(error) => return error,
            other => other,
        };
        let passed = DataFusionError::ResourcesExhausted(error.to_string());
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
        passed
    }
}

impl Stream for Told {
    type Item = Result<RecordBatch, DataFusionError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_broken() {
            self.inner = None;
        }
        let Some(inner) = self.inner.as_mut() else {
            return Poll::Ready(None);
        };
        let item = inner.poll_next_unpin(cx);
        let error = match item {
            Poll::Ready(Some(Err(error))) => EngineError::running(error, &self.limits),
            Poll::Ready(None) => {
                self.inner = None;
                return Poll::Ready(None);
            }
            other => match self.ended.poll_unpin(cx) {
                Poll::Ready(reason) => EngineError::ended(reason),
                Poll::Pending => return other,
            },
        };
        self.inner = None;
        Poll::Ready(Some(Err(self.keep(error))))
    }
}

impl RecordBatchStream for Told {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
