//! What came of the contracts' rules, run by run: the book `system.quality`.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use engine::Finding;
use project::{DatasetName, Severity};
use serde_json::{Map, json};
use service::{ErrorKind, Result, RunReport, ServiceError};

use crate::handles::Handles;
use crate::runs::RUN;
use crate::system::{self, own};

/// What a run found, table by table.
#[derive(Default)]
pub(crate) struct Quality {
    found: Mutex<Vec<(DatasetName, Finding)>>,
}

impl Quality {
    /// Keeps what came of a table's rules until the run is recorded.
    pub(crate) fn keep(&self, dataset: &DatasetName, findings: &[Finding]) {
        let found = findings.iter().cloned();
        let found = found.map(|finding| (dataset.clone(), finding));
        let mut kept = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(found);
    }

    /// Adds it to `system.quality`.
    pub(crate) async fn record(self, handles: &Handles, report: &RunReport) -> Result<()> {
        let found = self.found.into_inner();
        let found = found.unwrap_or_else(PoisonError::into_inner);
        if found.is_empty() {
            return Ok(());
        }
        let batch = rows(report, &found).map_err(|error| {
            ServiceError::new(ErrorKind::Internal, "cannot write what came of the rules")
                .caused_by(error)
        })?;
        let info = Map::from_iter([(RUN.to_owned(), json!(report.id))]);
        own::append(handles, system::QUALITY, batch, "RECORD QUALITY", info).await
    }
}

/// Rules that do not hold, for people.
pub(crate) fn told(findings: &[Finding]) -> String {
    let one = |f: &Finding| {
        let column = f.rule.column.as_ref().map(|c| format!(" of column `{c}`"));
        let (rule, column) = (&f.rule.name, column.unwrap_or_default());
        format!(
            "rule `{rule}`{column} on {} rows ({})",
            f.rows, f.rule.message.en
        )
    };
    findings.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn rows(
    report: &RunReport,
    found: &[(DatasetName, Finding)],
) -> std::result::Result<RecordBatch, arrow::error::ArrowError> {
    let text = |of: &dyn Fn(&(DatasetName, Finding)) -> Option<String>| -> ArrayRef {
        Arc::new(found.iter().map(of).collect::<StringArray>())
    };
    let number = |of: &dyn Fn(&(DatasetName, Finding)) -> Option<i64>| -> ArrayRef {
        Arc::new(found.iter().map(of).collect::<Int64Array>())
    };
    let whole = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
    let version = |dataset: &DatasetName| {
        let mut steps = report.steps.iter();
        steps.find(|step| step.dataset == *dataset)?.version
    };
    let at = vec![report.started_at.timestamp_micros(); found.len()];
    let severity = |severity: Severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let passed = found.iter().map(|(_, f)| Some(f.holds()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run_id", text(&|_| report.id.clone())),
        ("dataset", text(&|(dataset, _)| Some(dataset.to_string()))),
        (
            "checked_at",
            Arc::new(TimestampMicrosecondArray::from(at).with_timezone("UTC")),
        ),
        ("version", number(&|(dataset, _)| version(dataset))),
        ("rule", text(&|(_, f)| Some(f.rule.name.clone()))),
        ("column_name", text(&|(_, f)| f.rule.column.clone())),
        (
            "severity",
            text(&|(_, f)| Some(severity(f.rule.severity).to_owned())),
        ),
        ("passed", Arc::new(passed.collect::<BooleanArray>())),
        ("rows_checked", number(&|(_, f)| Some(whole(f.checked)))),
        ("rows_failed", number(&|(_, f)| Some(whole(f.rows)))),
        ("rows_unknown", number(&|(_, f)| f.unknown.map(whole))),
    ];
    RecordBatch::try_from_iter(columns)
}
