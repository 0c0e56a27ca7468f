//! `dtm token`

use std::io::Write;

use clap::{Args, Subcommand};
use project::AgencyCode;
use service::Principal;

use super::untold;
use crate::cli::Context;
use crate::failure::Outcome;
use crate::open::open;

/// Access tokens
#[derive(Debug, Subcommand)]
#[command(after_help = "Example: dtm token create --name 'Phòng phân tích' --role analyst")]
pub(crate) enum Token {
    /// Make a token; only the token is printed, and it is shown once
    Create(Create),
}

/// Make a token
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm token create --name 'Sở KHCN Hà Nội' --role submitter --agency H26"
)]
pub(crate) struct Create {
    /// Whom it is for
    #[arg(long)]
    name: String,
    /// `submitter`, `official`, `analyst`, `data_engineer`, `operator`, `auditor`, `administrator`
    #[arg(long)]
    role: String,
    /// The agency it acts for; submitters and officials need one
    #[arg(long, value_name = "CODE")]
    agency: Option<AgencyCode>,
}

impl Token {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let Self::Create(create) = self;
        let principal = Principal {
            name: create.name,
            role: create.role,
            agency: create.agency,
        };
        let opened = open(&context.place, untold()).await?;
        let token = opened.service.create_token(&opened.call, &principal).await;
        opened.close().await;
        writeln!(std::io::stdout().lock(), "{}", token?.reveal())?;
        Ok(())
    }
}
