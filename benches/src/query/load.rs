//! The tables of TPC-H: made by its generator, loaded by our writer, kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::{StreamExt, stream};
use lake::{CommitRequest, Lake, TableShape, WriteSettings};
use project::DatasetName;
use serde::{Deserialize, Serialize};

use crate::cli::Bench;
use crate::talk::tell;
use crate::task::{Measured, Task};
use crate::{machine, process, tables};

/// Counts up when the tables change for the same scale.
const VERSION: u32 = 1;

/// The files of each table.
pub type Files = BTreeMap<String, Vec<PathBuf>>;

/// A lake with the tables, each in layer `raw`.
pub struct Data {
    pub lake: PathBuf,
    pub files: Files,
}

impl Data {
    /// The tables of that scale, made and loaded when they are not there yet.
    pub fn ready(bench: &Bench, scale: f64) -> Result<Self> {
        let folder = bench.place.data(&format!("tpch-v{VERSION}-{scale}"));
        let lake = folder.join("lake");
        let list = folder.join("files.json");
        if !list.exists() {
            let made = folder.join("parquet");
            tell(&format!(
                "making TPC-H at scale {scale} in `{}`",
                folder.display()
            ))?;
            std::fs::create_dir_all(&made)?;
            bench.peers.generate_tpch(scale, &made)?;
            tell("loading it")?;
            process::ours(&Task::Load(Load { made, folder }))?;
        }
        let text = std::fs::read(&list)?;
        let files = serde_json::from_slice(&text)
            .with_context(|| format!("cannot read `{}`", list.display()))?;
        Ok(Self { lake, files })
    }
}

/// To load each Parquet file as a table.
#[derive(Debug, Serialize, Deserialize)]
pub struct Load {
    /// The folder of the Parquet files.
    pub made: PathBuf,
    /// The folder of the lake and of the list of its files.
    pub folder: PathBuf,
}

impl Load {
    pub async fn perform(self) -> Result<Measured> {
        let started = Instant::now();
        let folder = self.folder.join("lake");
        let lake = tables::open(&folder)?;
        let mut files = Files::new();
        let mut rows = 0;
        for entry in std::fs::read_dir(&self.made)? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let dataset: DatasetName = format!("raw.{name}").parse()?;
            rows += load(&lake, &dataset, &path).await?;
            let live = tables::live_files(&folder, &dataset).await?;
            files.insert(dataset.to_string(), live);
        }
        // Last: a folder with the list is complete.
        let list = serde_json::to_vec_pretty(&files)?;
        std::fs::write(self.folder.join("files.json"), list)?;
        Ok(Measured {
            seconds: started.elapsed().as_secs_f64(),
            rows,
            peak_bytes: machine::peak_bytes(),
            ..Measured::default()
        })
    }
}

/// Loads one table by every core and answers its rows.
async fn load(lake: &Lake, dataset: &DatasetName, path: &Path) -> Result<u64> {
    let schema = plain(tables::parquet(path)?.schema());
    // A load that was cut off is taken up again.
    let table = if lake.exists(dataset).await? {
        lake.table(dataset).await?
    } else {
        lake.create(dataset, TableShape::new(schema)).await?
    };
    let streams = streams(path)?;
    let files = table
        .stage_streams(&WriteSettings::default(), streams)
        .await?;
    table.commit(CommitRequest::replace(files)).await?;
    Ok(table.row_count()?)
}

/// The row groups of a file in as many runs as there are cores, so that their order stays.
fn streams(path: &Path) -> Result<Vec<SendableRecordBatchStream>> {
    let groups: Vec<usize> = (0..tables::parquet(path)?.metadata().num_row_groups()).collect();
    let part = groups.len().div_ceil(machine::cores()).max(1);
    let mut streams = Vec::new();
    for part in groups.chunks(part) {
        let builder = tables::parquet(path)?;
        let schema = builder.schema().clone();
        let reader = builder.with_row_groups(part.to_vec()).build()?;
        let batches = stream::iter(reader).map(|batch| batch.map_err(DataFusionError::from));
        streams.push(tables::stream(schema, batches));
    }
    Ok(streams)
}

/// The columns in the types that a table keeps, without what the file says beside them.
fn plain(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let kind = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            other => other.clone(),
        };
        Field::new(field.name(), kind, field.is_nullable())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
