//! What a rendition was made from, far enough to see whether it would come out the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use books::RenditionRecord;
use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use engine::Statement;
use project::{DatasetName, Project};
use service::{At, ErrorKind, Result, ServiceError};
use sha2::{Digest, Sha256};

use crate::handles::Handles;
use crate::manifest::Stored;
use crate::{failure, reports};

/// A rendition that can be made again.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) report: String,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) rendered_at: DateTime<Utc>,
    /// Declared parameters without a value.
    unset: Vec<String>,
    language: String,
    queries: BTreeMap<String, String>,
    statements: BTreeSet<DatasetName>,
    pub(super) input_versions: BTreeMap<String, i64>,
    /// The hash of what it shows, where that was kept.
    data_sha256: Option<String>,
}

impl Made {
    /// None if what it asked is not known any more: its manifest is of a release that did not keep
    /// it, and the report's definition is another now.
    pub(crate) fn of(record: RenditionRecord, project: &Project) -> Option<Self> {
        let stored: Stored = serde_json::from_str(&record.manifest).ok()?;
        let manifest = service::Manifest::from(stored.clone());
        let (again, data_sha256) = match stored.again {
            Some(again) => {
                let sha256 = again.data_sha256.clone();
                (again, Some(sha256))
            }
            None => {
                let report = project.reports.get(&record.report)?;
                if report.sha256 != manifest.definition_sha256 {
                    return None;
                }
                (
                    reports::again(report, &manifest.params, "vi", String::new()),
                    None,
                )
            }
        };
        let mut statements = BTreeSet::new();
        for sql in again.queries.values() {
            statements.extend(Statement::parse(sql).ok()?.inputs().iter().cloned());
        }
        Some(Self {
            id: record.id,
            report: record.report,
            params: manifest.params,
            rendered_at: manifest.rendered_at,
            unset: again.unset,
            language: again.language,
            queries: again.queries,
            statements,
            input_versions: manifest.input_versions,
            data_sha256,
        })
    }

    /// The datasets that it reads.
    pub(crate) fn reads(&self) -> &BTreeSet<DatasetName> {
        &self.statements
    }

    /// Whether both ask the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.report == other.report
            && self.params == other.params
            && self.language == other.language
            && self.queries == other.queries
    }
}

/// The hash of what it would show over these tables.
pub(crate) async fn shown(
    handles: &Handles,
    made: &Made,
    tables: BTreeMap<DatasetName, Arc<dyn TableProvider>>,
) -> Result<String> {
    let session = handles.engine.session(tables, handles.settings.query);
    let session = session.map_err(failure::engine)?;
    let params = (&made.params, &made.unset[..], made.language.as_str());
    let answers = reports::answered(&session, &made.queries, params).await?;
    fingerprint(&answers)
}

/// The hash of what it shows.
pub(crate) async fn own(handles: &Handles, made: &Made) -> Result<String> {
    match &made.data_sha256 {
        Some(sha256) => Ok(sha256.clone()),
        None => shown_at(handles, made, &made.input_versions).await,
    }
}

/// The hash of what it would show over those versions, and over what is there of other datasets.
pub(super) async fn shown_at(
    handles: &Handles,
    made: &Made,
    versions: &BTreeMap<String, i64>,
) -> Result<String> {
    let version = |dataset: &DatasetName| Some((dataset.clone(), *versions.get(dataset.as_str())?));
    let versions = made.statements.iter().filter_map(version).collect();
    let snapshots = handles
        .snapshots(&made.statements, &At::Versions(versions))
        .await?;
    let mut tables = BTreeMap::new();
    for (dataset, snapshot) in snapshots {
        let provider = snapshot.provider().map_err(failure::lake)?;
        tables.insert(dataset, provider);
    }
    shown(handles, made, tables).await
}

/// The hash of answers: of their rows, in whatever order they come.
pub(crate) fn fingerprint(answers: &BTreeMap<String, Vec<RecordBatch>>) -> Result<String> {
    let mut whole = Sha256::new();
    for (name, batches) in answers {
        let mut rows = Vec::new();
        for batch in batches {
            rows.extend(hashed(batch)?);
        }
        rows.sort_unstable();
        whole.update((name.len() as u64).to_le_bytes());
        whole.update(name.as_bytes());
        whole.update((rows.len() as u64).to_le_bytes());
        for row in rows {
            whole.update(row);
        }
    }
    Ok(hex::encode(whole.finalize()))
}

/// The hash of each row: of its columns' names, and of its values as text.
fn hashed(batch: &RecordBatch) -> Result<Vec<[u8; 32]>> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let mut columns = Vec::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let shown = ArrayFormatter::try_new(column, &options).map_err(|error| {
            let message = format!("column `{}` cannot be written as text", field.name());
            ServiceError::new(ErrorKind::Internal, message).caused_by(error)
        })?;
        columns.push((field.name(), column, shown));
    }
    let rows = (0..batch.num_rows()).map(|row| -> [u8; 32] {
        let mut hash = Sha256::new();
        for (name, column, shown) in &columns {
            let value = (!column.is_null(row)).then(|| shown.value(row).to_string());
            let value = value.map_or_else(|| "-".to_owned(), |value| format!("={value}"));
            for text in [name.as_str(), &value] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
        }
        hash.finalize().into()
    });
    Ok(rows.collect())
}
