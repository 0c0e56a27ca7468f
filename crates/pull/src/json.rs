//! Finds parts of a JSON text without building it up: what is handed on is as it was received, and
//! a page takes no more memory than its bytes.

use serde::de::{Error, IgnoredAny};

#[cfg(test)]
mod tests;

/// A text that was read through once and is JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'a>(&'a [u8]);

impl<'a> Json<'a> {
    /// Reads the whole text once; a byte order mark before it is no part of it.
    pub(crate) fn read(text: &'a [u8]) -> serde_json::Result<Self> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        // What is ignored is not looked at as closely.
        std::str::from_utf8(text).map_err(serde_json::Error::custom)?;
        serde_json::from_slice::<IgnoredAny>(text)?;
        Ok(Self(text.trim_ascii()))
    }

    /// The text of this value.
    pub(crate) fn text(self) -> &'a [u8] {
        self.0
    }

    /// The value at an RFC 6901 pointer.
    pub(crate) fn at(self, pointer: &str) -> Option<Self> {
        let mut tokens = pointer.split('/');
        // What is before the first `/` is empty, as the declaration was checked to be.
        tokens.next();
        tokens.try_fold(self, |value, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match value.0.first()? {
                b'{' => value.member(&token),
                b'[' => value.items()?.nth(token.parse().ok()?),
                _ => None,
            }
        })
    }

    /// The values of an array, `None` for anything else.
    pub(crate) fn items(self) -> Option<impl Iterator<Item = Self>> {
        let mut rest = Rest::inside(self.0, b'[')?;
        Some(std::iter::from_fn(move || rest.value()))
    }

    /// A text without its quotes, or a number as it is written.
    pub(crate) fn scalar(self) -> Option<Scalar> {
        match self.0.first()? {
            b'"' => serde_json::from_slice(self.0).ok().map(Scalar::Text),
            b'-' | b'0'..=b'9' => {
                let text = std::str::from_utf8(self.0).ok()?;
                Some(Scalar::Number(text.to_owned()))
            }
            b'n' => Some(Scalar::Null),
            _ => None,
        }
    }

    fn member(self, name: &str) -> Option<Self> {
        let mut rest = Rest::inside(self.0, b'{')?;
        loop {
            let key: String = serde_json::from_slice(rest.value()?.0).ok()?;
            let value = rest.value()?;
            if key == name {
                return Some(value);
            }
        }
    }
}

/// What has no parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar {
    Null,
    Number(String),
    Text(String),
}

/// What is left of an array or an object.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn inside(text: &'a [u8], opening: u8) -> Option<Self> {
        let (first, inside) = text.split_first()?;
        (*first == opening).then_some(Self(inside))
    }

    /// The next value, be it a key; nothing at the end.
    fn value(&mut self) -> Option<Json<'a>> {
        let between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':');
        let start = self.0.iter().position(|byte| !between(byte))?;
        let text = self.0.get(start..)?;
        if matches!(text.first()?, b']' | b'}') {
            return None;
        }
        let (value, rest) = text.split_at_checked(length(text)?)?;
        self.0 = rest;
        Some(Json(value))
    }
}

/// The length of the value that `text` begins with.
fn length(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => at += string_length(text.get(at..)?)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
                continue;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            _ => {
                let ends = |byte: &u8| b",:]} \t\n\r".contains(byte);
                let word = text.get(at..)?;
                at += word.iter().position(ends).unwrap_or(word.len());
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
