//! `dtm audit verify`

use std::path::PathBuf;

use audit::log::{CosignedHead, Damage, LogError, Verified, against, verify};
use clap::Args;
use serde_json::{Value, json};

use super::failed;
use super::source::Which;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, Records};

/// Check every file of the log; nothing is written anywhere
///
/// Of a home the files are read, whether a server holds it or not; of a server what it serves.
/// What is wrong is named with its file and, where it is one entry's, the entry.
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm audit verify --home ./dtm-home\n         \
                  dtm audit verify ./copy --key \"$LOG_KEY\" --against kept-checkpoint")]
pub(crate) struct Verify {
    #[command(flatten)]
    which: Which,
    /// A checkpoint that was kept elsewhere, or the state of a witness: the log must go on from it
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
}

impl Verify {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let kept = match &self.against {
            Some(file) => Some(std::fs::read(file).map_err(|error| {
                Failure::Usage(format!("cannot read `{}`: {error}", file.display()))
            })?),
            None => None,
        };
        let source = self.which.open(&context.place).await?;
        let files = source.files.as_ref();
        let verified = match verify(files, &source.trust).await {
            Ok(verified) => verified,
            Err(error) => {
                if let LogError::Damaged(damage) = &error {
                    locate(damage, context.format)?;
                }
                return Err(failed(error));
            }
        };
        let goes_on_from = match kept {
            Some(kept) => {
                let head = against(files, &source.trust, &kept).await.map_err(failed)?;
                json!(head.size)
            }
            None => Value::Null,
        };
        let mut records = Records::new(&[
            "log",
            "entries",
            "heads",
            "side_objects",
            "expired",
            "root",
            "cosigned_by",
            "goes_on_from",
        ]);
        records.push(row(source.trust.origin(), &verified, goes_on_from));
        records.print(context.format)
    }
}

fn row(log: &str, verified: &Verified, goes_on_from: Value) -> Vec<Value> {
    let root = verified.checkpoint.as_ref();
    let root = root.map(|checkpoint| checkpoint.head.root.to_string());
    let names: Vec<String> = verified.cosigned_by.iter().map(cosigned).collect();
    let names = match names.as_slice() {
        [] => "nobody".to_owned(),
        names => names.join(", "),
    };
    vec![
        json!(log),
        json!(verified.entries),
        json!(verified.heads),
        json!(verified.side_objects),
        json!(verified.expired),
        json!(root),
        json!(names),
        goes_on_from,
    ]
}

fn cosigned(head: &CosignedHead) -> String {
    format!("{} at {} entries", head.by.name, head.size)
}

/// Where the damage is. An entry is named by its sequence.
fn locate(damage: &Damage, format: Format) -> Outcome {
    let mut records = Records::new(&["path", "entry", "offset", "message"]);
    records.push(vec![
        json!(damage.path),
        json!(damage.entry.map(|index| index + 1)),
        json!(damage.offset),
        json!(damage.message),
    ]);
    records.print(format)
}
