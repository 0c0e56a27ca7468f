//! The facets, each in the version of its schema that it names.

use project::{ColumnType, Contract, DatasetName, ENVELOPE, Layer, Severity};
use serde_json::{Map, Value, json};

use super::{Asserted, PARENT, PRODUCER, Place, Task};

/// A facet of that schema, of that version.
pub(super) fn facet(schema: &str, version: &str, body: Value) -> Value {
    let mut facet = Map::from_iter([
        ("_producer".to_owned(), json!(PRODUCER)),
        (
            "_schemaURL".to_owned(),
            json!(format!(
                "https://openlineage.io/spec/facets/{version}/{schema}.json#/$defs/{schema}"
            )),
        ),
    ]);
    if let Value::Object(body) = body {
        facet.extend(body);
    }
    Value::Object(facet)
}

pub(super) fn parent(run: &str, namespace: &str) -> Value {
    let body = json!({
        "run": { "runId": run },
        "job": { "namespace": namespace, "name": PARENT },
    });
    facet("ParentRunFacet", "1-2-0", body)
}

pub(super) fn error(why: &str) -> Value {
    let body = json!({ "message": why, "programmingLanguage": "RUST" });
    facet("ErrorMessageRunFacet", "1-0-1", body)
}

/// What is known of a transformation whether it runs or not.
pub(super) fn of_job(task: &Task<'_>) -> Value {
    let transformation = task.transformation;
    let sql = json!({ "query": transformation.sql, "dialect": "datafusion" });
    let why = json!({ "description": transformation.why, "contentType": "text/plain" });
    let mut facets = json!({
        "sql": facet("SQLJobFacet", "1-1-0", sql),
        "documentation": facet("DocumentationJobFacet", "1-1-0", why),
        "jobType": job_type("QUERY"),
    });
    let owners = task.contract.and_then(|of| owners("OwnershipJobFacet", of));
    if let Some(owners) = owners {
        facets["ownership"] = owners;
    }
    facets
}

/// The same of the judging of a dataset.
pub(super) fn of_judging(contract: &Contract) -> Value {
    let mut facets = json!({ "jobType": job_type("TEST") });
    if let Some(owners) = owners("OwnershipJobFacet", contract) {
        facets["ownership"] = owners;
    }
    facets
}

fn job_type(kind: &str) -> Value {
    let body = json!({ "processingType": "BATCH", "integration": "DTM", "jobType": kind });
    facet("JobTypeJobFacet", "2-0-4", body)
}

/// Who answers for a dataset, or for the job that makes it; none if nobody is named.
pub(super) fn owners(schema: &str, contract: &Contract) -> Option<Value> {
    let owner = contract.owner.trim();
    let named = json!({ "name": format!("team:{owner}"), "type": "OWNER" });
    (!owner.is_empty()).then(|| facet(schema, "1-0-1", json!({ "owners": [named] })))
}

pub(super) fn documentation(contract: &Contract) -> Value {
    let body = json!({ "description": contract.purpose.en, "contentType": "text/plain" });
    facet("DocumentationDatasetFacet", "1-1-0", body)
}

pub(super) fn version(version: i64) -> Value {
    let body = json!({ "datasetVersion": version.to_string() });
    facet("DatasetVersionDatasetFacet", "1-0-1", body)
}

pub(super) fn overwritten() -> Value {
    let body = json!({ "lifecycleStateChange": "OVERWRITE" });
    facet("LifecycleStateChangeDatasetFacet", "1-0-1", body)
}

pub(super) fn statistics(rows: u64) -> Value {
    let body = json!({ "rowCount": rows });
    facet("OutputStatisticsOutputDatasetFacet", "1-0-2", body)
}

/// The table by where its files lie.
pub(super) fn symlinks(place: &Place, dataset: &DatasetName) -> Value {
    let name = match place.path.as_str() {
        "" => dataset.path(),
        path => format!("{path}/{}", dataset.path()),
    };
    let link = json!({ "namespace": place.namespace, "name": name, "type": "TABLE" });
    facet(
        "SymlinksDatasetFacet",
        "1-0-1",
        json!({ "identifiers": [link] }),
    )
}

/// The columns of the table, those of the envelope included.
pub(super) fn schema(contract: &Contract) -> Value {
    let mut fields: Vec<Value> = Vec::new();
    let mut add = |name: &str, kind: ColumnType, description: &str| {
        let mut field = json!({
            "name": name,
            "type": word(kind),
            "ordinal_position": fields.len() + 1,
        });
        if !description.is_empty() {
            field["description"] = json!(description);
        }
        fields.push(field);
    };
    for column in &contract.columns {
        add(&column.name, column.column_type, &column.description);
    }
    if contract.dataset.layer() == Layer::Raw {
        for (name, kind) in ENVELOPE {
            add(name, kind, "");
        }
    }
    facet("SchemaDatasetFacet", "1-2-0", json!({ "fields": fields }))
}

/// The type as SQL has it.
fn word(kind: ColumnType) -> String {
    match kind {
        ColumnType::String => "varchar".to_owned(),
        ColumnType::Int32 => "integer".to_owned(),
        ColumnType::Int64 => "bigint".to_owned(),
        ColumnType::Float64 => "double".to_owned(),
        ColumnType::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
        ColumnType::Boolean => "boolean".to_owned(),
        ColumnType::Date => "date".to_owned(),
        ColumnType::Timestamp => "timestamp".to_owned(),
    }
}

/// What each rule said: its name and numbers, and no value of a row.
pub(super) fn assertions(asserted: &[Asserted<'_>]) -> Value {
    let one = |of: &Asserted<'_>| {
        let rule = of.rule;
        let mut assertion = json!({
            "assertion": rule.name,
            "success": of.passed,
            "severity": severity(rule.severity),
            "name": rule.name,
            "description": rule.message.en,
            "params": { "failedRows": of.failed_rows, "checkedRows": of.checked_rows },
        });
        if let Some(column) = &rule.column {
            assertion["column"] = json!(column);
        }
        assertion
    };
    let all: Vec<Value> = asserted.iter().map(one).collect();
    let body = json!({ "assertions": all });
    facet("DataQualityAssertionsDatasetFacet", "1-1-0", body)
}

/// In OpenLineage's words where it has one.
fn severity(of: Severity) -> &'static str {
    match of {
        Severity::Error => "error",
        Severity::Warning => "warn",
        Severity::Quarantine => "quarantine",
    }
}
