//! What a house is made of, put together.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use access::{Admission, AdmissionLimits};
use audit::Journal;
use audit::seal::SigningKeys;
use books::Books;
use engine::{Engine, EngineSettings, RowRules};
use lake::{Lake, SegmentSettings};
use service::Result;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, RwLock, Semaphore, watch};
use tokio_util::task::TaskTracker;

use crate::erase::{Begun, Keeping};
use crate::handles::Handles;
use crate::in_force::InForce;
use crate::outbox::Sender;
use crate::perform::Agents;
use crate::published::Published;
use crate::pull;
use crate::upload::Uploads;
use crate::watch::Watch;
use crate::{Given, Settings};

/// What a house is made of.
pub struct Parts {
    /// The tables and objects.
    pub lake: Lake,
    /// The control database.
    pub books: Books,
    /// The audit journal.
    pub journal: Journal,
    /// The keys that receipts are signed with.
    pub keys: SigningKeys,
    /// The project, with where it is read again.
    pub project: InForce,
    /// Time and chance.
    pub given: Given,
    /// Limits and folders.
    pub settings: Settings,
}

impl Parts {
    /// The handles, and what looks after the memory of the process.
    pub(crate) async fn put_together(self) -> Result<(Arc<Handles>, Watch)> {
        let parts = self;
        let settings = parts.settings;
        let engine = Engine::new(EngineSettings {
            partitions: settings.partitions,
            batch_rows: 8192,
            spill_folder: settings.spill_folder.clone(),
            memory_bytes: settings.memory_bytes,
            spill_bytes: settings.spill_bytes,
        });
        let limits = AdmissionLimits {
            seats: settings.bodies_at_once,
            seats_per_agency: settings.bodies_per_agency,
            places: settings.submissions_at_once,
            client_per_second: settings.client_per_second,
            client_burst: settings.client_burst,
        };
        let admission = Admission::new(limits, Arc::clone(&parts.given.clock));
        let now = (parts.given.clock)();
        let uploads = Uploads::open(&settings.uploads_folder, settings.upload, now)?;
        let watch = Watch::start(engine.watchdog(Arc::clone(&parts.given.resident_bytes)))?;
        let handles = Arc::new(Handles {
            published: Published::open(parts.lake.objects()).await?,
            segments: parts
                .lake
                .segments(SegmentSettings::default(), &Handle::current()),
            lake: parts.lake,
            books: parts.books,
            engine,
            journal: Arc::new(parts.journal),
            keys: Arc::new(parts.keys),
            log: OnceLock::new(),
            project: parts.project,
            rules: RowRules::new(ingest::looks_personal),
            given: parts.given,
            admission,
            uploads,
            queries: Arc::new(Semaphore::new(settings.queries_at_once)),
            decoders: Arc::new(Semaphore::new(settings.partitions * 2)),
            settings,
            committers: AsyncMutex::new(BTreeMap::new()),
            in_work: Mutex::new(HashSet::new()),
            running: Arc::new(AsyncMutex::new(())),
            keeping: Keeping::default(),
            erasing: AsyncMutex::new(Begun::default()),
            stopping: watch::Sender::new(false),
            landing: RwLock::new(()),
            landings: TaskTracker::new(),
            outbox: Sender::default(),
            agents: Agents::default(),
            pulling: Mutex::new(HashSet::new()),
            pulls: Semaphore::new(pull::AT_ONCE),
            pull_tasks: TaskTracker::new(),
        });
        Ok((handles, watch))
    }
}
