//! `dtm audit witness`

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as IoKind, Write};
use std::path::{Path, PathBuf};

use audit::log::{self, Trust, consistency_request};
use audit::seal::SigningKey;
use clap::Args;
use service::{ErrorKind, ServiceError};

use super::failed;
use super::source::{Server, verifier_keys};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::now;

/// See that a log only grows, and say so: cosign its newest checkpoint
///
/// Run it elsewhere than the log, again and again with the same state. It refuses a log that has
/// lost or changed entries since it was asked last. The state is the cosigned checkpoint, for
/// `dtm audit verify --against`; the cosignature is printed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm audit witness --url https://dtm.example --key \"$LOG_KEY\" \
                  --state seen --signing-key witness.pem --name example.org/witness"
)]
pub(crate) struct Witness {
    /// The server of the log
    #[arg(long, value_name = "URL")]
    url: String,
    /// A key of the log, from its owner, or a file with it
    #[arg(long = "key", value_name = "VKEY", required = true)]
    keys: Vec<String>,
    /// The file that keeps what was cosigned last
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The private key of the witness: PKCS#8 PEM, as `openssl genpkey -algorithm ED25519` makes it
    #[arg(long, value_name = "FILE")]
    signing_key: PathBuf,
    /// The name of the witness in its signatures
    #[arg(long, value_name = "NAME", default_value = "dtm/witness")]
    name: String,
}

impl Witness {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let keys = verifier_keys(&self.keys)?;
        let trust = Trust::new(keys.clone(), Vec::new()).map_err(failed)?;
        let signer = self.signer()?;
        let witness = log::Witness::new(&self.name, &signer, &keys);
        let _turn = take_turn(&beside(&self.state, ".lock"))?;
        let latest = match std::fs::read(&self.state) {
            Ok(kept) => Some(witness.recall(&kept).map_err(failed)?),
            Err(error) if error.kind() == IoKind::NotFound => None,
            Err(error) => return Err(unread(&self.state, &error)),
        };
        if let Some(latest) = latest.as_ref().filter(|l| l.origin != trust.origin()) {
            return Err(Failure::Usage(format!(
                "`{}` is of log `{}`; keep a state for each log",
                self.state.display(),
                latest.origin
            )));
        }
        let server = Server::at(&self.url, &context.place)?;
        let seen = latest.as_ref().map_or(0, |latest| latest.size);
        let request = consistency_request(&server, &trust, seen).await;
        let Some((_, request)) = request.map_err(failed)? else {
            return Err(lost(seen, &self.url));
        };
        let at = u64::try_from(now().timestamp()).unwrap_or_default();
        let cosigned = witness.check(latest.as_ref(), &request, at);
        let cosigned = cosigned.map_err(|refusal| {
            let message = format!("the checkpoint is not cosigned: {refusal}");
            Failure::from(
                ServiceError::new(ErrorKind::Refused, message)
                    .hint("Keep the state and what the server serves now as evidence."),
            )
        })?;
        // Kept before it is said.
        keep(&self.state, cosigned.note.to_string().as_bytes())?;
        let mut out = std::io::stdout().lock();
        write!(out, "{}", cosigned.line)?;
        out.flush()?;
        Ok(())
    }

    fn signer(&self) -> Outcome<SigningKey> {
        let file = &self.signing_key;
        let text = std::fs::read_to_string(file).map_err(|error| unread(file, &error))?;
        SigningKey::from_pem(&text).map_err(|error| {
            let hint = error.hint();
            Failure::Usage(format!("cannot read `{}`: {error}; {hint}", file.display()))
        })
    }
}

/// The error of a server that serves no checkpoint.
fn lost(seen: u64, url: &str) -> Failure {
    if seen == 0 {
        return Failure::Unavailable(format!("the server at {url} serves no checkpoint yet"));
    }
    failed(log::LogError::RolledBack {
        found: 0,
        signed: seen,
    })
}

/// Nobody else asks with the same state meanwhile.
fn take_turn(lock: &Path) -> Outcome<File> {
    let unusable =
        |why: String| Failure::Unavailable(format!("cannot lock `{}`: {why}", lock.display()));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(lock)
        .map_err(|error| unusable(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(unusable("another witness has it now".to_owned()))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(unusable(error.to_string())),
    }
}

/// Puts the state there as a whole.
fn keep(state: &Path, bytes: &[u8]) -> Outcome {
    let new = beside(state, ".new");
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, state)?;
        let folder = state.parent().filter(|f| !f.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|error| {
        Failure::Unavailable(format!("cannot write `{}`: {error}", state.display()))
    })
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

fn unread(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("cannot read `{}`: {error}", file.display()))
}
