//! Where the rows of a submission go until they are committed: few of them wait in memory for those
//! of others, many go to files of their own.

use arrow::record_batch::RecordBatch;
use lake::{HeldRows, StagedFile, StagedWriter, Table, WriteSettings};
use service::Result;

use crate::failure;

/// Rows that are held take no more memory than this.
const HELD_BYTES: usize = 2 << 20;

/// Rows that no commit has made visible.
#[derive(Default)]
pub(crate) struct Rows {
    pub files: Vec<StagedFile>,
    pub held: HeldRows,
}

impl Rows {
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.held.rows() == 0
    }
}

/// The rows of a submission for one table.
pub(crate) struct Tray {
    table: Table,
    settings: WriteSettings,
    held: Vec<RecordBatch>,
    held_bytes: usize,
    writer: Option<StagedWriter>,
    /// Whether rows may wait for those of others.
    holds: bool,
}

impl Tray {
    /// So many threads encode rows that go to a file.
    pub(crate) fn new(table: &Table, sort_by: Vec<String>, holds: bool, threads: usize) -> Self {
        Self {
            table: table.clone(),
            settings: WriteSettings {
                sort_by,
                threads,
                ..WriteSettings::default()
            },
            held: Vec::new(),
            held_bytes: 0,
            writer: None,
            holds,
        }
    }

    pub(crate) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if self.writer.is_none() && self.holds {
            self.held_bytes += batch.get_array_memory_size();
            self.held.push(batch);
            if self.held_bytes <= HELD_BYTES {
                return Ok(());
            }
            for batch in std::mem::take(&mut self.held) {
                self.stage(batch).await?;
            }
            return Ok(());
        }
        self.stage(batch).await
    }

    async fn stage(&mut self, batch: RecordBatch) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let writer = self.table.stage(&self.settings).map_err(failure::lake)?;
                self.writer.insert(writer)
            }
        };
        writer.write(batch).await.map_err(failure::lake)
    }

    /// Ends the files and gives all rows.
    pub(crate) async fn close(self) -> Result<Rows> {
        let files = match self.writer {
            Some(writer) => writer.finish().await.map_err(failure::lake)?,
            None => Vec::new(),
        };
        let held = HeldRows {
            batches: self.held,
            sort_by: self.settings.sort_by,
        };
        Ok(Rows { files, held })
    }

    /// What was staged is invisible; failing to delete it costs space, not truth.
    pub(crate) async fn discard(self) {
        let Some(writer) = self.writer else { return };
        if let Err(error) = writer.abort().await {
            let dataset = self.table.dataset();
            tracing::warn!(%dataset, %error, "staged files were left behind");
        }
    }
}
