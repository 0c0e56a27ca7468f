//! Reading `kind` and `source`.

use std::time::Duration;

use super::model::{FolderSource, ObjectsSource, PutAway, SecretRef, SourceKind};
use super::remote::{self, host_and_port};
use crate::problem::{Sink, must_be};
use crate::yaml::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    Objects,
    Http,
    Sftp,
    Sql,
}

impl Kind {
    /// Whether its pieces lie in folders, and have paths for names.
    pub(super) fn has_folders(self) -> bool {
        match self {
            Self::Folder | Self::Objects => true,
            Self::Http | Self::Sftp | Self::Sql => false,
        }
    }
}

const KINDS: [(&str, Kind); 5] = [
    ("folder", Kind::Folder),
    ("objects", Kind::Objects),
    ("http", Kind::Http),
    ("sftp", Kind::Sftp),
    ("sql", Kind::Sql),
];

const AFTER: [(&str, PutAway); 2] = [("move", PutAway::Move), ("keep", PutAway::Keep)];

/// How long a file stands still before it is taken, unless something else is said.
const QUIET: Duration = Duration::from_secs(30);

pub(super) fn kind(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<Kind> {
    let word = map.text("kind")?;
    let found = KINDS.iter().find(|(name, _)| *name == word.text);
    if found.is_none() {
        let known = KINDS.map(|(name, _)| name);
        sink.at(word.at, must_be("kind", &known, word.text));
    }
    found.map(|(_, kind)| *kind)
}

/// The source, and the addresses that are not public and that it may reach.
pub(super) fn source(
    map: &mut Map<'_, '_>,
    kind: Option<Kind>,
    sink: &Sink<'_>,
) -> Option<(SourceKind, Vec<String>)> {
    let mut source = map.map("source")?;
    let kind = kind?;
    let read = match kind {
        Kind::Folder => folder(&mut source, sink).map(SourceKind::Folder),
        Kind::Objects => objects(&mut source, sink).map(SourceKind::Objects),
        Kind::Http => remote::http(&mut source, sink).map(|http| SourceKind::Http(Box::new(http))),
        Kind::Sftp => remote::sftp(&mut source, sink).map(|sftp| SourceKind::Sftp(Box::new(sftp))),
        Kind::Sql => remote::sql(&mut source, sink).map(|sql| SourceKind::Sql(Box::new(sql))),
    };
    let allowed = match kind {
        Kind::Folder => Vec::new(),
        _ => remote::allowed(&mut source, sink),
    };
    source.close();
    read.zip(Some(allowed))
}

fn folder(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<FolderSource> {
    let folder = map.text("folder");
    if let Some(word) = folder
        && word.text.split('/').any(|part| part == "..")
    {
        let message = format!(
            "`{}` leads out of its folder: write the whole path",
            word.text
        );
        sink.at(word.at, message);
    }
    let quiet = remote::quiet(map, sink);
    Some(FolderSource {
        folder: folder?.text.to_owned(),
        quiet: quiet.unwrap_or(QUIET),
    })
}

fn objects(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<ObjectsSource> {
    let url = map.text("url");
    let place = url.and_then(|word| {
        let rest = word.text.strip_prefix("s3://");
        let place = rest.map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let sign = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        let is_name = |bucket: &str| !bucket.is_empty() && bucket.bytes().all(sign);
        let place = place.filter(|(bucket, _)| is_name(bucket));
        if place.is_none() {
            // What was written may hold a secret.
            sink.at(word.at, "`url` must be `s3://bucket/folder`");
        }
        place
    });
    let endpoint = map.text_if("endpoint");
    let allow_http = map.boolean_if("allow_http") == Some(true);
    if let Some(word) = endpoint {
        let plain = word.text.starts_with("http://");
        let host = word.text.trim_end_matches('/').split_once("://");
        let host = host.filter(|(scheme, host)| {
            matches!(*scheme, "http" | "https") && host_and_port(host).is_some()
        });
        if host.is_none() {
            sink.at(
                word.at,
                "`endpoint` must be `https://host` or `https://host:port`",
            );
        } else if plain && !allow_http {
            let message = "`endpoint` is not encrypted: write `https://`, or allow it with \
                           `allow_http: true`";
            sink.at(word.at, message);
        }
    }
    let region = map.text_if("region");
    // It is a part of a host's name.
    let sign = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if let Some(word) = region.filter(|word| !word.text.bytes().all(sign)) {
        let message = "`region` must be of letters, digits and `-`, as in `ap-southeast-1`";
        sink.at(word.at, message);
    }
    let keys = ["access_key", "secret_key", "session_token"].map(|key| secret(map, key, sink));
    let [access_key, secret_key, session_token] = keys;
    if access_key.is_some() != secret_key.is_some() {
        let message = "`access_key` and `secret_key` go together";
        sink.at(map.at(), message);
    }
    let after = map.choice_if("after", &AFTER);
    let (bucket, prefix) = place?;
    Some(ObjectsSource {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        endpoint: endpoint.map(|word| word.text.trim_end_matches('/').to_owned()),
        region: region.map(|word| word.text.to_owned()),
        allow_http,
        access_key,
        secret_key,
        session_token,
        after: after.unwrap_or(PutAway::Move),
    })
}

/// A reference to a secret that may be there.
pub(super) fn secret(
    map: &mut Map<'_, '_>,
    key: &'static str,
    sink: &Sink<'_>,
) -> Option<SecretRef> {
    given_secret(map, key, sink).1
}

/// Whether anything stands there, and the reference if it is one. What stands in its place is not
/// repeated: it may be the secret.
pub(super) fn given_secret(
    map: &mut Map<'_, '_>,
    key: &'static str,
    sink: &Sink<'_>,
) -> (bool, Option<SecretRef>) {
    let Some(node) = map.take(key) else {
        return (false, None);
    };
    let found = match &node.value {
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    if found.is_none() {
        let message = format!(
            "`{key}` must say where the secret is, `env:NAME` or `file:NAME`: no secret stands in \
             a project"
        );
        sink.at(node.at, message);
    }
    (true, found)
}

/// A reference that must be there.
pub(super) fn needed_secret(
    map: &mut Map<'_, '_>,
    key: &'static str,
    sink: &Sink<'_>,
) -> Option<SecretRef> {
    let (is_given, found) = given_secret(map, key, sink);
    if !is_given {
        map.need(key);
    }
    found
}
