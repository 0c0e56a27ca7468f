//! Marks in the quarantine: a row for each row that was released.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use lake::{HeldRows, LakeError, StagedSubmission, Table, WriteSettings};
use project::DatasetName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use service::{ErrorKind, Receipt, Result, ServiceError};

use super::Release;
use super::noted::{Landed, NOTE, Noted};
use crate::handles::Handles;
use crate::{failure, submit};

/// Where releases under way are noted, until the quarantine is marked.
const FOLDER: &str = "releases";

/// Rows marked at once.
const BATCH_ROWS: usize = 8192;

/// Longer than any node takes from its intent to its commit.
const LANDING: TimeDelta = TimeDelta::minutes(10);

/// A release under way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Intent {
    dataset: String,
    submission: String,
    /// A version of the table at which nothing of it had landed.
    since: i64,
    /// A version of the quarantine at which nothing of it was marked.
    marked_since: i64,
    at: DateTime<Utc>,
}

/// Notes that rows are about to land, so that they are marked whatever happens then.
pub(crate) async fn intend(handles: &Handles, release: &Release, of: &Receipt) -> Result<Intent> {
    let quarantine = handles.table(&submit::quarantine_dataset()?).await?;
    let intent = Intent {
        dataset: of.dataset.to_string(),
        submission: of.id.to_string(),
        since: of.table_version.unwrap_or(-1),
        marked_since: quarantine.version(),
        at: release.at,
    };
    let text = serde_json::to_vec_pretty(&intent).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write a release").caused_by(error)
    })?;
    let path = path(&release.id, &intent.submission);
    let put = handles.lake.objects().put(&path, Bytes::from(text)).await;
    put.map_err(failure::lake)?;
    Ok(intent)
}

/// Forgets a release of which nothing landed.
pub(crate) async fn forget(handles: &Handles, release: &Release, of: &Receipt) -> Result<()> {
    let path = path(&release.id, &of.id.to_string());
    let gone = handles.lake.objects().delete(&path).await;
    gone.map_err(failure::lake)
}

/// Marks the rows, once, whoever marks them at the same time.
pub(crate) async fn mark(
    handles: &Handles,
    intent: &Intent,
    landed: &Landed,
    of: &Receipt,
) -> Result<()> {
    let quarantine = handles.table(&submit::quarantine_dataset()?).await?;
    let mut writer = quarantine
        .stage(&WriteSettings::default())
        .map_err(failure::lake)?;
    let rows: Vec<u64> = landed.rows.iter().collect();
    for rows in rows.chunks(BATCH_ROWS) {
        let batch = batch(landed, of, rows)?;
        writer.write(batch).await.map_err(failure::lake)?;
    }
    let files = writer.finish().await.map_err(failure::lake)?;
    let part = StagedSubmission {
        submission_id: format!("{}/{}", landed.release, landed.submission),
        files,
        held: HeldRows::default(),
        info: Map::from_iter([("release".to_owned(), json!(landed.release))]),
        since: intent.marked_since,
    };
    let committer = handles.committer(&quarantine).await;
    match committer.append(part).await {
        Ok(_) => {
            let path = path(&landed.release, &landed.submission.to_string());
            let done = handles.lake.objects().delete(&path).await;
            done.map_err(failure::lake)
        }
        // Another release is marking them.
        Err(LakeError::Conflict(_)) => Ok(()),
        Err(error) => Err(failure::lake(error)),
    }
}

/// Marks the rows of releases that were left unmarked.
pub(crate) async fn mend(handles: &Handles, table: &Table, noted: &Noted) -> Result<()> {
    let under_way = handles.lake.objects().list(FOLDER).await;
    let under_way = under_way.map_err(failure::lake)?;
    for landed in &noted.landed {
        let path = path(&landed.release, &landed.submission.to_string());
        if !under_way.contains(&path) {
            continue;
        }
        let Some(intent) = read(handles, &path).await? else {
            continue;
        };
        let found = submit::known(handles, landed.submission).await?;
        let (release, dataset) = (&landed.release, table.dataset());
        tracing::info!(%release, %dataset, "a release is marked");
        mark(handles, &intent, landed, &found.receipt).await?;
    }
    Ok(())
}

/// The intent, if it is still there.
async fn read(handles: &Handles, path: &str) -> Result<Option<Intent>> {
    let text = match handles.lake.objects().get(path).await {
        Ok(text) => text,
        Err(LakeError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(failure::lake(error)),
    };
    let intent = serde_json::from_slice(&text);
    intent
        .map(Some)
        .map_err(|error| broken(path).caused_by(error))
}

fn broken(path: &str) -> ServiceError {
    let message = format!("the release `{path}` cannot be read");
    ServiceError::new(ErrorKind::Corrupt, message)
        .hint("Restore the object from a copy of the store.")
}

/// On start: marks what a crash left unmarked. What cannot be marked is logged and stays.
pub(crate) async fn recover(handles: &Handles) -> Result<()> {
    let paths = handles.lake.objects().list(FOLDER).await;
    for path in paths.map_err(failure::lake)? {
        if let Err(error) = settle(handles, &path).await {
            tracing::error!(%path, %error, "a release could not be settled; it is kept");
        }
    }
    Ok(())
}

async fn settle(handles: &Handles, path: &str) -> Result<()> {
    let Some(intent) = read(handles, path).await? else {
        return Ok(());
    };
    let dataset: DatasetName = intent.dataset.parse().map_err(|_| broken(path))?;
    let table = handles.table(&dataset).await?;
    let records = table.noted_since(intent.since, NOTE).await;
    let records = records.map_err(failure::lake)?;
    let own = |landed: &Landed| self::path(&landed.release, &landed.submission.to_string()) == path;
    match records.iter().filter_map(Landed::of).find(own) {
        Some(landed) => {
            let found = submit::known(handles, landed.submission).await?;
            mark(handles, &intent, &landed, &found.receipt).await
        }
        // Another node may be about to land it.
        None if handles.now() - intent.at < LANDING => Ok(()),
        None => {
            let gone = handles.lake.objects().delete(path).await;
            gone.map_err(failure::lake)
        }
    }
}

fn path(release: &str, submission: &str) -> String {
    format!("{FOLDER}/{release}/{submission}.json")
}

/// The marks in the columns of the quarantine's contract.
fn batch(landed: &Landed, of: &Receipt, rows: &[u64]) -> Result<RecordBatch> {
    let n = rows.len();
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; n])) };
    let none = || new_null_array(&DataType::Utf8, n);
    let numbers = rows.iter().map(|row| row.cast_signed());
    let received = vec![of.received_at.timestamp_micros(); n];
    let Landed {
        release,
        contract_version,
        by,
        ..
    } = landed;
    let vi = format!("đã ghi vào bảng theo hợp đồng {contract_version}, đợt {release}, bởi {by}");
    let en = format!("landed under contract {contract_version} by release {release} of {by}");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("submission_id", same(&of.id.to_string())),
        ("dataset", same(of.dataset.as_str())),
        ("agency", same(of.agency.as_str())),
        ("period", same(of.period.as_str())),
        (
            "row_number",
            Arc::new(Int64Array::from_iter_values(numbers)),
        ),
        ("column_name", none()),
        ("rule", same("released")),
        ("severity", same("released")),
        ("value_excerpt", none()),
        ("message_vi", same(&vi)),
        ("message_en", same(&en)),
        ("row_text", none()),
        (
            "received_at",
            Arc::new(TimestampMicrosecondArray::from(received).with_timezone("UTC")),
        ),
    ];
    RecordBatch::try_from_iter(columns).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot mark the quarantine").caused_by(error)
    })
}
