//! Reports: a definition's queries at one moment, rendered, kept with a manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use books::RenditionRecord;
use bytes::Bytes;
use engine::{Param, Session, Statement};
use project::{DatasetName, ParameterType, ReportDefinition};
use render::RenderError;
use service::{
    Action, At, Call, ErrorKind, Manifest, ManifestQuery, RenderRequest, Rendition,
    RenditionFormat, Result, ServiceError,
};
use sha2::{Digest, Sha256};

use crate::check::{language_param, uses};
use crate::failure;
use crate::handles::{Handles, versions};
use crate::manifest::{self, Again, Stored};
use crate::perform::{About, Gate};
use crate::superseded;

/// The reports of the project in force.
pub(crate) async fn list(gate: &Gate, call: &Call) -> Result<Vec<ReportDefinition>> {
    let about = About::named("reports");
    let act = Action::ReadReports;
    gate.perform(call, act, about, |handles, _| async move {
        Ok(handles.project().reports.values().cloned().collect())
    })
    .await
}

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
    if let Some(table) = &request.table {
        render::report::check_table(report, table).map_err(|error| {
            ServiceError::new(ErrorKind::Invalid, error.to_string())
                .hint("Name one of these tables, or none to get the first.")
        })?;
    }
    let params = params(&project, report, &request.params)?;
    let published = handles.published.newest().await?.sequence;
    let (answers, read) = answers(handles, report, &params, language).await?;
    let data_sha256 = superseded::fingerprint(&answers)?;
    let again = again(report, &params, language.as_str(), data_sha256);
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
        outputs: BTreeMap::new(),
        rendered_at,
    };
    let work = Rendering {
        report: report.clone(),
        language,
        answers,
        table: request.table,
        manifest: manifest.clone(),
        spool_folder: handles.settings.spool_folder.clone(),
    };
    let documents = tokio::task::spawn_blocking(move || work.documents())
        .await
        .map_err(|error| unrendered(&manifest.report).caused_by(error))??;
    for (format, bytes) in &documents {
        manifest.outputs.insert(*format, sha256(bytes));
    }
    let record = keep(handles, &manifest, again, documents).await?;
    if handles.published.newest().await?.sequence != published {
        superseded::of_late(handles, &record, published).await?;
    }
    Ok(Rendition {
        superseded: superseded::whether(handles, &record, &manifest).await?,
        id: record.id,
        manifest,
    })
}

/// What a rendition of the report asks, with the hash of what was answered.
pub(crate) fn again(
    report: &ReportDefinition,
    params: &BTreeMap<String, String>,
    language: &str,
    data_sha256: String,
) -> Again {
    let names = report.parameters.iter().map(|p| p.name.clone());
    Again {
        language: language.to_owned(),
        unset: names.filter(|name| !params.contains_key(name)).collect(),
        queries: report.queries.clone(),
        data_sha256,
    }
}

/// Everything that the documents of a rendition are made from.
struct Rendering {
    report: ReportDefinition,
    language: render::Language,
    answers: Answers,
    table: Option<String>,
    manifest: Manifest,
    spool_folder: PathBuf,
}

type Documents = BTreeMap<RenditionFormat, Bytes>;

impl Rendering {
    /// The report in every format; without CSV where it has no table.
    fn documents(&self) -> Result<Documents> {
        let Self {
            report,
            language,
            answers,
            manifest,
            ..
        } = self;
        let failed = |error: RenderError| {
            ServiceError::new(
                ErrorKind::Internal,
                format!("cannot render report `{}`: {error}", report.name),
            )
            .caused_by(error)
        };
        let html = render::report::html(report, *language, answers, manifest).map_err(failed)?;
        let workbook =
            render::report::workbook(report, *language, answers, manifest, &self.spool_folder);
        let mut documents = Documents::from([
            (RenditionFormat::Html, Bytes::from(html)),
            (
                RenditionFormat::Xlsx,
                Bytes::from(workbook.map_err(failed)?),
            ),
        ]);
        let csv = render::report::csv(report, *language, answers, self.table.as_deref());
        if let Some(csv) = csv.map_err(failed)? {
            documents.insert(RenditionFormat::Csv, Bytes::from(csv));
        }
        Ok(documents)
    }
}

fn unrendered(report: &str) -> ServiceError {
    ServiceError::new(
        ErrorKind::Internal,
        format!("rendering report `{report}` met a defect"),
    )
    .hint("Look at the free space of the home's disk, and report it if there is enough.")
}

pub(crate) fn object_path(id: &str, format: RenditionFormat) -> String {
    format!("{}/{id}.{}", manifest::FOLDER, format.ending())
}

/// Keeps the documents, then the manifest that names them, then the entry by which they are found.
async fn keep(
    handles: &Handles,
    manifest: &Manifest,
    again: Again,
    documents: Documents,
) -> Result<RenditionRecord> {
    let id = (handles.given.ids)().to_string();
    let objects = handles.lake.objects();
    for (format, bytes) in documents {
        objects
            .create(&object_path(&id, format), bytes)
            .await
            .map_err(failure::lake)?;
    }
    let text = serde_json::to_string(&Stored::new(manifest, again)).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write the manifest").caused_by(error)
    })?;
    objects
        .create(
            &format!("{}/{id}{}", manifest::FOLDER, manifest::ENDING),
            Bytes::from(text.clone()),
        )
        .await
        .map_err(failure::lake)?;
    let record = RenditionRecord {
        id,
        report: manifest.report.clone(),
        manifest: text,
        created_at: manifest.rendered_at,
    };
    handles
        .books
        .add_rendition(&record)
        .await
        .map_err(failure::books)?;
    Ok(record)
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

pub(crate) type Answers = BTreeMap<String, Vec<RecordBatch>>;

/// The answers of all queries, read at one moment.
async fn answers(
    handles: &Handles,
    report: &ReportDefinition,
    params: &BTreeMap<String, String>,
    language: render::Language,
) -> Result<(Answers, BTreeMap<DatasetName, i64>)> {
    let mut inputs = BTreeSet::new();
    for sql in report.queries.values() {
        let statement = Statement::parse(sql).map_err(failure::engine)?;
        inputs.extend(statement.inputs().iter().cloned());
    }
    let snapshots = handles.snapshots(&inputs, &At::Now).await?;
    let session = handles.session(&snapshots, handles.settings.query)?;
    let again = again(report, params, language.as_str(), String::new());
    let given = (params, &again.unset[..], language.as_str());
    let answers = answered(&session, &report.queries, given).await?;
    Ok((answers, versions(&snapshots)))
}

/// The answers of queries over the tables of a session: with the parameters, those without a value,
/// and the language.
pub(crate) async fn answered(
    session: &Session,
    queries: &BTreeMap<String, String>,
    (params, unset, language): (&BTreeMap<String, String>, &[String], &str),
) -> Result<Answers> {
    let mut answers = Answers::new();
    for (name, sql) in queries {
        let statement = Statement::parse(sql).map_err(failure::engine)?;
        let set = params.iter();
        let set = set.map(|(name, value)| (name.clone(), Param::Text(value.clone())));
        let unset = unset.iter().map(|name| (name.clone(), Param::Null));
        let bound = set.chain(unset).filter(|(name, _)| uses(sql, name));
        let bound: BTreeMap<String, Param> = bound.chain(language_param(sql, language)).collect();
        let planned = session
            .plan(&statement, &bound)
            .await
            .map_err(failure::engine)?;
        let batches = session.collect(&planned).await.map_err(failure::engine)?;
        answers.insert(name.clone(), batches);
    }
    Ok(answers)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
