//! What is declared of a folder.

use std::time::Duration;

use crate::{PullError, Result, SecretRef};

/// A folder of an SFTP server into which files are put.
#[derive(Debug, Clone)]
pub struct SftpSpec {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whom to sign in as.
    pub user: String,
    /// By what.
    pub auth: SftpAuth,
    /// The fingerprints of the server's keys, as `ssh-keygen -l` prints them: `SHA256:…`. One of
    /// them must be the key that it shows.
    pub host_keys: Vec<String>,
    /// The folder, from the root or from where the user begins.
    pub folder: String,
    /// Which names are taken: `*` is any run of characters, `?` any one.
    pub pattern: String,
    /// The media type of the files.
    pub content_type: String,
    /// How long size and time of a file must stay the same before it is taken.
    pub settle: Duration,
    /// A folder beside the others into which a file is moved when it is durable here.
    pub done_folder: Option<String>,
    /// A folder for those that were refused; without it they go where the others go.
    pub refused_folder: Option<String>,
    /// The largest file that is read.
    pub max_file_bytes: u64,
    /// The most files of a folder, those that are not taken counted.
    pub max_files: usize,
    /// How long connecting and signing in may take.
    pub connect_within: Duration,
    /// How long the server may take over any one answer.
    pub answer_within: Duration,
}

/// What a user signs in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SftpAuth {
    /// A password.
    Password(SecretRef),
    /// A private key in the format of OpenSSH, or PKCS#8 in PEM.
    Key {
        /// The key.
        key: SecretRef,
        /// What it is encrypted with.
        passphrase: Option<SecretRef>,
    },
}

impl SftpSpec {
    /// All files of a folder, as CSV; everything else is set by the fields.
    pub fn new(
        host: impl Into<String>,
        user: impl Into<String>,
        auth: SftpAuth,
        host_key: impl Into<String>,
        folder: impl Into<String>,
    ) -> Self {
        Self {
            host: host.into(),
            port: 22,
            user: user.into(),
            auth,
            host_keys: vec![host_key.into()],
            folder: folder.into(),
            pattern: "*".to_owned(),
            content_type: "text/csv".to_owned(),
            settle: Duration::from_secs(5),
            done_folder: None,
            refused_folder: None,
            max_file_bytes: 5 * 1024 * 1024 * 1024,
            max_files: 100_000,
            connect_within: Duration::from_secs(20),
            answer_within: Duration::from_secs(60),
        }
    }

    /// Whether it can work, as far as that can be seen without asking.
    pub(super) fn check(&self) -> Result<()> {
        let declared = |why: String| Err(PullError::Declared(why));
        if self.host_keys.is_empty() {
            return declared("the fingerprint of the server's key must be declared".to_owned());
        }
        for key in &self.host_keys {
            let digest = key.strip_prefix("SHA256:").unwrap_or_default();
            let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
            if digest.len() != 43 || !digest.bytes().all(is_base64) {
                return declared(format!(
                    "`{key}` is no fingerprint of a key as `ssh-keygen -l` prints it: `SHA256:` \
                     and 43 signs"
                ));
            }
        }
        let others = || self.done_folder.iter().chain(&self.refused_folder);
        if self.folder.is_empty() || others().any(String::is_empty) {
            return declared(
                "a folder has no name; `.` is the one where the user begins".to_owned(),
            );
        }
        let plain = |folder: &str| folder.trim_end_matches('/').to_owned();
        if others().any(|folder| plain(folder) == plain(&self.folder)) {
            return declared("files that are done are moved to where they are already".to_owned());
        }
        Ok(())
    }
}
