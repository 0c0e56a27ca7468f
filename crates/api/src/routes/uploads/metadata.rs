//! What an upload is submitted as, from `Upload-Metadata` and the query string.

use axum::http::{HeaderMap, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use service::{BodyFormat, BodyType, ErrorKind, ServiceError, UploadRequest};

use super::tus;
use crate::Problem;
use crate::extract::read_params;
use crate::routes::submissions::{self, SubmitParams};

/// What is told of a submission by its path and headers, with the names that clients of the tus
/// protocol use.
const DATASET: &[&str] = &["dataset"];
const KEY: &[&str] = &["idempotency_key", "idempotency-key", "key"];
const CONTENT_TYPE: &[&str] = &["content_type", "content-type", "filetype", "type"];
const FILE: &[&str] = &["filename", "name"];

/// The request to begin an upload.
pub(super) fn request(query: &str, headers: &HeaderMap) -> Result<UploadRequest, Box<Problem>> {
    let metadata = match headers.get(tus::METADATA) {
        Some(given) => given.to_str().map_err(|_| unread("it is not ASCII"))?,
        None => "",
    };
    let mut given = Given::new(metadata, query)?;
    let dataset = given.take(DATASET)?.ok_or_else(|| {
        invalid("the upload names no dataset")
            .hint("Add `dataset` to `Upload-Metadata`, such as `raw.dossiers` in base64.")
    })?;
    let dataset: project::DatasetName = dataset.parse().map_err(|error: project::NameError| {
        ServiceError::new(ErrorKind::NotFound, error.to_string())
            .hint("`GET /api/v1/datasets` lists the datasets.")
    })?;
    let format = format(given.take(CONTENT_TYPE)?, given.take(FILE)?)?;
    let key = given.take(KEY)?;
    let params = given.params()?;
    Ok(UploadRequest {
        submit: submissions::request(dataset, params, format, headers, key.as_deref())?,
        length: tus::length(headers)?,
        metadata: metadata.to_owned(),
    })
}

/// By its media type if there is one, else by how the name of the file ends.
fn format(media_type: Option<String>, file: Option<String>) -> Result<BodyType, ServiceError> {
    // Clients in browsers send an empty one for files that they do not know.
    let media_type = media_type.filter(|media_type| !media_type.is_empty());
    let (found, message) = match (&media_type, &file) {
        (Some(given), _) => (
            BodyType::from_media_type(given),
            format!("no submission is read as `{given}`"),
        ),
        (None, Some(file)) => (
            BodyType::from_file_name(file),
            format!("the name `{file}` does not say how the body is written"),
        ),
        (None, None) => (
            None,
            "the upload names neither `content_type` nor `filename`".to_owned(),
        ),
    };
    found.ok_or_else(|| {
        let known = BodyFormat::ALL.map(BodyFormat::media_type).join("`, `");
        invalid(&message).hint(format!(
            "Add `content_type` to `Upload-Metadata`, one of `{known}`; or a `filename` that ends \
             as such files do."
        ))
    })
}

/// Names and values that were given, of which what is known is taken.
struct Given(Vec<(String, String)>);

impl Given {
    fn new(metadata: &str, query: &str) -> Result<Self, ServiceError> {
        let mut all = pairs(metadata)?;
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }

    /// The value under one of these names; given twice, it must be the same.
    fn take(&mut self, names: &[&str]) -> Result<Option<String>, ServiceError> {
        let (taken, left) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(name, _)| names.contains(&name.as_str()));
        self.0 = left;
        let taken: Vec<(String, String)> = taken;
        let mut values = taken.into_iter().map(|(_, value)| value);
        let first = values.next();
        if values.any(|other| Some(&other) != first.as_ref()) {
            let name = names.first().copied().unwrap_or_default();
            let message = format!("the upload names `{name}` twice, and not the same");
            return Err(invalid(&message).hint("Give it once."));
        }
        Ok(first)
    }

    /// What is left, as the parameters of a submission.
    fn params(self) -> Result<SubmitParams, Box<Problem>> {
        let mut query = url::form_urlencoded::Serializer::for_suffix("/?".to_owned(), 2);
        let mut seen: Vec<(String, String)> = Vec::new();
        for (name, value) in self.0 {
            let pair = (name, value);
            if !seen.contains(&pair) {
                query.append_pair(&pair.0, &pair.1);
                seen.push(pair);
            }
        }
        let query = query.finish();
        let uri: Uri = query.parse().map_err(|_| unread("it is too long"))?;
        read_params(&uri)
    }
}

/// The names and values of `Upload-Metadata`.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, ServiceError> {
    let mut found: Vec<(String, String)> = Vec::new();
    for pair in text
        .split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).ok();
        let value = value.and_then(|value| String::from_utf8(value).ok());
        let value = value.ok_or_else(|| unread(&format!("`{name}` is no UTF-8 in base64")))?;
        if found.iter().any(|(known, _)| known == name) {
            return Err(unread(&format!("`{name}` is there twice")));
        }
        found.push((name.to_owned(), value));
    }
    Ok(found)
}

fn unread(why: &str) -> ServiceError {
    invalid(&format!("cannot read `Upload-Metadata`: {why}")).hint(
        "Write names, each with a space and its value in base64, between commas, as in `dataset \
         cmF3LmRvc3NpZXJz,period MjAyNi0wOQ==`.",
    )
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests;
