//! Staged files: Parquet that no commit has made visible yet.
//!
//! A writer belongs to one stream and encodes on the task that feeds it, with as many threads
//! beside it as it is given; any number of writers run side by side. Every file carries its
//! statistics, so that a commit needs no reading.

mod bounds;
mod chunk;
mod coded;
mod conform;
mod encode;
mod file;
mod hybrid;
mod order;
mod split;
mod staged;
mod stats;
mod streams;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use object_store::ObjectStoreExt as _;

use file::OpenFile;
pub(crate) use staged::SORTED_BY;
pub use staged::StagedFile;

use crate::error::{LakeError, Result};
use crate::table::Table;

/// How files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteSettings {
    /// A file that has grown past this is closed and another begun.
    pub target_file_bytes: usize,
    /// Rows that are encoded, and can be skipped, together.
    pub row_group_rows: usize,
    /// Files are compressed by Zstandard at this level, from 1 to 22.
    pub zstd_level: i32,
    /// Columns by which the rows of each row group are sorted, ascending, nulls last. A file whose
    /// row groups follow each other in that order says so in the log.
    pub sort_by: Vec<String>,
    /// Files open at once in one writer; the fullest is closed when another is needed.
    pub max_open_files: usize,
    /// Threads that encode the columns of a row group, the writer's own among them; more than one
    /// help where rows are sorted, and come together.
    pub threads: usize,
}

impl Default for WriteSettings {
    fn default() -> Self {
        Self {
            target_file_bytes: 128 * 1024 * 1024,
            row_group_rows: 256 * 1024,
            zstd_level: 3,
            sort_by: Vec::new(),
            max_open_files: 16,
            threads: 1,
        }
    }
}

/// What a writer knows of the table it writes for.
#[derive(Debug)]
struct Target {
    table: Table,
    schema: SchemaRef,
    /// Without the partition columns, which Delta keeps in the log.
    file_schema: SchemaRef,
    partition_by: Vec<String>,
    settings: WriteSettings,
}

/// Writes the batches of one stream to files of one table.
#[derive(Debug)]
pub struct StagedWriter {
    target: Arc<Target>,
    open: BTreeMap<Vec<Option<String>>, OpenFile>,
    done: Vec<StagedFile>,
}

impl Table {
    /// A writer for one stream of batches; any number may write at once.
    ///
    /// # Errors
    /// `Invalid` for a setting that names no column, or a compression level out of range.
    pub fn stage(&self, settings: &WriteSettings) -> Result<StagedWriter> {
        let target = Arc::new(Target::new(self.clone(), settings.clone())?);
        Ok(StagedWriter {
            target,
            open: BTreeMap::new(),
            done: Vec::new(),
        })
    }

    /// Deletes staged files that will not be committed. Files that are gone are no error.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses; what stays behind is invisible.
    pub async fn discard(&self, files: Vec<StagedFile>) -> Result<()> {
        for file in files {
            match self.store().delete(&file.location()).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    let doing = format!("cannot delete the staged file `{}`", file.path());
                    return Err(LakeError::store(&doing, error));
                }
            }
        }
        Ok(())
    }
}

impl Target {
    fn new(table: Table, settings: WriteSettings) -> Result<Self> {
        let (schema, partition_by) = (table.schema(), table.partition_by());
        let fields = schema
            .fields()
            .iter()
            .filter(|field| !partition_by.contains(field.name()));
        let file_schema = Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()));
        for name in &settings.sort_by {
            if file_schema.index_of(name).is_err() {
                return Err(LakeError::invalid(format!(
                    "cannot sort the files of dataset `{}` by `{name}`: it has no such column",
                    table.dataset()
                )));
            }
        }
        file::level(settings.zstd_level)?;
        Ok(Self {
            table,
            schema,
            file_schema,
            partition_by,
            settings,
        })
    }
}

impl StagedWriter {
    /// Writes a batch. Columns are matched by name: views, dictionaries and narrower numbers are
    /// widened, an optional column that is missing is null.
    ///
    /// # Errors
    /// `Invalid`, naming the column, for one that the table does not have, for a type that could
    /// lose something, and for a null in a required column.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let target = self.target.clone();
        let batch = conform::conform(&batch, &target.schema, target.table.dataset())?;
        for (partition, rows) in split::split(&batch, &target)? {
            if rows.num_rows() == 0 {
                continue;
            }
            if !self.open.contains_key(&partition) {
                self.make_room().await?;
                let file = OpenFile::create(target.clone(), partition.clone())?;
                self.open.insert(partition.clone(), file);
            }
            let Some(file) = self.open.get_mut(&partition) else {
                continue;
            };
            file.write(rows).await?;
            if file.is_full() {
                self.close(&partition).await?;
            }
        }
        Ok(())
    }

    /// Ends the files and gives them all. None for a stream without rows.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses; then every file of this writer has been deleted, as
    /// far as the store lets us.
    pub async fn finish(mut self) -> Result<Vec<StagedFile>> {
        let partitions: Vec<_> = self.open.keys().cloned().collect();
        for partition in partitions {
            if let Err(error) = self.close(&partition).await {
                // The reason matters more than the cleaning.
                let _ = self.abort().await;
                return Err(error);
            }
        }
        Ok(self.done)
    }

    /// Deletes everything written so far.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses; what stays behind is invisible.
    pub async fn abort(self) -> Result<()> {
        for file in self.open.into_values() {
            file.abort().await?;
        }
        self.target.table.discard(self.done).await
    }

    async fn make_room(&mut self) -> Result<()> {
        if self.open.len() < self.target.settings.max_open_files.max(1) {
            return Ok(());
        }
        let fullest = self.open.iter().max_by_key(|(_, file)| file.rows());
        match fullest.map(|(partition, _)| partition.clone()) {
            Some(partition) => self.close(&partition).await,
            None => Ok(()),
        }
    }

    async fn close(&mut self, partition: &[Option<String>]) -> Result<()> {
        if let Some(file) = self.open.remove(partition) {
            self.done.push(file.finish().await?);
        }
        Ok(())
    }
}
