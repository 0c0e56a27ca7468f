//! `dtm rollback`

use clap::Args;
use serde_json::json;
use service::RollbackReport;

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;
use crate::output::Records;
use crate::progress;

/// Let readers see again what was published just before a run
///
/// Runs that published after it are undone with it, and named. Every computed table gets a version
/// with the rows of then; older versions stay, and what is asked `--at` a time or a run is answered
/// as before. The next `dtm run` computes what differs, so mend the SQL or the data first.
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm rollback RUN --format json\n\
                  `dtm query 'select distinct run_id, started_at from system.runs'` lists the runs.")]
pub(crate) struct Rollback {
    /// The run to undo, by the id that `dtm run` told
    run: String,
    /// A server to ask instead of the home
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Rollback {
    pub(crate) async fn run(self, mut context: Context) -> Outcome {
        context.place.server = self.server;
        let opened = open(&context.place, untold()).await?;
        let spinner = progress::spinner("rolling back");
        let answer = opened.service.rollback(&opened.call, &self.run).await;
        opened.close().await;
        spinner.finish_and_clear();
        let report = answer?;
        print(&report, &context)?;
        tell(&format!(
            "undone: {}; readers see what was published before run {}; nothing runs by schedule until \
             `dtm run`",
            report.undone.join(", "),
            report.run
        ))
    }
}

fn print(report: &RollbackReport, context: &Context) -> Outcome {
    let mut records = Records::new(&["dataset", "from", "to", "version"]);
    for of in &report.restored {
        records.push(vec![
            json!(of.dataset.as_str()),
            json!(of.from),
            json!(of.to),
            json!(of.version),
        ]);
    }
    records.print(context.format)
}
