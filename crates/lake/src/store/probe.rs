//! Whether a store keeps the promises that a commit rests on.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use crate::error::{LakeError, Result};
use crate::given::Given;

/// How many writers race for one object.
const RACERS: usize = 4;

/// What a store was seen to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreFacts {
    /// Whether an object can be replaced on condition that it has not changed.
    pub compare_and_swap: bool,
}

/// Tries the store at start: racing writers that may each only create must have one winner, and
/// what the winner wrote must be what is read. Cleans up behind itself.
///
/// # Errors
/// `Unavailable` when the store cannot be written or read, with the reason; `Invalid` when it
/// lets two writers create the same object, or swaps an object that has changed: a lake on such a
/// store would lose submissions.
pub async fn probe(store: &Arc<dyn ObjectStore>, given: &Given) -> Result<StoreFacts> {
    let path = Path::from(format!("probe/{}", given.id()));
    let outcome = try_out(store, &path).await;
    // A probe that stays behind does no harm, and the outcome matters more than the cleaning.
    let _ = store.delete(&path).await;
    outcome
}

async fn try_out(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<StoreFacts> {
    let doing = format!("cannot write to the store `{store}`");
    let bodies: Vec<Bytes> = (0..RACERS)
        .map(|n| Bytes::from(format!("racer {n}")))
        .collect();
    let puts = bodies
        .iter()
        .map(|body| store.put_opts(path, PutPayload::from(body.clone()), PutMode::Create.into()));
    let mut winner = None;
    for (body, put) in bodies.iter().zip(join_all(puts).await) {
        match put {
            Ok(_) if winner.is_some() => return Err(unfit(store, "two writers create one object")),
            Ok(result) => winner = Some((body.clone(), UpdateVersion::from(result))),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
            Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                return Err(unfit(store, "it has no `If-None-Match: *`"));
            }
            Err(error) => return Err(LakeError::store(&doing, error).or_unavailable()),
        }
    }
    let Some((body, version)) = winner else {
        return Err(unfit(store, "no writer could create a new object"));
    };
    let reading = format!("cannot read from the store `{store}`");
    let got = store
        .get(path)
        .await
        .map_err(|error| LakeError::store(&reading, error))?;
    let read = got
        .bytes()
        .await
        .map_err(|error| LakeError::store(&reading, error))?;
    if read != body {
        return Err(unfit(
            store,
            "what was read is not what the first writer wrote",
        ));
    }
    Ok(StoreFacts {
        compare_and_swap: swaps(store, path, version).await?,
    })
}

async fn swaps(store: &Arc<dyn ObjectStore>, path: &Path, first: UpdateVersion) -> Result<bool> {
    let swap = |body: &'static str, version: UpdateVersion| {
        let options = PutOptions::from(PutMode::Update(version));
        store.put_opts(path, PutPayload::from_static(body.as_bytes()), options)
    };
    match swap("second", first.clone()).await {
        Ok(_) => {}
        // The numbered objects that commits are made of need no swap.
        Err(_) => return Ok(false),
    }
    match swap("third", first).await {
        Ok(_) => Err(unfit(store, "it swaps an object that has changed")),
        Err(_) => Ok(true),
    }
}

fn unfit(store: &Arc<dyn ObjectStore>, why: &str) -> LakeError {
    LakeError::invalid(format!(
        "the store `{store}` cannot hold a lake: {why}; use a store with conditional writes"
    ))
}
