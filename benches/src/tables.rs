//! Tables of a lake in a folder: opened, written, asked, and their files for others.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use engine::{Engine, EngineSettings, QueryLimits, Statement};
use futures::{Stream, TryStreamExt};
use lake::{Lake, S3Settings, StoreLocation};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use project::DatasetName;
use url::Url;

use crate::machine;

/// Rows in a batch, as the engine has them.
pub const BATCH_ROWS: usize = 8192;
/// More temporary disk than any measurement needs.
pub const SPILL_BYTES: u64 = 100 << 30;

/// The lake in that folder.
pub fn open(folder: &Path) -> Result<Lake> {
    let location = StoreLocation::Folder(folder.to_owned());
    let store = lake::open_store(&location, &S3Settings::default())?;
    Ok(Lake::open(store, given())?)
}

/// Time and ids for a lake.
pub fn given() -> lake::Given {
    lake::Given {
        clock: Arc::new(machine::now),
        ids: Arc::new(|| machine::fresh_id().to_string()),
    }
}

/// The tables that a statement is asked over.
pub type Tables = BTreeMap<DatasetName, Arc<dyn TableProvider>>;

/// Limits of a statement that nothing but the machine limits.
pub fn limits() -> QueryLimits {
    QueryLimits {
        memory_bytes: machine::pool_bytes(),
        memory_name: "query.memory_bytes",
        spill_bytes: SPILL_BYTES,
        wait_ms: u64::MAX / 2,
        rows: u64::MAX,
        bytes: u64::MAX,
    }
}

/// An engine that may use the machine, and spills to that folder.
pub fn engine(spill_folder: &Path) -> Engine {
    Engine::new(EngineSettings {
        partitions: machine::cores(),
        batch_rows: BATCH_ROWS,
        spill_folder: spill_folder.to_owned(),
        memory_bytes: machine::pool_bytes(),
        spill_bytes: SPILL_BYTES,
    })
}

/// The whole answer of a statement in a session of its own, as every query of a house has one.
pub async fn ask(
    engine: &Engine,
    tables: &Tables,
    statement: &Statement,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let session = engine.session(tables.clone(), limits())?;
    let planned = session.plan(statement, &BTreeMap::new()).await?;
    let batches: Vec<RecordBatch> = session.run(&planned).await?.try_collect().await?;
    Ok((planned.schema(), batches))
}

/// A stream as writers take it.
pub fn stream(
    schema: SchemaRef,
    batches: impl Stream<Item = Result<RecordBatch, DataFusionError>> + Send + 'static,
) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

/// A Parquet file that is to be read.
pub fn parquet(file: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let shown = || format!("cannot read `{}`", file.display());
    let opened = File::open(file).with_context(shown)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened).with_context(shown)?;
    Ok(builder.with_batch_size(BATCH_ROWS))
}

/// The files of a table's newest version, as the Delta library finds them.
pub async fn live_files(lake: &Path, dataset: &DatasetName) -> Result<Vec<PathBuf>> {
    let folder = lake.join("delta").join(dataset.path());
    let url = Url::from_directory_path(&folder)
        .map_err(|()| anyhow!("`{}` is not absolute", folder.display()))?;
    let table = deltalake::open_table(url).await?;
    let inside = format!("/{}/", dataset.path());
    let uris = table.get_file_uris()?;
    let files = uris.map(|uri| {
        let file = uri.rsplit_once(&inside).map(|(_, file)| folder.join(file));
        file.with_context(|| format!("the file `{uri}` is not in the table of `{dataset}`"))
    });
    let mut files = files.collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}
