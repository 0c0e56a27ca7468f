//! Where secrets are found that connectors refer to.

use project::SecretRef;
use pull::{PullError, Secret, Secrets};

use crate::handles::Handles;

/// The variables of the process, and the folder `secrets` of the home.
pub(crate) struct Vault<'a>(pub(crate) &'a Handles);

impl Secrets for Vault<'_> {
    fn get(&self, at: &pull::SecretRef) -> pull::Result<Secret> {
        let found = match at {
            pull::SecretRef::Env(name) => {
                (self.0.given.env)(name).ok_or_else(|| "it is not set".to_owned())
            }
            pull::SecretRef::File(name) => {
                let path = self.0.settings.home.join("secrets").join(name);
                std::fs::read_to_string(path).map_err(|error| error.to_string())
            }
        };
        let found = found.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        match found {
            Ok(text) if !text.is_empty() => Ok(Secret::new(text)),
            Ok(_) => Err(missing(at, "it is empty")),
            Err(why) => Err(missing(at, &why)),
        }
    }
}

fn missing(at: &pull::SecretRef, why: &str) -> PullError {
    PullError::Declared(format!(
        "cannot read the secret `{at}`: {why}; give it to the process that runs the connector"
    ))
}

/// A reference as the sources know it. There are two types of them because `pull` knows nothing of
/// projects and `project` nothing of sources; this is the one place where they meet.
pub(super) fn reference(declared: &SecretRef) -> pull::SecretRef {
    match declared {
        SecretRef::Env(name) => pull::SecretRef::Env(name.clone()),
        SecretRef::File(name) => pull::SecretRef::File(name.clone()),
    }
}
