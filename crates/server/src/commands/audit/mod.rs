//! `dtm audit`

mod prove;
mod source;
mod verify;
mod witness;

use audit::log::LogError;
use clap::Subcommand;
use service::{ErrorKind, ServiceError};

use crate::cli::Context;
use crate::failure::{Failure, Outcome};

pub(crate) use source::verifier_keys;

/// The audit log: verify it, take an entry out with its proof, witness it
#[derive(Debug, Subcommand)]
#[command(after_help = "Example: dtm audit verify --home ./dtm-home")]
pub(crate) enum Audit {
    /// Check every file of the log; nothing is written anywhere
    Verify(verify::Verify),
    /// Take out an entry with all that shows that it is in the log
    Prove(prove::Prove),
    /// See that a log only grows, and say so: cosign its newest checkpoint
    Witness(witness::Witness),
}

impl Audit {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        match self {
            Self::Verify(command) => command.run(&context).await,
            Self::Prove(command) => command.run(&context).await,
            Self::Witness(command) => command.run(&context).await,
        }
    }
}

/// Why the log is not read, or not believed.
pub(crate) fn failed(error: LogError) -> Failure {
    let kind = match &error {
        LogError::Unavailable { .. } => ErrorKind::Unavailable,
        LogError::Unreadable { .. } => ErrorKind::Invalid,
        _ => ErrorKind::Refused,
    };
    // A server says best what it lacks, such as a token.
    let answered = match &error {
        LogError::Unavailable { source, .. } => source.downcast_ref::<ServiceError>(),
        _ => None,
    };
    let hint = answered.and_then(|answer| answer.hint.clone());
    let hint = hint.unwrap_or_else(|| error.hint().to_owned());
    ServiceError::new(kind, error.to_string()).hint(hint).into()
}
