//! Where bodies are kept: a large one under its hash, small ones many to a segment.

use bytes::Bytes;
use ingest::{Source, Spooled};
use lake::{LakeError, ObjectBody, SegmentPlace};
use service::{ErrorKind, Result, ServiceError, Submission};

use super::claim::{self, Manifest};
use crate::erase::{self, Held};
use crate::failure;
use crate::handles::Handles;

/// Bodies of up to this size are kept in segments.
pub(crate) const SMALL_BYTES: u64 = 256 << 10;

/// Where a body is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// The place in a segment; none if it lies under its hash.
    pub segment: Option<SegmentPlace>,
    /// How often the same bytes had been erased before; 0 for one in a segment.
    pub erasures: u32,
}

/// Keeps a body on the store; says where.
pub(crate) async fn keep(handles: &Handles, spooled: &Spooled) -> Result<Kept> {
    let (sha256, size) = (spooled.sha256(), spooled.size_bytes());
    let body = match spooled.source() {
        Source::Memory(bytes, _) => bytes.clone(),
        Source::File(path) if size > SMALL_BYTES => {
            let erasures = erase::times(handles, sha256).await?;
            let evidence = handles.lake.evidence().after(erasures);
            let put = match spooled.is_own() {
                true => evidence.give_file(path, sha256, size).await,
                false => evidence.put_file(path, sha256, size).await,
            };
            put.map_err(failure::lake)?;
            return Ok(Kept {
                segment: None,
                erasures,
            });
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
    Ok(Kept {
        segment: Some(place.map_err(failure::lake)?),
        erasures: 0,
    })
}

/// Where a body is that was kept before the books knew of it: if the same bytes were erased
/// meanwhile, it is kept anew. An erasure that begins now sees the books.
pub(crate) async fn still(handles: &Handles, spooled: &Spooled, kept: Kept) -> Result<Kept> {
    if kept.segment.is_some() {
        return Ok(kept);
    }
    match erase::times(handles, spooled.sha256()).await? {
        erasures if erasures == kept.erasures => Ok(kept),
        _ => keep(handles, spooled).await,
    }
}

/// Takes back a body of a submission whose evidence was erased: its sender sent it again, under the
/// same key, and nobody else has it.
pub(crate) async fn take_back(handles: &Handles, held: &Held, kept: &Kept) -> Result<()> {
    let sha256 = held.sha256();
    let of = handles.books.submissions_of_evidence(sha256).await;
    let of = of.map_err(failure::books)?;
    if !held.is_alone() || of.iter().any(|one| one.erased.is_none()) {
        return Ok(());
    }
    let evidence = handles.lake.evidence();
    let taken = match &kept.segment {
        Some(place) => evidence.blank(&place.path, sha256).await,
        None => evidence.after(kept.erasures).delete(sha256).await,
    };
    taken.map_err(failure::lake)
}

/// The body of a submission, as it was received; `Gone` if it was erased.
pub(crate) async fn open(handles: &Handles, of: &Submission) -> Result<ObjectBody> {
    let receipt = &of.receipt;
    if let Some(erasure) = &of.erased {
        return Err(erase::gone(receipt.id, erasure));
    }
    let (sha256, size) = (&receipt.evidence_sha256, receipt.evidence_size_bytes);
    let manifest = claim::of(handles, of).await?;
    let erasures = manifest.as_ref().map_or(0, Manifest::erasures);
    let place = manifest.and_then(Manifest::segment);
    let shares = place.is_none().then_some(erasures);
    let evidence = handles.lake.evidence().after(erasures);
    let body = match place {
        Some(place) => evidence.get_in(&place, sha256, size).await,
        None => evidence.get(sha256).await,
    };
    match body {
        Ok(body) => Ok(body),
        Err(error @ (LakeError::NotFound(_) | LakeError::Corrupt(_))) => {
            match erase::of(handles, of, shares).await? {
                Some(erasure) => Err(erase::gone(receipt.id, &erasure)),
                None => Err(failure::lake(error)),
            }
        }
        Err(error) => Err(failure::lake(error)),
    }
}
