//! A bucket of an object store.

use lake::{S3Settings, StoreLocation, open_bucket};
use project::{ObjectsSource, PutAway, SecretRef};
use pull::{Objects, ObjectsOptions, Secrets};
use service::Result;

use super::failed;
use super::remote::At;
use super::secrets::{Vault, reference};
use crate::failure;

pub(super) async fn open(at: &At<'_>, source: &ObjectsSource) -> Result<Objects> {
    let settings = settings(at, source)?;
    let region = settings.region.as_deref().unwrap_or("us-east-1");
    let amazon = format!("https://s3.{region}.amazonaws.com");
    let address = settings.endpoint.as_deref().unwrap_or(&amazon);
    let clients = at.guard.store(address, settings.allow_http).await;
    let clients = clients.map_err(failed)?;
    let store = open_bucket(&source.bucket, &source.prefix, &settings, clients);
    let location = StoreLocation::S3 {
        bucket: source.bucket.clone(),
        prefix: source.prefix.clone(),
    };
    let options = ObjectsOptions {
        address: location.to_string(),
        moves: source.after == PutAway::Move,
        spool_folder: at.handles.settings.spool_folder.clone(),
        limit_bytes: at.limit_bytes,
    };
    Ok(Objects::new(store.map_err(failure::lake)?, options))
}

fn settings(at: &At<'_>, source: &ObjectsSource) -> Result<S3Settings> {
    let env = &at.handles.given.env;
    let key = |given: &Option<SecretRef>, usual: &str| match given {
        Some(declared) => {
            let secret = Vault(at.handles).get(&reference(declared));
            let secret = secret.map_err(failed)?;
            Ok(Some(secret.reveal().to_owned()))
        }
        // Keys of one account and a token of another fit nowhere.
        None if source.access_key.is_some() => Ok(None),
        None => Ok(env(usual)),
    };
    let usual_endpoint = || env("AWS_ENDPOINT_URL").or_else(|| env("AWS_ENDPOINT"));
    Ok(S3Settings {
        endpoint: source.endpoint.clone().or_else(usual_endpoint),
        region: source.region.clone().or_else(|| env("AWS_REGION")),
        allow_http: source.allow_http || env("AWS_ALLOW_HTTP").is_some_and(|v| v == "true"),
        access_key: key(&source.access_key, "AWS_ACCESS_KEY_ID")?,
        secret_key: key(&source.secret_key, "AWS_SECRET_ACCESS_KEY")?,
        session_token: key(&source.session_token, "AWS_SESSION_TOKEN")?,
    })
}
