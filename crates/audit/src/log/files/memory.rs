//! Files in memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Files, Put};
use crate::log::Result;

/// Files that are gone with the process: for tests and for what is verified in passing.
#[derive(Debug, Default)]
pub struct MemoryFiles(Mutex<BTreeMap<String, Bytes>>);

impl MemoryFiles {
    /// These files.
    pub fn new(files: BTreeMap<String, Bytes>) -> Self {
        Self(Mutex::new(files))
    }

    /// A copy of all files.
    pub fn snapshot(&self) -> BTreeMap<String, Bytes> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Files for MemoryFiles {
    async fn get(&self, path: &str) -> Result<Option<Bytes>> {
        Ok(self.lock().get(path).cloned())
    }

    async fn put_new(&self, path: &str, bytes: Bytes) -> Result<Put> {
        Ok(match self.lock().entry(path.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(bytes);
                Put::Created
            }
            Entry::Occupied(there) if *there.get() == bytes => Put::Same,
            Entry::Occupied(_) => Put::Other,
        })
    }

    async fn list(&self) -> Result<Option<Vec<String>>> {
        Ok(Some(self.lock().keys().cloned().collect()))
    }
}
