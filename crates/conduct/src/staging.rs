//! The answer of a statement written to files of a table, before any commit names them.

use engine::{Planned, QueryLimits, Session};
use lake::{StagedFile, Table, WriteSettings};
use project::Write;
use service::Result;

use crate::failure;
use crate::handles::Handles;

/// What a statement may use whose answer goes into a table: memory and temporary disk alone are
/// limited.
pub(crate) fn limits(handles: &Handles) -> QueryLimits {
    QueryLimits {
        memory_bytes: handles.settings.run_memory_bytes,
        memory_name: "run.memory_bytes",
        wait_ms: u64::MAX / 2,
        rows: u64::MAX,
        bytes: u64::MAX,
        ..handles.settings.query
    }
}

/// A table of which runs write parts anew lies in about so many files.
const PARTS: u64 = 64;
/// Its files are not made smaller than this.
const LEAST_FILE_BYTES: u64 = 2 << 20;
/// And so many rows of it can be skipped together.
const PART_ROWS: usize = 64 << 10;

/// How the files of a table are written that has, or will have, about so many bytes. What is
/// written by parts lies in smaller files: a part is written anew with every file that it is in.
pub(crate) fn settings(write: Option<&Write>, bytes: u64) -> WriteSettings {
    let whole = WriteSettings::default();
    if write.is_none_or(|write| write.windows().is_empty()) {
        return whole;
    }
    let most = whole.target_file_bytes;
    let wanted = usize::try_from((bytes / PARTS).max(LEAST_FILE_BYTES)).unwrap_or(most);
    WriteSettings {
        target_file_bytes: wanted.min(most),
        row_group_rows: PART_ROWS,
        ..whole
    }
}

/// Writes the answer, encoding it on every core.
pub(crate) async fn staged(
    session: &Session,
    planned: &Planned,
    table: &Table,
    settings: &WriteSettings,
) -> Result<Vec<StagedFile>> {
    let mut partitions = session
        .run_partitioned(planned)
        .await
        .map_err(failure::engine)?;
    loop {
        let error = match table.stage_streams(settings, partitions.streams()).await {
            Ok(files) => return Ok(files),
            Err(error) => error,
        };
        // What was written is deleted, and no commit had named it.
        partitions = match partitions.again().await.map_err(failure::engine)? {
            Some(partitions) => partitions,
            None => return Err(failure::lake(error)),
        };
    }
}
