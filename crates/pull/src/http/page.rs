//! What is in a page.

use url::Url;

use super::exchange::Answer;
use super::link;
use super::spec::{Body, HttpSpec, Paging, Since};
use super::walk::{Point, greatest};
use crate::json::{Json, Scalar};
use crate::{PullError, Result};

/// A page that was received and read.
#[derive(Debug)]
pub(super) struct Page {
    body: Vec<u8>,
    /// Where in the body the array of records is.
    array: std::ops::Range<usize>,
    /// How many records.
    pub(super) count: u64,
    /// The greatest watermark.
    pub(super) newest: Option<Point>,
    /// The cursor or the address of the next page, if this one leads to any.
    pub(super) next: Option<String>,
    /// How many records there are in all.
    pub(super) total: Option<String>,
    content_type: String,
}

impl Page {
    /// `place` is what errors call the page, `url` where it is.
    pub(super) fn read(spec: &HttpSpec, url: &Url, place: &str, answer: Answer) -> Result<Self> {
        let wrong = |why: String| PullError::Answer(format!("{place} {why}"));
        let json = Json::read(&answer.body)
            .map_err(|error| wrong(format!("is not JSON as a whole: {error}")))?;
        let pointer = match spec.records.as_str() {
            "" => "its top",
            pointer => pointer,
        };
        let records = json.at(&spec.records).ok_or_else(|| {
            wrong(format!(
                "has nothing at `{pointer}`, where records should be"
            ))
        })?;
        let items = records
            .items()
            .ok_or_else(|| wrong(format!("has no array of records at `{pointer}`")))?;
        let (mut count, mut newest) = (0, None);
        for item in items {
            count += 1;
            if let Some(since) = &spec.since {
                let point = watermark(since, item, count).map_err(wrong)?;
                newest = greatest(newest, Some(point), place)?;
            }
        }
        let total = spec
            .total
            .as_ref()
            .map(|pointer| match total_at(json, pointer) {
                Some(total) => Ok(total),
                None => Err(wrong(format!(
                    "has no number at `{pointer}`, where the total should be"
                ))),
            });
        let next = match &spec.paging {
            Paging::Cursor { next, .. } => cursor(json, next).map_err(wrong)?,
            Paging::Link => link::next(answer.links.iter(), url, place)?,
            _ => None,
        };
        let (total, array) = (total.transpose()?, place_in(&answer.body, records.text()));
        Ok(Self {
            array,
            count,
            newest,
            next,
            total,
            content_type: answer.content_type,
            body: answer.body,
        })
    }

    /// The array of records, as it was received.
    pub(super) fn records(&self) -> &[u8] {
        self.body.get(self.array.clone()).unwrap_or_default()
    }

    /// What is handed on, and its media type.
    pub(super) fn handed_on(&self, body: Body) -> (&[u8], String) {
        match body {
            Body::Page => (&self.body, self.content_type.clone()),
            Body::Records => (self.records(), "application/json".to_owned()),
        }
    }
}

/// `part` is a slice of `whole`.
fn place_in(whole: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}

fn total_at(json: Json<'_>, pointer: &str) -> Option<String> {
    match json.at(pointer)?.scalar()? {
        Scalar::Number(number) => Some(number),
        Scalar::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(text),
        _ => None,
    }
}

fn cursor(json: Json<'_>, pointer: &str) -> Result<Option<String>, String> {
    let Some(found) = json.at(pointer) else {
        return Ok(None);
    };
    match found.scalar() {
        Some(Scalar::Null) => Ok(None),
        Some(Scalar::Text(text)) if text.is_empty() => Ok(None),
        Some(Scalar::Text(text) | Scalar::Number(text)) => Ok(Some(text)),
        None => Err(format!(
            "has no text or number at `{pointer}`, where the cursor should be"
        )),
    }
}

fn watermark(since: &Since, record: Json<'_>, number: u64) -> Result<Point, String> {
    let field = &since.field;
    let at = |what: &str| format!("has {what} at `{field}` in record {number}");
    let found = record.at(field).ok_or_else(|| at("nothing"))?;
    match found.scalar() {
        Some(Scalar::Text(text)) if sorts_by_day(&text) => Err(format!(
            "{}, whose values do not sort as they follow each other: the day comes first",
            at("a date")
        )),
        Some(Scalar::Text(text)) if !text.is_empty() => Ok(Point::Text(text)),
        Some(Scalar::Number(text)) => match text.parse() {
            Ok(number) => Ok(Point::Number(number)),
            Err(_) => Err(at("no whole number of 64 bits")),
        },
        _ => Err(at("neither text nor number")),
    }
}

/// `31/12/2026`, `1-2-2026 10:00`
fn sorts_by_day(text: &str) -> bool {
    let mut parts = text.split(['/', '-', '.']);
    let mut digits = |lengths: &[usize]| {
        let part = parts.next().unwrap_or_default();
        let length = part.bytes().take_while(u8::is_ascii_digit).count();
        lengths.contains(&length)
    };
    digits(&[1, 2]) && digits(&[1, 2]) && digits(&[4])
}
