//! `dtm trace`

use api::dto::at_from_text;
use clap::Args;
use project::DatasetName;
use serde_json::json;
use service::{TraceAnswer, TraceRequest};

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;
use crate::output::Records;
use crate::progress;

/// Find the submissions behind a figure
///
/// It follows the figure through the SQL that computed it, back to the submissions whose rows are
/// in it, and computes it again from these alone.
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm trace served.dossiers_by_agency \
                  --where \"agency_code = 'H26' and period = '2026-09'\" --column received_total")]
pub(crate) struct Trace {
    /// The dataset, such as `served.dossiers_by_agency`
    dataset: DatasetName,
    /// A condition over the dataset's columns: it chooses the rows
    #[arg(long = "where", value_name = "SQL")]
    condition: String,
    /// The column whose values are asked about; by default the rows as a whole
    #[arg(long, value_name = "COLUMN")]
    column: Option<String>,
    /// The moment to read at: a time, a day (its end), a run's id, `{"dataset": version}`, or the
    /// version of the dataset
    #[arg(long, value_name = "AT")]
    at: Option<String>,
}

impl Trace {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let request = TraceRequest {
            dataset: self.dataset,
            condition: self.condition,
            column: self.column,
            at: at_from_text(self.at.as_deref().unwrap_or_default())?,
        };
        let opened = open(&context.place, untold()).await?;
        let spinner = progress::spinner("tracing");
        let answer = opened.service.trace(&opened.call, request).await;
        opened.close().await;
        spinner.finish_and_clear();
        let answer = answer?;
        print(&answer, &context)?;
        told(&answer)
    }
}

fn print(answer: &TraceAnswer, context: &Context) -> Outcome {
    let mut records = Records::new(&[
        "submission",
        "dataset",
        "agency",
        "period",
        "role",
        "rows",
        "evidence_sha256",
    ]);
    for of in &answer.submissions {
        records.push(vec![
            json!(of.id.to_string()),
            json!(of.dataset.as_str()),
            json!(of.agency.as_str()),
            json!(of.period.as_str()),
            json!(of.role.as_str()),
            json!(of.rows),
            json!(of.evidence_sha256),
        ]);
    }
    records.print(context.format)
}

/// How many rows and submissions there are, and how far the answer is to be trusted.
fn told(answer: &TraceAnswer) -> Outcome {
    let rows = counted(answer.rows, "row");
    let submissions = counted(answer.submissions.len() as u64, "submission");
    let dataset = &answer.dataset;
    match &answer.run {
        Some(run) => tell(&format!(
            "{rows} of `{dataset}`, computed by run {run}: {submissions}"
        ))?,
        None => tell(&format!("{rows} of `{dataset}`: {submissions}"))?,
    }
    if answer.exact {
        tell("exact: each of these submissions is behind it, and no other")?;
    }
    for stop in &answer.stops {
        tell(&format!(
            "not exact: {}: {}; other submissions than these are surely not behind it",
            stop.dataset, stop.operator
        ))?;
    }
    tell(if answer.verified {
        "computed again from these submissions alone, the figure is the same"
    } else {
        "the figure was not computed again from these submissions alone"
    })
}

fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}
