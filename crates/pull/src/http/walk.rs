//! Where in an API's pages the reader is: what a mark holds.

use std::cmp::Ordering;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::page::Page;
use super::spec::{HttpSpec, Paging};
use crate::{PullError, Result};

#[cfg(test)]
mod tests;

/// How often a walk begins again because the pages changed under it.
const MOST_RESTARTS: u32 = 3;

/// A walk from the first page to the last. It asks for what is new since `since`, and what it has
/// `seen` becomes the next walk's `since`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Walk {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Point>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Point>,
    pub(super) at: At,
    /// Of this walk, so far.
    pub(super) pages: u64,
    /// A digest of every page's records of this walk.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    records: String,
    /// A digest of the last page's records.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    page: String,
    /// A digest of the place that was reached after 1, 2, 4, 8… pages: whoever comes there again
    /// walks in a circle, of whatever length.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    circle: String,
    /// The records of the largest page before the last one.
    #[serde(default)]
    largest: u64,
    /// Whether the last page may have been short, so that it grows before another follows it.
    #[serde(default)]
    doubtful: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    #[serde(default)]
    restarts: u32,
    /// The walk before this one, if it asked the same: one that finds the same brings nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Found>,
}

/// What a whole walk found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) pages: u64,
    records: String,
}

/// The page that comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum At {
    #[default]
    Start,
    Page(u64),
    Offset(u64),
    Cursor(String),
    Link(String),
}

/// A value of the watermark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Point {
    Number(i64),
    Text(String),
}

/// A walk with one page more.
pub(super) enum Step {
    On(Walk),
    Ended(Walk),
}

impl Walk {
    pub(super) fn first(spec: &HttpSpec) -> Self {
        let start = spec.since.as_ref().and_then(|since| since.start.clone());
        Self {
            since: start.map(Point::Text),
            ..Self::default()
        }
    }

    pub(super) fn begins(&self) -> bool {
        self.at == At::Start
    }

    /// The walk after `page`, which has records. `place` is what errors call the page.
    pub(super) fn after(&self, spec: &HttpSpec, page: &Page, place: &str) -> Result<Step> {
        let digest = digest(&[page.records()]);
        if digest == self.page && matches!(spec.paging, Paging::Page { .. } | Paging::Offset { .. })
        {
            return Err(PullError::Answer(format!(
                "{place} brings the same records as the page before it: the API does not heed \
                 the parameter that counts"
            )));
        }
        let size = spec.page_size.as_ref().map(|(_, size)| *size);
        let is_full = size.is_some_and(|size| page.count >= size)
            || (self.pages > 0 && page.count >= self.largest);
        let mut walk = Self {
            largest: self.largest.max(page.count),
            doubtful: matches!(spec.paging, Paging::Page { .. }) && !is_full,
            seen: greatest(self.seen.clone(), page.newest.clone(), place)?,
            pages: self.pages + 1,
            records: self::digest(&[self.records.as_bytes(), digest.as_bytes()]),
            page: digest,
            total: page.total.clone(),
            before: None,
            ..self.clone()
        };
        let short = spec.short_page_ends && size.is_some_and(|size| page.count < size);
        let next = match &spec.paging {
            _ if short => None,
            Paging::Single => None,
            Paging::Page { first, .. } => match self.at {
                At::Page(number) => number.checked_add(1).map(At::Page),
                _ => first.checked_add(1).map(At::Page),
            },
            Paging::Offset { .. } => match self.at {
                At::Offset(before) => before.checked_add(page.count).map(At::Offset),
                _ => Some(At::Offset(page.count)),
            },
            Paging::Cursor { .. } => page.next.clone().map(At::Cursor),
            Paging::Link => page.next.clone().map(At::Link),
        };
        let Some(next) = next else {
            return Ok(Step::Ended(walk));
        };
        walk.go_to(next, &self.at, place)?;
        Ok(Step::On(walk))
    }

    /// The last page again, if pages are counted and it may have grown since: then what comes next
    /// in the count is not what comes next in the list.
    pub(super) fn doubted(&self) -> Option<Self> {
        let At::Page(next) = self.at else {
            return None;
        };
        self.doubtful.then(|| Self {
            at: At::Page(next.saturating_sub(1)),
            pages: self.pages.saturating_sub(1),
            ..self.clone()
        })
    }

    /// Whether the last page still is what it was.
    pub(super) fn ended_with(&self, page: &Page) -> bool {
        self.page == digest(&[page.records()])
    }

    /// The walk that begins when this one has met its end.
    pub(super) fn ended(self) -> Self {
        let since = match (&self.since, &self.seen) {
            // An API that repeats older records does not lead back.
            (Some(since), Some(seen)) if compare(seen, since) == Some(Ordering::Less) => {
                self.since.clone()
            }
            (since, seen) => seen.clone().or_else(|| since.clone()),
        };
        let found = Found {
            pages: self.pages,
            records: self.records,
        };
        let moved = since != self.since;
        Self {
            since,
            before: (!moved && found.pages > 0).then_some(found),
            ..Self::default()
        }
    }

    /// Whether this walk, which has met its end, found what that one did.
    pub(super) fn found(&self, before: &Found) -> bool {
        self.pages == before.pages && self.records == before.records
    }

    /// The walk that begins again, if the number of records is not what it was.
    pub(super) fn again(&self, page: &Page, place: &str) -> Result<Option<Self>> {
        if self.begins() || self.total == page.total {
            return Ok(None);
        }
        if self.restarts == MOST_RESTARTS {
            let number = |total: &Option<String>| total.clone().unwrap_or_else(|| "none".into());
            return Err(PullError::Answer(format!(
                "the pages change under the walk: at {place} there are {} records in all, before \
                 it there were {}, and this is so after {MOST_RESTARTS} new beginnings; pull when \
                 the other system is quiet, or set the mark back",
                number(&page.total),
                number(&self.total),
            )));
        }
        Ok(Some(Self {
            since: self.since.clone(),
            restarts: self.restarts + 1,
            ..Self::default()
        }))
    }

    fn go_to(&mut self, next: At, here: &At, place: &str) -> Result<()> {
        let key = match &next {
            At::Cursor(text) | At::Link(text) => digest(&[text.as_bytes()]),
            _ => String::new(),
        };
        if next == *here || (!key.is_empty() && key == self.circle) {
            return Err(PullError::Answer(format!(
                "{place} leads back to a page that was read before it: following it would never \
                 end"
            )));
        }
        if self.pages.is_power_of_two() {
            self.circle = key;
        }
        self.at = next;
        Ok(())
    }
}

impl Point {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The later one.
pub(super) fn greatest(
    one: Option<Point>,
    other: Option<Point>,
    place: &str,
) -> Result<Option<Point>> {
    let (Some(a), Some(b)) = (&one, &other) else {
        return Ok(one.or(other));
    };
    match compare(a, b) {
        Some(Ordering::Less) => Ok(other),
        Some(_) => Ok(one),
        None => Err(PullError::Answer(format!(
            "{place} has watermarks that cannot be compared: `{}` and `{}`",
            a.text(),
            b.text()
        ))),
    }
}

fn compare(one: &Point, other: &Point) -> Option<Ordering> {
    match (one, other) {
        (Point::Number(one), Point::Number(other)) => Some(one.cmp(other)),
        (Point::Text(one), Point::Text(other)) => {
            let instants = (
                DateTime::parse_from_rfc3339(one),
                DateTime::parse_from_rfc3339(other),
            );
            match instants {
                (Ok(one), Ok(other)) => Some(one.cmp(&other)),
                (Err(_), Err(_)) => Some(one.cmp(other)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Enough of a SHA-256 to tell pages apart; marks are short.
fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hex::encode(&hash.finalize()[..12])
}
