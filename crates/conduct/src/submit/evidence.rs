//! Where bodies are kept: a large one under its hash, small ones many to a segment.

use bytes::Bytes;
use ingest::{Source, Spooled};
use lake::{ObjectBody, SegmentPlace};
use service::{ErrorKind, Result, ServiceError, Submission};

use super::claim;
use crate::failure;
use crate::handles::Handles;

/// Bodies of up to this size are kept in segments.
pub(crate) const SMALL_BYTES: u64 = 256 << 10;

/// Keeps a body on the store; says where, if that is not under its hash.
pub(crate) async fn keep(handles: &Handles, spooled: &Spooled) -> Result<Option<SegmentPlace>> {
    let (sha256, size) = (spooled.sha256(), spooled.size_bytes());
    let body = match spooled.source() {
        Source::Memory(bytes, _) => bytes.clone(),
        Source::File(path) if size > SMALL_BYTES => {
            let put = handles.lake.evidence().put_file(path, sha256, size).await;
            put.map_err(failure::lake)?;
            return Ok(None);
        }
        Source::File(path) => tokio::fs::read(path)
            .await
            .map(Bytes::from)
            .map_err(|error| {
                ServiceError::new(ErrorKind::Unavailable, "cannot read the spooled body")
                    .hint("Send it again; nothing of it was kept.")
                    .caused_by(error)
            })?,
    };
    let place = handles.segments.put(sha256, body).await;
    place.map(Some).map_err(failure::lake)
}

/// The body of a submission, as it was received.
pub(crate) async fn open(handles: &Handles, of: &Submission) -> Result<ObjectBody> {
    let (sha256, size) = (&of.receipt.evidence_sha256, of.receipt.evidence_size_bytes);
    let manifest = claim::of(handles, of).await?;
    let place = manifest.and_then(|manifest| manifest.segment());
    let evidence = handles.lake.evidence();
    let body = match place {
        Some(place) => evidence.get_in(&place, sha256, size).await,
        None => evidence.get(sha256).await,
    };
    body.map_err(failure::lake)
}
