//! Renditions of reports: where their bytes are and what they were made from.

use chrono::{DateTime, Utc};

use crate::codec::{Reader, micros};
use crate::{Books, Result};

/// A rendition as it is kept; its bytes are in the object store, under its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionRecord {
    /// The id.
    pub id: String,
    /// The report.
    pub report: String,
    /// What it was made from, as JSON text.
    pub manifest: String,
    /// When it was rendered.
    pub created_at: DateTime<Utc>,
}

impl Books {
    /// Keeps a rendition.
    pub async fn add_rendition(&self, new: &RenditionRecord) -> Result<()> {
        sqlx::query(include_str!("../sql/add_rendition.sql"))
            .bind(&new.id)
            .bind(&new.report)
            .bind(&new.manifest)
            .bind(micros(new.created_at))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("keep the rendition"))
    }

    /// The rendition of that id.
    pub async fn rendition(&self, id: &str) -> Result<Option<RenditionRecord>> {
        let row = sqlx::query("select * from renditions where id = ?1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(self.fault("read the rendition"))?;
        let Some(row) = row else { return Ok(None) };
        let reader = Reader {
            file: &self.file,
            row: &row,
        };
        Ok(Some(RenditionRecord {
            id: reader.get("id")?,
            report: reader.get("report")?,
            manifest: reader.get("manifest")?,
            created_at: reader.at("created_at")?,
        }))
    }
}
