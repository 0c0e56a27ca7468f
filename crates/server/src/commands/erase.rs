//! `dtm erase`

use clap::Args;
use serde_json::json;
use service::{EraseRequest, SubmissionId};

use super::init::tell;
use super::untold;
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;
use crate::output::Records;

/// Remove the bytes that were received with a submission, for good
///
/// The hash, the receipt and the rows in tables stay: `dtm withdraw` takes the rows out. Versions of
/// objects that a bucket keeps by itself are not reached.
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm erase ID --reason 'citizen ids were sent by mistake'")]
pub(crate) struct Erase {
    /// The submission, by the `id` of its receipt
    id: SubmissionId,
    /// Why, for the history; it must name nobody
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Also for other submissions that brought the same bytes: it is their evidence too
    #[arg(long)]
    others: bool,
    /// A server to ask instead of the home
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Erase {
    pub(crate) async fn run(self, mut context: Context) -> Outcome {
        context.place.server = self.server;
        let opened = open(&context.place, untold()).await?;
        let request = EraseRequest {
            id: self.id,
            reason: self.reason,
            others: self.others,
        };
        let answer = opened.service.erase(&opened.call, request).await;
        opened.close().await;
        let erased = answer?;
        let mut records = Records::new(&["id", "sha256", "size_bytes", "erased_at", "erased_by"]);
        for id in &erased.submissions {
            records.push(vec![
                json!(id.to_string()),
                json!(erased.sha256),
                json!(erased.size_bytes),
                json!(erased.erasure.at.to_rfc3339()),
                json!(erased.erasure.principal),
            ]);
        }
        records.print(context.format)?;
        if erased.rows_landed > 0 {
            tell(&format!(
                "{} rows landed from these bytes; erasing takes none out of its table, \
                 `dtm withdraw` does",
                erased.rows_landed
            ))?;
        }
        Ok(())
    }
}
