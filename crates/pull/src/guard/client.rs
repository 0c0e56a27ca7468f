//! HTTP clients whose connections go to addresses that were checked.

use std::error::Error;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;

use super::Guard;
use crate::{PullError, Result};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A large object takes as long as it takes, as long as it comes.
const SILENT_WITHIN: Duration = Duration::from_secs(60);

/// Resolves names only to addresses that may be reached; the client connects to what it is given.
pub(crate) struct Checked {
    pub(crate) guard: Guard,
    pub(crate) port: u16,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, port) = (self.guard.clone(), self.port);
        Box::pin(async move {
            let found = guard.addresses(name.as_str(), port).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Makes the clients of an object store: each connects only to addresses that the guard lets pass,
/// and follows no redirect.
#[derive(Debug)]
pub struct StoreConnector {
    guard: Guard,
    port: u16,
    plain: bool,
}

impl Guard {
    /// What connects to an object store at that address, which is resolved and checked now and
    /// again with each connection; `plain` as in [`Guard::url`].
    ///
    /// # Errors
    /// [`PullError::Declared`] when it may not be reached, [`PullError::Unavailable`] when its name
    /// leads nowhere.
    pub async fn store(&self, address: &str, plain: bool) -> Result<StoreConnector> {
        let url = self.url(address, plain)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let host = url
            .host_str()
            .ok_or_else(|| PullError::Declared("the address names no host".to_owned()))?;
        // A host that is an address is never resolved again, so this is where it is checked.
        self.addresses(host, port).await?;
        Ok(StoreConnector {
            guard: self.clone(),
            port,
            plain,
        })
    }
}

impl HttpConnector for StoreConnector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let names = Checked {
            guard: self.guard.clone(),
            port: self.port,
        };
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(!self.plain)
            .http1_only()
            .dns_resolver(std::sync::Arc::new(names))
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENT_WITHIN)
            .build();
        let failed = |error: reqwest::Error| object_store::Error::Generic {
            store: "S3",
            source: Box::<dyn Error + Send + Sync>::from(error),
        };
        client.map(HttpClient::new).map_err(failed)
    }
}
