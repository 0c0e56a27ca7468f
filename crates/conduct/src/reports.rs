//! Reports: a definition's queries at one moment, rendered, kept with a manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use books::RenditionRecord;
use bytes::Bytes;
use engine::{Param, Statement};
use project::{DatasetName, ParameterType, ReportDefinition};
use serde::{Deserialize, Serialize};
use service::{
    ErrorKind, Manifest, ManifestQuery, RenderRequest, Rendition, RenditionFormat, Result,
    ServiceError,
};
use sha2::{Digest, Sha256};

use crate::check::{language_param, uses};
use crate::failure;
use crate::handles::{Handles, versions};

/// Renders a report and keeps it. An error in any query means that there is no rendition.
pub(crate) async fn render(handles: &Arc<Handles>, request: RenderRequest) -> Result<Rendition> {
    let project = handles.project();
    let report = project.reports.get(&request.report).ok_or_else(|| {
        let known: Vec<&str> = project.reports.keys().map(String::as_str).collect();
        ServiceError::new(
            ErrorKind::NotFound,
            format!("there is no report `{}`", request.report),
        )
        .hint(format!("The reports are `{}`.", known.join("`, `")))
    })?;
    let language = language(&request.language)?;
    let params = params(&project, report, &request.params)?;
    let (answers, read) = answers(handles, report, &params, language).await?;
    let rendered_at = handles.now();
    let queries = report
        .queries
        .iter()
        .map(|(name, sql)| ManifestQuery {
            name: name.clone(),
            sql_sha256: sha256(sql.as_bytes()),
            rows: answers.get(name).map_or(0, |batches| {
                batches.iter().map(|b| b.num_rows() as u64).sum()
            }),
        })
        .collect();
    let mut manifest = Manifest {
        report: report.name.clone(),
        definition_sha256: report.sha256.clone(),
        params: params.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        queries,
        input_versions: read.into_iter().map(|(d, v)| (d.to_string(), v)).collect(),
        output_sha256: String::new(),
        rendered_at,
    };
    let html = render::report::html(report, language, &answers, &manifest).map_err(|error| {
        ServiceError::new(
            ErrorKind::Internal,
            format!("cannot render report `{}`: {error}", report.name),
        )
        .caused_by(error)
    })?;
    let bytes = Bytes::from(html);
    manifest.output_sha256 = sha256(&bytes);
    keep(handles, manifest, bytes).await
}

/// A rendition that was kept.
pub(crate) async fn rendition(handles: &Handles, id: &str) -> Result<Rendition> {
    let unknown = || {
        ServiceError::new(ErrorKind::NotFound, format!("there is no rendition `{id}`"))
            .hint("Render the report; the answer names the rendition.")
    };
    let record = handles
        .books
        .rendition(id)
        .await
        .map_err(failure::books)?
        .ok_or_else(unknown)?;
    let bytes = handles
        .lake
        .objects()
        .get(&record.object_path)
        .await
        .map_err(failure::lake)?;
    let stored: Stored = serde_json::from_str(&record.manifest).map_err(|error| {
        ServiceError::new(
            ErrorKind::Corrupt,
            format!("the manifest of rendition `{id}` is broken"),
        )
        .caused_by(error)
    })?;
    Ok(Rendition {
        id: record.id,
        format: record.format,
        bytes,
        manifest: stored.into(),
    })
}

async fn keep(handles: &Handles, manifest: Manifest, bytes: Bytes) -> Result<Rendition> {
    let id = (handles.given.ids)().to_string();
    let format = RenditionFormat::Html;
    let object_path = format!("renditions/{id}.{}", format.ending());
    let objects = handles.lake.objects();
    objects
        .create(&object_path, bytes.clone())
        .await
        .map_err(failure::lake)?;
    let text = serde_json::to_string(&Stored::from(&manifest)).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the manifest").caused_by(error)
    })?;
    objects
        .create(
            &format!("renditions/{id}.manifest.json"),
            Bytes::from(text.clone()),
        )
        .await
        .map_err(failure::lake)?;
    let record = RenditionRecord {
        id: id.clone(),
        report: manifest.report.clone(),
        format,
        object_path,
        manifest: text,
        created_at: manifest.rendered_at,
    };
    handles
        .books
        .add_rendition(&record)
        .await
        .map_err(failure::books)?;
    Ok(Rendition {
        id,
        format,
        bytes,
        manifest,
    })
}

fn language(text: &str) -> Result<render::Language> {
    match text {
        "vi" => Ok(render::Language::Vi),
        "en" => Ok(render::Language::En),
        other => Err(ServiceError::new(
            ErrorKind::Invalid,
            format!("the language `{other}` is not offered"),
        )
        .hint("Ask for `vi` or `en`.")),
    }
}

/// Every declared parameter with its value. Refuses one that is missing, unknown or ill-formed.
fn params(
    project: &project::Project,
    report: &ReportDefinition,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let invalid =
        |message: String, hint: String| ServiceError::new(ErrorKind::Invalid, message).hint(hint);
    let declared: BTreeSet<&str> = report.parameters.iter().map(|p| p.name.as_str()).collect();
    let names = declared.iter().copied().collect::<Vec<_>>().join("`, `");
    if let Some(unknown) = given.keys().find(|name| !declared.contains(name.as_str())) {
        return Err(invalid(
            format!("report `{}` has no parameter `{unknown}`", report.name),
            format!("Its parameters are `{names}`."),
        ));
    }
    let mut params = BTreeMap::new();
    for parameter in &report.parameters {
        let name = &parameter.name;
        let value = given.get(name).or(parameter.default.as_ref());
        let Some(value) = value else {
            if parameter.required {
                return Err(invalid(
                    format!("report `{}` needs the parameter `{name}`", report.name),
                    format!("Add `{name}=…`: {}.", parameter.label.en),
                ));
            }
            continue;
        };
        let fine = match parameter.parameter_type {
            ParameterType::String => true,
            ParameterType::Period => value
                .parse()
                .is_ok_and(|code| project.calendar.get(&code).is_ok()),
            ParameterType::Integer => value.parse::<i64>().is_ok(),
            ParameterType::Date => value.parse::<chrono::NaiveDate>().is_ok(),
        };
        if !fine {
            return Err(invalid(
                format!(
                    "the parameter `{name}` is `{value}`, and that is no {}",
                    kind(parameter)
                ),
                "Give a value such as `2026-09` for a period or `2026-09-14` for a date."
                    .to_owned(),
            ));
        }
        params.insert(name.clone(), value.clone());
    }
    Ok(params)
}

fn kind(parameter: &project::Parameter) -> &'static str {
    match parameter.parameter_type {
        ParameterType::String => "text",
        ParameterType::Period => "period of the calendar",
        ParameterType::Integer => "whole number",
        ParameterType::Date => "date",
    }
}

type Answers = BTreeMap<String, Vec<RecordBatch>>;

/// The answers of all queries, read at one moment.
async fn answers(
    handles: &Handles,
    report: &ReportDefinition,
    params: &BTreeMap<String, String>,
    language: render::Language,
) -> Result<(Answers, BTreeMap<DatasetName, i64>)> {
    let mut statements = BTreeMap::new();
    let mut inputs = BTreeSet::new();
    for (name, sql) in &report.queries {
        let statement = Statement::parse(sql).map_err(failure::engine)?;
        inputs.extend(statement.inputs().iter().cloned());
        statements.insert(name.clone(), (statement, sql));
    }
    let snapshots = handles.snapshots(&inputs, &BTreeMap::new()).await?;
    let session = handles.session(&snapshots, handles.settings.query)?;
    let mut answers = Answers::new();
    for (name, (statement, sql)) in statements {
        let used = report.parameters.iter().filter(|p| uses(sql, &p.name));
        let bound = used.map(|p| {
            let value = params
                .get(&p.name)
                .map_or(Param::Null, |v| Param::Text(v.clone()));
            (p.name.clone(), value)
        });
        let language = language_param(sql, language.as_str());
        let bound: BTreeMap<String, Param> = bound.chain(language).collect();
        let planned = session
            .plan(&statement, &bound)
            .await
            .map_err(failure::engine)?;
        let batches = session.collect(&planned).await.map_err(failure::engine)?;
        answers.insert(name, batches);
    }
    Ok((answers, versions(&snapshots)))
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A manifest as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    report: String,
    definition_sha256: String,
    params: BTreeMap<String, String>,
    queries: Vec<StoredQuery>,
    input_versions: BTreeMap<String, i64>,
    output_sha256: String,
    rendered_at: chrono::DateTime<chrono::Utc>,
}

#[derive(Serialize, Deserialize)]
struct StoredQuery {
    name: String,
    sql_sha256: String,
    rows: u64,
}

impl From<&Manifest> for Stored {
    fn from(manifest: &Manifest) -> Self {
        let query = |q: &ManifestQuery| StoredQuery {
            name: q.name.clone(),
            sql_sha256: q.sql_sha256.clone(),
            rows: q.rows,
        };
        Self {
            report: manifest.report.clone(),
            definition_sha256: manifest.definition_sha256.clone(),
            params: manifest.params.clone(),
            queries: manifest.queries.iter().map(query).collect(),
            input_versions: manifest.input_versions.clone(),
            output_sha256: manifest.output_sha256.clone(),
            rendered_at: manifest.rendered_at,
        }
    }
}

impl From<Stored> for Manifest {
    fn from(stored: Stored) -> Self {
        let query = |q: StoredQuery| ManifestQuery {
            name: q.name,
            sql_sha256: q.sql_sha256,
            rows: q.rows,
        };
        Self {
            report: stored.report,
            definition_sha256: stored.definition_sha256,
            params: stored.params,
            queries: stored.queries.into_iter().map(query).collect(),
            input_versions: stored.input_versions,
            output_sha256: stored.output_sha256,
            rendered_at: stored.rendered_at,
        }
    }
}
