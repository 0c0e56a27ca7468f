//! A drop folder: people and programs put files into it, and get receipts beside them.
//!
//! A file is taken when it has stood still. Afterwards it is moved, with what became of it, into
//! `done/` or `refused/` in the folder where it lay; nothing is ever deleted. Papers are written
//! first and the file is moved last, into a folder that the end of the piece names. So a file that
//! still lies in its place was not put away, and putting it away again is the same.

mod dir;
mod look;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::kept::Kept;
use crate::names::{end, paper};
use crate::{Mark, Outcome, Piece, PullError, Result, Source};
use dir::{Dir, Stamp};
use look::{Found, look, refuse};

/// How a drop folder is watched.
#[derive(Debug, Clone)]
pub struct FolderOptions {
    /// The folder, which must exist.
    pub folder: PathBuf,
    /// How long a file must have stood still.
    pub quiet: Duration,
    /// When this look happens.
    pub now: SystemTime,
    /// Where pieces are kept, on a disk of ours.
    pub spool_folder: PathBuf,
    /// The largest file that is read; a larger one is a piece without bytes.
    pub limit_bytes: u64,
}

/// One look at a drop folder.
///
/// A piece is named by its path in the folder, joined by `/`. One that is over the limit comes with
/// an empty body and its true size, so that whoever asked can refuse it to its sender.
pub struct Folder(Arc<Inner>);

struct Inner {
    options: FolderOptions,
    /// What lay there when the walk began, oldest first.
    found: Mutex<Option<Arc<Vec<Found>>>>,
    /// The states in which pieces were read.
    read: Mutex<HashMap<String, Stamp>>,
}

impl Folder {
    /// A look that begins when the first piece is asked for.
    pub fn new(options: FolderOptions) -> Self {
        Self(Arc::new(Inner {
            options,
            found: Mutex::new(None),
            read: Mutex::default(),
        }))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| PullError::Spool(io::Error::other(error)))?
    }
}

#[async_trait]
impl Source for Folder {
    async fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>> {
        let mark = mark.cloned();
        self.blocking(move |inner| inner.next(mark.as_ref())).await
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
        let (name, outcome) = (piece.name.clone(), outcome.clone());
        self.blocking(move |inner| inner.put_away(&name, &outcome))
            .await
    }

    fn begins_anew(&self) -> bool {
        true
    }
}

impl Inner {
    fn next(&self, mark: Option<&Mark>) -> Result<Option<Piece>> {
        let found = self.found(mark.is_none())?;
        let after = mark.map(|mark| mark.0.as_str());
        let first = found.partition_point(|found| after.is_some_and(|mark| *found.mark <= *mark));
        for found in &found[first..] {
            if let Some(piece) = self.piece(found)? {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// What lies there; looked at again when the walk begins again.
    fn found(&self, again: bool) -> Result<Arc<Vec<Found>>> {
        let mut slot = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(found) if !again => Ok(Arc::clone(found)),
            _ => {
                let found = Arc::new(look(&self.root()?, &self.options)?);
                *slot = Some(Arc::clone(&found));
                Ok(found)
            }
        }
    }

    fn root(&self) -> Result<Dir> {
        Dir::open(&self.options.folder).map_err(|error| {
            let folder = self.options.folder.display();
            PullError::Unavailable(format!("cannot read the folder `{folder}`: {error}"))
        })
    }

    /// The folder in which a file lies, and its name there.
    fn place<'n>(&self, name: &'n str) -> Result<(Dir, &'n OsStr)> {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let names = folder.split('/').filter(|name| !name.is_empty());
        let dir = self.root()?.at(names);
        let dir = dir.map_err(|error| self.failed("open the folder of", name, &error))?;
        Ok((dir, OsStr::new(file)))
    }

    /// A file as a piece; none if it is gone, or was written to while it was read.
    fn piece(&self, found: &Found) -> Result<Option<Piece>> {
        let (dir, file_name) = match self.place(&found.name) {
            Ok(place) => place,
            // Its folder was taken away since the walk began.
            Err(error) => {
                tracing::debug!(piece = %found.name, %error, "a file is gone");
                return Ok(None);
            }
        };
        let unread = |error: io::Error| self.failed("read", &found.name, &error);
        let (file, before) = match dir.file(file_name) {
            Ok(open) => open,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let refused = refuse(&dir, file_name, "this program may not read it");
                refused.map_err(unread)?;
                return Ok(None);
            }
            Err(error) => return Err(unread(error)),
        };
        if before != found.stamp {
            return Ok(None);
        }
        let limit = self.options.limit_bytes;
        let mut spool = Kept::create(&self.options.spool_folder, limit)?;
        let mut size_bytes = before.size_bytes;
        if size_bytes <= limit {
            match spool.fill(file, unread) {
                // It has grown, so it is not ready.
                Err(PullError::Limit(_)) => return Ok(None),
                filled => filled?,
            }
            if dir.stamp(file_name).map_err(unread)? != Some(before) {
                tracing::debug!(piece = %found.name, "a file is still written");
                return Ok(None);
            }
        }
        let (body, read) = spool.finish()?;
        if read > 0 {
            size_bytes = read;
        }
        let mut stamps = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        stamps.insert(found.name.clone(), before);
        Ok(Some(Piece {
            name: found.name.clone(),
            content_type: "application/octet-stream".to_owned(),
            body,
            size_bytes,
            mark: Mark(found.mark.clone()),
        }))
    }

    fn put_away(&self, name: &str, outcome: &Outcome) -> Result<()> {
        let (dir, file_name) = self.place(name)?;
        let failed = |error: io::Error| self.failed("put away", name, &error);
        let stamps = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let read = stamps.get(name).copied();
        drop(stamps);
        let now = dir.stamp(file_name).map_err(failed)?;
        if let (Some(now), Some(read)) = (now, read)
            && now != read
        {
            // It is another body by now, which is a piece of its own.
            tracing::warn!(
                piece = name,
                "a file was written to after it was read; it is left"
            );
            return Ok(());
        }
        let shown = file_name.to_string_lossy();
        let ends = dir.made(end(outcome.landed)).map_err(failed)?;
        let slot = ends.made(&outcome.slot).map_err(failed)?;
        for beside in &outcome.papers {
            let paper_name = paper(&shown, beside.ending);
            slot.write(&paper_name, &beside.bytes).map_err(failed)?;
        }
        match dir.moved(file_name, &slot, file_name) {
            // Whoever looked at the same time has moved it, or its sender took it back.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            moved => moved.map_err(failed),
        }
    }

    fn failed(&self, doing: &str, name: &str, error: &io::Error) -> PullError {
        let folder = self.options.folder.display();
        PullError::Unavailable(format!(
            "cannot {doing} `{name}` of the folder `{folder}`: {error}"
        ))
    }
}

#[cfg(test)]
mod tests;
