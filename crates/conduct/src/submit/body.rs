//! The body on its way to disk.

use std::sync::Arc;
use std::time::Duration;

use access::{Place, Seat};
use bytes::Bytes;
use futures::StreamExt;
use ingest::{IngestError, Spool, Spooled};
use service::{ByteStream, Door, ErrorKind, Result, ServiceError};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::admit::{self, InWork};
use crate::failure;
use crate::handles::Handles;

/// Bytes gathered before they are written, so that small chunks do not cost a thread hop each.
const GATHER_BYTES: usize = 256 << 10;

/// A complete body.
pub(crate) struct Body {
    pub spooled: Arc<Spooled>,
    pub turn: Turn,
}

/// The turn of a body to be checked. It ends when it is checked: whoever waits for his commit keeps
/// nobody from his turn.
pub(crate) enum Turn {
    /// Nobody waits yet: one that is landed again at the start.
    Free,
    /// A large body has it before it is kept, so that few are copied at the same time.
    Had(Place),
    /// Many small ones are kept together, and wait for it afterwards.
    Due(Arc<Seat>),
}

impl Turn {
    /// Waits for the place to check the body at.
    pub(crate) async fn come(self, size_bytes: u64) -> Result<Option<Place>> {
        match self {
            Self::Free => Ok(None),
            Self::Had(place) => Ok(Some(place)),
            Self::Due(seat) => admit::turn(&seat, size_bytes, false).await.map(Some),
        }
    }
}

/// Keeps the body, in the spool folder unless it is small, while hashing it. Refuses a body over the limit, one that
/// stands still, one that ends before it is complete, and one that is not complete when the node
/// stops: then nothing of it is kept.
pub(crate) async fn spool(handles: &Handles, door: Door, mut body: ByteStream) -> Result<Spooled> {
    let _receiving = InWork::of("receiving");
    let spool = Spool::new(&handles.settings.spool_folder, handles.settings.body_bytes);
    let (mut gathered, mut small) = (Vec::new(), true);
    let mut writing = Writing::Idle(Box::new(spool), Vec::new());
    loop {
        let chunk = match next(handles, door, &mut body).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => {
                // When it is told, nothing is written any more.
                drop(writing.end().await);
                return Err(error);
            }
        };
        gathered.extend_from_slice(&chunk);
        if gathered.len() >= GATHER_BYTES {
            small = false;
            let (spool, spare) = writing.end().await?;
            let bytes = std::mem::replace(&mut gathered, spare);
            writing = Writing::Busy(spawn_blocking(move || push(spool, bytes)));
        }
    }
    let (mut spool, _) = writing.end().await?;
    small &= gathered.len() <= Spool::MEMORY_BYTES;
    let end = move || spool.push(&gathered).and_then(|()| spool.finish());
    if small {
        // It stays in memory: nothing of it blocks.
        return end().map_err(failure::body);
    }
    blocking(end).await
}

/// The next bytes of a body.
pub(crate) async fn next(
    handles: &Handles,
    door: Door,
    body: &mut ByteStream,
) -> Result<Option<Bytes>> {
    let met = |wait_ms| {
        format!("the body met the limit `submission.wait_ms` of {wait_ms} ms without a byte")
    };
    let chunk = patiently(handles, door, body.next(), met).await?;
    chunk.transpose().map_err(|error| {
        ServiceError::new(ErrorKind::Invalid, "the body ended before it was complete")
            .hint("Send it again; nothing of it was kept.")
            .caused_by(error)
    })
}

/// What is waited for, unless that takes too long or the node stops.
async fn patiently<T>(
    handles: &Handles,
    door: Door,
    wanted: impl Future<Output = T>,
    met: impl FnOnce(u64) -> String,
) -> Result<T> {
    let wait_ms = handles.settings.body_wait_ms;
    let wait = match door {
        // It is read on this machine, and whoever sends it waits for nobody else.
        Door::Cli | Door::Connector => Duration::MAX,
        Door::Http | Door::Page => Duration::from_millis(wait_ms),
    };
    let mut stopping = handles.stopping.subscribe();
    let again = |message: String| {
        ServiceError::new(ErrorKind::Unavailable, message)
            .hint("Send it again in a moment; nothing of it was kept.")
    };
    tokio::select! {
        // A body that arrives without a pause is given up too: gigabytes may be to come.
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => {
            Err(again("the node is stopping, and the body was not complete".to_owned()))
        }
        got = timeout(wait, wanted) => {
            got.map_err(|_| again(met(wait_ms)))
        }
    }
}

/// A spool that takes bytes, or writes those that came while more are on their way; and the memory
/// for the next.
enum Writing {
    Idle(Box<Spool>, Vec<u8>),
    Busy(JoinHandle<Written>),
}

type Written = std::result::Result<(Spool, Vec<u8>), IngestError>;

impl Writing {
    /// The spool when everything is written, and memory to gather in.
    async fn end(self) -> Result<(Spool, Vec<u8>)> {
        match self {
            Self::Idle(spool, spare) => Ok((*spool, spare)),
            Self::Busy(task) => joined(task.await),
        }
    }
}

fn push(mut spool: Spool, mut bytes: Vec<u8>) -> Written {
    spool.push(&bytes)?;
    bytes.clear();
    Ok((spool, bytes))
}

/// Runs work that blocks, away from the threads that wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, IngestError> + Send + 'static,
) -> Result<T> {
    joined(spawn_blocking(work).await)
}

fn joined<T>(
    done: std::result::Result<std::result::Result<T, IngestError>, JoinError>,
) -> Result<T> {
    match done {
        Ok(answer) => answer.map_err(failure::body),
        Err(error) => Err(
            ServiceError::new(ErrorKind::Internal, "a worker thread failed")
                .hint("Send it again, and report the defect.")
                .caused_by(error),
        ),
    }
}
