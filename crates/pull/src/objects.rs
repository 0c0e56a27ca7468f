//! A folder of an object store that others write into.
//!
//! Objects are there as a whole or not at all, so none is still growing. One that was taken is
//! moved beside its papers as a file of a drop folder is; or all stay, where we may only read, and
//! then only those are new whose names follow the last one in order.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetResult, ObjectMeta, ObjectStore, ObjectStoreExt};

use crate::kept::Kept;
use crate::names::{end, is_put_away, is_unready, paper};
use crate::{Mark, Outcome, Piece, PullError, Result, Source};

/// Objects of one look; the next ones wait for the next.
const OBJECTS: usize = 100_000;

/// How a folder of an object store is read.
#[derive(Debug, Clone)]
pub struct ObjectsOptions {
    /// What people call the place, without secrets.
    pub address: String,
    /// Whether an object that was taken is moved; else it stays.
    pub moves: bool,
    /// Where pieces are kept, on a disk of ours.
    pub spool_folder: PathBuf,
    /// The largest object that is read; of a larger one there is a piece without bytes.
    pub limit_bytes: u64,
}

/// The objects of a store, which is handed in at the folder that is read.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    options: ObjectsOptions,
    /// What lay there when the walk began, in order.
    found: Mutex<Option<Arc<Vec<ObjectMeta>>>>,
    /// The states in which pieces were read.
    read: Mutex<HashMap<String, State>>,
}

/// What tells one state of an object from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    e_tag: Option<String>,
    size: u64,
    modified_ms: i64,
}

impl State {
    fn of(meta: &ObjectMeta) -> Self {
        Self {
            e_tag: meta.e_tag.clone(),
            size: meta.size,
            modified_ms: meta.last_modified.timestamp_millis(),
        }
    }
}

impl Objects {
    /// One look, which begins when the first piece is asked for.
    pub fn new(store: Arc<dyn ObjectStore>, options: ObjectsOptions) -> Self {
        Self {
            store,
            options,
            found: Mutex::new(None),
            read: Mutex::default(),
        }
    }

    /// Where an object stands in the order of the walk: by time where they are moved away, by name
    /// where they stay.
    fn mark(&self, meta: &ObjectMeta) -> String {
        if self.options.moves {
            let written = meta.last_modified.timestamp_millis().max(0);
            format!("{written:020}:{}", meta.location)
        } else {
            meta.location.to_string()
        }
    }

    async fn found(&self, mark: Option<&Mark>) -> Result<Arc<Vec<ObjectMeta>>> {
        let known = self.slot().clone();
        // Where objects stay, the first question of a walk comes with a mark of an earlier one.
        if let Some(found) = known.filter(|_| mark.is_some()) {
            return Ok(found);
        }
        let listed = match mark {
            Some(mark) if !self.options.moves => {
                let after = Path::parse(&mark.0)
                    .map_err(|_| PullError::Declared("the mark is none of this source".into()))?;
                self.store.list_with_offset(None, &after)
            }
            _ => self.store.list(None),
        };
        let ready = listed.try_filter(|meta| std::future::ready(is_ready(&meta.location)));
        let mut found: Vec<ObjectMeta> = ready
            .take(OBJECTS)
            .try_collect()
            .await
            .map_err(|error| self.failed("list", "", error))?;
        found.sort_by_cached_key(|meta| self.mark(meta));
        let found = Arc::new(found);
        *self.slot() = Some(Arc::clone(&found));
        Ok(found)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Vec<ObjectMeta>>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn states(&self) -> std::sync::MutexGuard<'_, HashMap<String, State>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object as a piece; none if it is gone.
    async fn piece(&self, meta: &ObjectMeta) -> Result<Option<Piece>> {
        let name = meta.location.to_string();
        let mut spool = Kept::create(&self.options.spool_folder, self.options.limit_bytes)?;
        let mut state = State::of(meta);
        if meta.size <= self.options.limit_bytes {
            let got = match self.store.get(&meta.location).await {
                Ok(got) => got,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(self.failed("read", &name, error)),
            };
            state = State::of(&got.meta);
            self.fill(&mut spool, got, &name).await?;
        }
        let (mut body, _) = spool.finish()?;
        body.as_file_mut().flush()?;
        let size_bytes = state.size;
        self.states().insert(name.clone(), state);
        Ok(Some(Piece {
            mark: Mark(self.mark(meta)),
            name,
            content_type: "application/octet-stream".to_owned(),
            body,
            size_bytes,
        }))
    }

    async fn fill(&self, spool: &mut Kept, got: GetResult, name: &str) -> Result<()> {
        let mut bytes = got.into_stream();
        while let Some(chunk) = bytes.next().await {
            spool.push(&chunk.map_err(|error| self.failed("read", name, error))?)?;
        }
        Ok(())
    }

    fn failed(&self, doing: &str, name: &str, error: object_store::Error) -> PullError {
        let at = &self.options.address;
        let what = if name.is_empty() {
            format!("`{at}`")
        } else {
            format!("`{name}` of `{at}`")
        };
        match error {
            object_store::Error::InvalidPath { source } => PullError::Answer(format!(
                "cannot {doing} {what}: an object has a name that leaves its folder or is no path \
                 ({source}); rename it"
            )),
            error => PullError::Unavailable(format!("cannot {doing} {what}: {}", told(&error))),
        }
    }

    async fn put_away(&self, name: &str, outcome: &Outcome) -> Result<()> {
        let failed = |error| self.failed("put away", name, error);
        let from = Path::parse(name)
            .map_err(|_| PullError::Declared(format!("`{name}` is no object's name")))?;
        let (folder, file) = match name.rsplit_once('/') {
            Some((folder, file)) => (format!("{folder}/"), file),
            None => (String::new(), name),
        };
        // Joined as texts: what is joined as parts is escaped again.
        let beside_it = |file: &str| {
            let (end, slot) = (end(outcome.landed), &outcome.slot);
            let path = Path::parse(format!("{folder}{end}/{slot}/{file}"));
            path.map_err(|_| PullError::Declared(format!("`{name}` is no object's name")))
        };
        for beside in &outcome.papers {
            let path = beside_it(&paper(file, beside.ending))?;
            let bytes = beside.bytes.clone().into();
            self.store.put(&path, bytes).await.map_err(failed)?;
        }
        let now = match self.store.head(&from).await {
            Ok(now) => State::of(&now),
            // Whoever looked at the same time has moved it.
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let read = self.states().get(name).cloned();
        if read.is_some_and(|read| read != now) {
            // It is another body by now, which is a piece of its own.
            tracing::warn!(
                piece = name,
                "an object was written again after it was read; it is left"
            );
            return Ok(());
        }
        self.store
            .copy(&from, &beside_it(file)?)
            .await
            .map_err(failed)?;
        self.store.delete(&from).await.map_err(failed)
    }
}

#[async_trait]
impl Source for Objects {
    async fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>> {
        let found = self.found(mark).await?;
        let after = mark.map(|mark| mark.0.as_str());
        for meta in found.iter() {
            if after.is_some_and(|after| *self.mark(meta) <= *after) {
                continue;
            }
            if let Some(piece) = self.piece(meta).await? {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    async fn done(&self, piece: &Piece) -> Result<()> {
        let outcome = Outcome {
            landed: true,
            slot: "taken".to_owned(),
            papers: Vec::new(),
        };
        self.settled(piece, &outcome).await
    }

    async fn settled(&self, piece: &Piece, outcome: &Outcome) -> Result<()> {
        if self.options.moves {
            self.put_away(&piece.name, outcome).await
        } else {
            Ok(())
        }
    }

    fn begins_anew(&self) -> bool {
        self.options.moves
    }
}

/// Whether nothing in the path says that it is not ready, or was put away.
fn is_ready(path: &Path) -> bool {
    let mut parts: Vec<_> = path.parts().collect();
    let file = parts.pop();
    let is_file = file.is_some_and(|file| !is_unready(file.as_ref()));
    is_file
        && !parts
            .iter()
            .any(|part| is_put_away(part.as_ref()) || part.as_ref().starts_with('.'))
}

/// An error's own words, which are long where a server answered with a page.
fn told(error: &object_store::Error) -> String {
    let words = error.to_string();
    let line = words.lines().next().unwrap_or_default();
    line.chars().take(300).collect()
}

#[cfg(test)]
mod tests;
