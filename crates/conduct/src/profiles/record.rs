//! Profiles at the end of a run, of what it made.

use lake::Snapshot;
use lineage::Graph;
use project::{Contract, Profiling, Project};
use service::{Result, RunReport, RunStep, StepState};

use super::hidden;
use super::kept::{self, Lines};
use super::rows::{self, Source};
use super::take::{About, take};
use crate::handles::Handles;
use crate::quality::Judged;
use crate::{catalogue, failure};

/// Profiles the datasets that the run made and keeps the profiles. What cannot be profiled is told of
/// the step and fails nothing: the figures are good without.
pub(crate) async fn record(
    handles: &Handles,
    project: &Project,
    report: &mut RunReport,
    judged: &Judged,
) {
    let Some(run) = report.id.clone() else { return };
    let mut lines = Vec::new();
    let built = report.steps.iter_mut();
    for step in built.filter(|step| step.state == StepState::Built) {
        let taken = match catalogue::graph(project) {
            Ok(graph) => of_step(handles, (project, &graph), &run, step, judged).await,
            Err(error) => Err(error),
        };
        match taken {
            Ok(taken) => lines.extend(taken),
            Err(error) => tell(step, &error),
        }
    }
    if lines.is_empty() {
        return;
    }
    if let Err(error) = kept::append(handles, &run, &lines).await {
        let profiled = |step: &&mut RunStep| lines.iter().any(|of| of.dataset == step.dataset);
        for step in report.steps.iter_mut().filter(profiled) {
            tell(step, &error);
        }
        return;
    }
    metrics::counter!("dtm_profiles_total", "outcome" => "done").increment(lines.len() as u64);
}

/// Says of a step that it has no profile.
fn tell(step: &mut RunStep, error: &service::ServiceError) {
    metrics::counter!("dtm_profiles_total", "outcome" => "failed").increment(1);
    tracing::warn!(dataset = %step.dataset, %error, "not profiled");
    let told = format!("not profiled: {}", error.message);
    step.message = Some(match step.message.take() {
        Some(message) => format!("{message}; {told}"),
        None => told,
    });
}

async fn of_step(
    handles: &Handles,
    (project, graph): (&Project, &Graph),
    run: &str,
    step: &RunStep,
    judged: &Judged,
) -> Result<Option<Lines>> {
    let dataset = &step.dataset;
    let (Some(version), Some(contract)) = (step.version, project.contracts.get(dataset)) else {
        return Ok(None);
    };
    let wanted = match contract.profile {
        Profiling::Nothing => return Ok(None),
        Profiling::Sample(rows) => Some(rows),
        Profiling::Whole => None,
    };
    let snapshot = snapshot(handles, step, version).await?;
    let hidden = hidden::declared(project, contract, graph);
    let about = About {
        handles,
        calendar: &project.calendar,
        dataset,
        run,
        hidden: &hidden,
    };
    let source = source(
        handles,
        contract,
        snapshot.provider().map_err(failure::lake)?,
    );
    let mut counts = source.counts().await?;
    if let Some(touched) = source
        .period
        .and_then(|column| judged.touched(dataset, column))
    {
        counts.retain(|code, _| code.as_ref().is_some_and(|code| touched.contains(code)));
    }
    let codes = rows::newest(&counts, &project.calendar);
    counts.retain(|code, _| codes.contains(code));
    let total: u64 = counts.values().sum();
    let rows = source.rows(&codes, (total, wanted)).await?;
    let columns: Vec<&str> = contract.columns.iter().map(|c| c.name.as_str()).collect();
    let taken = take(&about, &rows, &columns, (source.period, &codes)).await?;
    Ok(Some(Lines {
        dataset: dataset.clone(),
        version,
        counts,
        sampled: rows.sampled,
        profiled_at: handles.now(),
        taken,
    }))
}

fn source<'a>(
    handles: &'a Handles,
    contract: &'a Contract,
    provider: std::sync::Arc<dyn datafusion::catalog::TableProvider>,
) -> Source<'a> {
    Source {
        handles,
        dataset: &contract.dataset,
        provider,
        key: &contract.key,
        columns: contract.columns.iter().map(|c| c.name.as_str()).collect(),
        period: contract.period_column(),
    }
}

/// The table as the run left it.
async fn snapshot(handles: &Handles, step: &RunStep, version: i64) -> Result<Snapshot> {
    let table = handles.table(&step.dataset).await?;
    if table.version() == version {
        return Ok(table.snapshot());
    }
    table.snapshot_at(version).await.map_err(failure::lake)
}
