//! Objects beside the tables: evidence under its hash, and small named objects.

use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    Error, GetResult, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutPayload, WriteMultipart,
};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

use crate::error::{LakeError, Result};
use crate::segments::SegmentPlace;
use crate::store::GivenFile;

/// Files up to this size are written in one conditional put.
const ONE_PUT_BYTES: u64 = 8 * 1024 * 1024;
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts under way at once: bounds the memory of an upload.
const PARTS: usize = 4;

/// Whether a put wrote, or found what it was to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written now.
    Created,
    /// The same bytes were there.
    AlreadyThere,
}

/// The bytes of an object as they come.
pub struct ObjectBody {
    /// All of them.
    pub size: u64,
    /// In order; ends after `size` bytes or with an error.
    pub bytes: BoxStream<'static, Result<Bytes>>,
}

/// The bodies of submissions, exactly as received, stored once under their SHA-256.
#[derive(Debug, Clone)]
pub struct Evidence {
    store: Arc<dyn ObjectStore>,
    erasures: u32,
}

impl Evidence {
    /// Evidence on `store`.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, erasures: 0 }
    }

    /// Evidence of bodies that were erased so often before they came again. No name is used twice:
    /// what erases the one before, late or again, does not reach it.
    #[must_use]
    pub fn after(self, erasures: u32) -> Self {
        Self { erasures, ..self }
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub(crate) fn path_of(&self, sha256: &str) -> Result<String> {
        let path = Self::path(sha256)?;
        Ok(match self.erasures {
            0 => path,
            erasures => format!("{path}.{erasures}"),
        })
    }

    /// Where the body with this hash lies: `evidence/sha256/ab/abcdef…`.
    ///
    /// # Errors
    /// `Invalid` unless `sha256` is 64 lowercase hexadecimal digits.
    pub fn path(sha256: &str) -> Result<String> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if sha256.len() == 64 && sha256.bytes().all(digit) {
            Ok(format!("evidence/sha256/{}/{sha256}", &sha256[..2]))
        } else {
            Err(LakeError::invalid(format!(
                "`{sha256}` is no SHA-256 in lowercase hexadecimal"
            )))
        }
    }

    /// Stores a spooled file under its hash; the same file again is no work and no error. Memory
    /// stays bounded whatever the size.
    ///
    /// # Errors
    /// `Corrupt` when the file is not what `sha256` and `size` say; `NotFound` when it is gone.
    pub async fn put_file(&self, file: &FilePath, sha256: &str, size: u64) -> Result<PutOutcome> {
        counted(self.put_file_once(file, sha256, size, false).await, size)
    }

    /// Stores a spooled file as [`put_file`](Self::put_file) does; where the store is a folder of the
    /// same disk, a large one is not copied: it is itself the evidence from then on. The caller was
    /// the only one to write it, has hashed what it wrote, and writes nothing more; its own name of it
    /// it may delete.
    ///
    /// # Errors
    /// Those of [`put_file`](Self::put_file).
    pub async fn give_file(&self, file: &FilePath, sha256: &str, size: u64) -> Result<PutOutcome> {
        counted(self.put_file_once(file, sha256, size, true).await, size)
    }

    async fn put_file_once(
        &self,
        file: &FilePath,
        sha256: &str,
        size: u64,
        gives: bool,
    ) -> Result<PutOutcome> {
        let path = Path::from(self.path_of(sha256)?);
        let doing = format!("cannot store evidence `{sha256}`");
        match self.store.head(&path).await {
            Ok(meta) if meta.size == size => return Ok(PutOutcome::AlreadyThere),
            // A body that was cut off by a crash of the store is written again.
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(LakeError::store(&doing, error)),
        }
        let reading = format!("cannot read the spooled file `{}`", file.display());
        let open = tokio::fs::File::open(file).await;
        let mut spool = open.map_err(|error| LakeError::file(&reading, error))?;
        if size <= ONE_PUT_BYTES {
            let mut body = Vec::new();
            let read = spool.read_to_end(&mut body).await;
            read.map_err(|error| LakeError::file(&reading, error))?;
            same_hash(&Sha256::digest(&body), sha256)?;
            return match self.store.put(&path, PutPayload::from(body)).await {
                Ok(_) => Ok(PutOutcome::Created),
                Err(error) => Err(LakeError::store(&doing, error)),
            };
        }
        let given = GivenFile::new(file);
        let options = if gives {
            given.options()
        } else {
            PutMultipartOptions::default()
        };
        let upload = self.store.put_multipart_opts(&path, options).await;
        let mut upload = upload.map_err(|error| LakeError::store(&doing, error))?;
        if given.is_taken() {
            let length = spool.metadata().await;
            let length = length.map_err(|error| LakeError::file(&reading, error))?;
            same_length(length.len(), size, sha256)?;
            let kept = upload.complete().await;
            kept.map_err(|error| LakeError::store(&doing, error))?;
        } else {
            put_parts(upload, spool, sha256, &reading, &doing).await?;
        }
        Ok(PutOutcome::Created)
    }

    /// Whether a body with this hash is stored.
    ///
    /// # Errors
    /// `Invalid` for a text that is no hash, `Unavailable` when the store does not answer.
    pub async fn exists(&self, sha256: &str) -> Result<bool> {
        exists(&self.store, &Path::from(self.path_of(sha256)?)).await
    }

    /// The body with this hash.
    ///
    /// # Errors
    /// `NotFound` when none is stored.
    pub async fn get(&self, sha256: &str) -> Result<ObjectBody> {
        let got = get(&self.store, &Path::from(self.path_of(sha256)?)).await?;
        let doing = format!("cannot read evidence `{sha256}`");
        let size = got.meta.size;
        let bytes = got
            .into_stream()
            .map_err(move |error| LakeError::store(&doing, error));
        Ok(ObjectBody {
            size,
            bytes: bytes.boxed(),
        })
    }

    /// The body with this hash and size that a segment keeps.
    ///
    /// # Errors
    /// `NotFound` when there is no such segment, `Corrupt` when other bytes lie there.
    pub async fn get_in(
        &self,
        place: &SegmentPlace,
        sha256: &str,
        size: u64,
    ) -> Result<ObjectBody> {
        let range = place.offset..place.offset.saturating_add(size);
        let path = Path::from(place.path.as_str());
        // No store gives a range of nothing.
        let body = if size == 0 {
            Bytes::new()
        } else {
            let got = self.store.get_range(&path, range).await;
            let doing = format!("cannot read evidence `{sha256}` in `{path}`");
            got.map_err(|error| LakeError::store(&doing, error))?
        };
        same_hash(&Sha256::digest(&body), sha256)?;
        Ok(ObjectBody {
            size,
            bytes: futures::stream::once(async { Ok(body) }).boxed(),
        })
    }
}

async fn put_parts(
    upload: Box<dyn MultipartUpload>,
    mut spool: tokio::fs::File,
    sha256: &str,
    reading: &str,
    doing: &str,
) -> Result<()> {
    let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
    let mut hash = Sha256::new();
    let outcome = async {
        loop {
            let mut chunk = Vec::with_capacity(PART_BYTES);
            let read = (&mut spool)
                .take(PART_BYTES as u64)
                .read_to_end(&mut chunk)
                .await;
            if read.map_err(|error| LakeError::file(reading, error))? == 0 {
                return same_hash(&hash.finalize(), sha256);
            }
            hash.update(&chunk);
            let room = parts.wait_for_capacity(PARTS).await;
            room.map_err(|error| LakeError::store(doing, error))?;
            parts.put(Bytes::from(chunk));
        }
    }
    .await;
    if let Err(error) = outcome {
        // What was wrong matters more than the cleaning.
        let _ = parts.abort().await;
        return Err(error);
    }
    parts
        .finish()
        .await
        .map_err(|error| LakeError::store(doing, error))?;
    Ok(())
}

/// Counts what became of a put of evidence.
fn counted(put: Result<PutOutcome>, size: u64) -> Result<PutOutcome> {
    let outcome = match &put {
        Ok(PutOutcome::Created) => "written",
        Ok(PutOutcome::AlreadyThere) => "there",
        Err(_) => "failed",
    };
    metrics::counter!("dtm_evidence_writes_total", "outcome" => outcome).increment(1);
    if outcome == "written" {
        metrics::counter!("dtm_evidence_bytes_total").increment(size);
    }
    put
}

pub(crate) fn same_hash(found: &[u8], expected: &str) -> Result<()> {
    let found = hex::encode(found);
    if found == expected {
        Ok(())
    } else {
        Err(LakeError::corrupt(format!(
            "a body has the SHA-256 `{found}`, not `{expected}`: it changed after it was received"
        )))
    }
}

fn same_length(found: u64, expected: u64, sha256: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(LakeError::corrupt(format!(
        "the body with the SHA-256 `{sha256}` has {found} bytes, not {expected}: it changed after it was \
         received"
    )))
}

/// Small objects with a name: manifests, reports, keys. Each fits in memory.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    /// Objects on `store`.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Writes the object, over whatever is there.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses.
    pub async fn put(&self, path: &str, body: Bytes) -> Result<()> {
        let put = self
            .store
            .put(&Path::from(path), PutPayload::from(body))
            .await;
        put.map_err(|error| LakeError::store(&format!("cannot write `{path}`"), error))?;
        Ok(())
    }

    /// Writes the object if none is there; of racing writers one wins.
    ///
    /// # Errors
    /// `Conflict` when other bytes are there.
    pub async fn create(&self, path: &str, body: Bytes) -> Result<PutOutcome> {
        let doing = format!("cannot create `{path}`");
        let payload = PutPayload::from(body.clone());
        let put = self
            .store
            .put_opts(&Path::from(path), payload, PutMode::Create.into())
            .await;
        match put {
            Ok(_) => Ok(PutOutcome::Created),
            // The store may have retried a put of ours whose answer was lost.
            Err(error @ (Error::AlreadyExists { .. } | Error::Precondition { .. })) => {
                if self.get(path).await? == body {
                    Ok(PutOutcome::AlreadyThere)
                } else {
                    Err(LakeError::store(&doing, error))
                }
            }
            Err(error) => Err(LakeError::store(&doing, error)),
        }
    }

    /// The object's bytes.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        let got = get(&self.store, &Path::from(path)).await?;
        let bytes = got.bytes().await;
        bytes.map_err(|error| LakeError::store(&format!("cannot read `{path}`"), error))
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn exists(&self, path: &str) -> Result<bool> {
        exists(&self.store, &Path::from(path)).await
    }

    /// Removes the object; one that is not there is removed.
    ///
    /// # Errors
    /// `Unavailable` when the store refuses.
    pub async fn delete(&self, path: &str) -> Result<()> {
        match self.store.delete(&Path::from(path)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(LakeError::store(&format!("cannot delete `{path}`"), error)),
        }
    }

    /// The paths of the objects below a folder, sorted.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>> {
        let doing = format!("cannot list `{folder}`");
        let listed = self.store.list(Some(&Path::from(folder)));
        let paths: std::result::Result<Vec<_>, _> = listed
            .map_ok(|meta| meta.location.to_string())
            .try_collect()
            .await;
        let mut paths = paths.map_err(|error| LakeError::store(&doing, error))?;
        paths.sort();
        Ok(paths)
    }
}

async fn get(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<GetResult> {
    let got = store.get(path).await;
    got.map_err(|error| LakeError::store(&format!("cannot read `{path}`"), error))
}

async fn exists(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<bool> {
    match store.head(path).await {
        Ok(_) => Ok(true),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(LakeError::store(
            &format!("cannot look for `{path}`"),
            error,
        )),
    }
}
