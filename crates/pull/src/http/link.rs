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
            let end = end_of_link(after);
            let (parameters, left) = after.split_at(end);
            rest = left;
            if is_next(parameters) {
                return Some(target.trim());
            }
        }
    })
}

/// Where the parameters of a link end: at the first comma outside of quotes.
fn end_of_link(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// The first `rel` counts; it may name several relations.
fn is_next(parameters: &str) -> bool {
    let named = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then_some(value)
    });
    let relations = named.unwrap_or_default().trim().trim_matches('"');
    relations
        .split_ascii_whitespace()
        .any(|relation| relation.eq_ignore_ascii_case("next"))
}
