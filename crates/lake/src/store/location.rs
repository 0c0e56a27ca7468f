//! From a text in the settings to a store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::client::HttpConnector;
use object_store::memory::InMemory;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use url::Url;

use super::LocalStore;
use crate::error::{LakeError, Result};

/// Where a lake lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// In this process only.
    Memory,
    /// A folder of this machine, absolute.
    Folder(PathBuf),
    /// A bucket, and the folder in it (empty for the whole bucket).
    S3 {
        /// The bucket's name.
        bucket: String,
        /// Without slashes at either end.
        prefix: String,
    },
}

impl StoreLocation {
    /// Reads `memory://`, `file:///folder`, `s3://bucket/folder` or a path, which is taken from
    /// `base` when it is relative.
    ///
    /// # Errors
    /// `Invalid` for another scheme, a file URL with a host, or an S3 URL without a bucket.
    pub fn parse(text: &str, base: &Path) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            if text.is_empty() {
                return Err(LakeError::invalid("the store's location is empty"));
            }
            return Ok(Self::Folder(base.join(text)));
        };
        match scheme {
            "memory" => Ok(Self::Memory),
            "file" => Url::parse(text)
                .ok()
                .and_then(|url| url.to_file_path().ok())
                .map(Self::Folder)
                .ok_or_else(|| {
                    LakeError::invalid(format!("`{text}` is no file URL: write `file:///folder`"))
                }),
            "s3" => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    let message = format!("`{text}` names no bucket: write `s3://bucket/folder`");
                    return Err(LakeError::invalid(message));
                }
                let prefix = prefix.trim_matches('/').to_owned();
                Ok(Self::S3 {
                    bucket: bucket.to_owned(),
                    prefix,
                })
            }
            _ => Err(LakeError::invalid(format!(
                "cannot keep a lake on `{text}`: use a folder, `file://`, `s3://` or `memory://`"
            ))),
        }
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory://"),
            Self::Folder(folder) => write!(f, "file://{}", folder.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// How to reach an S3 service. The caller reads the credentials; they are never printed.
#[derive(Clone, Default)]
pub struct S3Settings {
    /// The service's address; none for Amazon's own.
    pub endpoint: Option<String>,
    /// The region; none for `us-east-1`.
    pub region: Option<String>,
    /// Whether an `http://` address is allowed.
    pub allow_http: bool,
    /// The access key.
    pub access_key: Option<String>,
    /// The secret key.
    pub secret_key: Option<String>,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// Opens the store at `location`; a folder is made when it is not there.
///
/// # Errors
/// `Unavailable` when the folder cannot be made or written, `Invalid` when the S3 settings do not
/// fit together. An S3 service is first spoken to by [`probe`](super::probe).
pub fn open_store(location: &StoreLocation, s3: &S3Settings) -> Result<Arc<dyn ObjectStore>> {
    match location {
        StoreLocation::Memory => Ok(Arc::new(InMemory::new())),
        StoreLocation::Folder(folder) => Ok(Arc::new(LocalStore::open(folder)?)),
        StoreLocation::S3 { bucket, prefix } => {
            finish(location, prefix, builder(location, bucket, s3)?)
        }
    }
}

/// Opens a bucket's folder through clients of the caller's own, which may go to fewer places.
///
/// # Errors
/// `Invalid` when the S3 settings do not fit together.
pub fn open_bucket(
    bucket: &str,
    prefix: &str,
    s3: &S3Settings,
    clients: impl HttpConnector,
) -> Result<Arc<dyn ObjectStore>> {
    let location = StoreLocation::S3 {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    };
    let builder = builder(&location, bucket, s3)?.with_http_connector(clients);
    finish(&location, prefix, builder)
}

fn builder(location: &StoreLocation, bucket: &str, s3: &S3Settings) -> Result<AmazonS3Builder> {
    let (Some(access_key), Some(secret_key)) = (&s3.access_key, &s3.secret_key) else {
        return Err(LakeError::invalid(format!(
            "no credentials for `{location}`: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
        )));
    };
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: 6,
        retry_timeout: Duration::from_secs(60),
    };
    let client = ClientOptions::new()
        .with_allow_http(s3.allow_http)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(60));
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(s3.region.as_deref().unwrap_or("us-east-1"))
        .with_access_key_id(access_key)
        .with_secret_access_key(secret_key)
        .with_client_options(client)
        .with_retry(retry);
    if let Some(endpoint) = &s3.endpoint {
        if endpoint.starts_with("http://") && !s3.allow_http {
            return Err(LakeError::invalid(format!(
                "`{endpoint}` is not encrypted: use `https://`, or allow plain http with \
                 `s3.allow_http` in the settings or `AWS_ALLOW_HTTP=true`"
            )));
        }
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(token) = &s3.session_token {
        builder = builder.with_token(token);
    }
    Ok(builder)
}

fn finish(
    location: &StoreLocation,
    prefix: &str,
    builder: AmazonS3Builder,
) -> Result<Arc<dyn ObjectStore>> {
    let store = builder
        .build()
        .map_err(|error| LakeError::refused(&format!("cannot open `{location}`"), error))?;
    Ok(if prefix.is_empty() {
        Arc::new(store)
    } else {
        Arc::new(PrefixStore::new(store, prefix))
    })
}
