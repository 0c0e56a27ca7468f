//! What the headers of documents say.

use axum::http::HeaderMap;
use service::{BodyType, Evidence, Result, Supersession};

use super::wire::{self, header, unread};

/// Since when a document is superseded, as its header says it.
pub(super) fn supersession(headers: &HeaderMap) -> Result<Option<Supersession>> {
    if !headers.contains_key("dtm-superseded") {
        return Ok(None);
    }
    let told = header(headers, "dtm-superseded")?;
    let mut parts = told.split("; ");
    let at = parts.next().unwrap_or_default();
    let (mut run, mut by) = (None, None);
    for part in parts {
        match part.split_once('=') {
            Some(("run", id)) => run = Some(id.to_owned()),
            Some(("by", id)) => by = Some(id.to_owned()),
            _ => {}
        }
    }
    let at = crate::dto::read_instant(at)?;
    Ok(Some(Supersession { at, run, by }))
}

/// What a body is, as the headers of its bytes say it.
pub(super) fn evidence(answer: reqwest::Response) -> Result<Evidence> {
    let headers: &HeaderMap = answer.headers();
    let format = BodyType::from_media_type(header(headers, "dtm-body-type")?);
    let size = header(headers, "content-length")?.parse();
    Ok(Evidence {
        format: format.ok_or_else(|| unread("the evidence's media type"))?,
        sha256: header(headers, "dtm-evidence-sha256")?.to_owned(),
        size_bytes: size.map_err(|_| unread("the evidence's size"))?,
        bytes: wire::stream(answer),
    })
}
