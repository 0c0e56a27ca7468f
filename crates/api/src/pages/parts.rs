//! Parts of longer lists and texts.

use service::Page as Part;

use super::visit::{Visit, address};

/// Where the parts before and after this one are.
pub(super) struct Around {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// The part that the address asks for.
pub(super) fn part(visit: &Visit, limit: u64) -> Part {
    let offset = visit
        .param("offset")
        .and_then(|offset| offset.parse().ok())
        .unwrap_or(0);
    Part { offset, limit }
}

/// The same part with one more: that one tells whether there is another part.
pub(super) fn and_one_more(part: Part) -> Part {
    Part {
        limit: part.limit.saturating_add(1),
        ..part
    }
}

/// The items of the part, without the one more, and where its neighbours are.
pub(super) fn cut<T>(items: &mut Vec<T>, path: &str, part: Part) -> Around {
    let more = items.len() as u64 > part.limit;
    items.truncate(usize::try_from(part.limit).unwrap_or(usize::MAX));
    around(path, part, more)
}

pub(super) fn around(path: &str, part: Part, more: bool) -> Around {
    around_with(path, &[], part, more)
}

/// The neighbours of a part of what the parameters choose.
pub(super) fn around_with(path: &str, params: &[(&str, &str)], part: Part, more: bool) -> Around {
    let at = |offset: u64| {
        let offset = offset.to_string();
        address(path, &[params, &[("offset", &offset)]].concat())
    };
    let before = (part.offset > 0).then(|| at(part.offset.saturating_sub(part.limit)));
    Around {
        before,
        after: more.then(|| at(part.offset.saturating_add(part.limit))),
    }
}

/// The first `most` characters of a text, and whether there were more.
pub(super) fn excerpt(mut text: String, most: usize) -> (String, bool) {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return (text, false);
    };
    text.truncate(end);
    text.push('…');
    (text, true)
}
