//! Verdicts as rows of `system.quarantine`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use ingest::Verdict;
use project::DatasetName;
use service::{ErrorKind, Receipt, Result, ServiceError};

use crate::system;

/// The quarantine's dataset.
pub(crate) fn dataset() -> Result<DatasetName> {
    system::QUARANTINE
        .parse()
        .map_err(|e: project::NameError| ServiceError::new(ErrorKind::Internal, e.to_string()))
}

/// The verdicts in the columns of the quarantine's contract.
pub(crate) fn batch(receipt: &Receipt, verdicts: &[Verdict]) -> Result<RecordBatch> {
    let n = verdicts.len();
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; n])) };
    let required = |of: &dyn Fn(&Verdict) -> String| -> ArrayRef {
        Arc::new(
            verdicts
                .iter()
                .map(|v| Some(of(v)))
                .collect::<StringArray>(),
        )
    };
    let optional = |of: &dyn Fn(&Verdict) -> Option<String>| -> ArrayRef {
        Arc::new(verdicts.iter().map(of).collect::<StringArray>())
    };
    let rows = verdicts
        .iter()
        .map(|v| i64::try_from(v.row).unwrap_or(i64::MAX));
    let received = vec![receipt.received_at.timestamp_micros(); n];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("submission_id", same(&receipt.id.to_string())),
        ("dataset", same(receipt.dataset.as_str())),
        ("agency", same(receipt.agency.as_str())),
        ("period", same(receipt.period.as_str())),
        ("row_number", Arc::new(Int64Array::from_iter_values(rows))),
        ("column_name", optional(&|v| v.column.clone())),
        ("rule", required(&|v| v.rule.clone())),
        ("severity", required(&|v| v.severity.as_str().to_owned())),
        ("value_excerpt", optional(&|v| v.value_excerpt.clone())),
        ("message_vi", required(&|v| v.message.vi.clone())),
        ("message_en", required(&|v| v.message.en.clone())),
        (
            "row_text",
            optional(&|v| v.row_text.as_deref().map(str::to_owned)),
        ),
        (
            "received_at",
            Arc::new(TimestampMicrosecondArray::from(received).with_timezone("UTC")),
        ),
    ];
    RecordBatch::try_from_iter(columns).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the quarantine").caused_by(error)
    })
}
