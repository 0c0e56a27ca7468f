//! The files of a log on the object store.

use std::sync::Arc;

use async_trait::async_trait;
use audit::log::{Files, LogError, Put, Result};
use bytes::Bytes;
use lake::{LakeError, Objects, PutOutcome};

/// Files below a folder of the store, each written once.
#[derive(Debug, Clone)]
pub struct StoreFiles {
    objects: Objects,
    folder: String,
}

impl StoreFiles {
    /// The files below that folder, which has no slash at either end.
    pub fn new(objects: Objects, folder: impl Into<String>) -> Self {
        Self {
            objects,
            folder: folder.into(),
        }
    }

    fn full(&self, path: &str) -> String {
        format!("{}/{path}", self.folder)
    }
}

#[async_trait]
impl Files for StoreFiles {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        match self.objects.get(&self.full(path)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(LakeError::NotFound(_)) => Ok(None),
            Err(error) => Err(unavailable("read", path, error)),
        }
    }

    async fn put_new(&self, path: &str, bytes: Bytes) -> Result<Put> {
        match self.objects.create(&self.full(path), bytes).await {
            Ok(PutOutcome::Created) => Ok(Put::Created),
            Ok(PutOutcome::AlreadyThere) => Ok(Put::Same),
            Err(LakeError::Conflict(_)) => Ok(Put::Other),
            Err(error) => Err(unavailable("write", path, error)),
        }
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        let listed = self.objects.list(&self.folder).await;
        let listed = listed.map_err(|error| unavailable("list", ".", error))?;
        let below = format!("{}/", self.folder);
        let paths = listed.iter().filter_map(|path| path.strip_prefix(&below));
        Ok(Some(paths.map(str::to_owned).collect()))
    }
}

fn unavailable(doing: &'static str, path: &str, error: LakeError) -> LogError {
    LogError::Unavailable {
        doing,
        path: path.to_owned(),
        source: Arc::new(error),
    }
}
