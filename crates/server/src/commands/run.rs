//! `dtm run`

use clap::Args;
use serde_json::json;
use service::{RunReport, RunRequest, StepState};

use super::init::tell;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::{Own, open_project};
use crate::output::Records;
use crate::progress;

/// Run the transformations whose inputs changed, or those selected whether they did or not
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm run --select 'served.*'")]
pub(crate) struct Run {
    /// Datasets to run, with `*` for any part; may be repeated
    #[arg(long, value_name = "PATTERN")]
    select: Vec<String>,
}

impl Run {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let bar = progress::later("transforming");
        let opened = open_project(&context.place, progress::on_step(&bar)).await?;
        progress::show(&bar);
        let report = opened
            .service
            .run(
                &opened.call,
                RunRequest {
                    select: self.select,
                },
            )
            .await;
        if let Some(own) = &opened.own {
            send(own).await?;
        }
        opened.close().await;
        bar.finish_and_clear();
        let report = report?;
        print(&report, &context)?;
        let seconds = report.seconds;
        match &report.id {
            Some(id) => tell(&format!("run {id} took {seconds:.2} s"))?,
            None => tell(&format!(
                "everything is up to date; looking took {seconds:.2} s"
            ))?,
        }
        let failed = report.steps.iter().any(|s| s.state == StepState::Failed);
        if failed {
            Err(Failure::Refused)
        } else {
            Ok(())
        }
    }
}

/// What the run tells of itself leaves with it, if it is taken; else a server or the next run sends
/// it.
async fn send(own: &Own) -> Outcome {
    let sent = own.house.send_lineage().await;
    let why = match &sent {
        Ok(sent) => sent.error.clone(),
        Err(error) => Some(error.to_string()),
    };
    match why {
        Some(why) => tell(&format!("events of lineage wait in the outbox: {why}")),
        None => Ok(()),
    }
}

fn print(report: &RunReport, context: &Context) -> Outcome {
    let mut records = Records::new(&[
        "dataset", "state", "rows", "version", "seconds", "scope", "message",
    ]);
    for step in &report.steps {
        let seconds = (step.seconds * 1000.0).round() / 1000.0;
        records.push(vec![
            json!(step.dataset.as_str()),
            json!(step.state.as_str()),
            json!(step.rows),
            json!(step.version),
            json!(seconds),
            json!(step.scope),
            json!(step.message),
        ]);
    }
    records.print(context.format)
}
