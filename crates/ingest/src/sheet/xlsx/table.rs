//! A sheet's cells, row by row.

use quick_xml::events::Event;

use super::super::address::{self, Area, LAST_ROW};
use super::super::look::Look;
use super::super::row::{Row, Rows};
use super::super::value::Value;
use super::super::xml::{Capped, Xml, attribute, attributes};
use super::super::{MAX_MERGED, malformed, moment};
use super::strings::{Strings, string, unescaped};
use crate::{IngestError, Limits};

/// What the cells of every sheet refer to.
pub(super) struct Book<'b> {
    pub(super) strings: &'b Strings,
    pub(super) looks: &'b [Look],
    pub(super) from_1904: bool,
    /// Whether the workbook says that its formulas wait to be computed.
    pub(super) uncomputed: bool,
    pub(super) limits: &'b Limits,
}

/// A sheet being read.
pub(super) struct Table<'b> {
    xml: Xml<'b>,
    book: Book<'b>,
    last_row: u64,
    in_cells: bool,
    merged: Vec<Area>,
}

/// What a cell says of itself.
#[derive(Default)]
struct Head {
    reference: Option<String>,
    style: Option<usize>,
    kind: Option<String>,
}

impl<'b> Table<'b> {
    /// Reads up to the first row.
    pub(super) fn open(xml: Xml<'b>, book: Book<'b>) -> Result<Self, IngestError> {
        let mut table = Self {
            xml,
            book,
            last_row: 0,
            in_cells: false,
            merged: Vec::new(),
        };
        loop {
            match table.xml.next()? {
                Event::Start(start) if start.local_name().into_inner() == "worksheet" => break,
                Event::Start(_) | Event::Eof => {
                    return Err(malformed("a sheet of the workbook has no cells"));
                }
                _ => {}
            }
        }
        table.read_to_cells()?;
        Ok(table)
    }

    /// Reads on to the next block of rows, of which a sheet has one, or to the sheet's end.
    fn read_to_cells(&mut self) -> Result<(), IngestError> {
        loop {
            let (is_cells, is_merged) = match self.xml.next()? {
                Event::Start(start) => {
                    let name = start.local_name().into_inner();
                    (name == "sheetData", name == "mergeCells")
                }
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            if is_cells {
                self.in_cells = true;
                return Ok(());
            }
            match is_merged {
                true => self.read_merged()?,
                false => self.xml.skip()?,
            }
        }
    }

    fn read_merged(&mut self) -> Result<(), IngestError> {
        loop {
            let area = match self.xml.next()? {
                Event::Start(start) => attribute(&start, "ref")?,
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            self.xml.skip()?;
            if self.merged.len() < MAX_MERGED {
                let area = area.as_deref().and_then(Area::parse);
                let broken = || malformed("merged cells of a sheet have no place");
                self.merged.push(area.ok_or_else(broken)?);
            }
        }
    }

    fn begin_row(&mut self, number: Option<&str>, row: &mut Row) -> Result<(), IngestError> {
        let number = match number {
            None => self.last_row + 1,
            Some(text) => {
                let broken = || malformed(format!("a sheet numbers a row `{}`", shown(text)));
                text.parse().map_err(|_| broken())?
            }
        };
        if number > LAST_ROW {
            return Err(malformed(format!("a sheet has no row {number}")));
        }
        if number <= self.last_row {
            let last = self.last_row;
            let message = format!("row {number} of a sheet stands behind row {last}");
            return Err(malformed(message));
        }
        self.last_row = number;
        row.begin(number, 1);
        Ok(())
    }

    fn read_row(&mut self, row: &mut Row) -> Result<(), IngestError> {
        let mut next_column = 0;
        loop {
            let head = match self.xml.next()? {
                Event::Start(start) if start.local_name().into_inner() == "c" => {
                    let mut head = Head::default();
                    attributes(&start, |key, value| match key {
                        "r" => head.reference = Some(value.into_owned()),
                        "s" => head.style = value.parse().ok(),
                        "t" => head.kind = Some(value.into_owned()),
                        _ => {}
                    })?;
                    Some(head)
                }
                Event::Start(_) => None,
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            let Some(head) = head else {
                self.xml.skip()?;
                continue;
            };
            let column = match &head.reference {
                None => next_column,
                Some(text) => match address::parse(text) {
                    Some((column, number)) if number == row.number => column,
                    _ => {
                        let (text, number) = (shown(text), row.number);
                        let message = format!("a cell named `{text}` stands in row {number}");
                        return Err(malformed(message));
                    }
                },
            };
            next_column = column + 1;
            let value = self.read_cell(&head, column, row.number)?;
            if !row.put(column, value, self.book.limits)? {
                let cell = address::cell(column, row.number);
                return Err(malformed(format!("cell {cell} stands twice in the sheet")));
            }
        }
    }

    fn read_cell(&mut self, head: &Head, column: usize, row: u64) -> Result<Value, IngestError> {
        let mut text = Capped::new(self.book.limits.cell_bytes);
        let (mut has_formula, mut has_value) = (false, false);
        loop {
            let (is_formula, is_value, is_string) = match self.xml.next()? {
                Event::Start(start) => {
                    let name = start.local_name().into_inner();
                    (name == "f", name == "v", name == "is")
                }
                Event::End(_) => break,
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            has_formula |= is_formula;
            let inline = head.kind.as_deref() == Some("inlineStr");
            if is_value && !inline {
                has_value = true;
                self.xml.text(&mut text)?;
            } else if is_string && inline {
                has_value = true;
                string(&mut self.xml, &mut text)?;
            } else {
                self.xml.skip()?;
            }
        }
        if has_formula && (!has_value || self.book.uncomputed) {
            return Ok(Value::Uncomputed);
        }
        if !has_value {
            return Ok(Value::Empty);
        }
        self.value(head, text.into_text(), column, row)
    }

    fn value(
        &self,
        head: &Head,
        text: String,
        column: usize,
        row: u64,
    ) -> Result<Value, IngestError> {
        let plain = text.trim_ascii();
        Ok(match head.kind.as_deref() {
            Some("s") if plain.is_empty() => Value::Empty,
            Some("s") => {
                let shared = plain
                    .parse()
                    .ok()
                    .and_then(|place| self.book.strings.get(place));
                let Some(shared) = shared else {
                    let (cell, known) = (address::cell(column, row), self.book.strings.len());
                    let plain = shown(plain);
                    let message =
                        format!("cell {cell} names text {plain} of {known}, which there is not");
                    return Err(malformed(message));
                };
                self.xml.charge(shared.len() as u64)?;
                Value::text(shared.to_owned())
            }
            Some("inlineStr") => Value::text(text),
            Some("str") => Value::text(unescaped(&text)),
            Some("e") => Value::Error(text),
            Some("b") => match plain {
                "1" | "true" => Value::Bool(true),
                "0" | "false" => Value::Bool(false),
                _ => Value::Error(text),
            },
            Some("d") => moment::of_text(plain).map_or(Value::Error(text), Value::Moment),
            Some("n") | None if plain.is_empty() => Value::Empty,
            Some("n") | None => match plain.parse::<f64>() {
                Ok(number) if number.is_finite() => self.number(number, head.style),
                _ => Value::Error(text),
            },
            Some(_) => Value::Error(text),
        })
    }

    fn number(&self, number: f64, style: Option<usize>) -> Value {
        let look = style.and_then(|style| self.book.looks.get(style));
        match look.copied().unwrap_or_default() {
            Look::Number => Value::Number(number),
            Look::Moment => Value::serial(number, self.book.from_1904),
            Look::Span => Value::Span(number.to_string()),
        }
    }
}

impl Rows for Table<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, IngestError> {
        while self.in_cells {
            let number = match self.xml.next()? {
                Event::Start(start) if start.local_name().into_inner() == "row" => {
                    Some(attribute(&start, "r")?)
                }
                Event::Start(_) => None,
                Event::End(_) => {
                    self.in_cells = false;
                    self.read_to_cells()?;
                    continue;
                }
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            let Some(number) = number else {
                self.xml.skip()?;
                continue;
            };
            self.begin_row(number.as_deref(), row)?;
            self.read_row(row)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn merged(&self) -> &[Area] {
        &self.merged
    }
}

/// A name out of the file, as errors show it.
fn shown(text: &str) -> String {
    crate::personal::excerpt(text, false)
}
