//! What is handed in: time, chance, and the limits.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use engine::{Gauge, QueryLimits};
use service::RunStep;

use crate::outbox::LineageSettings;

/// Told of a transformation of a run: how many are done, of how many, and what became of it.
pub type OnStep = Arc<dyn Fn(usize, usize, &RunStep) + Send + Sync>;

/// Looks up a variable of the process.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Time, chance, and the state of the machine.
#[derive(Clone)]
pub struct Given {
    /// The clock.
    pub clock: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// A fresh UUID of version 7.
    pub ids: Arc<dyn Fn() -> uuid::Uuid + Send + Sync>,
    /// Thirty-two unpredictable bytes.
    pub random: Arc<dyn Fn() -> [u8; 32] + Send + Sync>,
    /// A variable of the process, for the secrets that connectors refer to.
    pub env: Env,
    /// The memory that the process holds.
    pub resident_bytes: Gauge,
    /// Told of each transformation of a run.
    pub on_step: OnStep,
}

/// The limits and folders of a node.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The home, from which the relative folders of connectors are taken.
    pub home: PathBuf,
    /// The folder for bodies while they are received.
    pub spool_folder: PathBuf,
    /// The folder for bodies that arrive in parts.
    pub uploads_folder: PathBuf,
    /// The folder for what queries spill.
    pub spill_folder: PathBuf,
    /// The size of a submission's body.
    pub body_bytes: u64,
    /// The time between two chunks of a body.
    pub body_wait_ms: u64,
    /// Bodies that are received, wait or are checked at the same time; the next ones are refused.
    pub bodies_at_once: usize,
    /// The same, of one agency.
    pub bodies_per_agency: usize,
    /// Submissions of one client in a second; 0 is as many as it likes.
    pub client_per_second: u32,
    /// Submissions of one client at once, where it sent less before.
    pub client_burst: u32,
    /// Bodies checked at the same time.
    pub submissions_at_once: usize,
    /// Queries that run at the same time.
    pub queries_at_once: usize,
    /// Partitions that a plan runs in.
    pub partitions: usize,
    /// Memory of all queries and transformations together.
    pub memory_bytes: u64,
    /// Temporary disk of all queries and transformations together.
    pub spill_bytes: u64,
    /// What a query may use.
    pub query: QueryLimits,
    /// What a transformation may use; it has no limit on rows, bytes or time.
    pub run_memory_bytes: u64,
    /// Row errors in an answer; the rest are counted.
    pub errors_in_answer: usize,
    /// When maintenance has something to do.
    pub maintain: MaintainSettings,
    /// Bodies that arrive in parts.
    pub upload: UploadLimits,
    /// How long evidence is kept.
    pub evidence: EvidenceSettings,
    /// Whether events of lineage are kept, and for whom.
    pub lineage: LineageSettings,
}

/// Limits on bodies that arrive in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Uploads of one client that are not landed.
    pub per_client: usize,
    /// Their bytes, as long as they will be.
    pub bytes_per_client: u64,
    /// The bytes of those of all clients.
    pub bytes: u64,
    /// Hours after which one that gets no byte is given up, and one that is done is forgotten.
    pub keep_hours: u64,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            per_client: 16,
            bytes_per_client: 20 << 30,
            bytes: 100 << 30,
            keep_hours: 24,
        }
    }
}

/// How long evidence is kept; 0 is for ever. Nothing is erased but by whoever asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceSettings {
    /// Days after which evidence is past its retention.
    pub keep_days: u64,
    /// Days after which restricted evidence is.
    pub restricted_keep_days: u64,
}

impl Default for EvidenceSettings {
    fn default() -> Self {
        Self {
            keep_days: 0,
            restricted_keep_days: 730,
        }
    }
}

/// When maintenance has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaintainSettings {
    /// For how many hours every version stays readable.
    pub keep_hours: u64,
    /// A file below this size is small.
    pub small_file_bytes: u64,
    /// Small files of a partition that are put together; fewer stay.
    pub small_files: usize,
    /// Commits between two checkpoints.
    pub checkpoint_commits: u64,
}

impl Default for MaintainSettings {
    fn default() -> Self {
        Self {
            keep_hours: 7 * 24,
            small_file_bytes: 32 << 20,
            small_files: 4,
            checkpoint_commits: 20,
        }
    }
}
