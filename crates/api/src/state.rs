//! What the routes are given: the service, and what the process alone can answer.

use std::path::PathBuf;
use std::sync::Arc;

use service::Service;

/// Something that answers a text each time it is asked.
pub type Source = Arc<dyn Fn() -> String + Send + Sync>;

/// Limits of the door itself; those of the acts are behind the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiLimits {
    /// The largest submission in bytes; a longer `Content-Length` is refused before it is read.
    pub body_bytes: u64,
    /// The largest request in bytes that is not a submission: JSON and forms.
    pub request_bytes: usize,
    /// How long an act may take that neither receives nor streams data.
    pub wait_ms: u64,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 30,
            request_bytes: 1 << 20,
            wait_ms: 60_000,
        }
    }
}

/// What every handler is given.
#[derive(Clone)]
pub struct ApiState {
    /// The house.
    pub service: Arc<dyn Service>,
    /// The metrics of the process in Prometheus' text form.
    pub metrics: Source,
    /// Ids that tie log lines, audit entries and answers together; each is given once.
    pub correlation_ids: Source,
    /// The limits.
    pub limits: ApiLimits,
    /// A folder for results that cannot be sent as they come; what is in it is temporary.
    pub spool_folder: PathBuf,
    /// Whether browsers reach this node by https, here or at a balancer before it; cookies are then
    /// marked `Secure`.
    pub https: bool,
}
