//! What the next run will compute anew.

use std::collections::BTreeSet;

use project::{DatasetName, Project, Transformation};
use service::{PlannedRun, Result, RunRequest};

use super::chosen;
use super::step::Step;
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
            run: "",
            started_at: handles.now(),
            forced: false,
        };
        let before: BTreeSet<DatasetName> = runs.iter().map(|run| run.dataset.clone()).collect();
        runs.extend(step.due(&before).await?);
    }
    Ok(runs)
}
