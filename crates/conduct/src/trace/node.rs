//! The way back: computed datasets at the versions that a figure was computed from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, Fields};
use engine::Statement;
use lake::Snapshot;
use project::{Contract, DatasetName, Layer, Project, Transformation, Write};
use serde_json::Value;
use service::{At, ErrorKind, Result, ServiceError};

use crate::check::run_params;
use crate::handles::Handles;
use crate::runs::{INPUTS, RUN, made_by};
use crate::{failure, ledger};

/// A dataset at a version.
pub(super) type Place = (DatasetName, i64);

/// A computed dataset at one version, and how it was made.
pub(super) struct Node {
    pub place: Place,
    pub contract: Contract,
    pub statement: Statement,
    pub sql: String,
    /// The run that made it; none for a dataset that takes submissions, which is its own input.
    pub run: Option<String>,
    /// When that run began, in microseconds since 1970.
    pub run_at: i64,
    /// Whether it holds rows of earlier runs, too.
    pub adds: bool,
    /// What it read, at the versions that it read.
    pub snapshots: BTreeMap<DatasetName, Snapshot>,
    /// Those of its inputs that submissions are behind, with what identifies their rows.
    pub followed: Vec<(DatasetName, Fields)>,
    /// Those of them whose rows nothing identifies.
    pub keyless: BTreeSet<DatasetName>,
}

impl Node {
    /// The version of an input.
    pub(super) fn input(&self, dataset: &DatasetName) -> Place {
        let version = self.snapshots.get(dataset).map_or(-1, Snapshot::version);
        (dataset.clone(), version)
    }
}

/// The dataset and everything computed that is behind it, consumers before what they read.
pub(super) async fn nodes(
    handles: &Handles,
    project: &Project,
    target: &DatasetName,
    version: i64,
) -> Result<Vec<Arc<Node>>> {
    let inputs = inputs(project)?;
    let mut found: BTreeMap<Place, Arc<Node>> = BTreeMap::new();
    let mut open = vec![(target.clone(), version)];
    while let Some(place) = open.pop() {
        if found.contains_key(&place) {
            continue;
        }
        let node = node(handles, project, &inputs, place).await?;
        let computed = node.followed.iter().map(|(d, _)| d).chain(&node.keyless);
        let computed = computed.filter(|d| **d != node.place.0 && inputs.contains_key(d));
        open.extend(computed.map(|dataset| node.input(dataset)));
        found.insert(node.place.clone(), Arc::new(node));
    }
    // Further from what was received comes first.
    let mut nodes: Vec<Arc<Node>> = found.into_values().collect();
    nodes.sort_by_key(|node| std::cmp::Reverse(depth(&inputs, &node.place.0)));
    Ok(nodes)
}

/// What each transformation reads.
type Inputs = BTreeMap<DatasetName, BTreeSet<DatasetName>>;

fn inputs(project: &Project) -> Result<Inputs> {
    let read = project.transformations.values().map(|transformation| {
        let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
        Ok((transformation.dataset.clone(), statement.inputs().clone()))
    });
    read.collect()
}

/// Steps from what was received or listed.
fn depth(inputs: &Inputs, dataset: &DatasetName) -> usize {
    let read = inputs.get(dataset).into_iter().flatten();
    read.map(|input| 1 + depth(inputs, input))
        .max()
        .unwrap_or(0)
}

/// Whether submissions are behind the dataset.
fn follows(inputs: &Inputs, dataset: &DatasetName) -> bool {
    dataset.layer() == Layer::Raw
        || inputs
            .get(dataset)
            .is_some_and(|read| read.iter().any(|d| follows(inputs, d)))
}

async fn node(handles: &Handles, project: &Project, inputs: &Inputs, place: Place) -> Result<Node> {
    let (dataset, version) = &place;
    let contract = handles.contract(dataset)?;
    let (sql, run, read) = match project.transformations.get(dataset) {
        Some(transformation) => {
            let (run, read) = made(handles, transformation, &place).await?;
            (transformation.sql.clone(), Some(run), read)
        }
        None => {
            let read = BTreeMap::from([(dataset.clone(), *version)]);
            (format!("select * from {dataset}"), None, read)
        }
    };
    let statement = Statement::parse(&sql).map_err(failure::engine)?;
    let snapshots = handles
        .snapshots(read.keys(), &At::Versions(read.clone()))
        .await?;
    let (mut followed, mut keyless) = (Vec::new(), BTreeSet::new());
    for input in read.keys().filter(|input| follows(inputs, input)) {
        let identity = identity(&handles.contract(input)?);
        if identity.is_empty() {
            keyless.insert(input.clone());
        } else {
            followed.push((input.clone(), identity));
        }
    }
    let run_at = match &run {
        Some(run) if !run_params(&sql, 0).is_empty() => {
            let run = ledger::run_of(handles, run).await?;
            run.started_at.timestamp_micros()
        }
        _ => 0,
    };
    let transformation = project.transformations.get(&place.0);
    let adds = transformation.is_some_and(|t| t.write == Write::Append);
    Ok(Node {
        adds,
        place,
        contract,
        statement,
        sql,
        run,
        run_at,
        snapshots,
        followed,
        keyless,
    })
}

/// The columns that tell rows of a dataset apart.
fn identity(contract: &Contract) -> Fields {
    let schema = contract.table_schema();
    let names: Vec<&str> = if contract.dataset.layer() == Layer::Raw {
        vec![super::SUBMISSION, super::ROW]
    } else {
        contract.key.iter().map(String::as_str).collect()
    };
    let fields = names
        .iter()
        .filter_map(|name| schema.field_with_name(name).ok());
    fields
        .map(|f| Field::new(f.name(), f.data_type().clone(), true))
        .collect()
}

/// The run that made a version, and the versions that it read.
async fn made(
    handles: &Handles,
    transformation: &Transformation,
    place: &Place,
) -> Result<(String, BTreeMap<DatasetName, i64>)> {
    let (dataset, version) = place;
    let table = handles.table(dataset).await?;
    let record = table
        .noting_until(*version, RUN)
        .await
        .map_err(failure::lake)?;
    // A rollback to before the first run notes that none made the rows.
    let record = record.filter(|record| record.info.get(RUN).is_some_and(Value::is_string));
    let record = record.ok_or_else(|| {
        let message = format!("dataset `{dataset}` holds nothing that a run computed");
        ServiceError::new(ErrorKind::NotFound, message).hint("Compute it with `dtm run`.")
    })?;
    if !made_by(&record.info, transformation) {
        let message = format!(
            "the SQL of dataset `{dataset}` is not the one that computed its version {version}"
        );
        return Err(ServiceError::new(ErrorKind::Conflict, message)
            .hint("Compute it anew with `dtm run`, or put the SQL back that it was computed by."));
    }
    let run = record
        .info
        .get(RUN)
        .and_then(Value::as_str)
        .unwrap_or_default();
    let read = record.info.get(INPUTS).and_then(Value::as_object);
    let read = read
        .into_iter()
        .flatten()
        .filter_map(|(dataset, version)| Some((dataset.parse().ok()?, version.as_i64()?)));
    Ok((run.to_owned(), read.collect()))
}
