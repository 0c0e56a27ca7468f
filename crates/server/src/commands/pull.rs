//! `dtm pull`

use clap::Args;
use serde_json::json;
use service::{PullReport, PullRequest};

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::open;
use crate::output::Records;
use crate::progress;

/// Run connectors now, once, to the end of what their sources have
///
/// A connector is a file `warehouse/connectors/NAME.yaml` of the project. While a server runs, it
/// runs those that are due by their schedules.
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm pull province-inbox")]
pub(crate) struct Pull {
    /// The connector, also one that is not enabled; without it, each one that is
    connector: Option<String>,
    /// Read everything again, whatever was read before: after another source was declared under
    /// the same name
    #[arg(long, requires = "connector")]
    from_start: bool,
}

impl Pull {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let opened = open(&context.place, untold()).await?;
        let waiting = progress::spinner("pulling");
        let request = PullRequest {
            connector: self.connector,
            from_start: self.from_start,
        };
        let reports = opened.service.pull(&opened.call, request).await;
        opened.close().await;
        waiting.finish_and_clear();
        let reports = reports?;
        print(&reports, &context)?;
        if reports.is_empty() {
            tell("no connector is enabled, or all of them are at work")?;
        }
        told(&reports)
    }
}

fn print(reports: &[PullReport], context: &Context) -> Outcome {
    let mut records = Records::new(&[
        "connector",
        "piece",
        "state",
        "submission",
        "received",
        "landed",
        "quarantined",
        "message",
    ]);
    for report in reports {
        for piece in &report.pieces {
            records.push(vec![
                json!(report.connector),
                json!(piece.name),
                json!(if piece.landed { "landed" } else { "refused" }),
                json!(piece.submission.map(|id| id.to_string())),
                json!(piece.rows.received),
                json!(piece.rows.landed),
                json!(piece.rows.quarantined),
                json!(piece.message),
            ]);
        }
    }
    records.print(context.format)
}

/// What stopped a run decides over the exit code, then pieces that were refused.
fn told(reports: &[PullReport]) -> Outcome {
    let mut stopped = Vec::new();
    for report in reports {
        let landed = report.pieces.iter().filter(|piece| piece.landed).count();
        let refused = report.pieces.len() - landed;
        let name = &report.connector;
        tell(&format!(
            "connector `{name}`: {landed} landed, {refused} refused"
        ))?;
        if let Some(error) = &report.error {
            stopped.push(format!("connector `{name}` stopped: {error}"));
        }
    }
    if !stopped.is_empty() {
        return Err(Failure::Unavailable(stopped.join("; ")));
    }
    let pieces = reports.iter().flat_map(|report| &report.pieces);
    if pieces.into_iter().any(|piece| !piece.landed) {
        return Err(Failure::Refused);
    }
    Ok(())
}
