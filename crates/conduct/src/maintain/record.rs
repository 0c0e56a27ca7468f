//! `system.maintenance`: what maintenance did.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use service::{
    ErrorKind, MaintenanceReport, MaintenanceState, MaintenanceStep, Result, ServiceError,
};

use crate::handles::Handles;
use crate::system::{self, own};

/// Adds what was done, and what failed.
pub(super) async fn record(handles: &Handles, report: &MaintenanceReport) -> Result<()> {
    let batch = rows(report).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the book of maintenance")
            .caused_by(error)
    })?;
    let info = super::note(&report.id);
    own::append(
        handles,
        system::MAINTENANCE,
        batch,
        "RECORD MAINTENANCE",
        info,
    )
    .await
}

fn rows(report: &MaintenanceReport) -> Result<RecordBatch, arrow::error::ArrowError> {
    let steps: Vec<&MaintenanceStep> = report
        .steps
        .iter()
        .filter(|step| step.state != MaintenanceState::DryRun)
        .collect();
    let text = |of: &dyn Fn(&MaintenanceStep) -> Option<String>| -> ArrayRef {
        Arc::new(steps.iter().map(|step| of(step)).collect::<StringArray>())
    };
    let count = |of: &dyn Fn(&MaintenanceStep) -> u64| -> ArrayRef {
        let counts = steps
            .iter()
            .map(|step| i64::try_from(of(step)).unwrap_or(i64::MAX));
        Arc::new(Int64Array::from_iter_values(counts))
    };
    let at = vec![report.started_at.timestamp_micros(); steps.len()];
    let seconds = steps.iter().map(|step| Some(step.seconds));
    let versions = steps.iter().map(|step| step.version);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("maintenance_id", text(&|_| Some(report.id.clone()))),
        ("dataset", text(&|step| Some(step.dataset.to_string()))),
        ("task", text(&|step| Some(step.task.as_str().to_owned()))),
        ("state", text(&|step| Some(step.state.as_str().to_owned()))),
        (
            "started_at",
            Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC")),
        ),
        ("seconds", Arc::new(seconds.collect::<Float64Array>())),
        ("version", Arc::new(versions.collect::<Int64Array>())),
        ("files_removed", count(&|step| step.files_removed)),
        ("files_added", count(&|step| step.files_added)),
        ("bytes_removed", count(&|step| step.bytes_removed)),
        ("bytes_added", count(&|step| step.bytes_added)),
        ("message", text(&|step| step.message.clone())),
    ];
    RecordBatch::try_from_iter(columns)
}
