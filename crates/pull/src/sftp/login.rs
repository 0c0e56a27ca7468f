//! Connecting to a server whose key was declared, and signing in.

use std::sync::Arc;

use russh::MethodKind;
use russh::client::{self, AuthResult, Handle};
use russh::keys::{
    HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key,
};

use super::spec::{SftpAuth, SftpSpec};
use crate::guard::{Guard, unreachable};
use crate::{PullError, Result, Secret, Secrets};

/// Who signs in, and by what.
pub(super) enum Login {
    Password(Secret),
    Key(Arc<PrivateKey>),
}

/// Lets only the declared keys pass.
pub(super) struct Pinned {
    host_keys: Vec<String>,
    /// What is said of another key.
    place: String,
}

/// What ends a connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("{0}")]
    Stranger(String),
    #[error(transparent)]
    Ssh(#[from] russh::Error),
}

impl Login {
    pub(super) fn new(spec: &SftpSpec, secrets: &dyn Secrets) -> Result<Self> {
        let (key_at, passphrase) = match &spec.auth {
            SftpAuth::Password(at) => return Ok(Self::Password(secrets.get(at)?)),
            SftpAuth::Key { key, passphrase } => (key, passphrase),
        };
        let key = secrets.get(key_at)?;
        let passphrase = passphrase.as_ref().map(|at| secrets.get(at)).transpose()?;
        let passphrase = passphrase.as_ref().map(Secret::reveal);
        let key = decode_secret_key(key.reveal(), passphrase).map_err(|_| {
            PullError::Declared(format!(
                "the secret `{key_at}` is no private key that can be read; it must be of the kind \
                 Ed25519 or ECDSA, and its passphrase, if it has one, must be declared"
            ))
        })?;
        Ok(Self::Key(Arc::new(key)))
    }
}

/// A connection on which somebody has signed in.
pub(super) async fn connect(
    spec: &SftpSpec,
    guard: &Guard,
    login: &Login,
) -> Result<Handle<Pinned>> {
    let SftpSpec { host, port, .. } = spec;
    let stream = guard.connect(host, *port, spec.connect_within).await?;
    stream.set_nodelay(true)?;
    let failed = |error: Ended| match error {
        Ended::Stranger(why) => PullError::Declared(why),
        Ended::Ssh(error) => unreachable(host, *port, &error.to_string()),
    };
    let pinned = Pinned {
        host_keys: spec.host_keys.clone(),
        place: format!("{host}:{port}"),
    };
    let config = Arc::new(client::Config::default());
    let mut ssh = client::connect_stream(config, stream, pinned)
        .await
        .map_err(failed)?;
    sign_in(&mut ssh, spec, login).await?;
    Ok(ssh)
}

impl client::Handler for Pinned {
    type Error = Ended;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Ended> {
        let found = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.fingerprint(HashAlg::Sha256),
            // Nobody declared who may sign one, so it is as good as the key in it.
            PublicKeyOrCertificate::Certificate(certificate) => {
                certificate.public_key().fingerprint(HashAlg::Sha256)
            }
        };
        let found = found.to_string();
        if self.host_keys.contains(&found) {
            return Ok(true);
        }
        let place = &self.place;
        Err(Ended::Stranger(format!(
            "`{place}` shows a key that is not declared, `{found}`; if its keeper confirms that it \
             is the server's, declare it"
        )))
    }
}

async fn sign_in(ssh: &mut Handle<Pinned>, spec: &SftpSpec, login: &Login) -> Result<()> {
    let SftpSpec {
        host, port, user, ..
    } = spec;
    let failed = |error: russh::Error| unreachable(host, *port, &error.to_string());
    let answer = match login {
        Login::Password(password) => {
            let answer = ssh.authenticate_password(user, password.reveal()).await;
            match answer.map_err(failed)? {
                AuthResult::Failure {
                    remaining_methods, ..
                } if remaining_methods.contains(&MethodKind::KeyboardInteractive) => {
                    return answer_prompts(ssh, spec, password).await;
                }
                answer => answer,
            }
        }
        Login::Key(key) => {
            let key = PrivateKeyWithHashAlg::new(key.clone(), None);
            let answer = ssh.authenticate_publickey(user, key).await;
            answer.map_err(failed)?
        }
    };
    match answer {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { .. } => Err(refused(spec)),
    }
}

/// Some servers ask for the password as if a person sat there.
async fn answer_prompts(
    ssh: &mut Handle<Pinned>,
    spec: &SftpSpec,
    password: &Secret,
) -> Result<()> {
    use client::KeyboardInteractiveAuthResponse as Response;
    let SftpSpec {
        host, port, user, ..
    } = spec;
    let failed = |error: russh::Error| unreachable(host, *port, &error.to_string());
    let start = ssh
        .authenticate_keyboard_interactive_start(user, None::<String>)
        .await;
    let mut response = start.map_err(failed)?;
    // A server that asks on and on is no server of files.
    for _ in 0..4 {
        let prompts = match response {
            Response::Success => return Ok(()),
            Response::Failure { .. } => return Err(refused(spec)),
            Response::InfoRequest { prompts, .. } => prompts,
        };
        let answers = prompts
            .iter()
            .map(|_| password.reveal().to_owned())
            .collect();
        let next = ssh.authenticate_keyboard_interactive_respond(answers).await;
        response = next.map_err(failed)?;
    }
    Err(refused(spec))
}

fn refused(spec: &SftpSpec) -> PullError {
    let (by, at) = match &spec.auth {
        SftpAuth::Password(at) => ("password", at),
        SftpAuth::Key { key, .. } => ("key", key),
    };
    let SftpSpec {
        host, port, user, ..
    } = spec;
    PullError::Declared(format!(
        "`{host}:{port}` does not let `{user}` in by the {by} in `{at}`"
    ))
}
