//! What the transformations of a run read.

use std::collections::{BTreeMap, BTreeSet};

use engine::Statement;
use futures::future::join_all;
use lake::Snapshot;
use project::{DatasetName, Project, Transformation};
use service::{Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// One moment of every dataset that no transformation computes, for all transformations of a run:
/// those that read the same dataset read the same rows, whatever is submitted meanwhile.
pub(crate) struct Inputs {
    /// What could not be read fails those who read it, and no others.
    given: BTreeMap<DatasetName, Result<Snapshot>>,
}

impl Inputs {
    /// Takes the moment.
    pub(crate) async fn take(
        handles: &Handles,
        project: &Project,
        run: &[&Transformation],
    ) -> Result<Self> {
        let mut datasets = BTreeSet::new();
        for transformation in run {
            let read = read(project, transformation)?.into_iter();
            datasets.extend(read.filter(|d| !project.transformations.contains_key(d)));
        }
        let tables = join_all(datasets.iter().map(|dataset| handles.table(dataset))).await;
        // Nothing is waited for between the tables: this is the moment.
        let snapshots = tables
            .into_iter()
            .map(|table| table.map(|table| table.snapshot()));
        Ok(Self {
            given: datasets.into_iter().zip(snapshots).collect(),
        })
    }

    /// One snapshot of each of the datasets: of the computed ones the newest, as the run has made
    /// it.
    pub(crate) async fn of(
        &self,
        handles: &Handles,
        datasets: &BTreeSet<DatasetName>,
    ) -> Result<BTreeMap<DatasetName, Snapshot>> {
        let read = datasets.iter();
        let computed = read.filter(|dataset| !self.given.contains_key(*dataset));
        let mut snapshots = handles.newest(computed).await?;
        for dataset in datasets {
            match self.given.get(dataset) {
                Some(Ok(snapshot)) => {
                    snapshots.insert(dataset.clone(), snapshot.clone());
                }
                Some(Err(error)) => return Err(again(error)),
                None => {}
            }
        }
        Ok(snapshots)
    }
}

/// What a transformation reads, and what the rules on its answer look at.
pub(crate) fn read(
    project: &Project,
    transformation: &Transformation,
) -> Result<BTreeSet<DatasetName>> {
    let statement = Statement::parse(&transformation.sql).map_err(failure::engine)?;
    let mut read = statement.inputs().clone();
    if let Some(contract) = project.contracts.get(&transformation.dataset) {
        read.extend(engine::reads(contract).map_err(failure::engine)?);
    }
    Ok(read)
}

/// The same error for another who met it.
fn again(error: &ServiceError) -> ServiceError {
    let same = ServiceError::new(error.kind, error.message.clone());
    match &error.hint {
        Some(hint) => same.hint(hint.clone()),
        None => same,
    }
}
