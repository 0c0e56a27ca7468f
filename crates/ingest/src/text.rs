//! Strings as they are kept: NFC, so that equal words are equal bytes, without control characters.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::cell::Fault;

const CONTROL: Fault = Fault::new(
    "chuỗi chứa ký tự điều khiển",
    "the text contains a control character",
);

/// The string in NFC. Refuses control characters other than tab and line breaks.
pub(crate) fn normalised(text: &str) -> Result<Cow<'_, str>, Fault> {
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
