//! `system.quality`: what the rules said in each run.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use engine::RuleResult;
use lake::{CommitRequest, StagedFile};
use project::{DatasetName, Rule};
use serde_json::{Map, json};
use service::{ErrorKind, Result, RunReport, ServiceError, StepState};

use super::Judged;
use super::judge::Answers;
use crate::failure;
use crate::handles::Handles;
use crate::runs::RUN;
use crate::system::{self, own};

/// A result with the dataset that it is about, and the version that the run made of it.
type Row<'a> = (&'a Answers, Option<i64>, &'a RuleResult);

/// Adds what the rules said of the datasets that the run built, and of those that they refused.
pub(crate) async fn record(handles: &Handles, report: &RunReport, judged: &Judged) -> Result<()> {
    let judged = std::mem::take(&mut *judged.datasets());
    let refused = judged.iter().filter(|answers| answers.refused());
    let refused: BTreeSet<DatasetName> = refused.map(|answers| answers.dataset.clone()).collect();
    let built = report.steps.iter();
    let built = built.filter(|step| step.state == StepState::Built);
    let built: BTreeSet<&DatasetName> = built.map(|step| &step.dataset).collect();
    // What was judged, broke no rule and failed all the same is in no table.
    let is_told = |of: &Answers| built.contains(&of.dataset) || refused.contains(&of.dataset);
    let (judged, left): (Vec<Answers>, Vec<Answers>) = judged.into_iter().partition(is_told);
    let batch = batch(report, &judged).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the results of rules").caused_by(error)
    })?;
    let info = Map::from_iter([(RUN.to_owned(), json!(report.id))]);
    let rows: Vec<StagedFile> = judged.into_iter().flat_map(|of| of.rows).collect();
    let left: Vec<StagedFile> = left.into_iter().flat_map(|of| of.rows).collect();
    if !rows.is_empty() || !left.is_empty() {
        let table = handles.table(&own::named(system::FAILING_ROWS)?).await?;
        if !left.is_empty() {
            table.discard(left).await.map_err(failure::lake)?;
        }
        if !rows.is_empty() {
            let request = CommitRequest::append(rows)
                .with_operation("KEEP FAILING ROWS")
                .with_info(info.clone());
            table.commit(request).await.map_err(failure::lake)?;
        }
    }
    if batch.num_rows() == 0 {
        return Ok(());
    }
    own::append(handles, system::QUALITY, batch, "RECORD RULES", info).await
}

/// The results in the columns of the contract.
fn batch(report: &RunReport, judged: &[Answers]) -> std::result::Result<RecordBatch, ArrowError> {
    let rows = rows(report, judged);
    let text = |of: &dyn Fn(&Row<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let rule = |of: &dyn Fn(&Rule) -> Option<String>| text(&|(_, _, result)| of(&result.rule));
    let count = |of: &dyn Fn(&RuleResult) -> Option<u64>| -> ArrayRef {
        let counts = rows.iter().map(|(_, _, result)| of(result));
        let counts = counts.map(|n| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
        Arc::new(counts.collect::<Int64Array>())
    };
    let versions = rows.iter().map(|(_, version, _)| *version);
    let passed: Vec<bool> = rows.iter().map(|(_, _, result)| result.passed).collect();
    let at = rows
        .iter()
        .map(|(of, _, _)| of.checked_at.timestamp_micros());
    let at = TimestampMicrosecondArray::from_iter_values(at);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run_id", text(&|_| report.id.clone())),
        ("dataset", text(&|(of, _, _)| Some(of.dataset.to_string()))),
        ("version", Arc::new(versions.collect::<Int64Array>())),
        ("rule", rule(&|rule| Some(rule.name.clone()))),
        ("column_name", rule(&|rule| rule.column.clone())),
        (
            "severity",
            rule(&|rule| Some(rule.severity.as_str().to_owned())),
        ),
        ("passed", Arc::new(BooleanArray::from(passed))),
        ("failed_rows", count(&|result| Some(result.failed_rows))),
        ("checked_rows", count(&|result| Some(result.checked_rows))),
        ("null_rows", count(&|result| result.null_rows)),
        ("message_vi", rule(&|rule| Some(rule.message.vi.clone()))),
        ("message_en", rule(&|rule| Some(rule.message.en.clone()))),
        ("checked_at", Arc::new(at.with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter(columns)
}

/// The results to keep.
fn rows<'a>(report: &RunReport, judged: &'a [Answers]) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for step in &report.steps {
        let built = step.state == StepState::Built;
        let of_step = judged.iter().filter(|of| of.dataset == step.dataset);
        for of in of_step {
            let version = if built { step.version } else { None };
            rows.extend(of.results.iter().map(|result| (of, version, result)));
        }
    }
    rows
}
