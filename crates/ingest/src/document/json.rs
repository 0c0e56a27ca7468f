//! A JSON document: a list of objects, an object, or a list that lies within objects.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::BufRead;
use std::ops::Range;

use super::input::{Input, Most, Over};
use super::outer::Outer;
use super::{BLOCK_BYTES, Source, Unreadable, Visit, not_json};
use crate::fields::Terms;
use crate::json::{self, Broken};
use crate::{Charset, IngestError, personal};

/// A document being read.
pub(super) struct Document<'a, R> {
    input: Input<R>,
    /// What people are told that undecodable rows are not.
    charset: Charset,
    terms: Terms<'a>,
    outer: Outer<'a>,
    /// The keys from the top to the list of rows.
    path: &'a [String],
    state: State,
    /// The keys seen in every object that is open, the outermost first.
    open: Vec<HashSet<String>>,
    bytes: Vec<u8>,
    rows: Vec<Row>,
    first_row: u64,
    /// What is told once the rows before it were judged, so that it does not matter how many of them
    /// a block has.
    failure: Option<IngestError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// In the list; whether a row was read of it.
    Rows(bool),
    End,
}

/// A row of the block.
struct Row {
    range: Range<usize>,
    /// Where it begins in the body.
    at: u64,
}

impl<'a, R: BufRead> Document<'a, R> {
    pub(super) fn new(reader: R, charset: Charset, terms: Terms<'a>) -> Self {
        Self {
            input: Input::new(reader),
            charset,
            terms,
            outer: Outer::new(terms),
            path: terms.mapping.map_or(&[], |mapping| &mapping.adapter().rows),
            state: State::Start,
            open: Vec::new(),
            bytes: Vec::new(),
            rows: Vec::new(),
            first_row: 1,
            failure: None,
        }
    }

    /// Reads up to the rows.
    fn begin(&mut self) -> Result<(), IngestError> {
        let first = self.input.need()?;
        if self.path.is_empty() {
            return match first {
                b'[' => {
                    self.input.skip(1);
                    self.state = State::Rows(false);
                    Ok(())
                }
                b'{' => {
                    self.take_row()?;
                    self.end()
                }
                _ => Err(self.misplaced("a list of objects or one object")),
            };
        }
        if first != b'{' {
            return Err(self.misplaced("an object"));
        }
        self.input.skip(1);
        self.open.push(HashSet::new());
        self.members(true)
    }

    /// Reads members of the objects that are open, up to the rows or to the end of the document.
    /// `fresh` says that the innermost object was opened just now.
    fn members(&mut self, mut fresh: bool) -> Result<(), IngestError> {
        while let Some(depth) = self.open.len().checked_sub(1) {
            if self.input.take(b'}')? {
                if !self.open[depth].contains(&self.path[depth]) {
                    return Err(self.no_rows(depth));
                }
                self.open.pop();
                fresh = false;
                continue;
            }
            if !fresh && !self.input.take(b',')? {
                self.input.need()?;
                return Err(self.input.broken());
            }
            fresh = false;
            let key = self.key()?;
            let is_on_the_way = key == self.path[depth];
            if !self.open[depth].insert(key.clone()) {
                return Err(given_twice(&key));
            }
            if !is_on_the_way {
                self.outer_value(depth, &key)?;
                continue;
            }
            let is_last = depth + 1 == self.path.len();
            let open = if is_last { b'[' } else { b'{' };
            if self.input.need()? != open {
                return Err(self.no_rows(depth));
            }
            self.input.skip(1);
            if is_last {
                self.state = State::Rows(false);
                return Ok(());
            }
            self.open.push(HashSet::new());
            fresh = true;
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), IngestError> {
        if self.input.peek()?.is_some() {
            return Err(self.input.broken());
        }
        self.state = State::End;
        self.outer.finish()
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> Result<String, IngestError> {
        if self.input.need()? != b'"' {
            return Err(self.input.broken());
        }
        let (text, at) = self.small_value()?;
        let key = match json::value(&text, 0) {
            Ok(key) => key.shown().unwrap_or_default().to_owned(),
            Err(broken) => return Err(refused(broken, at)),
        };
        self.input.need()?;
        if self.input.take(b':')? {
            Ok(key)
        } else {
            Err(self.input.broken())
        }
    }

    fn outer_value(&mut self, depth: usize, key: &str) -> Result<(), IngestError> {
        let (text, at) = self.small_value()?;
        let value = json::value(&text, self.terms.limits.nesting);
        let value = value.map_err(|broken| refused(broken, at))?;
        let mut path = self.path[..depth].join(".");
        if depth > 0 {
            path.push('.');
        }
        self.outer.take(&(path + key), &value)
    }

    /// A value around the rows, and where it begins.
    fn small_value(&mut self) -> Result<(String, u64), IngestError> {
        self.input.need()?;
        let at = self.input.at();
        let most = Most {
            bytes: self.outer.left(),
            levels: self.terms.limits.nesting,
        };
        let mut bytes = Vec::new();
        match self.input.value(&mut bytes, most)? {
            Ok(()) => self.outer.count(bytes.len())?,
            Err(Over::Bytes) => return Err(Outer::too_large()),
            Err(Over::Levels) => {
                let nesting = self.terms.limits.nesting as u64;
                return Err(IngestError::body_limit("nesting", nesting));
            }
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|e| not_json(at + e.utf8_error().valid_up_to() as u64))?;
        Ok((text, at))
    }

    /// Reads the next row, or the end of the list and all that follows it.
    fn next(&mut self, is_first: bool) -> Result<(), IngestError> {
        if self.input.take(b']')? {
            return self.members(false);
        }
        if !is_first && !self.input.take(b',')? {
            self.input.need()?;
            return Err(self.input.broken());
        }
        self.state = State::Rows(true);
        self.take_row()
    }

    fn take_row(&mut self) -> Result<(), IngestError> {
        self.input.need()?;
        let limits = self.terms.limits;
        let row = self.first_row + self.rows.len() as u64;
        if row > limits.rows {
            return Err(IngestError::body_limit("rows", limits.rows));
        }
        let (start, at) = (self.bytes.len(), self.input.at());
        let most = Most {
            bytes: limits.row_bytes,
            levels: limits.nesting.saturating_add(1),
        };
        match self.input.value(&mut self.bytes, most)? {
            Ok(()) => {}
            Err(Over::Bytes) => {
                return Err(IngestError::row_limit("row_bytes", limits.row_bytes, row));
            }
            Err(Over::Levels) => {
                return Err(IngestError::row_limit("nesting", limits.nesting, row));
            }
        }
        let range = start..self.bytes.len();
        self.rows.push(Row { range, at });
        Ok(())
    }

    fn misplaced(&self, expected: &str) -> IngestError {
        let message = format!("the document must be {expected}");
        let hint = match self.terms.mapping {
            Some(_) => "Send the document that the adapter describes, or name another adapter.",
            None => "Name the adapter that tells where the rows lie, or send a list of rows.",
        };
        IngestError::refused("malformed", Vec::new(), message, hint)
    }

    fn no_rows(&self, depth: usize) -> IngestError {
        let path = self.path[..=depth].join(".");
        let kind = if depth + 1 == self.path.len() {
            "list"
        } else {
            "object"
        };
        self.misplaced(&format!("an object with the {kind} `{path}`"))
    }
}

/// The refusal of a value that begins at that byte.
fn refused(broken: Broken, at: u64) -> IngestError {
    match broken {
        Broken::Syntax(within) => not_json(at + within as u64),
        _ => not_json(at),
    }
}

fn given_twice(key: &str) -> IngestError {
    let key = personal::excerpt(key, false);
    let message = format!("the document gives `{key}` twice");
    IngestError::refused("malformed", vec![key], message, "Give every field once.")
}

impl<R: BufRead> Source for Document<'_, R> {
    fn fill(&mut self, rows: usize) -> Result<(), IngestError> {
        self.first_row += self.rows.len() as u64;
        self.bytes.clear();
        self.rows.clear();
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        while self.rows.len() < rows && self.bytes.len() < BLOCK_BYTES {
            let step = match self.state {
                State::Start => self.begin(),
                State::Rows(is_later) => self.next(!is_later),
                State::End => break,
            };
            match step {
                Ok(()) => {}
                Err(error) if self.rows.is_empty() => return Err(error),
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
        let Some(row) = self.rows.get(at) else {
            return Ok(());
        };
        let bytes = &self.bytes[row.range.clone()];
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Undecodable(self.charset))?;
        let nesting = self.terms.limits.nesting;
        let read = if bytes.starts_with(b"{") {
            json::object(text, nesting, visit)
        } else {
            // A value that is none breaks the document; one that is no object, only its row.
            json::value(text, nesting.saturating_add(1)).and(Err(Broken::NotAnObject))
        };
        read.map_err(|broken| match broken {
            Broken::Syntax(within) => Unreadable::Document(row.at + within as u64),
            broken => Unreadable::Broken(broken),
        })
    }

    fn fragment(&self, at: usize) -> Cow<'_, str> {
        let row = self.rows.get(at);
        row.map_or(Cow::Borrowed(""), |row| {
            String::from_utf8_lossy(&self.bytes[row.range.clone()])
        })
    }
}
