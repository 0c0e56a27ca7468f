//! `system.failing_rows`: the rows that break rules, kept where they can be looked at.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use chrono::{DateTime, Utc};
use engine::{Finding, TableRules};
use futures::StreamExt;
use ingest::{looks_personal, mask};
use lake::{StagedFile, WriteSettings};
use project::{DatasetName, Rule};
use service::{ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;
use crate::profiles::Drifted;
use crate::system::{self, own};

/// Rows that are kept of a rule that sets none aside: enough to see what is wrong.
pub(super) const SAMPLE: usize = 1000;

/// What rows that break a rule are rows of.
pub(super) struct About<'a> {
    pub(super) run: &'a str,
    pub(super) dataset: &'a DatasetName,
    pub(super) checked_at: DateTime<Utc>,
}

/// Writes rows that break those rules to files of their book, which no commit names yet: of each
/// rule the first of them, or all where there is no limit.
pub(super) async fn stage(
    handles: &Handles,
    about: &About<'_>,
    (rules, drifted): (&TableRules<'_>, &[Drifted]),
    findings: &[Finding],
    limit: Option<usize>,
) -> Result<Vec<StagedFile>> {
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    let table = handles.table(&own::named(system::FAILING_ROWS)?).await?;
    let writer = table.stage(&WriteSettings::default());
    let mut writer = writer.map_err(failure::lake)?;
    for finding in findings {
        let of = drifted.iter().find(|of| of.result.rule == finding.rule);
        if let Some(shown) = of.and_then(|of| of.shown.as_ref()) {
            let kept = kept(about, &finding.rule, shown).map_err(unkept)?;
            writer.write(kept).await.map_err(failure::lake)?;
            continue;
        }
        let rows = rules.breaking(&finding.rule, limit).await;
        let Some(mut rows) = rows.map_err(failure::engine)? else {
            continue;
        };
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(failure::engine)?;
            let kept = kept(about, &finding.rule, &batch).map_err(unkept)?;
            if kept.num_rows() > 0 {
                writer.write(kept).await.map_err(failure::lake)?;
            }
        }
    }
    writer.finish().await.map_err(failure::lake)
}

fn unkept(error: ArrowError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "cannot keep rows that break a rule").caused_by(error)
}

/// The rows as rows of the book.
fn kept(
    about: &About<'_>,
    rule: &Rule,
    rows: &RecordBatch,
) -> std::result::Result<RecordBatch, ArrowError> {
    let rows = as_json(&masked(rows)?)?;
    let same = |text: Option<&str>| -> ArrayRef {
        Arc::new((0..rows.len()).map(|_| text).collect::<StringArray>())
    };
    let at = vec![about.checked_at.timestamp_micros(); rows.len()];
    let at = TimestampMicrosecondArray::from(at).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run_id", same(Some(about.run))),
        ("dataset", same(Some(about.dataset.as_str()))),
        ("rule", same(Some(&rule.name))),
        ("column_name", same(rule.column.as_deref())),
        ("severity", same(Some(rule.severity.as_str()))),
        ("row", Arc::new(StringArray::from(rows.clone()))),
        ("checked_at", Arc::new(at)),
    ];
    RecordBatch::try_from_iter(columns)
}

/// The rows with every text hidden that looks like personal data.
fn masked(rows: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let schema = rows.schema();
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        if !field.data_type().is_string() {
            fields.push(field.as_ref().clone());
            columns.push(Arc::clone(column));
            continue;
        }
        let texts = cast(column, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>().iter();
        let shown = texts.map(|text| {
            text.map(|text| {
                if looks_personal(text) {
                    mask(text)
                } else {
                    text.to_owned()
                }
            })
        });
        fields.push(Field::new(field.name(), DataType::Utf8, true));
        columns.push(Arc::new(shown.collect::<StringArray>()));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// Each row as a JSON object.
fn as_json(rows: &RecordBatch) -> std::result::Result<Vec<String>, ArrowError> {
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, LineDelimited>(Vec::new());
    writer.write(rows)?;
    writer.finish()?;
    let text = String::from_utf8(writer.into_inner())
        .map_err(|error| ArrowError::JsonError(error.to_string()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
