//! What is declared of an API.

use std::path::PathBuf;
use std::time::Duration;

use crate::{PullError, Result, SecretRef};

/// A JSON API whose records come in pages.
///
/// ```
/// # use pull::{HttpSpec, Paging, Since};
/// let mut spec = HttpSpec::new("https://api.example.gov.vn/v1/dossiers");
/// spec.paging = Paging::Page { parameter: "page".into(), first: 1 };
/// spec.page_size = Some(("size".into(), 500));
/// spec.records = "/data".into();
/// spec.since = Some(Since {
///     parameter: "updated_from".into(),
///     field: "/updated_at".into(),
///     start: None,
/// });
/// ```
#[derive(Debug, Clone)]
pub struct HttpSpec {
    /// The address of the first page: `https://…`, without user and password.
    pub url: String,
    /// Whether `http://…` is meant. Whoever sits between then reads everything, secrets too.
    pub plain: bool,
    /// Query parameters of every page; no secrets, for they are shown and logged on the way.
    pub parameters: Vec<(String, String)>,
    /// Header fields of every request; no secrets either.
    pub headers: Vec<(String, String)>,
    /// How this machine proves who it is.
    pub auth: Auth,
    /// How one page leads to the next.
    pub paging: Paging,
    /// The query parameter that says how many records a page shall have, and how many.
    pub page_size: Option<(String, u64)>,
    /// Whether a page of fewer records than [`HttpSpec::page_size`] is the last one. Otherwise the
    /// last is known by an empty page after it, or by a page that leads to no other.
    pub short_page_ends: bool,
    /// The JSON pointer of the array of records in a page; empty where a page is that array.
    pub records: String,
    /// The JSON pointer of how many records there are in all. Declare it where the number must
    /// stay the same from the first page to the last: when it does not, the walk begins again.
    pub total: Option<String>,
    /// What is handed on of a page.
    pub body: Body,
    /// How the API is asked for what is new.
    pub since: Option<Since>,
    /// The media type of the pages.
    pub content_type: String,
    /// A PEM file of certificates to trust beside the system's.
    pub root_certificates: Option<PathBuf>,
    /// How long connecting may take.
    pub connect_within: Duration,
    /// How long a page may take, from the request to its last byte.
    pub answer_within: Duration,
    /// The largest page, before and after it is unpacked.
    pub max_page_bytes: u64,
    /// What happens when the API is not at its best.
    pub retry: Retry,
}

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    None,
    /// `Authorization: Bearer …`
    Bearer(SecretRef),
    /// `Authorization: Basic …`
    Basic {
        /// The user.
        user: String,
        /// Its password.
        password: SecretRef,
    },
    /// A header field of the API's own, such as `X-Api-Key`.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretRef,
    },
}

/// How one page leads to the next. An empty page is the end in every case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// There is one page.
    Single,
    /// A query parameter counts pages.
    Page {
        /// Its name.
        parameter: String,
        /// The number of the first page.
        first: u64,
    },
    /// A query parameter counts the records before the page, from 0.
    Offset {
        /// Its name.
        parameter: String,
    },
    /// A page names the next one.
    Cursor {
        /// The query parameter that takes the name; the first page is asked for without it.
        parameter: String,
        /// The JSON pointer of the name in a page; missing, `null` or empty on the last.
        next: String,
    },
    /// A header field `Link: <…>; rel="next"`, within the same scheme, host and port.
    Link,
}

/// What is handed on of a page; either way byte for byte as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The array of records.
    Records,
    /// All of it.
    Page,
}

/// How an API is asked for what is new: by the greatest value of a field that was seen. Values are
/// whole numbers, or texts that sort as they follow each other; RFC 3339 times sort by their
/// instant.
///
/// The value is taken over at the end of a walk through all pages, so records need not be in order.
/// An API that answers records *from* the value on, and not only *after* it, repeats those that
/// have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The query parameter.
    pub parameter: String,
    /// The JSON pointer of the field within a record.
    pub field: String,
    /// What the parameter is in the first walk; without it there is none.
    pub start: Option<String>,
}

/// What happens on `429`, `5xx`, and when the API cannot be reached or breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often a page is asked for at most.
    pub tries: u32,
    /// The wait before the second try; it doubles with each.
    pub first_wait: Duration,
    /// The longest wait. An API that asks for a longer one by `Retry-After` is given up for now.
    pub longest_wait: Duration,
}

impl HttpSpec {
    /// A single page of records, without secrets: everything else is set by the fields.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            plain: false,
            parameters: Vec::new(),
            headers: Vec::new(),
            auth: Auth::None,
            paging: Paging::Single,
            page_size: None,
            short_page_ends: false,
            records: String::new(),
            total: None,
            body: Body::Records,
            since: None,
            content_type: "application/json".to_owned(),
            root_certificates: None,
            connect_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(120),
            max_page_bytes: 64 * 1024 * 1024,
            retry: Retry::default(),
        }
    }

    /// Whether it can work, as far as that can be seen without asking.
    pub(super) fn check(&self) -> Result<()> {
        let mut pointers = vec![("records", self.records.as_str())];
        pointers.extend(self.total.iter().map(|total| ("total", total.as_str())));
        pointers.extend(
            self.since
                .iter()
                .map(|since| ("since", since.field.as_str())),
        );
        if let Paging::Cursor { next, .. } = &self.paging {
            pointers.push(("cursor", next));
        }
        for (of, pointer) in pointers {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                return Err(PullError::Declared(format!(
                    "the pointer `{pointer}` of `{of}` must begin with `/`, as in `/data/items`"
                )));
            }
        }
        if self.page_size.as_ref().is_some_and(|(_, size)| *size == 0) {
            return Err(PullError::Declared(
                "a page has at least one record".to_owned(),
            ));
        }
        if self.short_page_ends && self.page_size.is_none() {
            return Err(PullError::Declared(
                "a short page can only be told where a page size is declared".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            tries: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
        }
    }
}
