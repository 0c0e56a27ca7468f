//! What is kept of a submission: its row errors and its bytes.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};
use engine::Param;
use futures::StreamExt;
use project::{DatasetName, Severity};
use service::{
    Action, Call, Evidence, Page, Result, RowError, RowErrors, Submission, SubmissionId,
};

use super::known;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::system::{self, own};

const ERRORS: &str = include_str!("errors.sql");
const QUARANTINED: &str = include_str!("quarantined.sql");

/// Errors in a page at the most.
const PAGE: u64 = 1000;

/// A page of the row errors of a submission.
pub(crate) async fn errors(
    gate: &Gate,
    call: &Call,
    id: SubmissionId,
    page: Page,
) -> Result<RowErrors> {
    let agency = gate.agency_of_submission(id).await?;
    let about = About::named(format!("submission {id}")).of_agency(agency);
    gate.perform(
        call,
        Action::ReadSubmission,
        about,
        |handles, _| async move { read(&handles, &known(&handles, id).await?, page).await },
    )
    .await
}

/// The bytes of a submission.
pub(crate) async fn evidence(gate: &Gate, call: &Call, id: SubmissionId) -> Result<Evidence> {
    let agency = gate.agency_of_submission(id).await?;
    let about = About::named(format!("evidence of submission {id}")).of_agency(agency);
    gate.perform(call, Action::ReadEvidence, about, |handles, _| async move {
        let found = known(&handles, id).await?;
        let body = super::evidence::open(&handles, &found).await?;
        let bytes = body
            .bytes
            .map(|chunk| chunk.map_err(std::io::Error::other))
            .boxed();
        Ok(Evidence {
            format: found.format,
            sha256: found.receipt.evidence_sha256,
            size_bytes: body.size,
            bytes,
        })
    })
    .await
}

/// Reads row errors from the quarantine, without asking who wants them.
pub(crate) async fn read(handles: &Handles, of: &Submission, page: Page) -> Result<RowErrors> {
    if of.refusal.is_some() && of.receipt.rows.received == 0 {
        let error = RowError {
            row: 0,
            column: None,
            rule: "body".to_owned(),
            severity: Severity::Error,
            value_excerpt: None,
            message: of.refusal.clone().unwrap_or_default(),
        };
        return Ok(RowErrors {
            errors: vec![error],
            total: 1,
        });
    }
    let last = page.offset.saturating_add(page.limit.min(PAGE));
    let params = BTreeMap::from([
        ("id".to_owned(), Param::Text(of.receipt.id.to_string())),
        ("first".to_owned(), own::number(page.offset)),
        ("last".to_owned(), own::number(last)),
    ]);
    let batches = own::read(handles, system::QUARANTINE, ERRORS, params).await?;
    let mut found = RowErrors::default();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            found.total = own::count_at(batch, 0, row);
            if !batch.column(1).is_null(row) {
                found.errors.push(error_at(batch, row));
            }
        }
    }
    Ok(found)
}

/// How many rows that were received for the dataset lie in quarantine.
pub(crate) async fn quarantined(handles: &Handles, dataset: &DatasetName) -> Result<u64> {
    let text = Param::Text(dataset.to_string());
    let params = BTreeMap::from([("dataset".to_owned(), text)]);
    let batches = own::read(handles, system::QUARANTINE, QUARANTINED, params).await?;
    let counted = batches.iter().filter(|batch| batch.num_rows() > 0);
    Ok(counted.map(|batch| own::count_at(batch, 0, 0)).sum())
}

fn error_at(batch: &RecordBatch, row: usize) -> RowError {
    let severity = match own::text_at(batch, 4, row).as_deref() {
        Some("warning") => Severity::Warning,
        _ => Severity::Error,
    };
    RowError {
        row: own::count_at(batch, 1, row),
        column: own::text_at(batch, 2, row),
        rule: own::text_at(batch, 3, row).unwrap_or_default(),
        severity,
        value_excerpt: own::text_at(batch, 5, row),
        message: own::text_at(batch, 6, row).unwrap_or_default(),
    }
}
