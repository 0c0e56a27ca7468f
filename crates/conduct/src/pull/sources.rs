//! From what a connector declares to a source.

use std::sync::Arc;
use std::time::SystemTime;

use lake::{S3Settings, StoreLocation, open_store};
use project::{Connector, FolderSource, ObjectsSource, PutAway, SecretRef, SourceKind};
use pull::{Folder, FolderOptions, Objects, ObjectsOptions, PullError, Source};
use service::{ErrorKind, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

/// The source of a connector, for one walk.
pub(super) fn open(handles: &Handles, connector: &Connector) -> Result<Arc<dyn Source>> {
    match &connector.source {
        SourceKind::Folder(source) => Ok(Arc::new(folder(handles, connector, source))),
        SourceKind::Objects(source) => Ok(Arc::new(objects(handles, connector, source)?)),
    }
}

/// The largest piece that is read.
pub(super) fn limit_bytes(handles: &Handles, connector: &Connector) -> u64 {
    let most = handles.settings.body_bytes;
    connector.limits.bytes.map_or(most, |bytes| bytes.min(most))
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

fn objects(handles: &Handles, connector: &Connector, source: &ObjectsSource) -> Result<Objects> {
    let env = &handles.given.env;
    let location = StoreLocation::S3 {
        bucket: source.bucket.clone(),
        prefix: source.prefix.clone(),
    };
    let key = |given: &Option<SecretRef>, usual: &str| match given {
        Some(reference) => secret(handles, reference).map(Some),
        // Keys of one account and a token of another fit nowhere.
        None if source.access_key.is_some() => Ok(None),
        None => Ok(env(usual)),
    };
    let usual_endpoint = || env("AWS_ENDPOINT_URL").or_else(|| env("AWS_ENDPOINT"));
    let settings = S3Settings {
        endpoint: source.endpoint.clone().or_else(usual_endpoint),
        region: source.region.clone().or_else(|| env("AWS_REGION")),
        allow_http: source.allow_http || env("AWS_ALLOW_HTTP").is_some_and(|v| v == "true"),
        access_key: key(&source.access_key, "AWS_ACCESS_KEY_ID")?,
        secret_key: key(&source.secret_key, "AWS_SECRET_ACCESS_KEY")?,
        session_token: key(&source.session_token, "AWS_SESSION_TOKEN")?,
    };
    let store = open_store(&location, &settings).map_err(failure::lake)?;
    let options = ObjectsOptions {
        address: location.to_string(),
        moves: source.after == PutAway::Move,
        spool_folder: handles.settings.spool_folder.clone(),
        limit_bytes: limit_bytes(handles, connector),
    };
    Ok(Objects::new(store, options))
}

/// The secret that is referred to; what is told of it is the reference.
fn secret(handles: &Handles, reference: &SecretRef) -> Result<String> {
    let secrets = handles.settings.home.join("secrets");
    let found = match reference {
        SecretRef::Env(name) => (handles.given.env)(name).ok_or_else(|| "it is not set".to_owned()),
        SecretRef::File(name) => match std::fs::read_to_string(secrets.join(name)) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) => Err(error.to_string()),
        },
    };
    let found = found.and_then(|text| match text.is_empty() {
        true => Err("it is empty".to_owned()),
        false => Ok(text),
    });
    found.map_err(|why| {
        let message = format!("cannot read the secret `{reference}`: {why}");
        ServiceError::new(ErrorKind::Unavailable, message)
            .hint("Give it to the process that runs the connector.")
    })
}

/// An error of a source: the connector stops until its next time.
pub(super) fn failed(error: PullError) -> ServiceError {
    let kind = match &error {
        PullError::Declared(_) | PullError::Answer(_) => ErrorKind::Invalid,
        PullError::Limit(_) => ErrorKind::LimitExceeded,
        PullError::Unavailable(_) | PullError::Spool(_) => ErrorKind::Unavailable,
    };
    ServiceError::new(kind, error.to_string()).caused_by(error)
}
