//! A `select` on a PostgreSQL database.

use std::time::Duration;

use super::reach::{certificates, host, owned, port, quiet};
use crate::connector::model::SecretRef;
use crate::connector::source::secret;
use crate::problem::Sink;
use crate::yaml::{Map, Word};

/// A `select` on a PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlSource {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Whom to sign in as.
    pub user: String,
    /// By what; none where the server trusts this machine.
    pub password: Option<SecretRef>,
    /// How the connection is protected.
    pub tls: SqlTls,
    /// A PEM file of certificates to trust beside the public ones, from the home when relative.
    pub certificates: Option<String>,
    /// One `select`; `$mark` in it is the watermark that was reached.
    pub select: String,
    /// The column that grows.
    pub watermark: String,
    /// A column that tells rows of the same watermark apart.
    pub key: Option<String>,
    /// The watermark from which on rows are fetched.
    pub start: Option<String>,
    /// How old a row's watermark must be.
    pub quiet: Option<Duration>,
    /// The most rows of a piece.
    pub rows: Option<u64>,
}

/// How a connection to a database is protected, in PostgreSQL's words. Those that protect it from
/// nobody who sits between are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlTls {
    /// Not at all.
    Disable,
    /// By TLS, to a server with a certificate that is trusted.
    VerifyCa,
    /// By TLS, to a server with a certificate that is trusted for its host.
    VerifyFull,
}

const TLS: [(&str, SqlTls); 3] = [
    ("disable", SqlTls::Disable),
    ("verify-ca", SqlTls::VerifyCa),
    ("verify-full", SqlTls::VerifyFull),
];

pub(in crate::connector) fn sql(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<SqlSource> {
    let host = host(map, sink);
    let port = port(map, 5432, sink);
    let [database, user] = ["database", "user"].map(|key| map.text(key));
    let password = secret(map, "password", sink);
    let tls = map.choice_if("tls", &TLS).unwrap_or(SqlTls::VerifyFull);
    let at = map.at();
    let certificates = certificates(map, sink);
    if certificates.is_some() && tls == SqlTls::Disable {
        sink.at(at, "`certificates` has no use with `tls: disable`");
    }
    let select = map.text("select");
    let watermark = map.text("watermark");
    let [key, start] = ["key", "start"].map(|key| map.text_if(key));
    if let Some(word) = select {
        check_select(word, key.is_some(), sink);
    }
    if let (Some(key), Some(watermark)) = (key, watermark)
        && key.text == watermark.text
    {
        let message = "`key` tells rows of the same `watermark` apart: it is another column";
        sink.at(key.at, message);
    }
    let quiet = quiet(map, sink);
    let rows = map.count_if("rows");
    if let Some((0, at)) = rows {
        sink.at(at, "`rows` is 0: nothing would be taken");
    }
    Some(SqlSource {
        host: owned(host)?,
        port,
        database: owned(database)?,
        user: owned(user)?,
        password,
        tls,
        certificates,
        select: owned(select)?,
        watermark: owned(watermark)?,
        key: owned(key),
        start: owned(start),
        quiet,
        rows: rows.map(|(rows, _)| rows),
    })
}

/// What can be seen without asking the database, which judges the rest.
fn check_select(word: Word<'_>, with_key: bool, sink: &Sink<'_>) {
    let select = word.text;
    let first = select.split(|c: char| !c.is_ascii_alphabetic()).next();
    let first = first.unwrap_or_default().to_ascii_lowercase();
    if !matches!(first.as_str(), "select" | "with") {
        sink.at(word.at, "`select` must begin with `select` or `with`");
    }
    if select.ends_with(';') {
        sink.at(
            word.at,
            "`select` is one statement: leave out the `;` at its end",
        );
    }
    let mut placeholders = select.split('$').skip(1);
    if placeholders.any(|after| after.starts_with(|c: char| c.is_ascii_digit())) {
        sink.at(word.at, "the only placeholder of `select` is `$mark`");
    }
    let mut marks = select.match_indices("$mark");
    if with_key && marks.any(|(at, _)| select[..at].trim_end().ends_with('>')) {
        let message = "with a `key` the `select` must say `>= $mark`, not `> $mark`: it would \
                       leave out rows that have the watermark at which a piece ended";
        sink.at(word.at, message);
    }
}
