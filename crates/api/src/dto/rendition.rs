//! Renditions of reports, and their manifests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use service::{
    Manifest, ManifestQuery, RenderRequest, Rendition, RenditionFormat, ServiceError, Supersession,
};
use utoipa::ToSchema;

use super::{instant, known, read_instant};

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
    /// The table that the CSV holds, by the name of its query; by default the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "scoreboard")]
    pub table: Option<String>,
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
    /// The SHA-256 in hex of the bytes in each format that is kept.
    #[schema(example = json!({"html": "5e0f…", "xlsx": "90ab…", "csv": "11c3…"}))]
    pub outputs: BTreeMap<String, String>,
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
    #[schema(example = json!({"html": "/api/v1/renditions/0192.html",
        "xlsx": "/api/v1/renditions/0192.xlsx"}))]
    pub links: BTreeMap<String, String>,
    /// What it was made from.
    pub manifest: ManifestDto,
    /// That other figures are published now than those that it shows; left out if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<SupersessionDto>,
}

/// Since when a rendition shows figures that are published no more. Its bytes stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupersessionDto {
    /// When others were published.
    #[schema(format = DateTime)]
    pub at: String,
    /// The run that published them; none if a rollback showed others again.
    pub run: Option<String>,
    /// The newest rendition of the same report and parameters that is not superseded.
    pub by: Option<String>,
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
            table: self.table,
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
        let output =
            |(format, sha256): (RenditionFormat, String)| (format.ending().to_owned(), sha256);
        Self {
            report: manifest.report,
            definition_sha256: manifest.definition_sha256,
            params: manifest.params,
            queries: manifest.queries.into_iter().map(query).collect(),
            input_versions: manifest.input_versions,
            outputs: manifest.outputs.into_iter().map(output).collect(),
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
        let output = |(ending, sha256): (String, String)| {
            let what = "a format of renditions";
            let format = known(&ending, what, RenditionFormat::ALL, |f| f.ending())?;
            Ok((format, sha256))
        };
        let outputs = dto.outputs.into_iter().map(output);
        Ok(Self {
            report: dto.report,
            definition_sha256: dto.definition_sha256,
            params: dto.params,
            queries: dto.queries.into_iter().map(query).collect(),
            input_versions: dto.input_versions,
            outputs: outputs.collect::<Result<_, ServiceError>>()?,
            rendered_at: read_instant(&dto.rendered_at)?,
        })
    }
}

impl From<Rendition> for RenditionDto {
    fn from(rendition: Rendition) -> Self {
        let link = |format: &RenditionFormat| {
            let ending = format.ending();
            let path = format!("/api/v1/renditions/{}.{ending}", rendition.id);
            (ending.to_owned(), path)
        };
        Self {
            links: rendition.manifest.outputs.keys().map(link).collect(),
            id: rendition.id,
            manifest: rendition.manifest.into(),
            superseded: rendition.superseded.map(Into::into),
        }
    }
}

impl TryFrom<RenditionDto> for Rendition {
    type Error = ServiceError;

    fn try_from(dto: RenditionDto) -> Result<Self, ServiceError> {
        Ok(Self {
            id: dto.id,
            manifest: dto.manifest.try_into()?,
            superseded: dto.superseded.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<Supersession> for SupersessionDto {
    fn from(of: Supersession) -> Self {
        Self {
            at: instant(of.at),
            run: of.run,
            by: of.by,
        }
    }
}

impl TryFrom<SupersessionDto> for Supersession {
    type Error = ServiceError;

    fn try_from(dto: SupersessionDto) -> Result<Self, ServiceError> {
        Ok(Self {
            at: read_instant(&dto.at)?,
            run: dto.run,
            by: dto.by,
        })
    }
}
