//! The engine: settings, and the factory of sessions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, TableProvider,
};
use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use project::{DatasetName, Layer};

use crate::first_of_each::FirstOfEach;
use crate::pool::Pool;
use crate::spill::Spill;
use crate::{EngineError, Gauge, Result, Session, Watchdog, functions, yielding};

/// What the machine may be used for.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Partitions that a plan runs in at once.
    pub partitions: usize,
    /// Rows in a batch.
    pub batch_rows: usize,
    /// The folder for what does not fit into memory.
    pub spill_folder: PathBuf,
    /// Memory of all statements together.
    pub memory_bytes: u64,
    /// Temporary disk of all statements together.
    pub spill_bytes: u64,
}

/// What one statement may use. Each limit has its own error.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// Memory of sorts, joins and aggregations before they spill or fail.
    pub memory_bytes: u64,
    /// The name of that limit in the settings.
    pub memory_name: &'static str,
    /// Temporary disk.
    pub spill_bytes: u64,
    /// Wall-clock time until the last row.
    pub wait_ms: u64,
    /// Rows of the answer.
    pub rows: u64,
    /// Bytes of the answer in memory form.
    pub bytes: u64,
}

/// Makes sessions. It holds no tables: each session is given its own. Clones share one pool.
#[derive(Debug, Clone)]
pub struct Engine {
    settings: EngineSettings,
    pool: Arc<Pool>,
    spill: Arc<Spill>,
}

const CATALOG: &str = "dtm";

impl Engine {
    /// An engine with those settings.
    pub fn new(settings: EngineSettings) -> Self {
        Self {
            pool: Pool::new(settings.memory_bytes),
            spill: Spill::new(settings.spill_folder.clone(), settings.spill_bytes),
            settings,
        }
    }

    /// Guards the process: `resident` says what memory it holds.
    pub fn watchdog(&self, resident: Gauge) -> Watchdog {
        Watchdog::new(Arc::clone(&self.pool), resident)
    }

    /// The memory that statements hold now.
    pub fn memory_held(&self) -> u64 {
        self.pool.held()
    }

    /// The temporary disk that statements hold now.
    pub fn spill_held(&self) -> u64 {
        self.spill.used()
    }

    /// A session over exactly these tables and under these limits.
    pub fn session(
        &self,
        tables: BTreeMap<DatasetName, Arc<dyn TableProvider>>,
        limits: QueryLimits,
    ) -> Result<Session> {
        let catalog = MemoryCatalogProvider::new();
        for layer in Layer::ALL {
            catalog
                .register_schema(layer.as_str(), Arc::new(MemorySchemaProvider::new()))
                .map_err(EngineError::Failed)?;
        }
        for (dataset, provider) in tables {
            let schema = catalog.schema(dataset.layer().as_str());
            if let Some(schema) = schema {
                schema
                    .register_table(dataset.name().to_owned(), provider)
                    .map_err(EngineError::Failed)?;
            }
        }
        let part = self.pool.part(limits.memory_bytes, limits.memory_name);
        let limits = QueryLimits {
            memory_bytes: part.limit(),
            ..limits
        };
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::clone(&part) as Arc<dyn MemoryPool>)
            .with_disk_manager_builder(self.spill.part(limits.spill_bytes))
            .build_arc()
            .map_err(EngineError::Failed)?;
        let state = SessionStateBuilder::new_with_default_features()
            .with_config(self.config(limits)?)
            .with_runtime_env(runtime)
            .with_optimizer_rule(Arc::new(FirstOfEach))
            .with_physical_optimizer_rules(yielding::rules())
            .build();
        let state = functions::with_functions(state).map_err(EngineError::Failed)?;
        let context = SessionContext::new_with_state(state);
        context.register_catalog(CATALOG, Arc::new(catalog));
        Ok(Session::new(context, limits, part))
    }

    fn config(&self, limits: QueryLimits) -> Result<SessionConfig> {
        let partitions = self.settings.partitions.max(1);
        let bytes = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
        // What each sort takes at its start to merge with. All sorts of a plan must find theirs.
        let kept = (bytes / (64 * partitions)).clamp(64 << 10, 10 << 20);
        // Whoever spills must be able to hold some batches, of rows that are not too wide.
        let rows = (bytes / (8192 * partitions)).clamp(256, self.settings.batch_rows.max(256));
        let mut config = SessionConfig::new()
            .with_target_partitions(partitions)
            .with_batch_size(rows)
            .with_sort_spill_reservation_bytes(kept)
            .with_default_catalog_and_schema(CATALOG, Layer::Served.as_str())
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false);
        // Batches that are dealt out to partitions and do not fit go to files. Two writers at once
        // open two, and a reader waits at the first until it is complete, while what it was told of
        // lies in the second; when all readers wait like that, nobody writes any more. A file that
        // is complete with its first batch keeps nobody waiting.
        let any_batch = ConfigNonZeroUsize::try_new(1).map_err(EngineError::Failed)?;
        let options = config.options_mut();
        options.execution.max_spill_file_size_bytes = any_batch;
        // Where parts of a view come from several tables, one plan keeps what its columns are
        // described as and the other does not; that is held to be a defect and says nothing of rows.
        options.execution.skip_physical_aggregate_schema_check = true;
        Ok(config)
    }
}
