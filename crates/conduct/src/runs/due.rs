//! What the next run will compute anew.

use std::collections::BTreeSet;

use project::{DatasetName, Project, Transformation};
use serde_json::Value;
use service::{PlannedRun, Result, RunRequest};

use super::step::{Step, made_by};
use super::{RUN, chosen};
use crate::failure;
use crate::handles::Handles;
use crate::inputs::Inputs;
use crate::quality::Judged;

/// The transformations that are due, inputs before what reads them.
pub(crate) async fn due(handles: &Handles, project: &Project) -> Result<Vec<PlannedRun>> {
    let all = chosen(project, &RunRequest::default())?;
    due_of(handles, project, &all).await
}

/// The same of those transformations, given in that order.
pub(crate) async fn due_of(
    handles: &Handles,
    project: &Project,
    chosen: &[&Transformation],
) -> Result<Vec<PlannedRun>> {
    let inputs = Inputs::take(handles, project, chosen).await?;
    let judged = Judged::of("");
    let mut runs: Vec<PlannedRun> = Vec::new();
    for transformation in chosen {
        let step = Step {
            handles,
            project,
            transformation,
            inputs: &inputs,
            judged: &judged,
            open: None,
            told: None,
            run: "",
            started_at: handles.now(),
            forced: false,
        };
        let before: BTreeSet<DatasetName> = runs.iter().map(|run| run.dataset.clone()).collect();
        runs.extend(step.due(&before).await?);
    }
    Ok(runs)
}

/// Whether the rows that are there were computed by SQL of another meaning.
pub(crate) async fn edited(handles: &Handles, transformation: &Transformation) -> Result<bool> {
    let table = match handles.lake.table(&transformation.dataset).await {
        Ok(table) => table,
        Err(lake::LakeError::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(failure::lake(error)),
    };
    let newest = table.newest_noting(RUN).await.map_err(failure::lake)?;
    // A rollback to before the first run notes that none made the rows.
    let made = newest.filter(|record| record.info.get(RUN).is_some_and(Value::is_string));
    Ok(made.is_some_and(|record| !made_by(&record.info, transformation)))
}
