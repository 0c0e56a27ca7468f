//! A JSON API whose records come in pages.

use super::reach::{certificates, owned, url};
use crate::connector::model::SecretRef;
use crate::connector::source::{needed_secret, secret};
use crate::problem::{Sink, quoted};
use crate::yaml::{Map, Word, word};

/// A JSON API whose records come in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSource {
    /// The address of the first page.
    pub url: String,
    /// Whether an `http://` address is allowed.
    pub allow_http: bool,
    /// Query parameters of every page.
    pub parameters: Vec<(String, String)>,
    /// Header fields of every request.
    pub headers: Vec<(String, String)>,
    /// How this machine proves who it is.
    pub auth: HttpAuth,
    /// How one page leads to the next.
    pub paging: HttpPaging,
    /// How large a page shall be.
    pub page_size: Option<HttpPageSize>,
    /// The JSON pointer of the records in a page; empty where a page is the list of them.
    pub records: String,
    /// The JSON pointer of how many there are in all.
    pub total: Option<String>,
    /// Whether a page is handed on as a whole; else its records are.
    pub whole_page: bool,
    /// How the API is asked for what is new.
    pub since: Option<HttpSince>,
    /// The media type of the pages; none is `application/json`.
    pub media_type: Option<String>,
    /// A PEM file of certificates to trust beside the public ones, from the home when relative.
    pub certificates: Option<String>,
}

/// How a client of an API proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpAuth {
    /// It does not.
    None,
    /// By a token.
    Bearer(SecretRef),
    /// By a user and a password.
    Basic(String, SecretRef),
    /// By a header field of that name.
    Header(String, SecretRef),
}

/// How one page of an API leads to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpPaging {
    /// There is one page.
    Single,
    /// A parameter of that name counts pages from that number.
    Page(String, u64),
    /// A parameter of that name counts the records before the page.
    Offset(String),
    /// A parameter of that name takes what the page has at that JSON pointer.
    Cursor(String, String),
    /// The header field `Link` names it.
    Link,
}

/// How large a page shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpPageSize {
    /// The query parameter that says it.
    pub parameter: String,
    /// Records of a page.
    pub size: u64,
    /// Whether a page with fewer records is the last one.
    pub short_ends: bool,
}

/// How an API is asked for what is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSince {
    /// The query parameter.
    pub parameter: String,
    /// The JSON pointer, within a record, of the field whose greatest value it takes.
    pub field: String,
    /// What the parameter is at first; none leaves it out.
    pub start: Option<String>,
}

/// Header fields that the client writes itself.
const OWN_HEADERS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
];

/// What names of secrets have in them, when everything but letters and digits is left out.
const SECRET_WORDS: &[&str] = &[
    "authorization",
    "accesskey",
    "apikey",
    "cookie",
    "passwd",
    "password",
    "secret",
];
/// The same of a word on its own.
const SECRET_PARTS: &[&str] = &["auth", "key", "pwd", "token"];

pub(in crate::connector) fn http(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<HttpSource> {
    let at = map.text("url");
    let allow_http = map.boolean_if("allow_http") == Some(true);
    if let Some(word) = at {
        url(word, allow_http, sink);
    }
    let mut asked = Vec::new();
    let parameters = texts(map.map_if("parameters"), sink);
    asked.extend(parameters.iter().map(|(name, _)| *name));
    let headers = texts(map.map_if("headers"), sink);
    for (name, value) in &headers {
        header_name(*name, sink);
        if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let message = format!(
                "the value of `{}` has signs that no header may have",
                name.text
            );
            sink.at(name.at, message);
        }
    }
    let auth = auth(map, sink);
    let paging = paging(map, &mut asked, sink);
    let page_size = page_size(map, &mut asked, sink);
    let records = pointer(map, "records", sink);
    let total = pointer(map, "total", sink);
    let whole_page = map.choice_if("hand_on", &[("records", false), ("page", true)]);
    let since = since(map, &mut asked, sink);
    for (index, word) in asked.iter().enumerate() {
        if asked[..index].iter().any(|other| other.text == word.text) {
            let message = format!("the query parameter `{}` is declared twice", word.text);
            sink.at(word.at, message);
        }
    }
    let media_type = map.text_if("media_type");
    if let Some(word) = media_type.filter(|word| !is_media_type(word.text)) {
        let message = "`media_type` must be one such as `application/json`";
        sink.at(word.at, message);
    }
    let certificates = certificates(map, sink);
    let kept = |texts: Vec<(Word<'_>, &str)>| {
        let kept = texts.into_iter();
        kept.map(|(name, value)| (name.text.to_owned(), value.to_owned()))
            .collect()
    };
    Some(HttpSource {
        url: owned(at)?,
        allow_http,
        parameters: kept(parameters),
        headers: kept(headers),
        auth,
        paging,
        page_size,
        records: records.unwrap_or_default(),
        total,
        whole_page: whole_page.unwrap_or(false),
        since,
        media_type: owned(media_type),
        certificates,
    })
}

/// Texts by their names. They are shown and logged on the way, so no secret stands in them.
fn texts<'n>(map: Option<Map<'n, '_>>, sink: &Sink<'_>) -> Vec<(Word<'n>, &'n str)> {
    let entries = map.map(Map::entries).unwrap_or_default().into_iter();
    let read = entries.filter_map(|(name, node)| {
        if is_secret(name.text) {
            let message = format!(
                "`{}` is the name of a secret, and no secret stands in a project: declare it \
                 under `bearer`, `basic` or `header`, by reference",
                name.text
            );
            sink.at(name.at, message);
            return None;
        }
        let value = word(node, name.text, sink)?;
        Some((name, value.text))
    });
    read.collect()
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut parts = lower.split(|c: char| !c.is_ascii_alphanumeric());
    SECRET_WORDS.iter().any(|word| plain.contains(word))
        || parts.any(|part| SECRET_PARTS.contains(&part))
        || plain.ends_with("token")
}

fn header_name(name: Word<'_>, sink: &Sink<'_>) {
    let sign = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.text.is_empty() || !name.text.bytes().all(sign) {
        let message = format!("`{}` cannot be the name of a header", name.text);
        sink.at(name.at, message);
    } else if OWN_HEADERS.contains(&name.text.to_ascii_lowercase().as_str()) {
        let message = format!("the header `{}` is written by the client itself", name.text);
        sink.at(name.at, message);
    }
}

fn is_media_type(text: &str) -> bool {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let essence = text.split(';').next().unwrap_or_default().trim();
    plain
        && matches!(essence.split_once('/'), Some((kind, of)) if !kind.is_empty() && !of.is_empty())
}

/// A JSON pointer below the top.
fn pointer(map: &mut Map<'_, '_>, key: &'static str, sink: &Sink<'_>) -> Option<String> {
    let word = map.text_if(key)?;
    let mut escapes = word.text.split('~').skip(1);
    if !word.text.starts_with('/') || !escapes.all(|after| after.starts_with(['0', '1'])) {
        let message = format!(
            "`{key}` is `{}`, expected a JSON pointer such as `/data/items`",
            word.text
        );
        sink.at(word.at, message);
    }
    Some(word.text.to_owned())
}

fn auth(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> HttpAuth {
    let at = map.at();
    let bearer = secret(map, "bearer", sink).map(HttpAuth::Bearer);
    let basic = map.map_if("basic").and_then(|mut basic| {
        let user = basic.text("user");
        if let Some(word) = user.filter(|word| word.text.contains(':')) {
            sink.at(word.at, "`user` has a `:`, which ends it");
        }
        let password = needed_secret(&mut basic, "password", sink);
        basic.close();
        Some(HttpAuth::Basic(owned(user)?, password?))
    });
    let header = map.map_if("header").and_then(|mut header| {
        let name = header.text("name");
        if let Some(word) = name {
            header_name(word, sink);
        }
        let value = needed_secret(&mut header, "value", sink);
        header.close();
        Some(HttpAuth::Header(owned(name)?, value?))
    });
    let mut given: Vec<HttpAuth> = [bearer, basic, header].into_iter().flatten().collect();
    if given.len() > 1 {
        let words = quoted(&["bearer", "basic", "header"]);
        sink.at(at, format!("`source` says at most one of {words}"));
    }
    given.pop().unwrap_or(HttpAuth::None)
}

fn paging<'n>(map: &mut Map<'n, '_>, asked: &mut Vec<Word<'n>>, sink: &Sink<'_>) -> HttpPaging {
    let Some(mut paging) = map.map_if("paging") else {
        return HttpPaging::Single;
    };
    let at = paging.at();
    let [page, offset, cursor] = ["page", "offset", "cursor"].map(|key| paging.text_if(key));
    let first = paging.count_if("first");
    let next = pointer(&mut paging, "next", sink);
    let link = paging.boolean_if("link") == Some(true);
    paging.close();
    if let (Some((_, at)), None) = (first, page) {
        sink.at(
            at,
            "`first` is the number of the first page: it goes with `page`",
        );
    }
    if next.is_some() && cursor.is_none() {
        sink.at(
            at,
            "`next` is where the cursor stands in a page: it goes with `cursor`",
        );
    }
    asked.extend([page, offset, cursor].into_iter().flatten());
    match (owned(page), owned(offset), owned(cursor), link) {
        (Some(page), None, None, false) => {
            HttpPaging::Page(page, first.map_or(1, |(first, _)| first))
        }
        (None, Some(offset), None, false) => HttpPaging::Offset(offset),
        (None, None, Some(cursor), false) => match next {
            Some(next) => HttpPaging::Cursor(cursor, next),
            None => {
                let message = "`cursor` needs `next`, the pointer of its value in a page";
                sink.at(at, message);
                HttpPaging::Single
            }
        },
        (None, None, None, true) => HttpPaging::Link,
        _ => {
            let words = quoted(&["page", "offset", "cursor", "link: true"]);
            sink.at(at, format!("`paging` says one of {words}"));
            HttpPaging::Single
        }
    }
}

fn page_size<'n>(
    map: &mut Map<'n, '_>,
    asked: &mut Vec<Word<'n>>,
    sink: &Sink<'_>,
) -> Option<HttpPageSize> {
    let mut page_size = map.map_if("page_size")?;
    let parameter = page_size.text("parameter");
    let size = page_size.count_if("size");
    let short_ends = page_size.boolean_if("short_ends") == Some(true);
    if matches!(size, None | Some((0, _))) {
        let message = "`page_size` needs `size`, a number from 1 up";
        sink.at(page_size.at(), message);
    }
    page_size.close();
    asked.extend(parameter);
    Some(HttpPageSize {
        parameter: owned(parameter)?,
        size: size?.0,
        short_ends,
    })
}

fn since<'n>(
    map: &mut Map<'n, '_>,
    asked: &mut Vec<Word<'n>>,
    sink: &Sink<'_>,
) -> Option<HttpSince> {
    let mut since = map.map_if("since")?;
    let parameter = since.text("parameter");
    let field = pointer(&mut since, "field", sink);
    let start = since.text_if("start");
    if field.is_none() {
        let message = "`since` needs `field`, the pointer of a field within a record";
        sink.at(since.at(), message);
    }
    since.close();
    asked.extend(parameter);
    Some(HttpSince {
        parameter: owned(parameter)?,
        field: field?,
        start: owned(start),
    })
}
