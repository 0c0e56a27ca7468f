//! `object_store`'s local store, made durable and able to compare-and-swap.

use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    Result, UploadPart,
};

use super::GivenFile;
use super::sync::{Disk, Given, Swap};
use crate::error::LakeError;

/// A folder as an object store. Gives: a put is on the disk, with its folders, before it is
/// acknowledged; `PutMode::Create` has one winner; `PutMode::Update` compares and swaps, also
/// between processes; lists are in the order of names. Refuses: object attributes, which a file system cannot keep.
#[derive(Debug)]
pub struct LocalStore {
    inner: LocalFileSystem,
    disk: Arc<Disk>,
    root: PathBuf,
}

impl LocalStore {
    /// Opens the folder, making it when it is not there.
    ///
    /// # Errors
    /// `Unavailable`, naming the folder, when it cannot be made or is not a folder.
    pub fn open(root: &FilePath) -> crate::Result<Self> {
        let doing = format!("cannot open the folder `{}` as a store", root.display());
        let unusable = |error: IoError| {
            let error = match error.kind() {
                // A folder that is there already would be no error.
                ErrorKind::AlreadyExists => IoError::from(ErrorKind::NotADirectory),
                _ => error,
            };
            LakeError::file(&doing, error).or_unavailable()
        };
        std::fs::create_dir_all(root).map_err(unusable)?;
        let root = root.canonicalize().map_err(unusable)?;
        let inner = LocalFileSystem::new_with_prefix(&root)
            .map_err(|error| LakeError::store(&doing, error))?;
        Ok(Self {
            inner,
            disk: Arc::new(Disk::new(root.clone())),
            root,
        })
    }
}

impl fmt::Display for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalStore({})", self.root.display())
    }
}

#[async_trait]
impl ObjectStore for LocalStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        if !opts.attributes.is_empty() {
            return Err(Error::NotImplemented {
                operation: "`put_opts` with attributes".to_owned(),
                implementer: self.to_string(),
            });
        }
        let path = self.inner.path_to_filesystem(location)?;
        let name = location.to_string();
        let disk = self.disk.clone();
        let tag = blocking(move || match opts.mode {
            PutMode::Overwrite => disk
                .overwrite(&path, &payload)
                .map_err(|error| failed(&path, error)),
            PutMode::Create => disk
                .create(&path, &payload)
                .map_err(|error| match error.kind() {
                    ErrorKind::AlreadyExists => Error::AlreadyExists {
                        path: name,
                        source: error.into(),
                    },
                    _ => failed(&path, error),
                }),
            PutMode::Update(version) => {
                let expected = version.e_tag.unwrap_or_default();
                match disk.swap(&path, &payload, &expected) {
                    Ok(Swap::Done(tag)) => Ok(tag),
                    Ok(Swap::Changed) => Err(precondition(name, "the object has changed")),
                    Ok(Swap::Missing) => Err(precondition(name, "the object is not there")),
                    Err(error) => Err(failed(&path, error)),
                }
            }
        })
        .await?;
        Ok(PutResult {
            e_tag: Some(tag),
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.inner.path_to_filesystem(location)?;
        if let Some(given) = opts.extensions.get::<GivenFile>().cloned() {
            let disk = self.disk.clone();
            let (file, place) = (given.path().to_owned(), path.clone());
            if let Some(linked) = blocking(move || Ok(disk.link(&file, &place))).await? {
                given.take();
                return Ok(Box::new(GivenUpload {
                    given: Some(linked),
                    disk: self.disk.clone(),
                }));
            }
        }
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(DurableUpload {
            inner,
            path,
            disk: self.disk.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        sorted(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.settle(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        self.settle(to).await
    }
}

impl LocalStore {
    async fn settle(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location)?;
        let disk = self.disk.clone();
        blocking(move || disk.sync_file(&path).map_err(|error| failed(&path, error))).await
    }
}

/// A multipart upload that is on the disk before `complete` returns.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
    disk: Arc<Disk>,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        let (disk, path) = (self.disk.clone(), self.path.clone());
        blocking(move || disk.sync_file(&path).map_err(|error| failed(&path, error))).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

/// An upload without parts: its file is there, and has its name once `complete` returns.
#[derive(Debug)]
struct GivenUpload {
    given: Option<Given>,
    disk: Arc<Disk>,
}

#[async_trait]
impl MultipartUpload for GivenUpload {
    fn put_part(&mut self, _: PutPayload) -> UploadPart {
        Box::pin(async { Err(without_parts()) })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let given = self.given.take().ok_or_else(without_parts)?;
        let disk = self.disk.clone();
        let path = given.path().to_owned();
        let kept = move || disk.keep(given).map_err(|error| failed(&path, error));
        Ok(PutResult {
            e_tag: Some(blocking(kept).await?),
            version: None,
        })
    }

    async fn abort(&mut self) -> Result<()> {
        self.given = None;
        Ok(())
    }
}

fn without_parts() -> Error {
    Error::NotSupported {
        source: "a given file is completed once, and has no parts".into(),
    }
}

/// In the order of names, as S3 lists: reading a Delta log rests on it.
fn sorted(
    listed: BoxStream<'static, Result<ObjectMeta>>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let collected = async move {
        let mut objects: Vec<_> = listed.try_collect().await?;
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        Ok::<_, Error>(stream::iter(objects.into_iter().map(Ok)))
    };
    stream::once(collected).try_flatten().boxed()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

fn precondition(path: String, reason: &'static str) -> Error {
    Error::Precondition {
        path,
        source: reason.into(),
    }
}

fn failed(path: &FilePath, error: IoError) -> Error {
    let path = path.display().to_string();
    match error.kind() {
        ErrorKind::NotFound => Error::NotFound {
            path,
            source: error.into(),
        },
        ErrorKind::PermissionDenied => Error::PermissionDenied {
            path,
            source: error.into(),
        },
        _ => Error::Generic {
            store: "LocalStore",
            source: Box::new(Named { path, error }),
        },
    }
}

/// An error of the operating system, with the file it is about.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`: {error}")]
struct Named {
    path: String,
    #[source]
    error: IoError,
}
