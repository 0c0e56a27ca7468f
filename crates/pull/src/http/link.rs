//! The header field `Link`, as RFC 8288 has it.

use url::Url;

use crate::{PullError, Result};

#[cfg(test)]
mod tests;

/// The address with the relation `next`, which must be of the same scheme, host and port as the
/// page that has it.
pub(super) fn next<'a>(
    fields: impl IntoIterator<Item = &'a String>,
    here: &Url,
    place: &str,
) -> Result<Option<String>> {
    let wrong = |why: &str| PullError::Answer(format!("{place} {why}"));
    let found = fields.into_iter().flat_map(|field| targets(field)).next();
    let Some(target) = found else {
        return Ok(None);
    };
    let next = here
        .join(target)
        .map_err(|error| wrong(&format!("leads to an address that is no URL: {error}")))?;
    if !same_origin(&next, here) {
        return Err(wrong(&format!(
            "leads to `{}`, which is another server: only pages of `{}` are followed",
            next.origin().ascii_serialization(),
            here.origin().ascii_serialization(),
        )));
    }
    Ok(Some(next.into()))
}

/// Whether a secret that goes to the one may go to the other.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    let has_user = !one.username().is_empty() || one.password().is_some();
    one.origin() == other.origin() && one.origin().is_tuple() && !has_user
}

/// The targets with the relation `next`.
fn targets(field: &str) -> impl Iterator<Item = &str> {
    let mut rest = field;
    std::iter::from_fn(move || {
        loop {
            let (_, after) = rest.split_once('<')?;
            let (target, after) = after.split_once('>')?;
            let (parameters, left) = split_once(after, b',');
            rest = left;
            if is_next(parameters) {
                return Some(target.trim());
            }
        }
    })
}

/// At the first such sign outside of quotes; nothing is left behind the last part.
fn split_once(text: &str, sign: u8) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if byte == sign && !quoted => {
                let (part, rest) = text.split_at(at);
                return (part, rest.get(1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (text, "")
}

/// The first `rel` counts; it may name several relations.
fn is_next(parameters: &str) -> bool {
    let mut rest = parameters;
    while !rest.is_empty() {
        let (parameter, left) = split_once(rest, b';');
        rest = left;
        let Some((name, relations)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("rel") {
            let mut relations = relations.trim().trim_matches('"').split_ascii_whitespace();
            return relations.any(|relation| relation.eq_ignore_ascii_case("next"));
        }
    }
    false
}
