//! Connectors, read from `warehouse/connectors/<name>.yaml`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use calendar::{PeriodCode, PeriodKind};

use super::{HttpPaging, HttpSource, Layout, Schedule, SftpSource, SqlSource};
use crate::{AgencyCode, DatasetName, Text};

/// A connector.
#[derive(Debug, Clone)]
pub struct Connector {
    /// The name, which is also the file's.
    pub name: String,
    /// The title.
    pub title: Text,
    /// Where bodies are fetched from.
    pub source: SourceKind,
    /// The addresses that are not public and that the source may reach: `host:port`, or a range.
    pub allow_addresses: Vec<String>,
    /// Which folders say what of a file; none for sources without folders.
    pub layout: Layout,
    /// The dataset, where the layout does not say it.
    pub dataset: Option<DatasetName>,
    /// The agency, where the layout does not say it.
    pub agency: Option<AgencyCode>,
    /// How the period is found.
    pub period: PeriodRule,
    /// What is declared of the bodies, by name; `format` is one of the names.
    pub body: BTreeMap<String, String>,
    /// When it runs.
    pub schedule: Schedule,
    /// What a further body for the same agency, dataset and period does.
    pub repeated: Repeated,
    /// How much one run takes.
    pub limits: ConnectorLimits,
    /// Whether it runs by its schedule.
    pub enabled: bool,
    /// The SHA-256 of the file in hex.
    pub sha256: String,
    /// The file, relative to the project.
    pub path: String,
}

/// Where bodies are fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder of this machine.
    Folder(FolderSource),
    /// A folder of an object store.
    Objects(ObjectsSource),
    /// A JSON API.
    Http(Box<HttpSource>),
    /// A folder of an SFTP server.
    Sftp(Box<SftpSource>),
    /// A `select` on a PostgreSQL database.
    Sql(Box<SqlSource>),
}

impl SourceKind {
    /// The word for the kind.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Objects(_) => "objects",
            Self::Http(_) => "http",
            Self::Sftp(_) => "sftp",
            Self::Sql(_) => "sql",
        }
    }

    /// Whether its pieces lie in folders, and have paths for names.
    pub fn has_folders(&self) -> bool {
        match self {
            Self::Folder(_) | Self::Objects(_) => true,
            Self::Http(_) | Self::Sftp(_) | Self::Sql(_) => false,
        }
    }

    /// Whether a piece is not all that the source has, so that it can take no other's place.
    pub fn gives_parts(&self) -> bool {
        match self {
            Self::Folder(_) | Self::Objects(_) | Self::Sftp(_) => false,
            Self::Http(http) => http.paging != HttpPaging::Single || http.since.is_some(),
            Self::Sql(_) => true,
        }
    }
}

/// A drop folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSource {
    /// Its path; relative to the home, or absolute.
    pub folder: String,
    /// How long a file must have stood still before it is taken.
    pub quiet: Duration,
}

/// A bucket's folder, of a store that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectsSource {
    /// The bucket.
    pub bucket: String,
    /// The folder in it, without slashes at either end; empty for the whole bucket.
    pub prefix: String,
    /// The address; none means `AWS_ENDPOINT_URL`, else Amazon's of the region.
    pub endpoint: Option<String>,
    /// The region; none means `AWS_REGION`.
    pub region: Option<String>,
    /// Whether an `http://` address is allowed.
    pub allow_http: bool,
    /// The access key; none means `AWS_ACCESS_KEY_ID`.
    pub access_key: Option<SecretRef>,
    /// The secret key; none means `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: Option<SecretRef>,
    /// The token of temporary credentials.
    pub session_token: Option<SecretRef>,
    /// What becomes of an object that was taken.
    pub after: PutAway,
}

/// What becomes of an object that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutAway {
    /// It is moved beside its receipt.
    Move,
    /// It stays; only objects whose names follow it in order are new.
    Keep,
}

/// Where a secret is. It is never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// A variable of the process.
    Env(String),
    /// A file of the home's folder `secrets`, whose text it is.
    File(String),
}

impl FromStr for SecretRef {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let name_of_file = |b: u8| word(b) || b == b'.' || b == b'-';
        match text.split_once(':') {
            Some(("env", name))
                if name.bytes().all(word)
                    && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') =>
            {
                Ok(Self::Env(name.to_owned()))
            }
            Some(("file", name))
                if name.bytes().all(name_of_file) && !name.is_empty() && !name.starts_with('.') =>
            {
                Ok(Self::File(name.to_owned()))
            }
            _ => Err(()),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(name) => write!(f, "file:{name}"),
        }
    }
}

/// How the period of a body is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodRule {
    /// By its folder.
    Path,
    /// It is always this one.
    Is(PeriodCode),
    /// By the calendar and the civil day on which it is fetched.
    Calendar(PeriodKind, WhichPeriod),
}

/// Which period, seen from a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichPeriod {
    /// The one that holds the day.
    Current,
    /// The last one that ended before the day.
    Previous,
}

/// What a further body for the same agency, dataset and period does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// It is a submission beside the others.
    New,
    /// It takes the place of the last one.
    Replaces,
    /// Its rows take the place of those with the same keys.
    Corrects,
}

impl Repeated {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Replaces => "replaces",
            Self::Corrects => "corrects",
        }
    }
}

/// How much one run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorLimits {
    /// Pieces of a run; the next ones wait for the next run.
    pub pieces: u64,
    /// Bytes of a piece; none means the limit on every submission.
    pub bytes: Option<u64>,
}
