//! `dtm keys`

use std::io::Write;

use audit::seal::{SigningKey, SigningKeys};
use clap::Args;
use conduct::LogName;

use crate::cli::Context;
use crate::commands::audit::failed as audit_log_failed;
use crate::commands::init::tell;
use crate::failure::Outcome;
use crate::open::{held_by, keys_failed, now, signing_keys};

/// Print the public keys of this home as a JWK Set, with those of its audit log in `audit_log`;
/// with `--rotate`, make a new key first
#[derive(Debug, Args)]
#[command(after_help = "Example: dtm keys > keys.json")]
pub(crate) struct Keys {
    /// Make a new signing key; the old private key is deleted, its public key stays
    #[arg(long)]
    rotate: bool,
}

impl Keys {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let home = &context.place.home;
        let keys = if self.rotate {
            let _held = match home.hold()? {
                Ok(held) => held,
                Err(holder) => return Err(held_by(home, holder.map(|holder| holder.pid))),
            };
            let keys = signing_keys(home)?;
            let id = keys
                .rotate(&SigningKey::generate, now())
                .map_err(keys_failed)?;
            tell(&format!("receipts are signed with key {id} from now on"))?;
            keys.public_keys()
        } else {
            SigningKeys::published(&home.keys_folder()).map_err(keys_failed)?
        };
        let mut set = keys.to_jwks();
        // There is none before the home was opened once.
        if let Some(node) = home.known_node()? {
            let described = LogName::of(&node).described(set, &keys);
            set = described.map_err(audit_log_failed)?;
        }
        writeln!(std::io::stdout().lock(), "{set:#}")?;
        Ok(())
    }
}
