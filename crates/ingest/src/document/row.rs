//! Rows of an XML document: an element's attributes and children by their local names.

use std::borrow::Cow;
use std::ops::Range;

use super::xml_events::{Attributes, is_blank};
use super::{Unreadable, Visit};
use crate::cell::{Cell, quoted};

/// A block of rows.
#[derive(Default)]
pub(super) struct Rows {
    /// Names and values, one behind the other.
    text: String,
    fields: Vec<Field>,
    rows: Vec<Row>,
    /// How deep below the row the reading stands.
    depth: usize,
    first_field: usize,
    is_mixed: bool,
    field: Open,
}

struct Field {
    name: Range<usize>,
    value: Value,
}

enum Value {
    Null,
    Text(Range<usize>),
    Nested(Range<usize>),
}

struct Row {
    fields: Range<usize>,
    is_mixed: bool,
}

/// A field being read.
#[derive(Default)]
struct Open {
    name: Range<usize>,
    text: String,
    /// What lies within it, if that is more than text: the element as a list of its name, its
    /// attributes and what it holds, in order.
    nested: Option<String>,
    is_nil: bool,
}

impl Rows {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.fields.clear();
        self.rows.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many bytes are held.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.fields.len() * size_of::<Field>()
    }

    /// Begins a row by the attributes of its element.
    pub(super) fn begin(&mut self, attributes: Attributes) {
        self.depth = 0;
        self.is_mixed = false;
        self.first_field = self.fields.len();
        for (name, value) in attributes.list {
            let name = self.keep(&name);
            let value = self.value(&value);
            self.fields.push(Field { name, value });
        }
    }

    /// An element opens within the row.
    pub(super) fn open(&mut self, name: &str, attributes: Attributes) {
        self.depth += 1;
        if self.depth == 1 {
            self.field.name = self.keep(name);
            self.field.text.clear();
            self.field.is_nil = attributes.is_nil;
            self.field.nested = (!attributes.list.is_empty()).then(|| listed(name, &attributes));
            return;
        }
        if self.field.nested.is_none() {
            let none = Attributes {
                list: Vec::new(),
                is_nil: false,
            };
            let name = &self.text[self.field.name.clone()];
            self.field.nested = Some(listed(name, &none));
        }
        self.flush();
        if let Some(nested) = &mut self.field.nested {
            nested.push(',');
            nested.push_str(&listed(name, &attributes));
        }
    }

    /// Text stands in the row.
    pub(super) fn text(&mut self, text: &str) {
        if self.depth > 0 {
            self.field.text.push_str(text);
        } else if !is_blank(text) {
            self.is_mixed = true;
        }
    }

    /// An element closes; true if it is the row's own.
    pub(super) fn close(&mut self) -> bool {
        if self.depth == 0 {
            self.rows.push(Row {
                fields: self.first_field..self.fields.len(),
                is_mixed: self.is_mixed,
            });
            return true;
        }
        self.flush();
        self.depth -= 1;
        if let Some(nested) = &mut self.field.nested {
            nested.push(']');
        }
        if self.depth > 0 {
            return false;
        }
        let field = std::mem::take(&mut self.field);
        self.is_mixed |= field.is_nil && (field.nested.is_some() || !field.text.is_empty());
        let value = match field.nested {
            Some(nested) => Value::Nested(self.keep(&nested)),
            None => self.value(&field.text),
        };
        self.fields.push(Field {
            name: field.name,
            value,
        });
        // Its room is used again by the next field.
        self.field.text = field.text;
        false
    }

    /// Text within a nested element goes where it stands.
    fn flush(&mut self) {
        let Some(nested) = &mut self.field.nested else {
            return;
        };
        if !is_blank(&self.field.text) {
            nested.push(',');
            nested.push_str(&quoted(&self.field.text));
        }
        self.field.text.clear();
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    fn value(&mut self, text: &str) -> Value {
        if text.is_empty() {
            Value::Null
        } else {
            Value::Text(self.keep(text))
        }
    }

    /// Hands every field of the row to `visit`.
    pub(super) fn fields<'a>(&'a self, at: usize, visit: Visit<'_, 'a>) -> Result<(), Unreadable> {
        let Some(row) = self.rows.get(at) else {
            return Ok(());
        };
        if row.is_mixed {
            return Err(Unreadable::Mixed);
        }
        for field in &self.fields[row.fields.clone()] {
            let value = match &field.value {
                Value::Null => Cell::Null,
                Value::Text(range) => Cell::Text(Cow::Borrowed(&self.text[range.clone()])),
                Value::Nested(range) => Cell::Nested(&self.text[range.clone()]),
            };
            visit(Cow::Borrowed(&self.text[field.name.clone()]), value)?;
        }
        Ok(())
    }

    /// The row's fields as elements.
    pub(super) fn fragment(&self, at: usize) -> String {
        let row = self.rows.get(at).map(|row| row.fields.clone());
        let mut text = String::new();
        for field in &self.fields[row.unwrap_or_default()] {
            let name = &self.text[field.name.clone()];
            let value = match &field.value {
                Value::Null => "",
                Value::Text(range) | Value::Nested(range) => &self.text[range.clone()],
            };
            text.extend(["<", name, ">", value, "</", name, ">"]);
        }
        text
    }
}

/// The start of an element's list: its name, and its attributes if there are any.
fn listed(name: &str, attributes: &Attributes) -> String {
    let mut list = format!("[{}", quoted(name));
    if !attributes.list.is_empty() {
        let pairs = attributes.list.iter();
        let pairs = pairs.map(|(name, value)| format!("{}:{}", quoted(name), quoted(value)));
        list += &format!(",{{{}}}", pairs.collect::<Vec<_>>().join(","));
    }
    list
}
