//! Plan and apply: what the lake lacks of the project, and making it so. Nothing else issues DDL.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{Field, Schema};
use lake::{CommitRequest, Table, TableShape, WriteSettings};
use project::{CodeList, Contract, Layer, Project};
use serde_json::{Map, json};
use service::{ErrorKind, Plan, PlanItem, PlannedChange, Principal, Result, ServiceError};
use sha2::{Digest, Sha256};

use crate::alone::Alone;
use crate::handles::Handles;
use crate::published::PublishedSet;
use crate::{failure, impact, rollback, runs, system};

/// The table property that holds the contract's version.
const VERSION: &str = "dtm.contract_version";
/// The table property that holds the hash of the contract's text.
const CONTRACT: &str = "dtm.contract_sha256";
/// The table property that holds the hash of what the contract says.
const MEANING: &str = "dtm.contract_meaning";
/// The table property that holds the hash of a code list's rows.
const CODES: &str = "dtm.codes_sha256";

/// What the lake lacks of what the project's files say now. Nothing comes in force by it.
pub(crate) async fn plan(handles: &Handles) -> Result<Plan> {
    let project = handles.project.written().await?.project;
    let mut plan = differences(handles, &project).await?;
    plan.runs = runs::due(handles, &project).await?;
    plan.impacts = impact::impacts(handles, &project, &plan.items).await?;
    Ok(plan)
}

/// What must change, in the order in which it is done.
pub(crate) async fn differences(handles: &Handles, project: &Project) -> Result<Plan> {
    let mut items = Vec::new();
    for contract in project
        .contracts
        .values()
        .chain(system::contracts().values())
    {
        let list = code_list(project, contract);
        for change in changes(handles, contract, list).await? {
            items.push(PlanItem {
                dataset: contract.dataset.clone(),
                change,
            });
        }
    }
    Ok(Plan {
        items,
        ..Plan::default()
    })
}

/// Makes the lake what the project's files say now, and puts the project in force. Refuses as a
/// whole if any change is refused: then the project before is in force as it was.
pub(crate) async fn put_in_force(handles: &Arc<Handles>, principal: &Principal) -> Result<Plan> {
    let doing = format!("apply by `{}`", principal.name);
    let alone = Alone::begin(handles, &doing).await?;
    let done = match rollback::finish_open(handles, &alone).await {
        Ok(()) => apply(handles, alone.fence()).await,
        Err(error) => Err(error),
    };
    alone.end(None).await;
    done
}

async fn apply(handles: &Handles, fence: i64) -> Result<Plan> {
    let written = handles.project.written().await?;
    let project = written.project.as_ref();
    let mut plan = differences(handles, project).await?;
    let refused: Vec<String> = plan
        .items
        .iter()
        .filter_map(|item| match &item.change {
            PlannedChange::Refused(reason) => Some(format!("dataset `{}`: {reason}", item.dataset)),
            _ => None,
        })
        .collect();
    if !refused.is_empty() {
        return Err(ServiceError::new(
            ErrorKind::Conflict,
            format!("the plan would break readers: {}", refused.join("; ")),
        )
        .hint(
            "Raise the contract's major version to rebuild the table, or take the change back.",
        ));
    }
    plan.impacts = impact::impacts(handles, project, &plan.items).await?;
    // A submission is judged and landed by one project, in tables that are as that one says.
    let alone = if plan.items.iter().any(reshapes) {
        Some(handles.landing.write().await)
    } else {
        None
    };
    for item in &plan.items {
        let contract = project
            .contracts
            .get(&item.dataset)
            .or_else(|| system::contracts().get(&item.dataset));
        if let Some(contract) = contract {
            make(
                handles,
                contract,
                code_list(project, contract),
                &item.change,
            )
            .await?;
        }
    }
    handles.project.put(written.clone());
    drop(alone);
    publish(handles, project, &plan, fence).await?;
    Ok(plan)
}

/// Whether the change gives a table that is there other columns.
fn reshapes(item: &PlanItem) -> bool {
    matches!(
        item.change,
        PlannedChange::AddColumns(_) | PlannedChange::Rebuild
    )
}

/// Refuses to go on while our own books have not the tables that they are written to.
pub(crate) async fn books(handles: &Handles) -> Result<()> {
    let mut lacking = Vec::new();
    for contract in system::contracts().values() {
        let changes = changes(handles, contract, None).await?;
        if changes
            .iter()
            .any(|change| *change != PlannedChange::Describe)
        {
            lacking.push(contract.dataset.as_str());
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let message = format!(
        "this lake lacks tables of its own books, or they are of an earlier version: `{}`",
        lacking.join("`, `")
    );
    Err(ServiceError::new(ErrorKind::Conflict, message)
        .hint("See what is new with `dtm plan`, and make it so with `dtm apply`."))
}

/// The project that a run goes by: what its files say now, put in force. Refuses changes that
/// `apply` has something to do for, which puts tables and project in force together.
pub(crate) async fn for_run(handles: &Handles) -> Result<Arc<Project>> {
    let written = handles.project.written().await?;
    if !handles.project.is(&written) {
        let waiting = differences(handles, &written.project).await?;
        let mut names: Vec<&str> = waiting.items.iter().map(|i| i.dataset.as_str()).collect();
        names.dedup();
        if !names.is_empty() {
            let message = format!(
                "{} has changes that are not applied: `{}`",
                handles.project.name(),
                names.join("`, `")
            );
            return Err(ServiceError::new(ErrorKind::Conflict, message)
                .hint("See them with `dtm plan`, make them so with `dtm apply`, then run again."));
        }
        handles.project.put(written.clone());
    }
    Ok(written.project)
}

/// Readers see a computed table in the form that its contract has now.
async fn publish(handles: &Handles, project: &Project, plan: &Plan, fence: i64) -> Result<()> {
    let mut versions = BTreeMap::new();
    for item in &plan.items {
        if project.transformations.contains_key(&item.dataset) {
            let table = handles.table(&item.dataset).await?;
            versions.insert(item.dataset.to_string(), table.version());
        }
    }
    let change = |set: &mut PublishedSet| set.versions.extend(versions.clone());
    let published = handles
        .published
        .publish(None, (handles.now(), Some(fence)), change);
    published.await.map(drop)
}

fn code_list<'a>(project: &'a Project, contract: &Contract) -> Option<&'a CodeList> {
    let is_list = contract.dataset.layer() == Layer::Codes;
    is_list
        .then(|| project.code_lists.get(contract.dataset.name()))
        .flatten()
}

async fn changes(
    handles: &Handles,
    contract: &Contract,
    list: Option<&CodeList>,
) -> Result<Vec<PlannedChange>> {
    let load = list.map(|_| PlannedChange::LoadCodes);
    let table = match handles.lake.table(&contract.dataset).await {
        Ok(table) => table,
        Err(lake::LakeError::NotFound { .. }) => {
            return Ok(std::iter::once(PlannedChange::Create).chain(load).collect());
        }
        Err(error) => return Err(failure::lake(error)),
    };
    let properties = table.properties();
    let mut changes: Vec<PlannedChange> = schema_change(contract, &table).into_iter().collect();
    let rebuilt = changes.contains(&PlannedChange::Rebuild);
    // A table of an earlier version notes the contract's text alone.
    let same = properties.get(CONTRACT) == Some(&hash(contract))
        || properties.get(MEANING) == Some(&contract.meaning());
    if changes.is_empty() && !same {
        changes.push(PlannedChange::Describe);
    }
    if list.is_some_and(|l| rebuilt || properties.get(CODES) != Some(&l.sha256)) {
        changes.push(PlannedChange::LoadCodes);
    }
    Ok(changes)
}

/// How the table's columns differ from the contract's.
fn schema_change(contract: &Contract, table: &Table) -> Option<PlannedChange> {
    let wanted = contract.table_schema();
    let there = table.schema();
    let mut breaks = Vec::new();
    let mut added = Vec::new();
    for field in wanted.fields() {
        match there.field_with_name(field.name()) {
            Err(_) if field.is_nullable() => added.push(field.name().clone()),
            Err(_) => breaks.push(format!("column `{}` is new and required", field.name())),
            Ok(old) if old.data_type() != field.data_type() => breaks.push(format!(
                "column `{}` is `{}` in the table and `{}` in the contract",
                field.name(),
                old.data_type(),
                field.data_type()
            )),
            Ok(old) if old.is_nullable() != field.is_nullable() => breaks.push(format!(
                "column `{}` is {} in the table and {} in the contract",
                field.name(),
                needed(old),
                needed(field)
            )),
            Ok(_) => {}
        }
    }
    for field in there.fields() {
        if wanted.field_with_name(field.name()).is_err() {
            breaks.push(format!("column `{}` is dropped", field.name()));
        }
    }
    if table.partition_by() != contract.partition_by {
        breaks.push("the partition columns differ".to_owned());
    }
    if breaks.is_empty() {
        return (!added.is_empty()).then_some(PlannedChange::AddColumns(added));
    }
    let major_before = table
        .properties()
        .get(VERSION)
        .and_then(|v| v.split('.').next().and_then(|m| m.parse::<u32>().ok()));
    if major_before.is_some_and(|before| contract.version.major > before) {
        Some(PlannedChange::Rebuild)
    } else {
        Some(PlannedChange::Refused(breaks.join(", ")))
    }
}

fn needed(field: &Field) -> &'static str {
    if field.is_nullable() {
        "optional"
    } else {
        "required"
    }
}

fn hash(contract: &Contract) -> String {
    hex::encode(Sha256::digest(contract.source.as_bytes()))
}

fn properties(contract: &Contract) -> BTreeMap<String, String> {
    BTreeMap::from([
        (VERSION.to_owned(), contract.version.to_string()),
        (CONTRACT.to_owned(), hash(contract)),
        (MEANING.to_owned(), contract.meaning()),
    ])
}

fn shape(contract: &Contract) -> TableShape {
    let comments: BTreeMap<&str, &str> = contract
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.description.as_str()))
        .collect();
    let schema = contract.table_schema();
    let fields = schema.fields().iter().map(|field| {
        let comment = comments
            .get(field.name().as_str())
            .copied()
            .unwrap_or_default();
        let metadata = [("comment".to_owned(), comment.to_owned())];
        let described = !comment.is_empty();
        let plain = field.as_ref().clone();
        if described {
            plain.with_metadata(metadata.into())
        } else {
            plain
        }
    });
    TableShape {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        partition_by: contract.partition_by.clone(),
        properties: properties(contract),
    }
}

async fn make(
    handles: &Handles,
    contract: &Contract,
    list: Option<&CodeList>,
    change: &PlannedChange,
) -> Result<()> {
    let info = Map::from_iter([(
        "dtm.contract".to_owned(),
        json!(contract.version.to_string()),
    )]);
    if *change == PlannedChange::Create {
        handles
            .lake
            .create(&contract.dataset, shape(contract))
            .await
            .map_err(failure::lake)?;
        return Ok(());
    }
    let table = handles
        .lake
        .table(&contract.dataset)
        .await
        .map_err(failure::lake)?;
    match change {
        PlannedChange::AddColumns(names) => {
            let schema = shape(contract).schema;
            let fields = names
                .iter()
                .filter_map(|n| schema.field_with_name(n).ok().cloned());
            table
                .add_columns(fields.collect(), info.clone())
                .await
                .map_err(failure::lake)?;
            table
                .set_properties(properties(contract), info)
                .await
                .map_err(failure::lake)?;
        }
        PlannedChange::Rebuild => {
            table
                .replace_schema(shape(contract), info)
                .await
                .map_err(failure::lake)?;
        }
        PlannedChange::Describe => {
            table
                .set_properties(properties(contract), info)
                .await
                .map_err(failure::lake)?;
        }
        PlannedChange::LoadCodes => {
            if let Some(list) = list {
                load_codes(contract, list, &table).await?;
            }
        }
        PlannedChange::Create | PlannedChange::Refused(_) => {}
    }
    Ok(())
}

/// The rows of a code list in the contract's types.
pub fn code_rows(contract: &Contract, list: &CodeList) -> Result<RecordBatch> {
    let schema = Arc::new(contract.arrow_schema());
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let columns = schema.fields().iter().enumerate().map(|(i, field)| {
        let text: StringArray = list
            .rows
            .iter()
            .map(|row| row.get(i).and_then(Option::as_deref))
            .collect();
        let text: ArrayRef = Arc::new(text);
        cast_with_options(&text, field.data_type(), &strict)
    });
    columns
        .collect::<std::result::Result<Vec<_>, _>>()
        .and_then(|columns| RecordBatch::try_new(schema, columns))
        .map_err(|error| {
            ServiceError::new(
                ErrorKind::Invalid,
                format!("cannot load code list `{}`: {error}", list.name),
            )
            .hint("Run `dtm check`.")
        })
}

async fn load_codes(contract: &Contract, list: &CodeList, table: &Table) -> Result<()> {
    let batch = code_rows(contract, list)?;
    let mut writer = table
        .stage(&WriteSettings::default())
        .map_err(failure::lake)?;
    writer.write(batch).await.map_err(failure::lake)?;
    let files = writer.finish().await.map_err(failure::lake)?;
    let info = Map::from_iter([(CODES.to_owned(), json!(list.sha256))]);
    let request = CommitRequest::replace(files)
        .with_operation("LOAD CODES")
        .with_info(info.clone());
    table.commit(request).await.map_err(failure::lake)?;
    let properties = BTreeMap::from([(CODES.to_owned(), list.sha256.clone())]);
    table
        .set_properties(properties, info)
        .await
        .map_err(failure::lake)?;
    Ok(())
}
