//! XML as the parts of a spreadsheet are read: forward only, without entities of its own, an event
//! at a time and none of them longer than is taken.

use std::borrow::Cow;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::malformed;
use super::package::{Gauge, Metered};
use crate::IngestError;

/// A part being read.
pub(super) struct Xml<'p> {
    reader: Reader<Metered<'p>>,
    buffer: Vec<u8>,
    gauge: Rc<Gauge>,
    part: String,
}

impl<'p> Xml<'p> {
    pub(super) fn new(part: Metered<'p>, gauge: Rc<Gauge>, name: &str) -> Self {
        let mut reader = Reader::from_reader(part);
        // So that an element is one thing, whichever way it is written.
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            gauge,
            part: name.to_owned(),
        }
    }

    /// The next event; [`Event::Eof`] only where the document is complete.
    pub(super) fn next(&mut self) -> Result<Event<'_>, IngestError> {
        self.buffer.clear();
        self.gauge.next_event();
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::DocType(_)) => {
                let message = format!("the part `{}` declares entities of its own", self.part);
                Err(malformed(message))
            }
            Ok(event) => Ok(event),
            Err(error) => {
                let message = format!("the part `{}` cannot be read: {error}", self.part);
                Err(self.gauge.error(message))
            }
        }
    }

    /// Passes over the rest of the element at hand.
    pub(super) fn skip(&mut self) -> Result<(), IngestError> {
        let mut depth = 1_u64;
        while depth > 0 {
            match self.next()? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(self.cut_off()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Appends the text that stands directly in the element at hand, up to its end.
    pub(super) fn text(&mut self, text: &mut Capped) -> Result<(), IngestError> {
        loop {
            match self.next()? {
                Event::Start(_) => self.skip()?,
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.cut_off()),
                event => {
                    if let Some(piece) = piece(&event)? {
                        text.push(&piece);
                    }
                }
            }
        }
    }

    /// Counts what is said once and stands several times.
    pub(super) fn charge(&self, bytes: u64) -> Result<(), IngestError> {
        self.gauge.charge(bytes)
    }

    /// The refusal of a part that ends too early.
    pub(super) fn cut_off(&self) -> IngestError {
        malformed(format!("the part `{}` is cut off", self.part))
    }
}

/// The characters that an event stands for; none if it is none of text.
pub(super) fn piece<'e>(event: &Event<'e>) -> Result<Option<Cow<'e, str>>, IngestError> {
    Ok(match event {
        Event::Text(text) => Some(text.xml10_content()),
        Event::CData(text) => Some(text.xml10_content()),
        Event::GeneralRef(name) => Some(entity(name)?),
        _ => None,
    })
}

fn entity(name: &BytesRef<'_>) -> Result<Cow<'static, str>, IngestError> {
    if let Some(known) = resolve_xml_entity(name) {
        return Ok(Cow::Borrowed(known));
    }
    match name.resolve_char_ref() {
        Ok(Some(c)) => Ok(Cow::Owned(c.to_string())),
        _ => Err(malformed(
            "the workbook speaks of an entity that XML does not have",
        )),
    }
}

/// Gives every attribute by its full name.
pub(super) fn attributes(
    start: &BytesStart<'_>,
    mut take: impl FnMut(&str, Cow<'_, str>),
) -> Result<(), IngestError> {
    let broken = || malformed("an attribute of the workbook is not well-formed");
    let mut attributes = start.attributes();
    for attribute in attributes.with_checks(false) {
        let attribute = attribute.map_err(|_| broken())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        take(attribute.key.into_inner(), value.map_err(|_| broken())?);
    }
    Ok(())
}

/// The attribute of that full name.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, IngestError> {
    let mut found = None;
    attributes(start, |key, value| {
        if key == name {
            found = Some(value.into_owned());
        }
    })?;
    Ok(found)
}

/// A text that stops growing when it is longer than is taken.
#[derive(Debug, Default)]
pub(super) struct Capped {
    text: String,
    most: usize,
}

impl Capped {
    pub(super) fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            most,
        }
    }

    pub(super) fn push(&mut self, piece: &str) {
        let room = (self.most + 1).saturating_sub(self.text.len());
        match piece.char_indices().find(|(at, _)| *at >= room) {
            Some((end, _)) => self.text += &piece[..end],
            None => self.text += piece,
        }
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
