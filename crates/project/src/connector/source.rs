//! Reading `kind` and `source`.

use std::time::Duration;

use super::model::{FolderSource, ObjectsSource, PutAway, SecretRef, SourceKind};
use super::schedule::span;
use crate::problem::{Sink, must_be};
use crate::yaml::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    Objects,
    /// Known, and not built.
    Other(&'static str),
}

impl Kind {
    /// Whether its pieces lie in folders.
    pub(super) fn has_folders(self) -> bool {
        matches!(self, Self::Folder | Self::Objects | Self::Other("sftp"))
    }
}

const KINDS: [(&str, Kind); 5] = [
    ("folder", Kind::Folder),
    ("objects", Kind::Objects),
    ("http", Kind::Other("http")),
    ("sftp", Kind::Other("sftp")),
    ("sql", Kind::Other("sql")),
];

const AFTER: [(&str, PutAway); 2] = [("move", PutAway::Move), ("keep", PutAway::Keep)];

/// How long a file stands still before it is taken, unless something else is said.
const QUIET: Duration = Duration::from_secs(30);

pub(super) fn kind(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<Kind> {
    let word = map.text("kind")?;
    let found = KINDS.iter().find(|(name, _)| *name == word.text);
    let Some((_, kind)) = found else {
        let known = KINDS.map(|(name, _)| name);
        sink.at(word.at, must_be("kind", &known, word.text));
        return None;
    };
    if let Kind::Other(name) = kind {
        let message = format!(
            "kind `{name}` is not built in this version: `folder` and `objects` are; let the other \
             system put its files there, or send them by `dtm submit`"
        );
        sink.at(word.at, message);
    }
    Some(*kind)
}

pub(super) fn source(
    map: &mut Map<'_, '_>,
    kind: Option<Kind>,
    sink: &Sink<'_>,
) -> Option<SourceKind> {
    let mut source = map.map("source")?;
    let read = match kind? {
        Kind::Folder => folder(&mut source, sink).map(SourceKind::Folder),
        Kind::Objects => objects(&mut source, sink).map(SourceKind::Objects),
        // Its keys are not known here.
        Kind::Other(_) => return None,
    };
    source.close();
    read
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
    let quiet = map.text_if("quiet").and_then(|word| {
        let quiet = span(word.text);
        if quiet.is_none() {
            let message = format!("`quiet` is `{}`, expected a span such as `30s`", word.text);
            sink.at(word.at, message);
        }
        quiet
    });
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
        let place = place.filter(|(bucket, _)| !bucket.is_empty() && !bucket.contains('@'));
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
        if !plain && !word.text.starts_with("https://") || word.text.contains('@') {
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

/// A reference to a secret. What stands in its place is not repeated: it may be the secret.
fn secret(map: &mut Map<'_, '_>, key: &'static str, sink: &Sink<'_>) -> Option<SecretRef> {
    let node = map.take(key)?;
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
    found
}
