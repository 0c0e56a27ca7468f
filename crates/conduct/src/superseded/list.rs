//! Renditions with whether they are superseded, and by which.

use books::RenditionRecord;
use service::{Manifest, Page, Rendition, Result, Supersession};

use crate::handles::Handles;
use crate::{failure, renditions};

/// Renditions of a report, newest first.
pub(crate) async fn listed(handles: &Handles, report: &str, page: Page) -> Result<Vec<Rendition>> {
    let records = handles.books.renditions_of(report, page).await;
    let mut listed = Vec::new();
    for record in records.map_err(failure::books)? {
        let manifest = renditions::manifest(&record)?;
        listed.push(Rendition {
            superseded: whether(handles, &record, &manifest).await?,
            id: record.id,
            manifest,
        });
    }
    Ok(listed)
}

/// Whether other figures are published now than the rendition shows.
pub(crate) async fn whether(
    handles: &Handles,
    record: &RenditionRecord,
    manifest: &Manifest,
) -> Result<Option<Supersession>> {
    let mark = handles.books.supersession(&record.id).await;
    let Some(mark) = mark.map_err(failure::books)? else {
        return Ok(None);
    };
    let since = record.created_at;
    let newer = handles
        .books
        .standing_renditions_of(&record.report, since)
        .await;
    let mut by = None;
    for newer in newer.map_err(failure::books)? {
        if renditions::manifest(&newer)?.params == manifest.params {
            by = Some(newer.id);
            break;
        }
    }
    Ok(Some(Supersession {
        at: mark.at,
        run: mark.run,
        by,
    }))
}
