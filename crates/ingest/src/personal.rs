//! What looks like personal data, said once: rules, excerpts and kept rows all ask here.

use std::sync::LazyLock;

use regex::Regex;

/// What a value contains if it looks like personal data: a citizen id (twelve digits from 0, no
/// digit beside them), a Vietnamese mobile number, an e-mail address. Digits are ASCII and there is
/// no look-around, so the pattern means the same in every engine.
pub const PERSONAL_DATA_PATTERN: &str = concat!(
    r"(?:^|[^0-9])(?:0[0-9]{11}|(?:0|\+?84)[35789][0-9]{8})(?:[^0-9]|$)",
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
);

/// Compiling a constant does not fail; if it did, every value would count as personal.
static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PERSONAL_DATA_PATTERN).ok());

/// The mark that stands for what was hidden.
pub(crate) const MASK: &str = "•••";

/// How many characters of a value are shown.
const EXCERPT_CHARS: usize = 40;

/// How many characters a mask leaves.
const KEPT_CHARS: usize = 2;

/// Whether the text contains what looks like personal data.
pub fn looks_personal(text: &str) -> bool {
    // Ten digits in a row or an `@` are the least that any branch of the pattern needs.
    let candidate = has_ten_digits(text.as_bytes()) || text.as_bytes().contains(&b'@');
    candidate
        && PATTERN
            .as_ref()
            .is_none_or(|pattern| pattern.is_match(text))
}

/// Whether ten digits stand in a row. Every tenth byte is one of any such row.
fn has_ten_digits(text: &[u8]) -> bool {
    let row =
        |digits: &mut dyn Iterator<Item = &u8>| digits.take_while(|b| b.is_ascii_digit()).count();
    (9..text.len()).step_by(10).any(|at| {
        let (before, from) = text.split_at(at);
        from[0].is_ascii_digit() && row(&mut before.iter().rev()) + row(&mut from.iter()) > 9
    })
}

/// The text with all but its first two characters hidden.
pub fn mask(text: &str) -> String {
    let kept: String = text.chars().take(KEPT_CHARS).collect();
    harmless(&kept) + MASK
}

/// The start of a value as errors show it.
pub(crate) fn excerpt(value: &str, personal: bool) -> String {
    if personal || looks_personal(value) {
        return mask(value);
    }
    harmless(&value.chars().take(EXCERPT_CHARS).collect::<String>())
}

/// The text as it may be shown. It meets terminals and logs, where a control character is a command,
/// and people, to whom a turned line or an unseen character shows something else than is there.
pub(crate) fn harmless(text: &str) -> String {
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let shown = |c: char| {
        if c.is_control() || is_turning(c) || unseen(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// Whether the character turns the direction in which what follows is written.
pub(crate) fn is_turning(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
