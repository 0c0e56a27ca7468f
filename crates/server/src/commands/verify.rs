//! `dtm verify`

use std::io::Read;
use std::path::{Path, PathBuf};

use audit::seal::{PublicKeys, Verified, VerifyError, verify, verify_evidence};
use clap::Args;
use serde_json::{Value, json};
use service::{ErrorKind, ServiceError};
use sha2::{Digest, Sha256};

use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::output::Records;

/// Verify a receipt offline: that it was signed by a key you trust, and says what was signed
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm verify receipt.json --key keys.json --evidence dossiers.csv")]
pub(crate) struct Verify {
    /// The receipt, as it was answered
    file: PathBuf,
    /// A public key that you got from somewhere else than the receipt: PEM, a JWK or a JWK Set, as
    /// `GET /api/v1/keys` answers it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The file that was sent, to compare with what the receipt says was received
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

impl Verify {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let keys = match &self.key {
            Some(file) => PublicKeys::parse(&text(file)?).map_err(|error| {
                let hint = error.hint();
                Failure::Usage(format!("cannot read `{}`: {error}; {hint}", file.display()))
            })?,
            None => PublicKeys::default(),
        };
        let untrue = |error: VerifyError| {
            let message = format!("`{}` is not verified: {error}", self.file.display());
            ServiceError::new(ErrorKind::Refused, message).hint(error.hint())
        };
        let evidence = self.evidence.as_deref().map(hashed).transpose()?;
        let mut records = Records::new(&[
            "id",
            "agency",
            "dataset",
            "period",
            "landed",
            "committed_at",
            "key_id",
            "evidence",
        ]);
        for document in documents(&text(&self.file)?) {
            let verified = verify(&document, &keys).map_err(untrue)?;
            if let Some((sha256, size)) = &evidence {
                verify_evidence(&verified, sha256, *size).map_err(untrue)?;
            }
            records.push(row(&verified, evidence.is_some()));
        }
        records.print(context.format)
    }
}

/// The receipts of a file: one, or the list that `dtm submit --format json` prints. What an answer
/// says beside the receipt, its row errors, is not part of it.
fn documents(text: &str) -> Vec<String> {
    let one = |mut value: Value| {
        if let Value::Object(members) = &mut value {
            members.remove("errors");
            members.remove("errors_total");
        }
        value.to_string()
    };
    match serde_json::from_str(text) {
        Ok(Value::Array(all)) => all.into_iter().map(one).collect(),
        Ok(value) if value.get("errors_total").is_some() => vec![one(value)],
        // As it stands, so that a member that is there twice is seen.
        _ => vec![text.to_owned()],
    }
}

fn text(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("cannot read `{}`: {error}", file.display())))
}

fn hashed(file: &Path) -> Outcome<(String, u64)> {
    let unread = |error| Failure::Usage(format!("cannot read `{}`: {error}", file.display()));
    let mut open = std::fs::File::open(file).map_err(unread)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut chunk = vec![0; 1 << 18];
    loop {
        match open.read(&mut chunk).map_err(unread)? {
            0 => return Ok((hex::encode(hash.finalize()), size)),
            read => {
                hash.update(&chunk[..read]);
                size += read as u64;
            }
        }
    }
}

/// What was signed, not what the file shows beside it.
fn row(verified: &Verified, with_evidence: bool) -> Vec<Value> {
    let value = &verified.value;
    vec![
        value["id"].clone(),
        value["agency"].clone(),
        value["dataset"].clone(),
        value["period"].clone(),
        value["rows"]["landed"].clone(),
        value["committed_at"].clone(),
        json!(verified.key_id().to_string()),
        json!(if with_evidence {
            "verified"
        } else {
            "not compared"
        }),
    ]
}
