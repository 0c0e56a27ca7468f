//! Reports: rendering a definition, and the rendition that results.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// The formats of a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RenditionFormat {
    /// A page with tables and SVG charts.
    Html,
    /// A workbook with a sheet per table and a last one with the manifest.
    Xlsx,
    /// One table of the report, its values as they are.
    Csv,
}

impl RenditionFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Html, Self::Xlsx, Self::Csv];

    /// The file's ending.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    /// The format of an ending.
    pub fn from_ending(ending: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|format| format.ending() == ending)
    }
}

/// A request to render a report.
#[derive(Debug, Clone)]
pub struct RenderRequest {
    /// The report.
    pub report: String,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// `vi` or `en`.
    pub language: String,
    /// The table that the CSV holds, by the name of its query; the first one where none is named.
    pub table: Option<String>,
}

/// A query of a rendition: what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestQuery {
    /// The query's name in the definition.
    pub name: String,
    /// The SHA-256 of its SQL in hex.
    pub sql_sha256: String,
    /// The rows it answered.
    pub rows: u64,
}

/// What a rendition was made from, so that it can be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The report.
    pub report: String,
    /// The SHA-256 of the definition in hex.
    pub definition_sha256: String,
    /// The parameters.
    pub params: BTreeMap<String, String>,
    /// The queries.
    pub queries: Vec<ManifestQuery>,
    /// The version of every dataset that was read.
    pub input_versions: BTreeMap<String, i64>,
    /// The SHA-256 in hex of the bytes in each format that is kept.
    pub outputs: BTreeMap<RenditionFormat, String>,
    /// When it was rendered.
    pub rendered_at: DateTime<Utc>,
}

/// A rendered report, kept with its manifest: the same figures in several formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The id.
    pub id: String,
    /// What it was made from.
    pub manifest: Manifest,
    /// That other figures are published now than those that it shows.
    pub superseded: Option<Supersession>,
}

/// Since when a rendition shows figures that are published no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supersession {
    /// When others were published.
    pub at: DateTime<Utc>,
    /// The run that published them; none if a rollback showed others again.
    pub run: Option<String>,
    /// The newest rendition of the same report and parameters that is not superseded.
    pub by: Option<String>,
}

/// A rendition in one format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The report.
    pub report: String,
    /// The format.
    pub format: RenditionFormat,
    /// The bytes.
    pub bytes: Bytes,
    /// That other figures are published now than those that it shows.
    pub superseded: Option<Supersession>,
}
