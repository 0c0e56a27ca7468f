//! What is read of the log through a door: the newest checkpoint, tiles, bundles, side objects.

use audit::log::{Place, TileKind, newest_checkpoint};
use bytes::Bytes;
use serde_json::json;
use service::{Action, Call, ErrorKind, Result, ServiceError};

use super::AuditLog;
use crate::failure;
use crate::handles::Handles;
use crate::perform::{About, Gate};

/// The newest checkpoint. It says nothing of what the entries are.
pub(crate) async fn checkpoint(handles: &Handles) -> Result<String> {
    let log = log(handles)?;
    if let Ok(work) = log.work.try_lock()
        && let Some(note) = work.as_ref().and_then(|work| work.sequencer.checkpoint())
    {
        return Ok(note.to_string());
    }
    let trust = log.trust(handles).map_err(failure::log)?;
    let newest = newest_checkpoint(log.files.as_ref(), &trust).await;
    match newest.map_err(failure::log)? {
        Some((_, checkpoint)) => Ok(checkpoint.note.to_string()),
        None => Err(absent("checkpoint")),
    }
}

/// A tile of hashes, by its path in the log.
pub(crate) async fn hash_tile(handles: &Handles, path: &str) -> Result<Bytes> {
    match path.parse() {
        Ok(Place::Tile(tile)) if matches!(tile.kind, TileKind::Hashes(_)) => {
            get(log(handles)?, path).await
        }
        _ => Err(absent(path)),
    }
}

/// A bundle of entries or a side object, by its path in the log.
pub(crate) async fn closed_file(gate: &Gate, call: &Call, path: &str) -> Result<Bytes> {
    let about = About::named("audit log").detail(json!({ "path": path }));
    let path = path.to_owned();
    gate.perform(call, Action::ReadAudit, about, |handles, _| async move {
        let is_closed = match path.parse() {
            Ok(Place::Tile(tile)) => tile.kind == TileKind::Entries,
            Ok(Place::Side(_)) => true,
            _ => false,
        };
        if is_closed {
            get(log(&handles)?, &path).await
        } else {
            Err(absent(&path))
        }
    })
    .await
}

fn log(handles: &Handles) -> Result<&AuditLog> {
    handles.log.get().ok_or_else(|| absent("checkpoint"))
}

async fn get(log: &AuditLog, path: &str) -> Result<Bytes> {
    let found = log.files.get(path).await.map_err(failure::log)?;
    found.ok_or_else(|| absent(path))
}

fn absent(path: &str) -> ServiceError {
    let message = format!("the audit log has no file `{path}`");
    ServiceError::new(ErrorKind::NotFound, message).hint(
        "`/audit/checkpoint` says how many entries it has; it follows an act by some seconds.",
    )
}
