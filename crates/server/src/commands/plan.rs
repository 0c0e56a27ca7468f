//! `dtm plan` and `dtm apply`

use clap::Args;
use serde_json::{Map, Value, json};
use service::{Impact, PlannedChange, Preview, PreviewRequest, Reader, RestateRequest, StepState};

use super::init::tell;
use super::{restatement, untold};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::open_project;
use crate::output::Records;
use crate::progress;

/// Show what the lake lacks of the project
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm plan --preview served.visits")]
pub(crate) struct Plan {
    /// Print who is concerned by each changed dataset, and what breaks
    #[arg(long, conflicts_with = "preview")]
    impact: bool,
    /// Compute what changed, or these datasets, and what is made of it; compare the rows with the
    /// published ones. Publishes nothing
    #[arg(long, value_name = "DATASET", num_args = 0..)]
    preview: Option<Vec<String>>,
    /// Compute what the rows that wait for the next run change of published figures, and which
    /// renditions cite them. Publishes nothing
    #[arg(long, conflicts_with_all = ["impact", "preview"])]
    restatement: bool,
}

/// Make the lake what the project says
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm apply --home ./dtm-home")]
pub(crate) struct Apply {}

impl Plan {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        if let Some(select) = self.preview {
            return previewed(PreviewRequest { select }, &context).await;
        }
        if self.restatement {
            return restated(&context).await;
        }
        let opened = open_project(&context.place, untold()).await?;
        let spinner = progress::spinner("comparing the project with the lake");
        let plan = opened.service.plan(&opened.call).await;
        opened.close().await;
        spinner.finish_and_clear();
        let plan = plan?;
        if self.impact {
            print_impacts(&plan.impacts, &context)?;
        } else {
            print(&plan, &context)?;
        }
        let refused = plan
            .items
            .iter()
            .any(|i| matches!(i.change, PlannedChange::Refused(_)));
        if refused {
            Err(Failure::Refused)
        } else {
            Ok(())
        }
    }
}

impl Apply {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let opened = open_project(&context.place, untold()).await?;
        let spinner = progress::spinner("applying the project");
        let plan = opened.service.apply(&opened.call).await;
        opened.close().await;
        spinner.finish_and_clear();
        print(&plan?, &context)
    }
}

fn print(plan: &service::Plan, context: &Context) -> Outcome {
    if plan.items.is_empty() {
        tell("the lake is what the project says")?;
    }
    let mut records = Records::new(&["dataset", "change", "detail"]);
    for item in &plan.items {
        let (change, detail) = told(&item.change);
        records.push(vec![
            json!(item.dataset.as_str()),
            json!(change),
            json!(detail),
        ]);
    }
    for impact in &plan.impacts {
        tell(&sentence(impact))?;
    }
    // It is no difference from the project, and goes where talk goes.
    for run in &plan.runs {
        tell(&format!(
            "due: {} ({} rows): {}",
            run.dataset, run.rows, run.scope
        ))?;
    }
    records.print(context.format)
}

fn told(change: &PlannedChange) -> (&'static str, String) {
    match change {
        PlannedChange::Create => ("create", "the table is not there".to_owned()),
        PlannedChange::AddColumns(names) => ("add_columns", names.join(", ")),
        PlannedChange::Rebuild => (
            "rebuild",
            "the major version rose; it begins empty".to_owned(),
        ),
        PlannedChange::LoadCodes => ("load_codes", "the code list's rows differ".to_owned()),
        PlannedChange::Describe => ("describe", "the contract's words changed".to_owned()),
        PlannedChange::Refused(reason) => ("refused", reason.clone()),
    }
}

/// An impact for people.
fn sentence(impact: &Impact) -> String {
    let readers: Vec<String> = impact.readers.iter().map(reader).collect();
    let read_by = if readers.is_empty() {
        "read by nobody".to_owned()
    } else {
        format!("read by {}", readers.join(", "))
    };
    let breaks = if impact.breaks.is_empty() {
        "breaks nothing".to_owned()
    } else {
        format!("breaking: {}", impact.breaks.join("; "))
    };
    let (dataset, owner) = (&impact.dataset, &impact.owner);
    let what = impact.what.join(", ");
    let columns = columns(impact);
    format!("changed: {dataset} ({owner}): {what}{columns}; {read_by}; {breaks}")
}

fn columns(impact: &Impact) -> String {
    let added = impact.added.iter().map(|name| format!(" +{name}"));
    let removed = impact.removed.iter().map(|name| format!(" -{name}"));
    let retyped = impact.retyped.iter();
    let retyped = retyped.map(|of| format!(" {} {} → {}", of.column, of.from, of.to));
    added.chain(removed).chain(retyped).collect()
}

fn reader(reader: &Reader) -> String {
    let (kind, name) = (&reader.kind, &reader.name);
    format!("{kind} {name} ({})", reader.owners.join(", "))
}

fn print_impacts(impacts: &[Impact], context: &Context) -> Outcome {
    let mut records = Records::new(&[
        "dataset", "owner", "what", "added", "removed", "retyped", "readers", "breaking", "breaks",
    ]);
    for impact in impacts {
        let retyped = impact.retyped.iter();
        let retyped = retyped.map(|of| format!("{}: {} → {}", of.column, of.from, of.to));
        records.push(vec![
            json!(impact.dataset.as_str()),
            json!(impact.owner),
            json!(impact.what),
            json!(impact.added),
            json!(impact.removed),
            json!(retyped.collect::<Vec<_>>()),
            json!(impact.readers.iter().map(reader).collect::<Vec<_>>()),
            json!(!impact.breaks.is_empty()),
            json!(impact.breaks),
        ]);
    }
    records.print(context.format)
}

async fn previewed(request: PreviewRequest, context: &Context) -> Outcome {
    let opened = open_project(&context.place, untold()).await?;
    let spinner = progress::spinner("computing beside what is published");
    let previews = opened.service.preview(&opened.call, request).await;
    opened.close().await;
    spinner.finish_and_clear();
    let previews = previews?;
    if previews.is_empty() {
        tell("nothing changed that is computed")?;
    }
    print_previews(&previews, context)?;
    if previews.iter().any(|of| of.state != StepState::Built) {
        return Err(Failure::Refused);
    }
    Ok(())
}

async fn restated(context: &Context) -> Outcome {
    let opened = open_project(&context.place, untold()).await?;
    let spinner = progress::spinner("computing beside what is published");
    let request = RestateRequest::Waiting;
    let restatement = opened.service.restate(&opened.call, request).await;
    opened.close().await;
    spinner.finish_and_clear();
    let restatement = restatement?;
    let unchanged = "nothing that waits would change a published figure";
    restatement::print(&restatement, context.format, unchanged)?;
    restatement::check(&restatement)
}

fn print_previews(previews: &[Preview], context: &Context) -> Outcome {
    let mut records = Records::new(&[
        "dataset", "state", "before", "after", "added", "removed", "changed", "columns",
        "examples", "message",
    ]);
    for of in previews {
        let columns = of.columns.iter();
        let columns = columns.map(|(column, rows)| (column.clone(), json!(rows)));
        records.push(vec![
            json!(of.dataset.as_str()),
            json!(of.state.as_str()),
            json!(of.rows_before),
            json!(of.rows_after),
            json!(of.added),
            json!(of.removed),
            json!(of.changed),
            Value::Object(columns.collect::<Map<_, _>>()),
            json!(of.examples),
            json!(of.message),
        ]);
    }
    records.print(context.format)
}
