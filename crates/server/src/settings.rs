//! Every setting, its default, its place in `HOME/dtm.toml` and its environment variable.

mod lineage;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::lineage::LineageSection;
use crate::failure::{Failure, Outcome};

/// The form of a home that this binary writes and reads.
pub const FORMAT: u32 = 1;

/// `HOME/dtm.toml`. Each key can be overridden by `DTM_<SECTION>_<KEY>`, such as `DTM_QUERY_ROWS`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The form of the home.
    pub format: u32,
    /// Where tables and evidence are: a folder relative to the home, `file:///…` or
    /// `s3://bucket/prefix`.
    pub store: String,
    /// The control database: `postgres://user@host/database`, which several nodes share; empty
    /// means a file of the home, which one process has. A password is taken from `PGPASSWORD` or
    /// `~/.pgpass`.
    #[serde(default)]
    pub database: String,
    /// The address that `dtm serve` and `dtm demo` listen on.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// How long a stop waits for clients that have not sent their request or taken their answer;
    /// complete bodies are landed and runs finished in any case.
    #[serde(default = "default_stop_ms")]
    pub stop_ms: u64,
    /// Receiving.
    #[serde(default)]
    pub submission: SubmissionSettings,
    /// Bodies that arrive in parts.
    #[serde(default)]
    pub upload: UploadSettings,
    /// What all queries and transformations share.
    #[serde(default)]
    pub memory: MemorySettings,
    /// Queries.
    #[serde(default)]
    pub query: QuerySettings,
    /// Transformations.
    #[serde(default)]
    pub run: RunSettings,
    /// Maintenance.
    #[serde(default)]
    pub maintain: MaintainSection,
    /// How long evidence is kept.
    #[serde(default)]
    pub evidence: EvidenceSection,
    /// Events of lineage.
    #[serde(default)]
    pub lineage: LineageSection,
    /// The S3-compatible store. Credentials are read from `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` only.
    #[serde(default)]
    pub s3: S3Section,
}

/// Limits on receiving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubmissionSettings {
    /// The size of a body.
    pub body_bytes: u64,
    /// Time between two chunks of a body, and until there is a place for it; the command line on
    /// its own home has as long as it likes.
    pub wait_ms: u64,
    /// Bodies that are received, wait or are checked at the same time. Over it, and over the next
    /// two limits, is `429` with `Retry-After`; nothing of what was sent is kept then.
    pub bodies_at_once: usize,
    /// The same, of one agency. Places to be checked at are given to agencies by turns.
    pub bodies_per_agency: usize,
    /// Submissions of one client (a token's name) in a second; 0 is as many as it likes. It is far
    /// above what an agency needs: lower it where many clients share a node.
    pub client_per_second: u32,
    /// Submissions of one client at once, where it sent less before.
    pub client_burst: u32,
    /// Bodies checked at the same time; 0 means one per core. Of NDJSON and CSV over 64 MiB half as
    /// many, or one: each is decoded by all cores.
    pub at_once: usize,
}

/// Limits on uploads: bodies that arrive in parts, below `HOME/uploads` of the node that they are
/// sent to. Over the first three is `429` with `Retry-After`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadSettings {
    /// Uploads of one client (a token's name) that are not landed.
    pub per_client: usize,
    /// Their bytes, as long as they will be.
    pub bytes_per_client: u64,
    /// The bytes of those of all clients.
    pub bytes: u64,
    /// Hours after which one that gets no byte is given up, and one that is done is forgotten.
    pub keep_hours: u64,
}

/// The pool that all queries and transformations of the process share. A query takes its part of
/// it, at most `query.memory_bytes`, and spills what does not fit. The process may hold a quarter
/// of the pool beside it, for what is decoded and encoded, and what it held when it began; when it
/// holds more, the largest query is ended. With a pool below 512 MiB the buffers of the threads
/// alone can take that quarter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemorySettings {
    /// The pool as a share of the machine's memory, or of what the container may use.
    pub share: f64,
    /// The pool in bytes; 0 means by share.
    pub bytes: u64,
    /// Temporary disk of all queries together.
    pub spill_bytes: u64,
}

/// Limits on queries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuerySettings {
    /// Memory of one query. What it gathers in one half of it is spilled, and merged in the other;
    /// more than seven eighths of the pool is taken as that.
    pub memory_bytes: u64,
    /// Temporary disk of one query.
    pub spill_bytes: u64,
    /// Time until the last row.
    pub wait_ms: u64,
    /// Rows of an answer.
    pub rows: u64,
    /// Bytes of an answer.
    pub bytes: u64,
    /// Queries that run at the same time.
    pub at_once: usize,
}

/// Limits on transformations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// Memory of one transformation before it spills.
    pub memory_bytes: u64,
    /// Time between two looks of a node at which transformations are due by their headers; 0 means
    /// that it never runs any by itself.
    pub look_ms: u64,
}

/// When maintenance has something to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaintainSection {
    /// For how many hours every version stays readable, and a file that no commit names is taken
    /// for the work of a running job.
    pub keep_hours: u64,
    /// A file below this size is small; of a table that runs write by parts, whose files are
    /// smaller, one below half of theirs.
    pub small_file_bytes: u64,
    /// Small files of a partition that are put together; fewer stay.
    pub small_files: usize,
    /// Commits between two checkpoints.
    pub checkpoint_commits: u64,
}

/// How long the bodies of submissions are kept, counted from when they were received; 0 is for ever.
/// What is past it is told by `dtm maintain` and erased by `dtm maintain --erase` alone: then the bytes
/// go, and hash, receipt and rows stay. No text of law that is known here sets these days; they are
/// ours, and longer than a yearly cycle of reporting and appraisal takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSection {
    /// Days for which evidence is kept that is not restricted.
    pub keep_days: u64,
    /// Days for which restricted evidence is kept: that which may hold personal data.
    pub restricted_keep_days: u64,
}

/// The S3-compatible store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3Section {
    /// The endpoint; none means Amazon's of the region.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Whether plain HTTP is allowed, as for a store on loopback.
    pub allow_http: bool,
}

impl Default for SubmissionSettings {
    fn default() -> Self {
        Self {
            body_bytes: 5 << 30,
            wait_ms: 30_000,
            bodies_at_once: 4096,
            bodies_per_agency: 2048,
            client_per_second: 2_000,
            client_burst: 4_000,
            at_once: 0,
        }
    }
}

impl Default for UploadSettings {
    fn default() -> Self {
        let conduct::UploadLimits {
            per_client,
            bytes_per_client,
            bytes,
            keep_hours,
        } = conduct::UploadLimits::default();
        Self {
            per_client,
            bytes_per_client,
            bytes,
            keep_hours,
        }
    }
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self {
            share: 0.5,
            bytes: 0,
            spill_bytes: 100 << 30,
        }
    }
}

impl MemorySettings {
    /// The size of the pool on a machine with that much memory.
    ///
    /// Where the system does not say how much that is, it is taken as four GiB.
    pub(crate) fn pool_bytes(&self, machine_bytes: u64) -> Outcome<u64> {
        if self.bytes > 0 {
            return Ok(self.bytes);
        }
        if !(0.01..=0.75).contains(&self.share) {
            return Err(Failure::Usage(format!(
                "`memory.share` is {}, expected a number from 0.01 to 0.75: the process needs a \
                 quarter more than its pool, and the machine the rest",
                self.share
            )));
        }
        let machine_bytes = if machine_bytes == 0 {
            4 << 30
        } else {
            machine_bytes
        };
        Ok((machine_bytes as f64 * self.share) as u64)
    }
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            spill_bytes: 20 << 30,
            wait_ms: 60_000,
            rows: 5_000_000,
            bytes: 2 << 30,
            at_once: 4,
        }
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 768 << 20,
            look_ms: 60_000,
        }
    }
}

impl Default for MaintainSection {
    fn default() -> Self {
        let conduct::MaintainSettings {
            keep_hours,
            small_file_bytes,
            small_files,
            checkpoint_commits,
        } = conduct::MaintainSettings::default();
        Self {
            keep_hours,
            small_file_bytes,
            small_files,
            checkpoint_commits,
        }
    }
}

impl Default for EvidenceSection {
    fn default() -> Self {
        let conduct::EvidenceSettings {
            keep_days,
            restricted_keep_days,
        } = conduct::EvidenceSettings::default();
        Self {
            keep_days,
            restricted_keep_days,
        }
    }
}

fn default_listen() -> String {
    "127.0.0.1:8080".to_owned()
}

fn default_stop_ms() -> u64 {
    20_000
}

impl Settings {
    /// The settings of a new home.
    pub fn new(store: &str) -> Self {
        Self {
            format: FORMAT,
            store: store.to_owned(),
            database: String::new(),
            listen: default_listen(),
            stop_ms: default_stop_ms(),
            submission: SubmissionSettings::default(),
            upload: UploadSettings::default(),
            memory: MemorySettings::default(),
            query: QuerySettings::default(),
            run: RunSettings::default(),
            maintain: MaintainSection::default(),
            evidence: EvidenceSection::default(),
            lineage: LineageSection::default(),
            s3: S3Section::default(),
        }
    }

    /// Reads `HOME/dtm.toml`, then the environment over it.
    pub(crate) fn read(file: &Path, env: &dyn Fn(&str) -> Option<String>) -> Outcome<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|e| Failure::Unavailable(format!("cannot read `{shown}`: {e}")))?;
        let mut table: toml::Table = text
            .parse()
            .map_err(|e| Failure::Usage(format!("cannot read `{shown}`: {e}")))?;
        let format = table
            .get("format")
            .and_then(toml::Value::as_integer)
            .unwrap_or(0);
        if format > i64::from(FORMAT) {
            return Err(Failure::Unavailable(format!(
                "the home of `{shown}` has format {format}, and this binary reads up to {FORMAT}; \
                 use the newer `dtm` that wrote it"
            )));
        }
        overlay(&mut table, env)?;
        table
            .try_into()
            .map_err(|e| Failure::Usage(format!("cannot read `{shown}`: {e}")))
    }

    /// The text of `HOME/dtm.toml`.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }
}

/// Every key that the environment can set, as `section.key`.
const KEYS: [&str; 40] = [
    "store",
    "database",
    "listen",
    "stop_ms",
    "submission.body_bytes",
    "submission.wait_ms",
    "submission.bodies_at_once",
    "submission.bodies_per_agency",
    "submission.client_per_second",
    "submission.client_burst",
    "submission.at_once",
    "upload.per_client",
    "upload.bytes_per_client",
    "upload.bytes",
    "upload.keep_hours",
    "memory.share",
    "memory.bytes",
    "memory.spill_bytes",
    "query.memory_bytes",
    "query.spill_bytes",
    "query.wait_ms",
    "query.rows",
    "query.bytes",
    "query.at_once",
    "run.memory_bytes",
    "run.look_ms",
    "maintain.keep_hours",
    "maintain.small_file_bytes",
    "maintain.small_files",
    "maintain.checkpoint_commits",
    "evidence.keep_days",
    "evidence.restricted_keep_days",
    "lineage.outbox",
    "lineage.namespace",
    "lineage.token",
    "lineage.allow_http",
    "lineage.allow_addresses",
    "s3.endpoint",
    "s3.region",
    "s3.allow_http",
];

fn overlay(table: &mut toml::Table, env: &dyn Fn(&str) -> Option<String>) -> Outcome {
    for key in KEYS {
        let name = format!("DTM_{}", key.replace('.', "_").to_uppercase());
        let Some(text) = env(&name) else { continue };
        let value = if key.ends_with("allow_http") {
            let flag = text.parse().map_err(|_| {
                Failure::Usage(format!("`{name}` is `{text}`, expected `true` or `false`"))
            })?;
            toml::Value::Boolean(flag)
        } else if key.ends_with("allow_addresses") {
            let listed = text.split(',').map(|entry| entry.trim().to_owned().into());
            toml::Value::Array(listed.collect())
        } else if key == "memory.share" {
            let share = text.parse().map_err(|_| {
                Failure::Usage(format!(
                    "`{name}` is `{text}`, expected a number such as `0.5`"
                ))
            })?;
            toml::Value::Float(share)
        } else if is_number(key) {
            let number = text.parse().map_err(|_| {
                Failure::Usage(format!("`{name}` is `{text}`, expected a whole number"))
            })?;
            toml::Value::Integer(number)
        } else {
            toml::Value::String(text)
        };
        set(table, key, value);
    }
    Ok(())
}

fn is_number(key: &str) -> bool {
    [
        "_bytes",
        "bytes",
        "_ms",
        "rows",
        "at_once",
        "_hours",
        "_days",
        "_files",
        "_commits",
        "_per_agency",
        "per_client",
        "_per_second",
        "_burst",
    ]
    .iter()
    .any(|end| key.ends_with(end))
}

fn set(table: &mut toml::Table, key: &str, value: toml::Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, key)) => {
            let section = table
                .entry(section.to_owned())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(section) = section {
                section.insert(key.to_owned(), value);
            }
        }
    }
}
