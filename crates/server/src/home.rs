//! The home folder: settings, the operator's token, the lock, and the folders of a node.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};
use crate::open::fresh_id;
use crate::settings::Settings;
use crate::shipped::Origin;

/// A home folder. It need not exist.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

/// A home that this process holds. Dropping it lets go.
pub(crate) struct Held {
    file: File,
}

/// Who holds a home.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// The process.
    pub pid: u32,
    /// Its server, if it is one.
    #[serde(flatten)]
    pub server: Option<Announced>,
}

/// A server that holds a home.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Announced {
    /// Its address.
    pub url: String,
    /// Where it reads its project.
    pub project: Origin,
}

impl Home {
    /// The home in that folder.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is a home.
    pub fn exists(&self) -> bool {
        self.settings_file().is_file()
    }

    /// `dtm.toml`.
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("dtm.toml")
    }

    /// `operator.token`, readable by its owner only.
    pub fn token_file(&self) -> PathBuf {
        self.root.join("operator.token")
    }

    pub(crate) fn books_file(&self) -> PathBuf {
        self.root.join("books.sqlite")
    }

    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.root.join("journal")
    }

    fn node_file(&self) -> PathBuf {
        self.root.join("node")
    }

    /// The name of this node, by which its audit log is called. It is made once and belongs to the
    /// journal: a copy of the home has it too.
    pub(crate) fn node(&self) -> Outcome<String> {
        if let Some(name) = self.known_node()? {
            return Ok(name);
        }
        let name = fresh_id().simple().to_string();
        self.write(&self.node_file(), format!("{name}\n").as_bytes(), 0o644)?;
        File::open(&self.root)?.sync_all()?;
        Ok(name)
    }

    /// The same if it was made already; for those who only read.
    pub(crate) fn known_node(&self) -> Outcome<Option<String>> {
        let file = self.node_file();
        let unusable = |why: &dyn std::fmt::Display| {
            Failure::Unavailable(format!("cannot read `{}`: {why}", file.display()))
        };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(unusable(&e)),
        };
        let name = text.trim();
        if name.is_empty() {
            // A crash came before it was written.
            return Ok(None);
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !name.bytes().all(is_name) {
            return Err(unusable(&"it is not a name of letters, digits and hyphens"));
        }
        Ok(Some(name.to_owned()))
    }

    pub(crate) fn keys_folder(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub(crate) fn spool_folder(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Uploads outlive the process, unlike what is in the working folders.
    pub(crate) fn uploads_folder(&self) -> PathBuf {
        self.root.join("uploads")
    }

    pub(crate) fn spill_folder(&self) -> PathBuf {
        self.root.join("spill")
    }

    /// Makes the folder, its settings and its working folders.
    pub(crate) fn make(&self, settings: &Settings) -> Outcome {
        if self.exists() {
            return Err(Failure::Usage(format!(
                "there is a home in `{}` already; name another folder with `--home`",
                self.root.display()
            )));
        }
        self.folders()?;
        self.write(&self.settings_file(), settings.text()?.as_bytes(), 0o644)
    }

    /// Makes the working folders, and empties what a crash may have left in them.
    pub(crate) fn folders(&self) -> Outcome {
        for folder in [self.spool_folder(), self.spill_folder()] {
            let failed = |e: std::io::Error| {
                Failure::Unavailable(format!(
                    "cannot write to the home `{}`: {e}; name a folder on a disk that can be written \
                     with `--home`",
                    self.root.display()
                ))
            };
            std::fs::create_dir_all(&folder).map_err(failed)?;
        }
        Ok(())
    }

    /// Empties the working folders; only for the process that holds the home.
    #[expect(
        clippy::disallowed_methods,
        reason = "everything below these folders is ours and temporary"
    )]
    pub(crate) fn sweep(&self) {
        for folder in [self.spool_folder(), self.spill_folder()] {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                // What cannot be deleted costs disk, not truth.
                let _ = if path.is_dir() {
                    std::fs::remove_dir_all(path)
                } else {
                    std::fs::remove_file(path)
                };
            }
        }
    }

    /// Writes the operator's token.
    pub(crate) fn write_token(&self, token: &str) -> Outcome {
        self.write(&self.token_file(), format!("{token}\n").as_bytes(), 0o600)
    }

    /// Takes the home for this process. Answers who holds it if somebody does.
    pub(crate) fn hold(&self) -> Outcome<Result<Held, Option<Holder>>> {
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = file.map_err(|e| {
            Failure::Unavailable(format!(
                "cannot write to the home `{}`: {e}; name a folder on a disk that can be written with \
                 `--home`",
                self.root.display()
            ))
        })?;
        match file.try_lock() {
            Ok(()) => {
                let mut held = Held { file };
                held.announce(None)?;
                Ok(Ok(held))
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text)?;
                Ok(Err(serde_json::from_str(&text).ok()))
            }
            Err(std::fs::TryLockError::Error(e)) => Err(Failure::Unavailable(format!(
                "cannot lock the home `{}`: {e}",
                self.root.display()
            ))),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> Outcome {
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(mode)
                .open(path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|e| Failure::Unavailable(format!("cannot write `{}`: {e}", path.display())))
    }
}

impl Held {
    /// Says where the holder's server is, so that commands go through it.
    pub(crate) fn announce(&mut self, server: Option<Announced>) -> Outcome {
        let text = serde_json::to_string(&Holder {
            pid: std::process::id(),
            server,
        })
        .map_err(|e| Failure::Other(e.into()))?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.flush()?;
        Ok(())
    }
}
