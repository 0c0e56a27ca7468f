//! The run ledger read back: runs as they were recorded.

mod write;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use engine::Param;
use project::DatasetName;
use service::{ErrorKind, Page, Result, RunReport, RunStep, ServiceError, StepState};

use crate::handles::Handles;
use crate::system::{self, own};

pub(crate) use write::record;

const RUNS: &str = include_str!("runs.sql");
const STEPS: &str = include_str!("steps.sql");

/// Runs in a page at the most.
const PAGE: u64 = 1000;

/// A page of the runs, newest first.
pub(crate) async fn runs(handles: &Handles, page: Page) -> Result<Vec<RunReport>> {
    let last = page.offset.saturating_add(page.limit.min(PAGE));
    let params = BTreeMap::from([
        ("first".to_owned(), own::number(page.offset)),
        ("last".to_owned(), own::number(last)),
    ]);
    let batches = own::read(handles, system::RUNS, RUNS, params).await?;
    reports(handles, &batches)
}

/// One run.
pub(crate) async fn run_of(handles: &Handles, id: &str) -> Result<RunReport> {
    let params = BTreeMap::from([("id".to_owned(), Param::Text(id.to_owned()))]);
    let batches = own::read(handles, system::RUNS, STEPS, params).await?;
    let found = reports(handles, &batches)?.into_iter().next();
    found.ok_or_else(|| {
        ServiceError::new(
            ErrorKind::NotFound,
            format!("there is no run `{id}` in the ledger"),
        )
        .hint("A run that found everything up to date leaves no entry there.")
    })
}

/// The rows of the ledger as runs, in the order in which the runs first stand there.
fn reports(handles: &Handles, batches: &[RecordBatch]) -> Result<Vec<RunReport>> {
    let places = places(handles);
    let mut reports: Vec<RunReport> = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let broken = || {
                ServiceError::new(ErrorKind::Corrupt, "a row of the run ledger is broken")
                    .hint("Look at `select * from system.runs`.")
            };
            let id = own::text_at(batch, 0, row).ok_or_else(broken)?;
            let started_at = own::instant_at(batch, 1, row).ok_or_else(broken)?;
            let step = step(batch, row).ok_or_else(broken)?;
            let id = Some(id);
            match reports.last_mut().filter(|report| report.id == id) {
                Some(report) => report.steps.push(step),
                None => reports.push(RunReport {
                    id,
                    started_at,
                    seconds: 0.0,
                    steps: vec![step],
                }),
            }
        }
    }
    for report in &mut reports {
        report.seconds = report.steps.iter().map(|step| step.seconds).sum();
        let place = |step: &RunStep| places.get(&step.dataset).copied().unwrap_or(usize::MAX);
        report.steps.sort_by(|one, other| {
            let by_place = place(one).cmp(&place(other));
            by_place.then_with(|| one.dataset.cmp(&other.dataset))
        });
    }
    Ok(reports)
}

fn step(batch: &RecordBatch, row: usize) -> Option<RunStep> {
    use StepState::{Built, Failed, Skipped, UpToDate};
    let state = own::text_at(batch, 3, row)?;
    let inputs: BTreeMap<String, i64> = serde_json::from_str(&own::text_at(batch, 4, row)?).ok()?;
    let inputs = inputs
        .into_iter()
        .map(|(dataset, version)| Some((dataset.parse().ok()?, version)));
    Some(RunStep {
        dataset: own::text_at(batch, 2, row)?.parse().ok()?,
        state: [Built, UpToDate, Failed, Skipped]
            .into_iter()
            .find(|known| known.as_str() == state)?,
        inputs: inputs.collect::<Option<_>>()?,
        version: own::integer_at(batch, 5, row),
        rows: own::count_at(batch, 6, row),
        seconds: own::float_at(batch, 7, row)?,
        message: own::text_at(batch, 8, row),
        scope: own::text_at(batch, 9, row),
    })
}

/// Where each dataset comes in a run: after what it reads. The ledger keeps no order of its own.
fn places(handles: &Handles) -> BTreeMap<DatasetName, usize> {
    let order = handles.project.graph().order();
    let order = order.unwrap_or_default().into_iter();
    order
        .enumerate()
        .map(|(place, dataset)| (dataset, place))
        .collect()
}
