//! `dtm audit prove`

use std::io::Write;
use std::num::NonZeroU64;
use std::path::PathBuf;

use audit::log::prove;
use clap::Args;

use super::failed;
use super::source::Which;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};

/// Take out an entry with all that shows that it is in the log, for `dtm verify`
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm audit prove 12 --out entry-12.tlog-proof")]
pub(crate) struct Prove {
    /// The sequence of the entry, as `/api/v1/audit/entries` shows it
    #[arg(value_name = "ENTRY")]
    entry: NonZeroU64,
    #[command(flatten)]
    which: Which,
    /// Where the proof goes; by default to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Prove {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let source = self.which.open(&context.place).await?;
        let index = self.entry.get() - 1;
        let proof = prove(source.files.as_ref(), &source.trust, index).await;
        let text = proof.map_err(failed)?.to_string();
        match &self.out {
            Some(file) => std::fs::write(file, text).map_err(|error| {
                Failure::Unavailable(format!("cannot write `{}`: {error}", file.display()))
            }),
            None => {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()?;
                Ok(())
            }
        }
    }
}
