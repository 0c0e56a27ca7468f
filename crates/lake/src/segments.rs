//! Small bodies, many to an object: each would cost a request and an fsync of its own.
//!
//! A segment is a ZIP archive without compression. Its entries are the bodies as received, each
//! named by its SHA-256, and its directory is the index; any program reads it. The object is named
//! by its own SHA-256 when it is written, and no two are alike: a comment tells them apart, so that
//! what is erased from one is not put back by writing another. Of a body that is erased zeros stay.

use std::collections::HashMap;
use std::io::{Cursor, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::error::{LakeError, Result};
use crate::given::Given;
use crate::objects::same_hash;

/// The folder of the segments.
pub(crate) const FOLDER: &str = "evidence/segments";

/// The limits of the writer of segments.
#[derive(Debug, Clone, Copy)]
pub struct SegmentSettings {
    /// Bodies that may wait; another waits for its place in the queue.
    pub queue: usize,
    /// Bodies in one segment.
    pub bodies: usize,
    /// A segment is closed once it holds this much.
    pub bytes: usize,
    /// Segments that are put at the same time.
    pub at_once: usize,
}

impl Default for SegmentSettings {
    fn default() -> Self {
        Self {
            queue: 256,
            bodies: 4096,
            bytes: 8 << 20,
            at_once: 4,
        }
    }
}

/// Where a body lies in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentPlace {
    /// The object.
    pub path: String,
    /// Its first byte there.
    pub offset: u64,
}

/// The writer of segments in this process. Cheap to clone; clones share one queue.
#[derive(Debug, Clone)]
pub struct Segments {
    queue: Arc<Mutex<Option<mpsc::Sender<Waiting>>>>,
    ended: watch::Receiver<()>,
}

#[derive(Debug)]
struct Waiting {
    sha256: String,
    body: Bytes,
    answer: oneshot::Sender<Result<SegmentPlace>>,
}

impl Segments {
    /// Starts the writer as a task of `on`. It ends when it is drained or when the last clone is
    /// dropped.
    pub(crate) fn start(
        store: Arc<dyn ObjectStore>,
        given: Given,
        settings: SegmentSettings,
        on: &Handle,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(settings.queue.max(1));
        let (ending, ended) = watch::channel(());
        on.spawn(async move {
            run((store, given), settings, waiting).await;
            drop(ending);
        });
        Self {
            queue: Arc::new(Mutex::new(Some(queue))),
            ended,
        }
    }

    /// Keeps a body together with others that wait; returns where, when it is on the store.
    ///
    /// # Errors
    /// `Corrupt` when the body is not what its SHA-256 says; `Unavailable` when the store refuses
    /// or the writer is drained. It may be given again after any.
    pub async fn put(&self, sha256: &str, body: Bytes) -> Result<SegmentPlace> {
        same_hash(&Sha256::digest(&body), sha256)?;
        let ended = || {
            LakeError::unavailable(
                "cannot keep a body: the node is shutting down; submit again later",
            )
        };
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (answer, answered) = oneshot::channel();
        let size = body.len() as u64;
        let waiting = Waiting {
            sha256: sha256.to_owned(),
            body,
            answer,
        };
        let sent = match queue {
            Some(queue) => queue.send(waiting).await.is_ok(),
            None => false,
        };
        if !sent {
            return Err(ended());
        }
        let kept = answered.await.unwrap_or_else(|_| Err(ended()));
        let outcome = if kept.is_ok() { "written" } else { "failed" };
        metrics::counter!("dtm_evidence_writes_total", "outcome" => outcome).increment(1);
        if kept.is_ok() {
            metrics::counter!("dtm_evidence_bytes_total").increment(size);
        }
        kept
    }

    /// Takes no more bodies, keeps those that wait, and returns when all are answered.
    pub async fn drain(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut ended = self.ended.clone();
        // An error says that the task has ended, which is what is waited for.
        while ended.changed().await.is_ok() {}
    }
}

/// What waits while segments are put goes into the next. One that is slow stops no other.
async fn run(
    (store, given): (Arc<dyn ObjectStore>, Given),
    settings: SegmentSettings,
    mut waiting: mpsc::Receiver<Waiting>,
) {
    let mut under_way = FuturesUnordered::new();
    loop {
        let first = tokio::select! {
            biased;
            Some(()) = under_way.next(), if !under_way.is_empty() => continue,
            first = waiting.recv(), if under_way.len() < settings.at_once.max(1) => first,
        };
        let Some(first) = first else { break };
        let mut bytes = first.body.len();
        let mut group = vec![first];
        while bytes < settings.bytes && group.len() < settings.bodies {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += next.body.len();
            group.push(next);
        }
        under_way.push(keep_all(&store, given.id(), group));
    }
    while under_way.next().await.is_some() {}
}

/// Keeps a group and answers each of it.
async fn keep_all(store: &Arc<dyn ObjectStore>, id: String, group: Vec<Waiting>) {
    let kept = keep(store, &id, &group).await;
    for waiting in group {
        let place = match &kept {
            Ok((path, offsets)) => match offsets.get(&waiting.sha256) {
                Some(&offset) => Ok(SegmentPlace {
                    path: path.clone(),
                    offset,
                }),
                None => Err(LakeError::corrupt(format!(
                    "segment `{path}` was written without `{}`",
                    waiting.sha256
                ))),
            },
            Err(error) => Err(error.again()),
        };
        // Whoever went away does not need the answer.
        let _ = waiting.answer.send(place);
    }
}

async fn keep(
    store: &Arc<dyn ObjectStore>,
    id: &str,
    group: &[Waiting],
) -> Result<(String, HashMap<String, u64>)> {
    let bodies = group.iter().map(|one| (one.sha256.as_str(), &one.body[..]));
    let (archive, offsets) = pack(bodies, id)
        .map_err(|error| LakeError::internal("cannot put bodies into a segment", error))?;
    let hash = hex::encode(Sha256::digest(&archive));
    let path = format!("{FOLDER}/{}/{hash}.zip", &hash[..2]);
    let put = store
        .put(&Path::from(path.as_str()), PutPayload::from(archive))
        .await;
    put.map_err(|error| LakeError::store(&format!("cannot store evidence in `{path}`"), error))?;
    Ok((path, offsets))
}

/// The archive, and where each body begins in it.
pub(crate) fn pack<'b>(
    bodies: impl Iterator<Item = (&'b str, &'b [u8])> + Clone,
    comment: &str,
) -> zip::result::ZipResult<(Vec<u8>, HashMap<String, u64>)> {
    let bytes: usize = bodies.clone().map(|(_, body)| body.len() + 256).sum();
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes)));
    zip.set_comment(comment)?;
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut names = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (sha256, body) in bodies {
        if seen.insert(sha256) {
            zip.start_file(sha256, stored)?;
            zip.write_all(body)?;
            names.push(sha256);
        }
    }
    let mut read = zip.finish_into_readable()?;
    let mut offsets = HashMap::with_capacity(names.len());
    for (at, name) in names.into_iter().enumerate() {
        if let Some(offset) = read.by_index(at)?.data_start() {
            offsets.insert(name.to_owned(), offset);
        }
    }
    Ok((read.into_inner().into_inner(), offsets))
}
