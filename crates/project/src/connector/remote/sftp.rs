//! A folder of an SFTP server.

use std::time::Duration;

use super::reach::{host, owned, port, quiet};
use crate::connector::model::SecretRef;
use crate::connector::source::{given_secret, secret};
use crate::problem::{Mark, Sink, quoted};
use crate::yaml::{Map, Word};

/// A folder of an SFTP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SftpSource {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whom to sign in as.
    pub user: String,
    /// By what.
    pub auth: SftpAuth,
    /// The fingerprints of the server's keys, one of which it must show.
    pub host_keys: Vec<String>,
    /// The folder.
    pub folder: String,
    /// Which names are taken: `*` is any run of characters, `?` any one; none is every name.
    pub pattern: Option<String>,
    /// How long a file must have stood still.
    pub quiet: Duration,
    /// The folder into which what was taken is moved; none leaves it.
    pub done_folder: Option<String>,
    /// The folder into which what was refused is moved; none is the one for what was taken.
    pub refused_folder: Option<String>,
}

/// What a user of an SFTP server signs in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SftpAuth {
    /// A password.
    Password(SecretRef),
    /// A private key, and what it is encrypted with.
    Key(SecretRef, Option<SecretRef>),
}

/// How long a file stands still before it is taken, unless something else is said. It is waited
/// for, where a folder of this machine is looked at again.
const QUIET: Duration = Duration::from_secs(5);

pub(in crate::connector) fn sftp(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<SftpSource> {
    let host = host(map, sink);
    let port = port(map, 22, sink);
    let user = map.text("user");
    let auth = auth(map, sink);
    let host_keys = host_keys(map, sink);
    let folder = map.text("folder");
    let pattern = map.text_if("pattern");
    if let Some(word) = pattern.filter(|word| word.text.contains('/')) {
        let message = "`pattern` is of names within the folder: it has no `/`";
        sink.at(word.at, message);
    }
    let quiet = quiet(map, sink);
    let [done, refused] = ["done_folder", "refused_folder"].map(|key| map.text_if(key));
    for (key, word) in [("done_folder", done), ("refused_folder", refused)] {
        if let (Some(word), Some(folder)) = (word, folder)
            && plain(word) == plain(folder)
        {
            let message = format!("`{key}` is where the files are already: name another");
            sink.at(word.at, message);
        }
    }
    if let (Some(word), None) = (refused, done) {
        let message = "`refused_folder` goes with `done_folder`: either both are moved or none";
        sink.at(word.at, message);
    }
    Some(SftpSource {
        host: owned(host)?,
        port,
        user: owned(user)?,
        auth: auth?,
        host_keys,
        folder: owned(folder)?,
        pattern: owned(pattern),
        quiet: quiet.unwrap_or(QUIET),
        done_folder: owned(done),
        refused_folder: owned(refused),
    })
}

fn plain(folder: Word<'_>) -> &str {
    folder.text.trim_end_matches('/')
}

fn auth(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<SftpAuth> {
    let at = map.at();
    let (by_password, password) = given_secret(map, "password", sink);
    let (by_key, key) = given_secret(map, "key", sink);
    let passphrase = secret(map, "passphrase", sink);
    if by_password == by_key {
        let words = quoted(&["password", "key"]);
        sink.at(at, format!("`source` says one of {words}"));
    }
    if passphrase.is_some() && !by_key {
        sink.at(
            at,
            "`passphrase` is what a key is encrypted with: it goes with `key`",
        );
    }
    match (password, key) {
        (Some(password), None) => Some(SftpAuth::Password(password)),
        (None, Some(key)) => Some(SftpAuth::Key(key, passphrase)),
        _ => None,
    }
}

fn host_keys(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Vec<String> {
    let at: Mark = map.at();
    let words = map.words_if("host_keys").unwrap_or_default();
    if words.is_empty() {
        let message = "`host_keys` is missing in `source` of the connector: the fingerprints of \
                       the server's keys, as `ssh-keygen -l` prints them";
        sink.at(at, message);
    }
    for word in words.iter().filter(|word| !is_fingerprint(word.text)) {
        let message = format!(
            "`{}` is no fingerprint of a key as `ssh-keygen -l` prints it: expected `SHA256:` and \
             43 signs",
            word.text
        );
        sink.at(word.at, message);
    }
    words.iter().map(|word| word.text.to_owned()).collect()
}

fn is_fingerprint(text: &str) -> bool {
    let digest = text.strip_prefix("SHA256:").unwrap_or_default();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    digest.len() == 43 && digest.bytes().all(is_base64)
}
