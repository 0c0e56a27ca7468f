//! Renditions of reports: where their bytes are and what they were made from.

use chrono::{DateTime, Utc};

use crate::codec::{Reader, micros};
use crate::statement::Statement;
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
        let statement = Statement::new(include_str!("../sql/add_rendition.sql"))
            .text(&new.id)
            .text(&new.report)
            .text(&new.manifest)
            .number(micros(new.created_at));
        self.write("keep the rendition", &statement).await?;
        Ok(())
    }

    /// The rendition of that id.
    pub async fn rendition(&self, id: &str) -> Result<Option<RenditionRecord>> {
        let statement = Statement::new("select * from renditions where id = $1").text(id);
        let row = self.read_one("read the rendition", &statement).await?;
        let Some(row) = row else { return Ok(None) };
        rendition(&self.reader(&row)).map(Some)
    }
}

pub(crate) fn rendition(reader: &Reader<'_>) -> Result<RenditionRecord> {
    Ok(RenditionRecord {
        id: reader.get("id")?,
        report: reader.get("report")?,
        manifest: reader.get("manifest")?,
        created_at: reader.at("created_at")?,
    })
}
