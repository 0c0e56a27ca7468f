//! Whether a page's tags are closed in the order in which they were opened. Pages are written so,
//! although HTML would allow less.

const VOID: [&str; 5] = ["br", "input", "link", "meta", "hr"];

/// The first thing that is wrong.
pub(super) fn breach(html: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>")?;
    while let Some(start) = rest.find('<') {
        if rest[..start].contains('>') {
            return Some(format!("a bare `>` before `{}`", excerpt(&rest[start..])));
        }
        rest = &rest[start..];
        let Some(end) = rest.find('>') else {
            return Some(format!("`{}` does not end", excerpt(rest)));
        };
        let tag = &rest[1..end];
        if tag.matches('"').count() % 2 != 0 || tag.contains('<') {
            return Some(format!("`{}` is no tag", excerpt(rest)));
        }
        let name = tag.trim_start_matches('/').trim_end_matches('/');
        let name = name.split_ascii_whitespace().next().unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return Some(format!("`</{name}>` closes what is not open: {open:?}"));
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    (!open.is_empty()).then(|| format!("{open:?} is not closed"))
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}

#[test]
fn what_is_not_well_formed_is_found() {
    let page = |body: &str| breach(&format!("<!DOCTYPE html><html>{body}</html>"));
    assert_eq!(page("<p class=\"a\">x<br>&#60;</p><path d=\"M0\"/>"), None);
    for wrong in [
        "<p>",
        "</p>",
        "<p><b></p></b>",
        "<p class=\"a>x</p>",
        "a > b",
    ] {
        assert!(page(wrong).is_some(), "{wrong}");
    }
}
