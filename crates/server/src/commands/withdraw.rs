//! `dtm withdraw`

use clap::Args;
use serde_json::json;
use service::{RestateRequest, SubmissionId, WithdrawRequest};

use super::{restatement, untold};
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;
use crate::output::Records;

/// Take the rows of a submission, and of its corrections, out of its table; older versions keep
/// them
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm withdraw ID --reason 'sent for the wrong period'")]
pub(crate) struct Withdraw {
    /// The submission, by the `id` of its receipt
    id: SubmissionId,
    /// Why, for the history
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,
    /// Withdraw nothing; show which published figures it would change, and which renditions cite them
    #[arg(long)]
    dry_run: bool,
    /// A server to ask instead of the home
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Withdraw {
    pub(crate) async fn run(self, mut context: Context) -> Outcome {
        context.place.server = self.server;
        let opened = open(&context.place, untold()).await?;
        if self.dry_run {
            let request = RestateRequest::Withdrawal(self.id);
            let answer = opened.service.restate(&opened.call, request).await;
            opened.close().await;
            let restatement = answer?;
            let unchanged = "the withdrawal would change no published figure";
            restatement::print(&restatement, context.format, unchanged)?;
            return restatement::check(&restatement);
        }
        let request = WithdrawRequest {
            id: self.id,
            reason: self.reason.unwrap_or_default(),
        };
        let answer = opened.service.withdraw(&opened.call, request).await;
        opened.close().await;
        let withdrawn = answer?;
        let mut records = Records::new(&["id", "dataset", "period", "withdrawn_at"]);
        records.push(vec![
            json!(withdrawn.receipt.id.to_string()),
            json!(withdrawn.receipt.dataset.as_str()),
            json!(withdrawn.receipt.period.as_str()),
            json!(withdrawn.ended.map(|ended| ended.at.to_rfc3339())),
        ]);
        records.print(context.format)
    }
}
