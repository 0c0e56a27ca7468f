//! `dtm extend`

use calendar::PeriodCode;
use chrono::NaiveDate;
use clap::Args;
use project::{AgencyCode, DatasetName};
use serde_json::json;
use service::{ExtendRequest, ObligationKey};

use super::untold;
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;
use crate::output::Records;

/// Move the deadline of an agency's data for a period to a later day
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm extend raw.dossiers --agency H26 --period 2026-09 \
                  --until 2026-10-31 --reason 'the data centre was under water'"
)]
pub(crate) struct Extend {
    /// The dataset, such as `raw.dossiers`
    dataset: DatasetName,
    /// The agency whose deadline it is
    #[arg(long, value_name = "CODE")]
    agency: AgencyCode,
    /// The period
    #[arg(long, value_name = "PERIOD")]
    period: PeriodCode,
    /// The last day on which the data is to be on time, such as `2026-10-31`
    #[arg(long, value_name = "DAY")]
    until: NaiveDate,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// A server to ask instead of the home
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Extend {
    pub(crate) async fn run(self, mut context: Context) -> Outcome {
        context.place.server = self.server;
        let opened = open(&context.place, untold()).await?;
        let request = ExtendRequest {
            of: ObligationKey {
                dataset: self.dataset,
                period: self.period,
                agency: self.agency,
            },
            until: self.until,
            reason: self.reason,
        };
        let answer = opened.service.extend(&opened.call, request).await;
        opened.close().await;
        let obligation = answer?;
        let locks_at = obligation.deadline.locks_at();
        let mut records = Records::new(&[
            "dataset",
            "agency",
            "period",
            "state",
            "due_on",
            "locks_at",
            "extensions",
        ]);
        records.push(vec![
            json!(obligation.of.dataset.as_str()),
            json!(obligation.of.agency.as_str()),
            json!(obligation.of.period.as_str()),
            json!(obligation.standing.as_str()),
            json!(obligation.deadline.due_on.to_string()),
            json!(locks_at.map(|at| at.to_rfc3339())),
            json!(obligation.extensions.len()),
        ]);
        records.print(context.format)
    }
}
