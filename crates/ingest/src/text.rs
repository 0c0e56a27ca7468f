//! Strings as they are kept: NFC, so that equal words are equal bytes, without control characters.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::cell::Fault;
use crate::personal::is_turning;
use crate::words;

const CONTROL: Fault = Fault::new(&[
    "chuỗi chứa ký tự điều khiển",
    "the text contains a control character",
]);

const TURNING: Fault = Fault::new(&[
    "chuỗi chứa ký tự đổi hướng viết",
    "the text contains a character that turns the direction of writing",
]);

/// The string in NFC. Refuses control characters other than tab and line breaks, and those that
/// turn the direction of writing: what is read is then not what is there.
pub(crate) fn normalised(text: &str) -> Result<Cow<'_, str>, Fault> {
    if words::are_printable(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    if text.is_ascii() {
        let control = text
            .bytes()
            .any(|b| b.is_ascii_control() && !is_layout(char::from(b)));
        return if control {
            Err(CONTROL)
        } else {
            Ok(Cow::Borrowed(text))
        };
    }
    if text.chars().any(|c| c.is_control() && !is_layout(c)) {
        return Err(CONTROL);
    }
    if text.chars().any(is_turning) {
        return Err(TURNING);
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Ok(Cow::Borrowed(text)),
        IsNormalized::No | IsNormalized::Maybe => Ok(Cow::Owned(text.nfc().collect())),
    }
}

fn is_layout(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests;
