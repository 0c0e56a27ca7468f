//! Renditions of reports, and their manifests.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use service::{Manifest, ManifestQuery, RenderRequest, Rendition, RenditionFormat, ServiceError};
use utoipa::ToSchema;

use super::{instant, read_instant, unread};

/// What to render.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderDto {
    /// The parameters.
    #[serde(default)]
    #[schema(example = json!({"period": "2026-09"}))]
    pub params: BTreeMap<String, String>,
    /// `vi` or `en`.
    #[serde(default = "vietnamese")]
    #[schema(example = "vi")]
    pub language: String,
}

/// A query of a rendition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestQueryDto {
    /// The query's name in the definition.
    pub name: String,
    /// The SHA-256 of its SQL in hex.
    pub sql_sha256: String,
    /// The rows it answered.
    pub rows: u64,
}

/// What a rendition was made from, so that it can be made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestDto {
    /// The report.
    pub report: String,
    /// The SHA-256 of the definition in hex.
    pub definition_sha256: String,
    /// The parameters.
    pub params: BTreeMap<String, String>,
    /// The queries.
    pub queries: Vec<ManifestQueryDto>,
    /// The version of every dataset that was read.
    pub input_versions: BTreeMap<String, i64>,
    /// The SHA-256 of the rendition's bytes in hex.
    pub output_sha256: String,
    /// When it was rendered.
    #[schema(format = DateTime)]
    pub rendered_at: String,
}

/// A rendition: where its bytes are, and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenditionDto {
    /// The id.
    pub id: String,
    /// The path of its bytes by format.
    #[schema(example = json!({"html": "/api/v1/renditions/0192.html"}))]
    pub links: BTreeMap<String, String>,
    /// What it was made from.
    pub manifest: ManifestDto,
}

fn vietnamese() -> String {
    "vi".to_owned()
}

impl RenderDto {
    /// The request for that report.
    pub fn into_request(self, report: String) -> RenderRequest {
        RenderRequest {
            report,
            params: self.params,
            language: self.language,
        }
    }
}

impl From<Manifest> for ManifestDto {
    fn from(manifest: Manifest) -> Self {
        let query = |query: ManifestQuery| {
            let ManifestQuery {
                name,
                sql_sha256,
                rows,
            } = query;
            ManifestQueryDto {
                name,
                sql_sha256,
                rows,
            }
        };
        Self {
            report: manifest.report,
            definition_sha256: manifest.definition_sha256,
            params: manifest.params,
            queries: manifest.queries.into_iter().map(query).collect(),
            input_versions: manifest.input_versions,
            output_sha256: manifest.output_sha256,
            rendered_at: instant(manifest.rendered_at),
        }
    }
}

impl TryFrom<ManifestDto> for Manifest {
    type Error = ServiceError;

    fn try_from(dto: ManifestDto) -> Result<Self, ServiceError> {
        let query = |query: ManifestQueryDto| {
            let ManifestQueryDto {
                name,
                sql_sha256,
                rows,
            } = query;
            ManifestQuery {
                name,
                sql_sha256,
                rows,
            }
        };
        Ok(Self {
            report: dto.report,
            definition_sha256: dto.definition_sha256,
            params: dto.params,
            queries: dto.queries.into_iter().map(query).collect(),
            input_versions: dto.input_versions,
            output_sha256: dto.output_sha256,
            rendered_at: read_instant(&dto.rendered_at)?,
        })
    }
}

impl From<Rendition> for RenditionDto {
    fn from(rendition: Rendition) -> Self {
        let ending = rendition.format.ending();
        let link = format!("/api/v1/renditions/{}.{ending}", rendition.id);
        Self {
            id: rendition.id,
            links: BTreeMap::from([(ending.to_owned(), link)]),
            manifest: rendition.manifest.into(),
        }
    }
}

impl RenditionDto {
    /// The format of the rendition's bytes.
    pub fn format(&self) -> Result<RenditionFormat, ServiceError> {
        let format = self
            .links
            .keys()
            .find_map(|ending| RenditionFormat::from_ending(ending));
        format.ok_or_else(|| unread(&format!("{:?}", self.links), "a link to a rendition"))
    }

    /// The rendition with its bytes.
    pub fn into_rendition(self, bytes: Bytes) -> Result<Rendition, ServiceError> {
        let format = self.format()?;
        Ok(Rendition {
            id: self.id,
            format,
            bytes,
            manifest: self.manifest.try_into()?,
        })
    }
}
