//! PEM (RFC 7468) with a single block.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const LINE_LETTERS: usize = 64;

/// The text of a block.
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut text = begin(label);
    for (index, letter) in STANDARD.encode(der).chars().enumerate() {
        if index % LINE_LETTERS == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push('\n');
    text.push_str(&end(label));
    text.push('\n');
    text
}

/// The bytes of the only block of the text; else what is wrong.
pub fn decode(label: &str, text: &str) -> Result<Vec<u8>, String> {
    let inside = text.trim().strip_prefix(&begin(label));
    let inside = inside.and_then(|rest| rest.strip_suffix(&end(label)));
    let inside = inside.ok_or_else(|| format!("it is no PEM block `{label}`"))?;
    let letters: String = inside.split_ascii_whitespace().collect();
    let decoded = STANDARD.decode(letters);
    decoded.map_err(|_| format!("the PEM block `{label}` is no base64"))
}

fn begin(label: &str) -> String {
    format!("-----BEGIN {label}-----")
}

/// The line that closes a block.
pub fn end(label: &str) -> String {
    format!("-----END {label}-----")
}
