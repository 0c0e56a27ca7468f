//! Erasing bodies: an object of its own is deleted, a body in a segment is overwritten with zeros.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion,
};
use zip::ZipArchive;

use crate::error::{LakeError, Result};
use crate::objects::Evidence;
use crate::segments::{FOLDER, pack};

/// Tries to rewrite a segment that others rewrite.
const TRIES: usize = 20;
/// What of the end of a segment is read first: its directory, unless it has very many bodies.
const TAIL_BYTES: u64 = 64 << 10;
/// Segments whose directories are read at the same time.
const AT_ONCE: usize = 16;

/// A segment that keeps bodies which are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSegment {
    /// The object.
    pub path: String,
    /// When it was written, or a body in it erased.
    pub modified_at: DateTime<Utc>,
    /// The hashes that it has an entry for, erased ones among them.
    pub sha256s: BTreeSet<String>,
}

impl Evidence {
    /// Deletes the body that lies under its hash; one that is not there is deleted.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses.
    pub async fn delete(&self, sha256: &str) -> Result<()> {
        let path = Path::from(self.path_of(sha256)?);
        match self.store().delete(&path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => {
                let doing = format!("cannot delete evidence `{sha256}`");
                Err(LakeError::store(&doing, error))
            }
        }
    }

    /// Overwrites a body in a segment with zeros. The archive stays one, with the same entries at the
    /// same places; the entry keeps its name and has the checksum of zeros. A body that is zeros
    /// already, or is not there, is no error.
    ///
    /// # Errors
    /// `Corrupt` when the segment cannot be read as one, `Unavailable` when the store refuses or
    /// others rewrite it without end.
    pub async fn blank(&self, segment: &str, sha256: &str) -> Result<()> {
        let path = Path::from(segment);
        let doing = format!("cannot erase evidence `{sha256}` in `{segment}`");
        for _ in 0..TRIES {
            let got = match self.store().get(&path).await {
                Ok(got) => got,
                Err(Error::NotFound { .. }) => return Ok(()),
                Err(error) => return Err(LakeError::store(&doing, error)),
            };
            let version = UpdateVersion {
                e_tag: got.meta.e_tag.clone(),
                version: got.meta.version.clone(),
            };
            let before = got.bytes().await;
            let before = before.map_err(|error| LakeError::store(&doing, error))?;
            let Some(after) = blanked(before, sha256, &doing)? else {
                return Ok(());
            };
            let put = self
                .store()
                .put_opts(
                    &path,
                    PutPayload::from(after),
                    PutMode::Update(version).into(),
                )
                .await;
            match put {
                Ok(_) => return Ok(()),
                // Another body of it was erased at the same time; or ours was, and the answer lost.
                Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(LakeError::store(&doing, error)),
            }
        }
        let message = format!("{doing}: it was rewritten {TRIES} times meanwhile; try again");
        Err(LakeError::unavailable(message))
    }

    /// The segments that have an entry for one of these hashes. Reads the directory of every segment.
    ///
    /// One that has no readable directory is logged and passed over.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn segments_with(&self, sha256s: &BTreeSet<String>) -> Result<Vec<FoundSegment>> {
        let doing = format!("cannot list `{FOLDER}`");
        let listed = self.store().list(Some(&Path::from(FOLDER)));
        let listed = listed.map_err(|error| LakeError::store(&doing, error));
        let found = listed.map_ok(|meta| async move {
            let names = match names(self.store(), &meta).await {
                // It must not keep what others hold from being found.
                Err(error @ (LakeError::Corrupt(_) | LakeError::NotFound(_))) => {
                    tracing::warn!(%error, "a segment is passed over");
                    Vec::new()
                }
                names => names?,
            };
            let own = names.into_iter().filter(|name| sha256s.contains(name));
            let sha256s: BTreeSet<String> = own.collect();
            Ok((!sha256s.is_empty()).then(|| FoundSegment {
                path: meta.location.to_string(),
                modified_at: meta.last_modified,
                sha256s,
            }))
        });
        let mut found: Vec<FoundSegment> = found
            .try_buffer_unordered(AT_ONCE)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await?;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }
}

/// The archive with zeros in place of one body; none if there is nothing to overwrite.
fn blanked(before: Bytes, sha256: &str, doing: &str) -> Result<Option<Vec<u8>>> {
    let broken = |error: zip::result::ZipError| LakeError::damaged(doing, error);
    let size = before.len();
    let mut archive = ZipArchive::new(Cursor::new(before)).map_err(broken)?;
    let comment = String::from_utf8_lossy(archive.comment()).into_owned();
    let mut entries = Vec::with_capacity(archive.len());
    let (mut starts, mut is_there) = (Vec::with_capacity(archive.len()), false);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        let mut body = Vec::new();
        let read = entry.read_to_end(&mut body);
        read.map_err(|error| LakeError::damaged(doing, error))?;
        if name == sha256 && body.iter().any(|byte| *byte != 0) {
            body.fill(0);
            is_there = true;
        }
        starts.push((name.clone(), entry.data_start()));
        entries.push((name, body));
    }
    if !is_there {
        return Ok(None);
    }
    let entries = entries
        .iter()
        .map(|(name, body)| (name.as_str(), &body[..]));
    let (after, offsets) = pack(entries, &comment).map_err(broken)?;
    // Manifests name places in it.
    let stays = |(name, start): &(String, Option<u64>)| offsets.get(name).copied() == *start;
    if after.len() != size || !starts.iter().all(stays) {
        return Err(LakeError::corrupt(format!(
            "{doing}: the segment was not written by this program"
        )));
    }
    Ok(Some(after))
}

/// The names of the entries of an archive, by its directory alone.
async fn names(store: &Arc<dyn ObjectStore>, meta: &ObjectMeta) -> Result<Vec<String>> {
    let path = &meta.location;
    let read = async |range: std::ops::Range<u64>| {
        let got = store.get_range(path, range).await;
        got.map_err(|error| LakeError::store(&format!("cannot read segment `{path}`"), error))
    };
    let broken = || LakeError::corrupt(format!("segment `{path}` has no readable directory"));
    let first = meta.size.saturating_sub(TAIL_BYTES);
    if meta.size == 0 {
        return Err(broken());
    }
    let tail = read(first..meta.size).await?;
    let (at, bytes) = directory(&tail).ok_or_else(broken)?;
    let end = at.checked_add(bytes).filter(|end| *end <= meta.size);
    let end = end.ok_or_else(broken)?;
    let listed = if at >= first {
        let begin = usize::try_from(at - first).map_err(|_| broken())?;
        let end = usize::try_from(end - first).map_err(|_| broken())?;
        tail.slice(begin..end)
    } else if bytes == 0 {
        Bytes::new()
    } else {
        read(at..end).await?
    };
    entries(&listed).ok_or_else(broken)
}

/// Where the directory begins and how long it is, as the end of the archive says.
fn directory(tail: &[u8]) -> Option<(u64, u64)> {
    const END: &[u8] = b"PK\x05\x06";
    let at = tail.windows(END.len()).rposition(|window| window == END)?;
    Some((number(tail, at + 16)?, number(tail, at + 12)?))
}

/// The names that a directory lists.
fn entries(directory: &[u8]) -> Option<Vec<String>> {
    const HEADER_BYTES: usize = 46;
    let (mut names, mut at) = (Vec::new(), 0);
    while at < directory.len() {
        if !directory.get(at..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let length = |of: usize| {
            let bytes = directory.get(at + of..at + of + 2)?;
            Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
        };
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        let begin = at + HEADER_BYTES;
        let text = directory.get(begin..begin + name)?;
        names.push(String::from_utf8_lossy(text).into_owned());
        at = begin + name + extra + comment;
    }
    Some(names)
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
}
