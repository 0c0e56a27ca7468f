//! Rows that are held: refused, and not released since.

use std::collections::BTreeMap;

use engine::Statement;
use futures::StreamExt;
use service::{ErrorKind, ReleaseRequest, Result, ServiceError, SubmissionId};

use super::noted::Rows;
use crate::handles::Handles;
use crate::system::own;
use crate::{failure, staging, submit};

const OPEN: &str = include_str!("open.sql");

/// The rows that the request asks for, by submission.
pub(crate) async fn rows(
    handles: &Handles,
    request: &ReleaseRequest,
) -> Result<BTreeMap<SubmissionId, Rows>> {
    let quarantine = submit::quarantine_dataset()?;
    let snapshots = handles.newest([&quarantine]).await?;
    let session = handles.session(&snapshots, staging::limits(handles))?;
    let wanted = [
        ("held.dataset = $dataset", Some(request.dataset.to_string())),
        (
            "held.agency = $agency",
            request.agency.as_ref().map(ToString::to_string),
        ),
        (
            "held.period = $period",
            request.period.as_ref().map(ToString::to_string),
        ),
        (
            "held.submission_id = $submission",
            request.submission.map(|id| id.to_string()),
        ),
    ];
    let (sql, params) = own::filtered(OPEN, wanted);
    let statement = Statement::parse(&sql).map_err(failure::engine)?;
    let planned = session.plan(&statement, &params).await;
    let planned = planned.map_err(failure::engine)?;
    let mut batches = session.run(&planned).await.map_err(failure::engine)?;
    let mut open: BTreeMap<SubmissionId, Rows> = BTreeMap::new();
    while let Some(batch) = batches.next().await.transpose().map_err(failure::engine)? {
        for row in 0..batch.num_rows() {
            let id = own::text_at(&batch, 0, row).and_then(|id| id.parse().ok());
            let id: SubmissionId = id.ok_or_else(|| {
                let message = "a row of `system.quarantine` names no submission";
                ServiceError::new(ErrorKind::Corrupt, message)
                    .hint("Look who else writes to that table.")
            })?;
            open.entry(id)
                .or_default()
                .push(own::count_at(&batch, 1, row));
        }
    }
    Ok(open)
}
