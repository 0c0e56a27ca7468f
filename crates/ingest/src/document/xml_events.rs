//! An XML document as start tags, texts and end tags, held to be whole and harmless: one root, no
//! document type and so no entities of its own, bounded depth, attributes and lengths.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use quick_xml::XmlVersion;
use quick_xml::errors::Error;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::cut_off;
use crate::{IngestError, Limits, personal};

/// The document's events.
pub(super) struct Events<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
    charset_given: bool,
    limits: Limits,
    depth: usize,
    place: Place,
    row: Option<u64>,
}

/// What was seen of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Prolog,
    Root,
    Behind,
}

/// What comes next.
pub(super) enum Token<'b> {
    /// An element opens; one that is empty opens and closes.
    Open(Element<'b>),
    /// The innermost element closes.
    Close,
    /// Text with its references resolved. It may come in pieces, and empty: comments are such.
    Text(Cow<'b, str>),
    /// The document is whole.
    End,
}

impl<R: BufRead> Events<R> {
    pub(super) fn new(reader: R, charset_given: bool, limits: &Limits) -> Self {
        let mut reader = Reader::from_reader(Bounded {
            reader,
            left: limits.row_bytes,
            stop: None,
        });
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            charset_given,
            limits: *limits,
            depth: 0,
            place: Place::Start,
            row: None,
        }
    }

    /// From here to [`Events::leave_row`] all that comes counts as that row's.
    pub(super) fn enter_row(&mut self, row: u64) {
        self.row = Some(row);
        self.reader.get_mut().left = self.limits.row_bytes;
    }

    pub(super) fn leave_row(&mut self) {
        self.row = None;
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Result<Token<'_>, IngestError> {
        // A row is bounded as a whole, and outside of rows every token by itself.
        if self.row.is_none() {
            self.reader.get_mut().left = self.limits.row_bytes;
        }
        self.buffer.clear();
        let at = self.reader.buffer_position();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(error) => {
                let at = at.max(self.reader.error_position());
                let stop = self.reader.get_mut().stop.take();
                return Err(stopped(stop, &error, at, self.row, &self.limits));
            }
        };
        let was = self.place;
        if was == Place::Start {
            self.place = Place::Prolog;
        }
        let text = match event {
            Event::Start(start) => {
                if self.depth == 0 && was == Place::Behind {
                    return Err(malformed(at, "a second root element opens"));
                }
                self.place = Place::Root;
                self.depth += 1;
                if self.depth > self.limits.nesting {
                    return Err(over("nesting", self.limits.nesting, self.row));
                }
                let (row, most) = (self.row, self.limits.columns);
                return Ok(Token::Open(Element {
                    start,
                    at,
                    row,
                    most,
                }));
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.place = Place::Behind;
                }
                return Ok(Token::Close);
            }
            Event::Eof if was == Place::Behind => return Ok(Token::End),
            Event::Eof => return Err(cut_off(at)),
            Event::Decl(declaration) => {
                if was != Place::Start {
                    return Err(malformed(at, "a declaration stands where none may stand"));
                }
                check_declaration(&declaration, at, self.charset_given)?;
                return Ok(Token::Text(Cow::Borrowed("")));
            }
            Event::DocType(_) => return Err(doctype(at)),
            Event::Comment(_) | Event::PI(_) => return Ok(Token::Text(Cow::Borrowed(""))),
            Event::Text(text) => text.xml10_content(),
            Event::CData(text) => text.xml10_content(),
            Event::GeneralRef(reference) => resolved(&reference, at)?,
            Event::Empty(_) => return Err(malformed(at, "an element opens and does not close")),
        };
        if self.depth == 0 && !is_blank(&text) {
            return Err(malformed(at, "text stands outside of the root element"));
        }
        Ok(Token::Text(text))
    }
}

/// Whether the text is nothing but white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// A start tag.
pub(super) struct Element<'b> {
    start: BytesStart<'b>,
    at: u64,
    row: Option<u64>,
    most: usize,
}

/// The attributes of a start tag.
pub(super) struct Attributes {
    /// Local names and values, without those that only speak of namespaces and schemas.
    pub(super) list: Vec<(String, String)>,
    /// Whether the element is said to be null.
    pub(super) is_nil: bool,
}

impl Element<'_> {
    /// The local name.
    pub(super) fn name(&self) -> &str {
        let (local, _) = self.start.name().decompose();
        local.into_inner()
    }

    pub(super) fn attributes(&self) -> Result<Attributes, IngestError> {
        let mut attributes = Attributes {
            list: Vec::new(),
            is_nil: false,
        };
        let mut names = Vec::new();
        // The library compares every name with every other one, and we no more than are taken.
        for attribute in self.start.attributes().with_checks(false) {
            let broken = |error: &dyn std::fmt::Display| malformed(self.at, &error.to_string());
            let attribute = attribute.map_err(|error| broken(&error))?;
            if names.len() == self.most {
                return Err(over("columns", self.most, self.row));
            }
            names.push(attribute.key.into_inner());
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| broken(&error))?;
            let (local, prefix) = attribute.key.decompose();
            match (prefix.map(|prefix| prefix.into_inner()), local.into_inner()) {
                (None, "xmlns") | (Some("xmlns" | "xml"), _) => {}
                (Some("xsi"), name) => {
                    attributes.is_nil |= name == "nil" && matches!(&*value, "true" | "1");
                }
                (_, name) => attributes.list.push((name.to_owned(), value.into_owned())),
            }
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(malformed(self.at, "an attribute is given twice"));
        }
        Ok(attributes)
    }
}

fn check_declaration(
    declaration: &BytesDecl<'_>,
    at: u64,
    charset_given: bool,
) -> Result<(), IngestError> {
    let broken = |error: &dyn std::fmt::Display| malformed(at, &error.to_string());
    let version = declaration.version().map_err(|error| broken(&error))?;
    if !version.starts_with("1.") {
        return Err(malformed(at, "the version is none of XML 1"));
    }
    let encoding = declaration.encoding().transpose();
    let Some(encoding) = encoding.map_err(|error| broken(&error))? else {
        return Ok(());
    };
    // UTF-16 was made UTF-8 before, or it could not have been read as far as here.
    let known = [
        "utf-8", "utf8", "us-ascii", "ascii", "utf-16", "utf-16le", "utf-16be",
    ];
    if charset_given || known.contains(&encoding.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    let encoding = personal::excerpt(&encoding, false);
    let message = format!("the document declares the encoding `{encoding}`");
    let hint = "Send it in UTF-8, or name the charset in the media type.";
    Err(IngestError::refused("malformed", Vec::new(), message, hint))
}

/// The text that a reference stands for: a character, or one of the five entities of XML itself.
fn resolved(reference: &BytesRef<'_>, at: u64) -> Result<Cow<'static, str>, IngestError> {
    if let Some(letter) = reference
        .resolve_char_ref()
        .map_err(|error| malformed(at, &error.to_string()))?
    {
        return Ok(Cow::Owned(letter.to_string()));
    }
    match resolve_xml_entity(reference) {
        Some(text) => Ok(Cow::Borrowed(text)),
        None => {
            let name = personal::excerpt(reference, false);
            Err(malformed(
                at,
                &format!("the entity `{name}` is not one of XML's own"),
            ))
        }
    }
}

fn malformed(at: u64, why: &str) -> IngestError {
    let message = format!("the body is not XML: it breaks at byte {}: {why}", at + 1);
    let hint = "Write the document with an XML library, and send it again.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

fn doctype(at: u64) -> IngestError {
    let message = format!("a document type is declared at byte {}", at + 1);
    let hint = "Leave the DOCTYPE out: entities and outside files are not read.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

fn over(name: &'static str, limit: usize, row: Option<u64>) -> IngestError {
    match row {
        Some(row) => IngestError::row_limit(name, limit, row),
        None => IngestError::body_limit(name, limit as u64),
    }
}

fn stopped(
    stop: Option<Stop>,
    error: &Error,
    at: u64,
    row: Option<u64>,
    limits: &Limits,
) -> IngestError {
    match stop {
        Some(Stop::Spent) => over("row_bytes", limits.row_bytes, row),
        Some(Stop::Failed(error)) => IngestError::read(error),
        None => {
            let why = error.to_string();
            let why = if personal::looks_personal(&why) {
                "a tag is broken"
            } else {
                &why
            };
            malformed(at, why)
        }
    }
}

/// A reader that stops once its budget is spent: the library keeps a whole tag or text.
struct Bounded<R> {
    reader: R,
    left: usize,
    stop: Option<Stop>,
}

enum Stop {
    Spent,
    Failed(io::Error),
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.reader.fill_buf() {
            Ok([]) => Ok(&[]),
            Ok(_) if self.left == 0 => {
                self.stop = Some(Stop::Spent);
                Err(io::Error::other("the budget is spent"))
            }
            Ok(bytes) => Ok(&bytes[..bytes.len().min(self.left)]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.stop = Some(Stop::Failed(error));
                Err(io::Error::other("the reader failed"))
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.reader.consume(bytes);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let read = bytes.len().min(into.len());
        into[..read].copy_from_slice(&bytes[..read]);
        self.consume(read);
        Ok(read)
    }
}
