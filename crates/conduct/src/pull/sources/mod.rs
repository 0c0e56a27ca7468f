//! From what a connector declares to a source.

mod objects;
mod remote;
mod secrets;

pub(crate) use secrets::Vault;

use std::sync::Arc;
use std::time::SystemTime;

use project::{Connector, FolderSource, SourceKind};
use pull::{
    Folder, FolderOptions, Guard, HttpSource, Mark, PullError, SftpSource, Source, SqlSource,
};
use service::{ErrorKind, Result, ServiceError};

use crate::handles::Handles;

/// The source of a connector, for one walk. Whatever reaches the net does so behind a guard that
/// knows what the connector declares, and nothing else.
pub(super) async fn open(handles: &Handles, connector: &Connector) -> Result<Arc<dyn Source>> {
    let guard = Guard::new(&connector.allow_addresses).map_err(failed)?;
    let at = remote::At {
        handles,
        guard: &guard,
        limit_bytes: limit_bytes(handles, connector),
    };
    Ok(match &connector.source {
        SourceKind::Folder(source) => Arc::new(folder(handles, connector, source)),
        SourceKind::Objects(source) => Arc::new(objects::open(&at, source).await?),
        SourceKind::Http(source) => Arc::new(at.http(connector, source).map_err(failed)?),
        SourceKind::Sftp(source) => Arc::new(at.sftp(source).map_err(failed)?),
        SourceKind::Sql(source) => Arc::new(at.sql(source).map_err(failed)?),
    })
}

/// The largest piece that is read.
pub(super) fn limit_bytes(handles: &Handles, connector: &Connector) -> u64 {
    let most = handles.settings.body_bytes;
    connector.limits.bytes.map_or(most, |bytes| bytes.min(most))
}

/// A mark as people are shown it. What only its source understands may hold what is not to be
/// shown, such as a cursor of an API.
pub(super) fn told(connector: &Connector, mark: String) -> Option<String> {
    match &connector.source {
        SourceKind::Folder(_) | SourceKind::Objects(_) => Some(mark),
        SourceKind::Http(_) => HttpSource::told(&Mark(mark)),
        SourceKind::Sftp(_) => SftpSource::told(&Mark(mark)),
        SourceKind::Sql(_) => SqlSource::told(&Mark(mark)),
    }
}

fn folder(handles: &Handles, connector: &Connector, source: &FolderSource) -> Folder {
    Folder::new(FolderOptions {
        folder: handles.settings.home.join(&source.folder),
        quiet: source.quiet,
        now: SystemTime::from(handles.now()),
        spool_folder: handles.settings.spool_folder.clone(),
        limit_bytes: limit_bytes(handles, connector),
    })
}

/// An error of a source: the connector stops until its next time.
pub(super) fn failed(error: PullError) -> ServiceError {
    let kind = match &error {
        PullError::Declared(_) | PullError::Mark(_) | PullError::Answer(_) => ErrorKind::Invalid,
        PullError::Limit(_) => ErrorKind::LimitExceeded,
        PullError::Unavailable(_) | PullError::Spool(_) => ErrorKind::Unavailable,
    };
    let told = ServiceError::new(kind, error.to_string());
    let told = match &error {
        PullError::Mark(_) => told.hint("Read everything again with `dtm pull NAME --from-start`."),
        _ => told,
    };
    told.caused_by(error)
}
