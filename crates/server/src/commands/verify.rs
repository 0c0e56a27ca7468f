//! `dtm verify`

use std::io::Read;
use std::path::{Path, PathBuf};

use audit::log::{Trust, verify_proof};
use audit::seal::{PublicKeys, Verified, VerifyError, verify, verify_evidence};
use clap::Args;
use serde_json::{Value, json};
use service::{ErrorKind, ServiceError};
use sha2::{Digest, Sha256};

use super::audit::{failed as untrusted, verifier_keys};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::output::Records;

/// How the proof of an audit entry begins (C2SP tlog-proof).
const PROOF: &str = "c2sp.org/tlog-proof@v1\n";

/// Verify a receipt offline: that it was signed by a key you trust, and says what was signed; or a
/// proof that an entry is in the audit log
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm verify receipt.json --key keys.json --evidence d.csv\n         \
                  dtm verify entry-12.tlog-proof --key keys.json"
)]
pub(crate) struct Verify {
    /// The receipt, as it was answered, or the proof
    file: PathBuf,
    /// A public key that you got from somewhere else than the receipt: a file with PEM, a JWK or a
    /// JWK Set, as `GET /api/v1/keys` answers it; for a proof also the `vkey` itself
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// For a proof: the `vkey` of a witness that must have cosigned, or a file with it
    #[arg(long, value_name = "VKEY")]
    witness: Option<String>,
    /// The file that was sent, to compare with what the receipt says was received
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

impl Verify {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let shown = text(&self.file)?;
        if shown.starts_with(PROOF) {
            return self.proof(&shown, context);
        }
        if self.witness.is_some() {
            return Err(Failure::Usage("a receipt has no witness".to_owned()));
        }
        let keys = match &self.key {
            Some(file) => PublicKeys::parse(&text(Path::new(file))?).map_err(|error| {
                let hint = error.hint();
                Failure::Usage(format!("cannot read `{file}`: {error}; {hint}"))
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
        for document in documents(&shown) {
            let verified = verify(&document, &keys).map_err(untrue)?;
            if let Some((sha256, size)) = &evidence {
                verify_evidence(&verified, sha256, *size).map_err(untrue)?;
            }
            records.push(row(&verified, evidence.is_some()));
        }
        records.print(context.format)
    }

    /// Shows what the entry says once it is proved.
    fn proof(&self, shown: &str, context: &Context) -> Outcome {
        if self.evidence.is_some() {
            let message = "the proof of an audit entry is not compared with evidence";
            return Err(Failure::Usage(message.to_owned()));
        }
        let witnesses = verifier_keys(self.witness.as_slice())?;
        let trust = Trust::new(verifier_keys(self.key.as_slice())?, witnesses);
        let trust = trust.map_err(untrusted)?;
        let proven = verify_proof(shown, &trust).map_err(untrusted)?;
        let cosigned = proven.checkpoint.cosigned_by.iter();
        let cosigned: Vec<&str> = cosigned.map(|by| by.name.as_str()).collect();
        if self.witness.is_some() && cosigned.is_empty() {
            let message = format!(
                "`{}` is not verified: the witness did not cosign its checkpoint",
                self.file.display()
            );
            let error = ServiceError::new(ErrorKind::Refused, message);
            return Err(error
                .hint("Take the proof again once the witness has cosigned a later checkpoint.")
                .into());
        }
        let entry: Value = serde_json::from_slice(&proven.leaf.bytes)
            .map_err(|error| Failure::Other(error.into()))?;
        let columns = &[
            "sequence",
            "at",
            "phase",
            "action",
            "resource",
            "principal",
            "outcome",
            "detail",
            "log",
            "cosigned_by",
        ];
        let mut records = Records::new(columns);
        let own = columns.iter().take(8).map(|name| entry[*name].clone());
        let log = [json!(trust.origin()), json!(cosigned.join(", "))];
        records.push(own.chain(log).collect());
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
