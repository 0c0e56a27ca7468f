//! Adding runs to the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use project::Project;
use serde_json::{Map, json};
use service::{ErrorKind, Result, RunReport, RunStep, ServiceError};

use crate::handles::Handles;
use crate::runs::RUN;
use crate::system::{self, own};

/// Adds the run to `system.runs`.
pub(crate) async fn record(handles: &Handles, project: &Project, report: &RunReport) -> Result<()> {
    let batch = ledger(project, report).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the run ledger").caused_by(error)
    })?;
    let info = Map::from_iter([(RUN.to_owned(), json!(report.id))]);
    own::append(handles, system::RUNS, batch, "RECORD RUN", info).await
}

fn ledger(
    project: &Project,
    report: &RunReport,
) -> std::result::Result<RecordBatch, arrow::error::ArrowError> {
    let steps = &report.steps;
    let text = |of: &dyn Fn(&RunStep) -> Option<String>| -> ArrayRef {
        Arc::new(steps.iter().map(of).collect::<StringArray>())
    };
    let inputs = |s: &RunStep| {
        let read: BTreeMap<&str, i64> = s.inputs.iter().map(|(d, v)| (d.as_str(), *v)).collect();
        Some(json!(read).to_string())
    };
    let sha256 = |s: &RunStep| {
        project
            .transformations
            .get(&s.dataset)
            .map(|t| t.sha256.clone())
    };
    let version = |s: &RunStep| {
        project
            .contracts
            .get(&s.dataset)
            .map(|c| c.version.to_string())
    };
    let rows = steps
        .iter()
        .map(|s| i64::try_from(s.rows).unwrap_or(i64::MAX));
    let at = vec![report.started_at.timestamp_micros(); steps.len()];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run_id", text(&|_| report.id.clone())),
        ("dataset", text(&|s| Some(s.dataset.to_string()))),
        ("state", text(&|s| Some(s.state.as_str().to_owned()))),
        (
            "started_at",
            Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC")),
        ),
        (
            "seconds",
            Arc::new(
                steps
                    .iter()
                    .map(|s| Some(s.seconds))
                    .collect::<Float64Array>(),
            ),
        ),
        ("rows", Arc::new(Int64Array::from_iter_values(rows))),
        ("inputs", text(&inputs)),
        (
            "output_version",
            Arc::new(steps.iter().map(|s| s.version).collect::<Int64Array>()),
        ),
        ("sql_sha256", text(&sha256)),
        ("contract_version", text(&version)),
        ("message", text(&|s| s.message.clone())),
        ("scope", text(&|s| s.scope.clone())),
    ];
    RecordBatch::try_from_iter(columns)
}
