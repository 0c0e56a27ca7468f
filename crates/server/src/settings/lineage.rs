//! The settings of lineage: who is told of runs.

use std::time::Duration;

use conduct::Sink;
use lake::{StoreLocation, TABLES};
use lineage::openlineage::{NAMESPACE, Place, Source};
use pull::{Guard, SecretRef};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};
use crate::home::Home;

/// Far below the time that a sender's lease lasts.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Events of OpenLineage: of each transformation that a run computes, and of what its rules say.
/// They are kept on the store until they are acknowledged, and sent in their order by one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineageSection {
    /// Where they go: `file:PATH`, relative to the home, to which a line of JSON is added for each;
    /// or `https://HOST/PATH`, to which each is posted, and any answer from 200 to 299 is its
    /// acknowledgement. Empty: none is kept.
    pub outbox: String,
    /// The namespace of jobs and datasets, such as `dtm://dtm.gov.vn`.
    pub namespace: String,
    /// Where the bearer token is: `env:NAME`, or `file:NAME` in `HOME/secrets`. Empty: none.
    pub token: String,
    /// Whether plain HTTP is allowed, as on loopback.
    pub allow_http: bool,
    /// Private addresses that may be reached, as `host:port` or `10.20.0.0/16`; in the environment
    /// with commas between them.
    pub allow_addresses: Vec<String>,
}

impl Default for LineageSection {
    fn default() -> Self {
        Self {
            outbox: String::new(),
            namespace: NAMESPACE.to_owned(),
            token: String::new(),
            allow_http: false,
            allow_addresses: Vec::new(),
        }
    }
}

impl LineageSection {
    /// The same as a house knows it; what cannot work is said at the start.
    pub(crate) fn read(&self, home: &Home, store: &str) -> Outcome<conduct::LineageSettings> {
        Ok(conduct::LineageSettings {
            sink: self.sink(home)?,
            source: self.source(home, store),
        })
    }

    /// The names that events bear.
    pub(crate) fn source(&self, home: &Home, store: &str) -> Source {
        let namespace = match self.namespace.trim() {
            "" => NAMESPACE,
            namespace => namespace,
        };
        let location = StoreLocation::parse(store, home.root());
        Source {
            namespace: namespace.to_owned(),
            place: location.ok().and_then(place),
        }
    }

    fn sink(&self, home: &Home) -> Outcome<Option<Sink>> {
        let outbox = self.outbox.trim();
        if outbox.is_empty() {
            return Ok(None);
        }
        if let Some(path) = outbox.strip_prefix("file:") {
            if path.is_empty() || path.starts_with("//") {
                return Err(wrong("it names no file; write it as `file:lineage.ndjson`"));
            }
            return Ok(Some(Sink::File(home.root().join(path))));
        }
        let guard = Guard::new(&self.allow_addresses).map_err(|e| wrong(&e.to_string()))?;
        guard.url(outbox, self.allow_http).map_err(|e| {
            match outbox.starts_with("http://") && !self.allow_http {
                true => wrong(&format!("{e}, by `lineage.allow_http = true`")),
                false => wrong(&e.to_string()),
            }
        })?;
        let token = match self.token.as_str() {
            "" => None,
            at => Some(SecretRef::parse(at).map_err(|e| wrong(&e.to_string()))?),
        };
        Ok(Some(Sink::Http {
            url: outbox.to_owned(),
            plain: self.allow_http,
            token,
            allow_addresses: self.allow_addresses.clone(),
            answer_within: ANSWER_WITHIN,
        }))
    }
}

/// What was set is not shown: it may hold a secret that belongs elsewhere.
fn wrong(why: &str) -> Failure {
    Failure::Usage(format!(
        "cannot use the settings `lineage` for the outbox: {why}"
    ))
}

/// Where tables lie, if others may find them there.
fn place(location: StoreLocation) -> Option<Place> {
    match location {
        StoreLocation::Memory => None,
        StoreLocation::Folder(folder) => Some(Place {
            namespace: "file".to_owned(),
            path: folder.join(TABLES).display().to_string(),
        }),
        StoreLocation::S3 { bucket, prefix } => Some(Place {
            namespace: format!("s3://{bucket}"),
            path: match prefix.as_str() {
                "" => TABLES.to_owned(),
                prefix => format!("{prefix}/{TABLES}"),
            },
        }),
    }
}
