//! A project file's bytes as text, and their digest.

use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::problem::{Mark, Sink};

/// Reads bytes as UTF-8 without a byte order mark, composed (NFC); none if it is no UTF-8 at all.
pub(crate) fn decode<'b>(bytes: &'b [u8], sink: &Sink<'_>) -> Option<&'b str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            sink.at(
                end_of(&before),
                "the file is no UTF-8 from here: save it as UTF-8",
            );
            return None;
        }
    };
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => {
            let message = "the file begins with a byte order mark: save it as UTF-8 without one";
            sink.at(Mark { line: 1, column: 1 }, message);
            rest
        }
        None => text,
    };
    require_nfc(text, sink);
    Some(text)
}

/// The SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn require_nfc(text: &str, sink: &Sink<'_>) {
    let mut bad = text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.is_ascii() && !is_nfc(l));
    let Some((index, line)) = bad.next() else {
        return;
    };
    let same = line
        .chars()
        .zip(line.nfc())
        .take_while(|(a, b)| a == b)
        .count();
    let more = match bad.count() {
        0 => String::new(),
        more => format!(", the first of {} such lines", more + 1),
    };
    sink.at(
        Mark {
            line: index + 1,
            column: same + 1,
        },
        format!("the text is not composed{more}: save the file in Unicode form NFC"),
    );
}

fn end_of(text: &str) -> Mark {
    let line = text.matches('\n').count() + 1;
    let column = text.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Mark { line, column }
}

#[cfg(test)]
mod tests;
