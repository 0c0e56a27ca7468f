//! Renditions as they are read: their manifests, their bytes, and whether they are superseded.

use books::RenditionRecord;
use serde_json::json;
use service::{
    Action, Call, Document, ErrorKind, Manifest, Page, Rendition, RenditionFormat, Result,
    ServiceError,
};

use crate::handles::Handles;
use crate::manifest::Stored;
use crate::perform::{About, Gate};
use crate::reports::object_path;
use crate::{failure, superseded};

/// Renditions of a report, newest first.
pub(crate) async fn renditions(
    gate: &Gate,
    call: &Call,
    report: &str,
    page: Page,
) -> Result<Vec<Rendition>> {
    let (about, report) = (
        About::named(format!("report `{report}`")),
        report.to_owned(),
    );
    let action = Action::ReadRendition;
    gate.perform(call, action, about, |handles, _| async move {
        if !handles.project().reports.contains_key(&report) {
            let message = format!("there is no report `{report}`");
            return Err(ServiceError::new(ErrorKind::NotFound, message)
                .hint("`GET /api/v1/reports` lists the reports."));
        }
        superseded::listed(&handles, &report, page).await
    })
    .await
}

/// What a rendition was made from.
pub(crate) async fn rendition(gate: &Gate, call: &Call, id: &str) -> Result<Rendition> {
    let (about, id) = (About::named(format!("rendition `{id}`")), id.to_owned());
    let action = Action::ReadRendition;
    gate.perform(call, action, about, |handles, _| async move {
        found(&handles, &id).await
    })
    .await
}

/// A rendition in one format.
pub(crate) async fn document(
    gate: &Gate,
    call: &Call,
    id: &str,
    format: RenditionFormat,
) -> Result<Document> {
    let about = About::named(format!("rendition `{id}`"));
    let about = about.detail(json!({ "format": format.ending() }));
    let (action, id) = (Action::ReadRendition, id.to_owned());
    gate.perform(call, action, about, |handles, _| async move {
        bytes_of(&handles, &id, format).await
    })
    .await
}

/// What a rendition was made from.
async fn found(handles: &Handles, id: &str) -> Result<Rendition> {
    let unknown = || {
        ServiceError::new(ErrorKind::NotFound, format!("there is no rendition `{id}`"))
            .hint("Render the report; the answer names the rendition.")
    };
    let record = handles
        .books
        .rendition(id)
        .await
        .map_err(failure::books)?
        .ok_or_else(unknown)?;
    let manifest = manifest(&record)?;
    Ok(Rendition {
        superseded: superseded::whether(handles, &record, &manifest).await?,
        id: record.id,
        manifest,
    })
}

/// The manifest of a rendition that is kept.
pub(crate) fn manifest(record: &RenditionRecord) -> Result<Manifest> {
    let stored: Stored = serde_json::from_str(&record.manifest).map_err(|error| {
        ServiceError::new(
            ErrorKind::Corrupt,
            format!("the manifest of rendition `{}` is broken", record.id),
        )
        .caused_by(error)
    })?;
    Ok(stored.into())
}

/// A rendition in one format.
async fn bytes_of(handles: &Handles, id: &str, format: RenditionFormat) -> Result<Document> {
    let Rendition {
        id,
        manifest,
        superseded,
    } = found(handles, id).await?;
    if !manifest.outputs.contains_key(&format) {
        let kept: Vec<String> = manifest
            .outputs
            .keys()
            .map(|kept| format!("`{id}.{}`", kept.ending()))
            .collect();
        let message = format!("rendition `{id}` is not kept as `{}`", format.ending());
        return Err(ServiceError::new(ErrorKind::NotFound, message)
            .hint(format!("Ask for {}.", kept.join(" or "))));
    }
    let bytes = handles
        .lake
        .objects()
        .get(&object_path(&id, format))
        .await
        .map_err(failure::lake)?;
    Ok(Document {
        report: manifest.report,
        format,
        bytes,
        superseded,
    })
}
