//! `dtm check`

use std::io::Write;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::init::tell;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, Records};
use crate::progress;
use crate::shipped;

/// Check the project against itself, offline: contracts, SQL, code lists, reports, lineage
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm check --project . --format json")]
pub(crate) struct Check {}

impl Check {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let started = Instant::now();
        let spinner = progress::spinner("checking the project");
        let checked = conduct::check(&shipped::sources(context.place.project.as_deref())?).await;
        spinner.finish_and_clear();
        let project = &checked.project;
        let seconds = started.elapsed().as_secs_f64();
        tell(&format!(
            "checked {} contracts, {} code lists, {} transformations and {} reports in {seconds:.2} s: \
             {} problems",
            project.contracts.len(),
            project.code_lists.len(),
            project.transformations.len(),
            project.reports.len(),
            checked.problems.len()
        ))?;
        let mut records = Records::new(&["file", "line", "column", "message"]);
        for problem in &checked.problems {
            let place = &problem.place;
            records.push(vec![
                json!(place.file),
                json!(place.line),
                json!(place.column),
                json!(problem.message),
            ]);
        }
        if matches!(context.format, Format::Json | Format::Ndjson | Format::Csv) {
            records.print(context.format)?;
        } else {
            let mut out = std::io::stdout().lock();
            for problem in &checked.problems {
                writeln!(out, "{problem}")?;
            }
        }
        if checked.problems.is_empty() {
            Ok(())
        } else {
            Err(Failure::Refused)
        }
    }
}
