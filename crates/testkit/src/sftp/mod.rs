//! A real SFTP server for tests, of another make than the client: asyncssh, obtained by its hash.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use crate::wheel::Wheel;

#[cfg(test)]
mod tests;

const WHEEL: Wheel = Wheel {
    name: "asyncssh",
    requirements: include_str!("../../sftp.requirements.txt"),
    keep: "",
    programs: &["asyncssh/__init__.py", "cryptography/__init__.py"],
};
const SERVER: &str = include_str!("server.py");

/// A running server over a folder of its own. It ends with its owner, and with the test process,
/// however that ends.
///
/// Every read answers at most 10,000 bytes. A file whose name begins with `grows` gets longer when
/// it is opened, one that begins with `breaks` ends the connection when it is read, and for one
/// that begins with `stalls` no read is answered. Reads of one that begins with `floods` give more
/// than was asked for, and of one that begins with `drips` nothing, and not the end. The folder
/// `hollow` is listed by answers without names, and without end.
#[derive(Debug)]
pub struct Sftp {
    said: Said,
    folder: PathBuf,
    server: Child,
}

/// What the server says when it is ready.
#[derive(Debug, Deserialize)]
pub struct Said {
    /// It listens on `127.0.0.1` only.
    pub port: u16,
    /// The fingerprint of its key, as OpenSSH prints it.
    pub host_key: String,
    /// Whom it lets in.
    pub user: String,
    /// By this password,
    pub password: String,
    /// by this key in the format of OpenSSH (Ed25519),
    pub client_key: String,
    /// by this one as PKCS#8 (ECDSA),
    pub pkcs8_key: String,
    /// or by the first of them, encrypted.
    pub encrypted_key: String,
    /// What decrypts it.
    pub passphrase: String,
    /// A key by which it lets nobody in.
    pub stranger_key: String,
}

impl Sftp {
    /// # Panics
    /// If it cannot be obtained or started. SFTP tests never pass by being skipped.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|reason| panic!("no SFTP server for the test: {reason}"))
    }

    /// Where it is and what opens it.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// The folder that clients see as `/`.
    pub fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    fn try_start() -> Result<Self, String> {
        let packages = WHEEL.obtain()?;
        let folder = TempDir::with_prefix("dtm-sftp-")
            .map_err(|error| format!("no folder for its files: {error}"))?;
        let mut server = command(&packages, folder.path())
            .spawn()
            .map_err(|error| format!("cannot run `python3`: {error}"))?;
        // The server removes it from here on.
        let folder = folder.keep();
        let mut line = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut line).ok();
        }
        match serde_json::from_str(&line) {
            Ok(said) => Ok(Self {
                said,
                folder,
                server,
            }),
            Err(_) => {
                let mut complaint = String::new();
                drop(server.stdin.take());
                if let Some(mut errors) = server.stderr.take() {
                    errors.read_to_string(&mut complaint).ok();
                }
                server.wait().ok();
                fs::remove_dir_all(&folder).ok();
                Err(format!(
                    "it does not start:\n{}",
                    crate::log::tail(&complaint)
                ))
            }
        }
    }
}

/// Closes the pipe that the server reads, and waits for what it then does.
impl Drop for Sftp {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        self.server.wait().ok();
    }
}

fn command(packages: &Path, folder: &Path) -> Command {
    let mut command = Command::new("python3");
    command
        .args(["-c", SERVER])
        .arg(folder)
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // A Ctrl-C at the terminal is for the tests; the server then ends with them.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
