//! `dtm maintain`

use clap::Args;
use serde_json::json;
use service::{MaintainRequest, MaintenanceReport, MaintenanceState, MaintenanceTask};

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::open;
use crate::output::Records;
use crate::progress;

/// Put small files together, write checkpoints, and show which files nobody needs any more, and
/// which evidence is past its retention
///
/// Rows do not change, and writers go on meanwhile. A file is needed as long as a published
/// version, a report, or a version that is younger than `--keep-hours` is made of it. Evidence is
/// kept for as long as `evidence.keep_days` and `evidence.restricted_keep_days` say.
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm maintain --select 'raw.*' --vacuum")]
pub(crate) struct Maintain {
    /// Datasets to maintain, with `*` for any part; may be repeated
    #[arg(long, value_name = "PATTERN")]
    select: Vec<String>,
    /// Delete the files that nobody needs; without it they are only counted
    #[arg(long)]
    vacuum: bool,
    /// Erase the evidence that is past `evidence.keep_days` or, if it is restricted, past
    /// `evidence.restricted_keep_days`, for good; without it it is only counted. Only an
    /// administrator may
    #[arg(long)]
    erase: bool,
    /// For how many hours every version stays readable; by default `maintain.keep_hours`
    #[arg(long, value_name = "HOURS")]
    keep_hours: Option<u64>,
}

impl Maintain {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let opened = open(&context.place, untold()).await?;
        let waiting = progress::spinner("maintaining");
        let request = MaintainRequest {
            select: self.select,
            delete: self.vacuum,
            erase: self.erase,
            keep_hours: self.keep_hours,
        };
        let report = opened.service.maintain(&opened.call, request).await;
        opened.close().await;
        waiting.finish_and_clear();
        let report = report?;
        print(&report, &context)?;
        let has = |state| report.steps.iter().any(|step| step.state == state);
        let shown = |erases: bool| {
            let mut dry = report.steps.iter();
            dry.any(|step| {
                step.state == MaintenanceState::DryRun
                    && (step.task == MaintenanceTask::Erase) == erases
            })
        };
        if shown(false) {
            tell("nothing was deleted: `dtm maintain --vacuum` deletes the files of `dry_run`")?;
        }
        if shown(true) {
            tell("no evidence was erased: `dtm maintain --erase` erases that of `dry_run`")?;
        }
        tell(&format!(
            "maintenance {} took {:.2} s",
            report.id, report.seconds
        ))?;
        if has(MaintenanceState::Failed) {
            Err(Failure::Refused)
        } else {
            Ok(())
        }
    }
}

fn print(report: &MaintenanceReport, context: &Context) -> Outcome {
    let mut records = Records::new(&[
        "dataset",
        "task",
        "state",
        "version",
        "files_removed",
        "files_added",
        "bytes_removed",
        "bytes_added",
        "seconds",
        "message",
    ]);
    for step in &report.steps {
        let seconds = (step.seconds * 1000.0).round() / 1000.0;
        records.push(vec![
            json!(step.dataset.as_str()),
            json!(step.task.as_str()),
            json!(step.state.as_str()),
            json!(step.version),
            json!(step.files_removed),
            json!(step.files_added),
            json!(step.bytes_removed),
            json!(step.bytes_added),
            json!(seconds),
            json!(step.message),
        ]);
    }
    records.print(context.format)
}
