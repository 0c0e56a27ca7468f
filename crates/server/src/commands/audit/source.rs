//! Which log is meant, where its files are, and by which keys it is believed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::client::RemoteService;
use async_trait::async_trait;
use audit::log::{Files, LocalFolder, LogError, Put, Result, Trust, VerifierKey};
use audit::seal::SigningKeys;
use bytes::Bytes;
use clap::Args;
use conduct::{LogName, StoreFiles};
use lake::{Objects, StoreLocation};
use serde_json::Value;
use service::{Call, ErrorKind, Secret, Service};

use super::failed;
use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::open::{self, Place};
use crate::settings::Settings;

/// The log, by default that of the home, and the keys that are believed.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// A copy of a log's folder, in which `head` and `tile` are
    #[arg(value_name = "FOLDER", conflicts_with = "url")]
    folder: Option<PathBuf>,
    /// A server whose log it is; entries need the token of an auditor
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A key of the log, as `dtm keys` prints it in `audit_log`, or a file with it: a log cannot
    /// vouch for itself. By default those of the home
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<String>,
    /// The key of a witness, or a file with it
    #[arg(long = "witness", value_name = "VKEY")]
    witnesses: Vec<String>,
}

/// A log to be read.
pub(super) struct Source {
    pub(super) files: Arc<dyn Files>,
    pub(super) trust: Trust,
}

impl Which {
    pub(super) async fn open(&self, place: &Place) -> Outcome<Source> {
        let given = verifier_keys(&self.keys)?;
        let witnesses = verifier_keys(&self.witnesses)?;
        let (files, own): (Arc<dyn Files>, Vec<VerifierKey>);
        if let Some(url) = &self.url {
            files = Arc::new(Server::at(url, place)?);
            own = Vec::new();
        } else if let Some(folder) = &self.folder {
            files = Arc::new(Folder::at(folder)?);
            own = Vec::new();
        } else {
            (files, own) = of_home(&place.home)?;
        }
        let keys = if given.is_empty() { own } else { given };
        if keys.is_empty() {
            return Err(Failure::Usage(
                "no key of the log was given, and a log cannot vouch for itself; give it with \
                 `--key`, as `dtm keys` prints it at the log's own home"
                    .to_owned(),
            ));
        }
        let trust = Trust::new(keys, witnesses).map_err(failed)?;
        Ok(Source { files, trust })
    }
}

/// Keys that are given as such, or by files that hold them: a line each, or what `dtm keys` prints.
pub(crate) fn verifier_keys(given: &[String]) -> Outcome<Vec<VerifierKey>> {
    let mut keys = Vec::new();
    for text in given {
        match text.parse::<VerifierKey>() {
            Ok(key) => keys.push(key),
            Err(error) => keys.extend(of_file(text, &error)?),
        }
    }
    Ok(keys)
}

fn of_file(path: &str, no_key: &LogError) -> Outcome<Vec<VerifierKey>> {
    let unread = |why: String| {
        Failure::Usage(format!(
            "`{path}` is neither a key nor a file with one: {why}"
        ))
    };
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => unread(no_key.to_string()),
        _ => unread(error.to_string()),
    })?;
    let texts: Vec<String> = match serde_json::from_str::<Value>(&text) {
        Ok(set) => {
            let keys = set["audit_log"]["vkeys"].as_array().into_iter().flatten();
            keys.filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Err(_) => text.split_whitespace().map(str::to_owned).collect(),
    };
    let keys = texts.iter().map(|text| text.parse::<VerifierKey>());
    let keys: Result<Vec<VerifierKey>> = keys.collect();
    let keys = keys.map_err(|error| unread(error.to_string()))?;
    if keys.is_empty() {
        return Err(unread("there is no key in it".to_owned()));
    }
    Ok(keys)
}

/// The files of a home's log and the keys that it published. The home is not opened: it may be held
/// by a server.
fn of_home(home: &Home) -> Outcome<(Arc<dyn Files>, Vec<VerifierKey>)> {
    if !home.exists() {
        return Err(open::no_home(home));
    }
    let Some(node) = home.known_node()? else {
        return Err(Failure::Unavailable(format!(
            "the home `{}` has no audit log yet",
            home.root().display()
        )));
    };
    let name = LogName::of(&node);
    let published = SigningKeys::published(&home.keys_folder()).map_err(open::keys_failed)?;
    let keys = name.verifier_keys(&published).map_err(failed)?;
    let settings = Settings::read(&home.settings_file(), &open::env)?;
    let location = StoreLocation::parse(&settings.store, home.root());
    let location = location.map_err(open::store_failed)?;
    let files: Arc<dyn Files> = match &location {
        // Opening the store would make its folder.
        StoreLocation::Folder(root) => Arc::new(Folder(LocalFolder::new(root.join(name.folder())))),
        StoreLocation::Memory => {
            return Err(Failure::Unavailable(
                "the store of this home is gone with its process".to_owned(),
            ));
        }
        StoreLocation::S3 { .. } => {
            let store = lake::open_store(&location, &open::s3(&settings));
            let objects = Objects::new(store.map_err(open::store_failed)?);
            Arc::new(StoreFiles::new(objects, name.folder()))
        }
    };
    Ok((files, keys))
}

/// A folder of a local store or a copy of one. Names that end in `#` and digits are files that a
/// writer has not finished.
struct Folder(LocalFolder);

impl Folder {
    fn at(folder: &Path) -> Outcome<Self> {
        if folder.is_dir() {
            return Ok(Self(LocalFolder::new(folder)));
        }
        Err(Failure::Usage(format!(
            "there is no folder `{}`",
            folder.display()
        )))
    }
}

#[async_trait]
impl Files for Folder {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        self.0.get(path).await
    }

    async fn put_new(&self, path: &str, bytes: Bytes) -> Result<Put> {
        self.0.put_new(path, bytes).await
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        match self.0.list().await {
            Ok(listed) => Ok(listed.map(|mut paths| {
                paths.retain(|path| !is_unfinished(path));
                paths
            })),
            Err(LogError::Unavailable { source, .. }) if is_absent(source.as_ref()) => {
                Ok(Some(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }
}

/// A log that has no entry yet has no folder.
fn is_absent(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn is_unfinished(path: &str) -> bool {
    let number = path.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The log that a server serves. Its files cannot be listed, and it serves no heads but the newest.
pub(super) struct Server {
    service: RemoteService,
    call: Call,
}

impl Server {
    pub(super) fn at(url: &str, place: &Place) -> Outcome<Self> {
        let token = open::token(place)?;
        let service = RemoteService::new(url, token.clone().map(Secret::new));
        let service = service.map_err(|error| {
            Failure::Usage(format!("cannot speak to the server `{url}`: {error}"))
        })?;
        Ok(Self {
            service,
            call: open::call(token),
        })
    }
}

#[async_trait]
impl Files for Server {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        let is_closed = path.starts_with("tile/entries/") || path.starts_with("side/");
        let read = if path == "checkpoint" {
            self.service.log_checkpoint().await.map(Bytes::from)
        } else if is_closed {
            self.service.log_file(&self.call, path).await
        } else if path.starts_with("tile/") {
            self.service.log_hashes(path).await
        } else {
            return Ok(None);
        };
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable("read", path, error)),
        }
    }

    async fn put_new(&self, path: &str, _: Bytes) -> Result<Put> {
        let refused = std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem);
        Err(unavailable("write", path, refused))
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        Ok(None)
    }
}

fn unavailable(
    doing: &'static str,
    path: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> LogError {
    LogError::Unavailable {
        doing,
        path: path.to_owned(),
        source: Arc::new(source),
    }
}
