//! An XML document: the rows are the elements at the end of the adapter's path, or without one the
//! children of the root.

use std::borrow::Cow;
use std::io::BufRead;

use super::outer::Outer;
use super::row::Rows;
use super::xml_events::{Attributes, Events, Token, is_blank};
use super::{BLOCK_BYTES, Source, Unreadable, Visit};
use crate::cell::Cell;
use crate::fields::Terms;
use crate::{IngestError, personal};

/// A document being read.
pub(super) struct Document<'a, R> {
    events: Events<R>,
    terms: Terms<'a>,
    outer: Outer<'a>,
    /// The element names from the root to the row, if an adapter says them.
    path: Option<&'a [String]>,
    /// How many elements on the way to the rows are open.
    open: usize,
    /// How many of them were opened ever: each may stand once.
    met: usize,
    rows: Rows,
    first_row: u64,
    is_over: bool,
    /// What is told once the rows before it were judged.
    failure: Option<IngestError>,
}

/// Where an element outside of rows belongs.
enum Kind {
    /// On the way to the rows.
    Way,
    Row,
    Outer,
}

impl<'a, R: BufRead> Document<'a, R> {
    pub(super) fn new(reader: R, charset_given: bool, terms: Terms<'a>) -> Self {
        Self {
            events: Events::new(reader, charset_given, terms.limits),
            terms,
            outer: Outer::new(terms),
            path: terms
                .mapping
                .map(|mapping| mapping.adapter().rows.as_slice()),
            open: 0,
            met: 0,
            rows: Rows::default(),
            first_row: 1,
            is_over: false,
            failure: None,
        }
    }

    /// Reads the next row, or something around the rows.
    fn step(&mut self) -> Result<(), IngestError> {
        let row = self.first_row + self.rows.len() as u64;
        let at = self.events.at();
        // The start tag of a row counts as the row's too.
        if self.open == self.path.map_or(1, |path| path.len().saturating_sub(1)) {
            self.events.enter_row(row);
        } else {
            self.events.leave_row();
        }
        let (name, attributes) = match self.events.next()? {
            Token::Open(element) => (element.name().to_owned(), element.attributes()?),
            Token::Close => {
                self.open = self.open.saturating_sub(1);
                return Ok(());
            }
            Token::Text(text) if is_blank(&text) => return Ok(()),
            Token::Text(_) => return Err(text_between(at)),
            Token::End => return self.end(),
        };
        let kind = self.kind(&name)?;
        if !matches!(kind, Kind::Row) {
            self.events.leave_row();
        }
        match kind {
            Kind::Row => self.row(row, attributes),
            Kind::Way => {
                if self.open < self.met {
                    return Err(self.given_twice(&name));
                }
                self.open += 1;
                self.met = self.open;
                let path = self.path.map_or(name, |_| self.way());
                self.outer_attributes(&path, attributes)
            }
            Kind::Outer => {
                let path = format!("{}/{name}", self.way());
                self.outer_element(path, attributes)
            }
        }
    }

    fn kind(&self, name: &str) -> Result<Kind, IngestError> {
        let Some(path) = self.path else {
            return Ok(if self.open == 0 { Kind::Way } else { Kind::Row });
        };
        let is_next = path.get(self.open).is_some_and(|next| next == name);
        if is_next && self.open + 1 == path.len() {
            return Ok(Kind::Row);
        }
        if is_next {
            return Ok(Kind::Way);
        }
        if self.open > 0 {
            return Ok(Kind::Outer);
        }
        let (expected, found) = (path.join("/"), personal::excerpt(name, false));
        let message = format!("the rows must lie at `{expected}`, the root element is `{found}`");
        Err(misplaced(message))
    }

    /// The path of the innermost open element on the way to the rows.
    fn way(&self) -> String {
        match self.path {
            Some(path) => path[..self.open.min(path.len())].join("/"),
            None => String::new(),
        }
    }

    fn row(&mut self, row: u64, attributes: Attributes) -> Result<(), IngestError> {
        let limits = self.terms.limits;
        if row > limits.rows {
            return Err(IngestError::body_limit("rows", limits.rows));
        }
        self.rows.begin(attributes);
        loop {
            match self.events.next()? {
                Token::Open(element) => self.rows.open(element.name(), element.attributes()?),
                Token::Text(text) => self.rows.text(&text),
                Token::Close if self.rows.close() => break,
                Token::Close | Token::End => {}
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), IngestError> {
        self.is_over = true;
        if let Some(path) = self.path
            && self.met + 1 < path.len()
        {
            let message = format!("the document has no element `{}`", path.join("/"));
            return Err(misplaced(message));
        }
        self.outer.finish()
    }

    /// Reads an element around the rows to its end.
    fn outer_element(&mut self, path: String, attributes: Attributes) -> Result<(), IngestError> {
        let mut path = path;
        let mut open = vec![self.outer_open(&path, attributes)?];
        while let Some(inner) = open.last_mut() {
            let at = self.events.at();
            match self.events.next()? {
                Token::Open(element) => {
                    inner.has_children = true;
                    let is_dropped = inner.is_dropped;
                    let (name, attributes) = (element.name().to_owned(), element.attributes()?);
                    path.push('/');
                    path.push_str(&name);
                    let element = if is_dropped {
                        self.pass_over(attributes);
                        OuterElement::new(path.len(), true)
                    } else {
                        self.outer_open(&path, attributes)?
                    };
                    open.push(element);
                }
                Token::Text(text) => {
                    if inner.is_dropped {
                        self.outer.pass_over(&text);
                    } else {
                        self.outer.count(text.len())?;
                        inner.text.push_str(&text);
                    }
                }
                Token::Close => {
                    path.truncate(inner.path_bytes);
                    if let Some(closed) = open.pop() {
                        self.outer_close(&path, &closed, at)?;
                    }
                    path.truncate(open.last().map_or(0, |outer| outer.path_bytes));
                }
                Token::End => break,
            }
        }
        Ok(())
    }

    fn outer_open(
        &mut self,
        path: &str,
        attributes: Attributes,
    ) -> Result<OuterElement, IngestError> {
        self.outer.count(path.len())?;
        let mut element = OuterElement::new(path.len(), self.outer.drops(path));
        element.is_nil = attributes.is_nil;
        if element.is_dropped {
            self.pass_over(attributes);
        } else {
            self.outer_attributes(path, attributes)?;
        }
        Ok(element)
    }

    fn pass_over(&mut self, attributes: Attributes) {
        for (_, value) in attributes.list {
            self.outer.pass_over(&value);
        }
    }

    fn outer_attributes(&mut self, path: &str, found: Attributes) -> Result<(), IngestError> {
        for (name, value) in found.list {
            self.outer.count(name.len() + value.len())?;
            let path = format!("{path}/@{name}");
            self.outer.take(&path, &Cell::Text(value.into()))?;
        }
        Ok(())
    }

    fn outer_close(
        &mut self,
        path: &str,
        element: &OuterElement,
        at: u64,
    ) -> Result<(), IngestError> {
        if element.is_dropped {
            return Ok(());
        }
        if element.has_children {
            if !is_blank(&element.text) {
                return Err(text_between(at));
            }
            // A field that is held to a value has none if it has parts.
            return if self.outer.knows(path) {
                self.outer.take(path, &Cell::Null)
            } else {
                Ok(())
            };
        }
        let value = if element.is_nil || element.text.is_empty() {
            Cell::Null
        } else {
            Cell::Text(Cow::Borrowed(&element.text))
        };
        self.outer.take(path, &value)
    }

    fn given_twice(&self, name: &str) -> IngestError {
        let message = format!("the document has the element `{name}` of its rows twice");
        let rule = "malformed";
        IngestError::refused(
            rule,
            vec![name.to_owned()],
            message,
            "Send one list of rows.",
        )
    }
}

/// An element around the rows that is open.
struct OuterElement {
    path_bytes: usize,
    is_dropped: bool,
    is_nil: bool,
    has_children: bool,
    text: String,
}

impl OuterElement {
    fn new(path_bytes: usize, is_dropped: bool) -> Self {
        Self {
            path_bytes,
            is_dropped,
            is_nil: false,
            has_children: false,
            text: String::new(),
        }
    }
}

fn text_between(at: u64) -> IngestError {
    let message = format!("text stands between the elements at byte {}", at + 1);
    let hint = "Put every value in an element of its own.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

fn misplaced(message: String) -> IngestError {
    let hint = "Send the document that the adapter describes, or name another adapter.";
    IngestError::refused("malformed", Vec::new(), message, hint)
}

impl<R: BufRead> Source for Document<'_, R> {
    fn fill(&mut self, rows: usize) -> Result<(), IngestError> {
        self.first_row += self.rows.len() as u64;
        self.rows.clear();
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        while self.rows.len() < rows && self.rows.bytes() < BLOCK_BYTES && !self.is_over {
            match self.step() {
                Ok(()) => {}
                Err(error) if self.rows.len() == 0 => return Err(error),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        Ok(())
    }

    fn passed_over_personal(&self) -> bool {
        self.outer.passed_over_personal()
    }

    fn first_row(&self) -> u64 {
        self.first_row
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn fields<'a>(&'a self, at: usize, visit: Visit<'_, 'a>) -> Result<(), Unreadable> {
        self.rows.fields(at, visit)
    }

    fn fragment(&self, at: usize) -> Cow<'_, str> {
        Cow::Owned(self.rows.fragment(at))
    }
}
