//! The refused rows of a submission as a file: mended, it is sent back as it is.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use engine::{EngineError, Param, Statement};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use render::Language;
use render::encode::{Chunks, Encoding, encode};
use render::format::UnknownLanguage;
use service::{
    Action, At, BodyType, Call, ErrorKind, QuarantineFile, QuarantineFormat, QueryAnswer,
    QueryRequest, Result, ServiceError, Submission, SubmissionId, Value,
};

use super::rows::{Columns, Rows};
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::system::own;
use crate::{failure, staging, submit};

const FILE: &str = include_str!("file.sql");

/// What spreadsheets know UTF-8 by.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The file, in the language of its notes.
pub(crate) async fn file(
    gate: &Gate,
    call: &Call,
    id: SubmissionId,
    (format, language): (QuarantineFormat, &str),
) -> Result<QuarantineFile> {
    let language: Language = language.parse().map_err(|error: UnknownLanguage| {
        ServiceError::new(ErrorKind::Invalid, error.to_string())
    })?;
    let agency = gate.agency_of_submission(id).await?;
    let about = About::named(format!("quarantine of submission {id}")).of_agency(agency);
    gate.perform(
        call,
        Action::ReadSubmission,
        about,
        |handles, _| async move {
            let found = submit::known(&handles, id).await?;
            let columns = columns(&handles, &found);
            let rows = Rows::new(columns, format, language);
            let answer = answer(&handles, id, rows).await?;
            let asked = QueryRequest {
                sql: FILE.trim().to_owned(),
                params: BTreeMap::from([("id".to_owned(), Value::Text(id.to_string()))]),
                at: At::Now,
            };
            let encoding = match format {
                QuarantineFormat::Csv => Encoding::Csv,
                QuarantineFormat::Xlsx => Encoding::Xlsx,
            };
            let spool = &handles.settings.spool_folder;
            let chunks = encode(encoding, &asked, answer, spool)?;
            let marked = (format == QuarantineFormat::Csv).then_some(BYTE_ORDER_MARK);
            let mark = stream::iter(marked.map(|mark| Ok(Bytes::from_static(mark))));
            let bytes = begun(chunks).await?;
            Ok(QuarantineFile {
                format,
                bytes: mark.chain(bytes.map_err(std::io::Error::other)).boxed(),
            })
        },
    )
    .await
}

/// The columns of the dataset's contract. Rows of a foreign envelope have other fields.
fn columns(handles: &Handles, found: &Submission) -> Columns {
    let contract = handles.contract(&found.receipt.dataset).ok();
    let foreign = found.format.get(BodyType::ADAPTER).is_some();
    Columns::of(contract.filter(|_| !foreign).as_ref())
}

/// The refused rows as a table, read as they are asked for.
async fn answer(handles: &Handles, id: SubmissionId, mut rows: Rows) -> Result<QueryAnswer> {
    let dataset = submit::quarantine_dataset()?;
    let snapshots = handles.newest([&dataset]).await?;
    let session = handles.session(&snapshots, staging::limits(handles))?;
    let statement = Statement::parse(FILE).map_err(failure::engine)?;
    let params = BTreeMap::from([("id".to_owned(), Param::Text(id.to_string()))]);
    let planned = session.plan(&statement, &params).await;
    let planned = planned.map_err(failure::engine)?;
    let mut batches = session.run(&planned).await.map_err(failure::engine)?;
    let first = batches.next().await.transpose().map_err(failure::engine)?;
    if let Some(first) = &first {
        let fragments = first.num_rows() > 0 && own::count_at(first, 6, 0) > 0;
        rows.with_text(fragments);
    }
    let schema = rows.schema();
    let batches = stream::iter(first.map(Ok)).chain(batches).boxed();
    Ok(QueryAnswer {
        schema,
        batches: mended(batches, rows),
        versions: crate::handles::versions(&snapshots),
        read_at: handles.now(),
    })
}

type Verdicts = BoxStream<'static, Result<RecordBatch, EngineError>>;

/// The verdicts put together, a row each.
fn mended(verdicts: Verdicts, rows: Rows) -> service::Batches {
    stream::try_unfold(Some((verdicts, rows)), |state| async move {
        let Some((mut verdicts, mut rows)) = state else {
            return Ok(None);
        };
        let next = verdicts.next().await.transpose();
        match next.map_err(failure::engine)? {
            Some(batch) => {
                let taken = rows.take(&batch).map_err(unwritten)?;
                Ok(Some((taken, Some((verdicts, rows)))))
            }
            None => Ok(Some((rows.finish().map_err(unwritten)?, None))),
        }
    })
    .boxed()
}

/// The chunks, the first of which is there: until then an error is an answer.
async fn begun(mut chunks: Chunks) -> Result<Chunks> {
    let first = chunks.next().await.transpose()?;
    Ok(stream::iter(first.map(Ok)).chain(chunks).boxed())
}

fn unwritten(error: arrow::error::ArrowError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "cannot write the refused rows").caused_by(error)
}
