//! The answer of a statement written to files of a table, before any commit names them.

use engine::{Planned, QueryLimits, Session};
use lake::{StagedFile, Table, WriteSettings};
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
