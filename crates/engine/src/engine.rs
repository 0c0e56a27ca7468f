//! The engine: settings, and the factory of sessions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, TableProvider,
};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use project::{DatasetName, Layer};

use crate::{EngineError, Result, Session};

/// What the machine may be used for.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Partitions that a plan runs in at once.
    pub partitions: usize,
    /// Rows in a batch.
    pub batch_rows: usize,
    /// The folder for what does not fit into memory.
    pub spill_folder: PathBuf,
}

/// What one statement may use. Each limit has its own error.
#[derive(Debug, Clone, Copy)]
pub struct QueryLimits {
    /// Memory of sorts, joins and aggregations before they spill or fail.
    pub memory_bytes: u64,
    /// Temporary disk.
    pub spill_bytes: u64,
    /// Wall-clock time until the last row.
    pub wait_ms: u64,
    /// Rows of the answer.
    pub rows: u64,
    /// Bytes of the answer in memory form.
    pub bytes: u64,
}

/// Makes sessions. It holds no tables: each session is given its own.
#[derive(Debug, Clone)]
pub struct Engine {
    settings: EngineSettings,
}

const CATALOG: &str = "dtm";

impl Engine {
    /// An engine with those settings.
    pub fn new(settings: EngineSettings) -> Self {
        Self { settings }
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
        let config = SessionConfig::new()
            .with_target_partitions(self.settings.partitions)
            .with_batch_size(self.settings.batch_rows)
            .with_default_catalog_and_schema(CATALOG, Layer::Served.as_str())
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false);
        let state = SessionStateBuilder::new_with_default_features()
            .with_config(config)
            .with_runtime_env(self.runtime(limits)?)
            .build();
        let context = SessionContext::new_with_state(state);
        context.register_catalog(CATALOG, Arc::new(catalog));
        Ok(Session::new(context, limits))
    }

    fn runtime(&self, limits: QueryLimits) -> Result<Arc<RuntimeEnv>> {
        let bytes = usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX);
        let named = std::num::NonZeroUsize::new(3).unwrap_or(std::num::NonZeroUsize::MIN);
        let pool = TrackConsumersPool::new(FairSpillPool::new(bytes), named);
        let mode = match limits.spill_bytes {
            0 => DiskManagerMode::Disabled,
            _ => DiskManagerMode::Directories(vec![self.settings.spill_folder.clone()]),
        };
        let disk = DiskManagerBuilder::default()
            .with_mode(mode)
            .with_max_temp_directory_size(limits.spill_bytes);
        RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(EngineError::Failed)
    }
}
