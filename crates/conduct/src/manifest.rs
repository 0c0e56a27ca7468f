//! The manifest of a rendition as it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use service::{ErrorKind, Manifest, ManifestQuery, RenditionFormat, Result, ServiceError};

/// Where renditions and their manifests are kept.
pub(crate) const FOLDER: &str = "renditions";
/// How the names of manifests end.
pub(crate) const ENDING: &str = ".manifest.json";

/// The versions that a stored manifest names, by dataset.
pub(crate) fn input_versions(path: &str, text: &[u8]) -> Result<BTreeMap<String, i64>> {
    let stored: Stored = serde_json::from_slice(text).map_err(|error| {
        ServiceError::new(
            ErrorKind::Corrupt,
            format!("the manifest `{path}` cannot be read"),
        )
        .hint("Restore the object from a copy of the store.")
        .caused_by(error)
    })?;
    Ok(stored.input_versions)
}

/// A manifest as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    report: String,
    definition_sha256: String,
    params: BTreeMap<String, String>,
    queries: Vec<StoredQuery>,
    input_versions: BTreeMap<String, i64>,
    #[serde(default)]
    outputs: BTreeMap<String, String>,
    /// The hash of the page, where a page is all that was kept.
    #[serde(default, skip_serializing)]
    output_sha256: Option<String>,
    rendered_at: chrono::DateTime<chrono::Utc>,
    /// How to see whether it would come out the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) again: Option<Again>,
}

/// What a rendition asked, and the hash of what was answered.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Again {
    pub(crate) language: String,
    /// Parameters of the report without a value.
    pub(crate) unset: Vec<String>,
    /// The SQL of each query.
    pub(crate) queries: BTreeMap<String, String>,
    pub(crate) data_sha256: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredQuery {
    name: String,
    sql_sha256: String,
    rows: u64,
}

impl Stored {
    /// As it is put beside the rendition.
    pub(crate) fn new(manifest: &Manifest, again: Again) -> Self {
        let query = |q: &ManifestQuery| StoredQuery {
            name: q.name.clone(),
            sql_sha256: q.sql_sha256.clone(),
            rows: q.rows,
        };
        Self {
            report: manifest.report.clone(),
            definition_sha256: manifest.definition_sha256.clone(),
            params: manifest.params.clone(),
            queries: manifest.queries.iter().map(query).collect(),
            input_versions: manifest.input_versions.clone(),
            outputs: manifest
                .outputs
                .iter()
                .map(|(format, sha256)| (format.ending().to_owned(), sha256.clone()))
                .collect(),
            output_sha256: None,
            rendered_at: manifest.rendered_at,
            again: Some(again),
        }
    }
}

impl From<Stored> for Manifest {
    fn from(stored: Stored) -> Self {
        let output = |(ending, sha256): (String, String)| {
            Some((RenditionFormat::from_ending(&ending)?, sha256))
        };
        let page = stored.output_sha256.into_iter();
        let page = page.map(|sha256| (RenditionFormat::Html, sha256));
        let query = |q: StoredQuery| ManifestQuery {
            name: q.name,
            sql_sha256: q.sql_sha256,
            rows: q.rows,
        };
        Self {
            report: stored.report,
            definition_sha256: stored.definition_sha256,
            params: stored.params,
            queries: stored.queries.into_iter().map(query).collect(),
            input_versions: stored.input_versions,
            outputs: page
                .chain(stored.outputs.into_iter().filter_map(output))
                .collect(),
            rendered_at: stored.rendered_at,
        }
    }
}
