//! The transparency log of this node's journal: what it is called, where it is kept, who appends to
//! it and who reads it.
//!
//! Every node has a log of its own, below `audit/NODE` of the store: its entries are those of one
//! journal, in their order and without hole. A house has a log from when it is told the name of its
//! node; until then its journal alone keeps the entries.

mod files;
mod name;
mod read;
mod sequence;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use audit::log::{Files, Trust};
use service::Result;
use tokio::sync::Mutex;

use crate::handles::Handles;
use crate::{House, failure};
use sequence::{Stuck, Work};

pub use files::StoreFiles;
pub use name::LogName;
pub(crate) use read::{checkpoint, closed_file, hash_tile};

/// The log of this node.
pub(crate) struct AuditLog {
    pub(crate) name: LogName,
    files: Arc<dyn Files>,
    /// How many entries it had when this process looked last.
    appended: AtomicU64,
    /// Held by whoever appends. Nothing is there before the first look and after an error: then the
    /// log is opened again.
    work: Mutex<Option<Work>>,
}

impl AuditLog {
    fn trust(&self, handles: &Handles) -> audit::log::Result<Trust> {
        let keys = self.name.verifier_keys(&handles.keys.public_keys())?;
        Trust::new(keys, Vec::new())
    }
}

impl House {
    /// Gives the house the log of the node of that name, in which nothing is written yet.
    ///
    /// Refuses with `Corrupt` when the log has entries that the journal has not: then the journal
    /// is an older one, or another's. A log that cannot be read now, or is damaged, is told, and
    /// opened again when something is to be appended: the journal keeps the entries meanwhile.
    pub async fn open_audit_log(&self, node: &str) -> Result<()> {
        let handles = self.gate.own();
        let name = LogName::of(node);
        let files = StoreFiles::new(handles.lake.objects(), name.folder());
        let log = AuditLog {
            name,
            files: Arc::new(files),
            appended: AtomicU64::new(0),
            work: Mutex::new(None),
        };
        log.trust(handles).map_err(failure::log)?;
        match sequence::open(handles, &log).await {
            Ok(work) => *log.work.lock().await = Some(work),
            Err(error @ Stuck::Foreign(_)) => return Err(error.told()),
            Err(error) => tracing::warn!(%error, "{}", sequence::KEPT),
        }
        // Whoever opened it before has opened the same.
        let _ = handles.log.set(log);
        Ok(())
    }
}
