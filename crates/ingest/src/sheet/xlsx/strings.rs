//! Texts that cells share, and texts of cells.

use quick_xml::events::Event;

use super::super::xml::{Capped, Xml, attribute};
use crate::{IngestError, Limits};

/// The texts that cells name by number, end to end.
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
    cell_bytes: usize,
    limit: usize,
}

impl Strings {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            cell_bytes: limits.cell_bytes,
            limit: limits.shared_text_bytes,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of that number.
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start = match number {
            0 => 0,
            _ => *self.ends.get(number - 1)?,
        };
        self.text.get(start..end)
    }

    /// Reads them all. What the part says of their number is not believed.
    pub(super) fn read(&mut self, mut xml: Xml<'_>) -> Result<(), IngestError> {
        let mut text = Capped::new(self.cell_bytes);
        loop {
            match xml.next()? {
                Event::Start(start) if start.local_name().into_inner() == "si" => {}
                Event::Eof => return Ok(()),
                _ => continue,
            }
            text.clear();
            string(&mut xml, &mut text)?;
            self.text += text.as_str();
            self.ends.push(self.text.len());
            if self.text.len() + self.ends.len() * size_of::<usize>() > self.limit {
                return Err(IngestError::body_limit(
                    "shared_text_bytes",
                    self.limit as u64,
                ));
            }
        }
    }
}

/// Appends the text of the element at hand: plain, or in runs of one format each. How it is
/// pronounced, which East Asian programs write beside it, is left out.
pub(super) fn string(xml: &mut Xml<'_>, text: &mut Capped) -> Result<(), IngestError> {
    let mut depth = 0_u32;
    loop {
        let (is_text, is_run, kept) = match xml.next()? {
            Event::Start(start) => {
                let name = start.local_name().into_inner();
                let kept = attribute(&start, "xml:space")?;
                (
                    name == "t",
                    name == "r",
                    kept.as_deref() == Some("preserve"),
                )
            }
            Event::End(_) if depth == 0 => return Ok(()),
            Event::End(_) => {
                depth -= 1;
                continue;
            }
            Event::Eof => return Err(xml.cut_off()),
            _ => continue,
        };
        if is_run && depth == 0 {
            depth = 1;
        } else if is_text {
            let mut piece = Capped::new(text.most());
            xml.text(&mut piece)?;
            let piece = piece.into_text();
            let piece = match kept {
                true => piece.as_str(),
                false => piece.trim_matches([' ', '\t', '\r', '\n']),
            };
            text.push(&unescaped(piece));
        } else {
            xml.skip()?;
        }
    }
}

/// The text without the escapes `_x000D_` that stand for what XML cannot say.
pub(super) fn unescaped(text: &str) -> String {
    let mut units = Vec::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let escape = rest.get(at + 2..at + 7).filter(|e| e.ends_with('_'));
        let unit = escape.and_then(|escape| {
            let digits = &escape[..4];
            let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            u16::from_str_radix(digits, 16).ok().filter(|_| hex)
        });
        let plain = match unit {
            Some(_) => at,
            None => at + 2,
        };
        if plain > 0 {
            flush(&mut units, &mut out);
            out += &rest[..plain];
        }
        rest = match unit {
            Some(unit) => {
                units.push(unit);
                &rest[at + 7..]
            }
            None => &rest[plain..],
        };
    }
    flush(&mut units, &mut out);
    out + rest
}

/// Characters beyond the first plane are two escapes.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    *out += &String::from_utf16_lossy(units);
    units.clear();
}

#[cfg(test)]
mod tests;
