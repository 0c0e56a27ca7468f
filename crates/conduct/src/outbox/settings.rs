//! Where events of lineage go.

use std::path::PathBuf;
use std::time::Duration;

use lineage::openlineage::{NAMESPACE, Source};

/// Whether events are kept, and for whom.
#[derive(Debug, Clone)]
pub struct LineageSettings {
    /// Where they go; none keeps none.
    pub sink: Option<Sink>,
    /// The names that they bear.
    pub source: Source,
}

/// Whoever is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// A file to which a line is added for each.
    File(PathBuf),
    /// An address to which each is posted.
    Http {
        /// The whole address.
        url: String,
        /// Whether plain HTTP is meant.
        plain: bool,
        /// Where the bearer token is.
        token: Option<pull::SecretRef>,
        /// The private addresses that may be reached, as connectors list them.
        allow_addresses: Vec<String>,
        /// Time until the answer; a lease lasts two minutes.
        answer_within: Duration,
    },
}

impl Default for LineageSettings {
    fn default() -> Self {
        Self {
            sink: None,
            source: Source {
                namespace: NAMESPACE.to_owned(),
                place: None,
            },
        }
    }
}
