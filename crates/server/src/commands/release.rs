//! `dtm release`

use calendar::PeriodCode;
use clap::Args;
use project::{AgencyCode, DatasetName};
use serde_json::json;
use service::{ReleaseRequest, SubmissionId};

use super::untold;
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;
use crate::output::Records;

/// Judge quarantined rows again by the contract in force; those that pass land
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm release raw.dossiers --period 2026-09")]
pub(crate) struct Release {
    /// The dataset, such as `raw.dossiers`
    dataset: DatasetName,
    /// Only rows of that agency
    #[arg(long, value_name = "CODE")]
    agency: Option<AgencyCode>,
    /// Only rows for that period
    #[arg(long, value_name = "PERIOD")]
    period: Option<PeriodCode>,
    /// Only rows of that submission
    #[arg(long, value_name = "ID")]
    submission: Option<SubmissionId>,
    /// A server to ask instead of the home
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Release {
    pub(crate) async fn run(self, mut context: Context) -> Outcome {
        context.place.server = self.server;
        let opened = open(&context.place, untold()).await?;
        let request = ReleaseRequest {
            dataset: self.dataset,
            agency: self.agency,
            period: self.period,
            submission: self.submission,
        };
        let answer = opened.service.release(&opened.call, request).await;
        opened.close().await;
        let mut records = Records::new(&[
            "submission",
            "released",
            "held",
            "rules",
            "superseded",
            "passed_over",
            "table_version",
        ]);
        for of in answer?.submissions {
            let rules = of.rules.iter().map(|(rule, rows)| format!("{rule} {rows}"));
            let rules: Vec<String> = rules.collect();
            records.push(vec![
                json!(of.submission.to_string()),
                json!(of.released),
                json!(of.held),
                json!(rules.join(", ")),
                json!(of.superseded),
                json!(of.passed_over),
                json!(of.table_version),
            ]);
        }
        records.print(context.format)
    }
}
