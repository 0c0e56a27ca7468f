//! Where a source is: hosts, ports, addresses, and the private ones among them that are meant.

use std::net::IpAddr;
use std::time::Duration;

use crate::connector::schedule::span;
use crate::problem::Sink;
use crate::yaml::{Map, Word};

/// The addresses that are not public and may be reached nevertheless: `host:port`, or a range.
pub(in crate::connector) fn allowed(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Vec<String> {
    let words = map.words_if("allow_addresses").unwrap_or_default();
    for word in &words {
        match word.text.split_once('/') {
            Some((address, prefix)) => range(*word, address, prefix, sink),
            None if host_and_port(word.text).is_some_and(|(_, port)| port.is_some()) => {}
            None => {
                let message = format!(
                    "`{}` is neither `host:port` nor a range such as `10.20.0.0/16`",
                    word.text
                );
                sink.at(word.at, message);
            }
        }
    }
    words.iter().map(|word| word.text.to_owned()).collect()
}

fn range(word: Word<'_>, address: &str, prefix: &str, sink: &Sink<'_>) {
    let text = word.text;
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => {
            let message = format!("`{text}` is no range: `{address}` is no address");
            sink.at(word.at, message);
            return;
        }
    };
    match prefix.parse::<u8>() {
        Ok(0) => sink.at(
            word.at,
            format!("`{text}` would open every address: name those that are meant"),
        ),
        Ok(length) if length <= most => {}
        _ => sink.at(
            word.at,
            format!("`{text}` is no range: expected a prefix from 1 to {most} after the `/`"),
        ),
    }
}

/// A host and the port behind it, as an authority of a URL has them; none if it is no such thing.
pub(in crate::connector) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':')?)),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let sign = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    let is_host = !host.is_empty() && host.chars().all(sign);
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None => None,
    };
    is_host.then_some((host, port))
}

/// A host without a port.
pub(super) fn host<'n>(map: &mut Map<'n, '_>, sink: &Sink<'_>) -> Option<Word<'n>> {
    let word = map.text("host")?;
    let is_address = word.text.parse::<IpAddr>().is_ok();
    if !is_address && !matches!(host_and_port(word.text), Some((_, None))) {
        let message = "`host` must be a name or an address alone: what else there is to say has \
                       keys of its own";
        sink.at(word.at, message);
    }
    Some(word)
}

pub(super) fn port(map: &mut Map<'_, '_>, usual: u16, sink: &Sink<'_>) -> u16 {
    let Some((port, at)) = map.count_if("port") else {
        return usual;
    };
    match u16::try_from(port) {
        Ok(port) if port > 0 => port,
        _ => {
            let message = format!("`port` is {port}, expected a number from 1 to 65535");
            sink.at(at, message);
            usual
        }
    }
}

/// The address of an API. What stands there may hold a secret, so it is not repeated.
pub(super) fn url(word: Word<'_>, allow_http: bool, sink: &Sink<'_>) {
    let plain = word.text.starts_with("http://");
    if !plain && !word.text.starts_with("https://") {
        sink.at(word.at, "`url` must begin with `https://`");
        return;
    }
    if plain && !allow_http {
        let message = "`url` is not encrypted: write `https://`, or allow it with \
                       `allow_http: true`";
        sink.at(word.at, message);
    }
    let rest = word.text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        let message = "`url` has a user or a password in it: declare them under `basic`, the \
                       password by reference";
        sink.at(word.at, message);
    } else if host_and_port(authority).is_none() {
        sink.at(word.at, "`url` names no host: expected `https://host/path`");
    }
    if rest.contains(['?', '#']) {
        let message = "`url` ends before its `?` or `#`: declare what follows under `parameters`";
        sink.at(word.at, message);
    }
}

/// How long something must have stood still.
pub(in crate::connector) fn quiet(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<Duration> {
    let word = map.text_if("quiet")?;
    let quiet = span(word.text);
    if quiet.is_none() {
        let message = format!("`quiet` is `{}`, expected a span such as `30s`", word.text);
        sink.at(word.at, message);
    }
    quiet
}

/// A file of certificates to trust beside the public ones.
pub(super) fn certificates(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<String> {
    let word = map.text_if("certificates")?;
    if word.text.split('/').any(|part| part == "..") {
        let message = format!(
            "`{}` leads out of its folder: write the whole path",
            word.text
        );
        sink.at(word.at, message);
    }
    Some(word.text.to_owned())
}

pub(super) fn owned(word: Option<Word<'_>>) -> Option<String> {
    word.map(|word| word.text.to_owned())
}
