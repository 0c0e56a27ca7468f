//! The body on its way to disk.

use futures::StreamExt;
use ingest::{IngestError, Spool, Spooled};
use service::{ByteStream, ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// Bytes gathered before they are written, so that small chunks do not cost a thread hop each.
const GATHER_BYTES: usize = 1 << 20;

/// Writes the body to the spool folder while hashing it. Refuses a body over the limit, and one
/// that ends before it is complete: then nothing of it is kept.
pub(crate) async fn spool(handles: &Handles, mut body: ByteStream) -> Result<Spooled> {
    let folder = handles.settings.spool_folder.clone();
    let limit = handles.settings.body_bytes;
    let mut spool = blocking(move || Spool::create(&folder, limit)).await?;
    let mut gathered = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            ServiceError::new(ErrorKind::Invalid, "the body ended before it was complete")
                .hint("Send it again; nothing of it was kept.")
                .caused_by(error)
        })?;
        gathered.extend_from_slice(&chunk);
        if gathered.len() >= GATHER_BYTES {
            let bytes = std::mem::take(&mut gathered);
            spool = blocking(move || push(spool, &bytes)).await?;
        }
    }
    blocking(move || push(spool, &gathered).and_then(Spool::finish)).await
}

fn push(mut spool: Spool, bytes: &[u8]) -> std::result::Result<Spool, IngestError> {
    spool.push(bytes)?;
    Ok(spool)
}

/// Runs work that blocks, away from the threads that wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, IngestError> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer.map_err(failure::body),
        Err(error) => Err(
            ServiceError::new(ErrorKind::Internal, "a worker thread failed")
                .hint("Send it again, and report the defect.")
                .caused_by(error),
        ),
    }
}
