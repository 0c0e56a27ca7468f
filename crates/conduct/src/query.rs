//! Queries: read-only SQL at one moment, streamed under limits, recorded from start to end.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use audit::Outcome;
use engine::{EngineError, Param, Statement};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use project::{Classification, Contract, DatasetName, Layer};
use serde_json::{Value as Json, json};
use service::{
    Action, Batches, Call, ErrorKind, QueryAnswer, QueryRequest, Result, ServiceError, Value,
};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use crate::failure;
use crate::handles::versions;
use crate::perform::{About, Acting, Gate};

/// Runs a query as the act `Query`, which may read everything, or `ReadFigures`, which may read what
/// is published. The act ends when the last row was taken, or when the answer is dropped.
pub(crate) async fn query(
    gate: &Gate,
    call: &Call,
    action: Action,
    request: QueryRequest,
) -> Result<QueryAnswer> {
    let about = About::named("query").detail(json!({
        "sql": request.sql,
        "sql_sha256": hex::encode(Sha256::digest(request.sql.as_bytes())),
        "params": request.params.iter().map(|(k, v)| (k.clone(), shown(v)))
            .collect::<serde_json::Map<_, _>>(),
    }));
    let acting = gate.begin(call, action, about).await?;
    match start(&acting, action, request).await {
        Ok((mut answer, stream, place)) => {
            let read = json!(
                answer
                    .versions
                    .iter()
                    .map(|(d, v)| (d.to_string(), *v))
                    .collect::<BTreeMap<_, _>>()
            );
            answer.batches = recorded(acting, stream, place, read);
            Ok(answer)
        }
        Err(error) => {
            acting
                .end(Outcome::Failed, json!({ "error": error.message }))
                .await?;
            Err(error)
        }
    }
}

type Answers = BoxStream<'static, Result<RecordBatch, EngineError>>;

async fn start(
    acting: &Acting,
    action: Action,
    request: QueryRequest,
) -> Result<(QueryAnswer, Answers, OwnedSemaphorePermit)> {
    let handles = &acting.handles;
    let statement = Statement::parse(&request.sql).map_err(failure::engine)?;
    for dataset in statement.inputs() {
        let contract = handles.contract(dataset)?;
        if action != Action::Query && !is_published(&contract) {
            return Err(unpublished(dataset));
        }
    }
    let place = Arc::clone(&handles.queries)
        .acquire_owned()
        .await
        .map_err(|_| {
            ServiceError::new(ErrorKind::Unavailable, "the node is stopping")
                .hint("Ask again in a moment.")
        })?;
    let snapshots = handles.snapshots(statement.inputs(), &request.at).await?;
    let read_at = handles.now();
    let session = handles.session(&snapshots, handles.settings.query)?;
    let params = request
        .params
        .iter()
        .map(|(name, value)| (name.clone(), param(value)))
        .collect();
    let planned = session
        .plan(&statement, &params)
        .await
        .map_err(failure::engine)?;
    let stream = session.run(&planned).await.map_err(failure::engine)?;
    let answer = QueryAnswer {
        schema: planned.schema(),
        batches: stream::empty().boxed(),
        versions: versions(&snapshots),
        read_at,
    };
    Ok((answer, stream, place))
}

/// Whether everyone with an account may see the dataset's rows: published or a code list, and
/// classified so.
pub(crate) fn is_published(contract: &Contract) -> bool {
    matches!(contract.dataset.layer(), Layer::Served | Layer::Codes)
        && contract.classification == Classification::Public
}

pub(crate) fn unpublished(dataset: &DatasetName) -> ServiceError {
    ServiceError::new(
        ErrorKind::Forbidden,
        format!("dataset `{dataset}` is not published: only a query may read it"),
    )
    .hint("Ask an administrator for a role that allows queries.")
}

/// A parameter as the engine takes it.
pub(crate) fn param(value: &Value) -> Param {
    match value {
        Value::Null => Param::Null,
        Value::Boolean(value) => Param::Boolean(*value),
        Value::Integer(value) => Param::Integer(*value),
        Value::Number(value) => Param::Number(*value),
        Value::Text(value) => Param::Text(value.clone()),
    }
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Number(value) => json!(value),
        Value::Text(value) => json!(value),
    }
}

/// What is known of an answer while it streams. Dropped before its end, it records that.
struct Progress {
    acting: Option<Acting>,
    runtime: tokio::runtime::Handle,
    read: Json,
    rows: u64,
    bytes: u64,
    _place: OwnedSemaphorePermit,
}

impl Progress {
    fn detail(&self, error: Option<&str>) -> Json {
        json!({ "rows": self.rows, "bytes": self.bytes, "read": self.read, "error": error })
    }

    async fn end(&mut self, outcome: Outcome, error: Option<&str>) -> Result<()> {
        let detail = self.detail(error);
        match self.acting.take() {
            Some(acting) => acting.end(outcome, detail).await,
            None => Ok(()),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let detail = self.detail(Some("the answer was dropped before its end"));
        if let Some(acting) = self.acting.take() {
            self.runtime.spawn(async move {
                if let Err(error) = acting.end(Outcome::Failed, detail).await {
                    tracing::error!(%error, "the end of a query could not be recorded");
                }
            });
        }
    }
}

fn recorded(acting: Acting, stream: Answers, place: OwnedSemaphorePermit, read: Json) -> Batches {
    let progress = Progress {
        acting: Some(acting),
        runtime: tokio::runtime::Handle::current(),
        read,
        rows: 0,
        bytes: 0,
        _place: place,
    };
    stream::unfold(Some((progress, stream)), |state| async {
        let (mut progress, mut stream) = state?;
        next(&mut progress, &mut stream).await.map(|item| {
            let ended = item.is_err();
            (item, (!ended).then_some((progress, stream)))
        })
    })
    .boxed()
}

async fn next(
    progress: &mut Progress,
    stream: &mut (impl Stream<Item = Result<RecordBatch, EngineError>> + Unpin),
) -> Option<Result<RecordBatch>> {
    match stream.next().await {
        Some(Ok(batch)) => {
            progress.rows += batch.num_rows() as u64;
            progress.bytes += batch.get_array_memory_size() as u64;
            Some(Ok(batch))
        }
        Some(Err(error)) => {
            let error = failure::engine(error);
            match progress.end(Outcome::Failed, Some(&error.message)).await {
                Ok(()) => Some(Err(error)),
                Err(unrecorded) => Some(Err(unrecorded)),
            }
        }
        None => match progress.end(Outcome::Done, None).await {
            Ok(()) => None,
            Err(unrecorded) => Some(Err(unrecorded)),
        },
    }
}
