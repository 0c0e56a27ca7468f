//! Sheets and their cells, in the order of the part.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use super::super::address::Area;
use super::super::row::{Row, Rows};
use super::super::value::Value;
use super::super::xml::{Capped, Xml, attribute, attributes};
use super::super::{MAX_MERGED, moment};
use super::paragraphs::paragraph;
use crate::{IngestError, Limits};

/// What a cell that is said once and repeated counts each time: about as much as if it were said.
const CELL_BYTES: u64 = 32;

/// The sheets of a workbook, one at a time.
pub(super) struct Tables<'p> {
    xml: Xml<'p>,
    limits: &'p Limits,
    /// Whether sheets of a style are shown.
    shown: HashMap<String, bool>,
    style: Option<String>,
    in_table: bool,
    next_row: u64,
    merged: Vec<Area>,
}

/// What a cell says of itself.
struct Head {
    repeats: u64,
    columns: u64,
    rows: u64,
    covered: bool,
    formula: bool,
    error: bool,
    kind: Option<String>,
    value: Option<String>,
    text: Option<String>,
}

/// What an element is to whoever looks for a sheet.
enum Found {
    Table(Option<String>, Option<String>),
    Style(Option<String>),
    Display(bool),
    Aside,
    Other,
}

impl<'p> Tables<'p> {
    pub(super) fn new(xml: Xml<'p>, limits: &'p Limits) -> Self {
        Self {
            xml,
            limits,
            shown: HashMap::new(),
            style: None,
            in_table: false,
            next_row: 1,
            merged: Vec::new(),
        }
    }

    /// Goes on to the next sheet: its name and whether it is shown. The last must be finished.
    pub(super) fn next_table(&mut self) -> Result<Option<(String, bool)>, IngestError> {
        loop {
            let found = match self.xml.next()? {
                Event::Start(start) => found(&start)?,
                Event::Eof => return Ok(None),
                _ => continue,
            };
            match found {
                Found::Table(name, style) => {
                    self.in_table = true;
                    self.next_row = 1;
                    self.merged.clear();
                    let shown = style.and_then(|style| self.shown.get(&style));
                    return Ok(Some((name.unwrap_or_default(), *shown.unwrap_or(&true))));
                }
                Found::Style(name) => self.style = name,
                Found::Display(shown) => {
                    if let Some(style) = &self.style {
                        self.shown.insert(style.clone(), shown);
                    }
                }
                Found::Aside => self.xml.skip()?,
                Found::Other => {}
            }
        }
    }

    /// Passes over the rest of the sheet at hand.
    pub(super) fn finish_table(&mut self) -> Result<(), IngestError> {
        if std::mem::take(&mut self.in_table) {
            // Groups of rows may be open, so ends are counted by name.
            let mut depth = 1_u64;
            while depth > 0 {
                match self.xml.next()? {
                    Event::Start(start) if start.name().0 == "table:table" => depth += 1,
                    Event::End(end) if end.name().0 == "table:table" => depth -= 1,
                    Event::Eof => return Err(self.xml.cut_off()),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn read_row(&mut self, row: &mut Row) -> Result<(), IngestError> {
        let mut column = 0_usize;
        loop {
            let head = match self.xml.next()? {
                Event::Start(start) => match start.name().into_inner() {
                    "table:table-cell" => Some(head(&start, false)?),
                    "table:covered-table-cell" => Some(head(&start, true)?),
                    _ => None,
                },
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            let Some(head) = head else {
                self.xml.skip()?;
                continue;
            };
            self.note_merged(&head, column, row);
            let value = self.read_cell(&head)?;
            let repeats = usize::try_from(head.repeats).unwrap_or(usize::MAX);
            if value != Value::Empty {
                let last = column.saturating_add(repeats);
                if last > self.limits.columns {
                    let columns = self.limits.columns as u64;
                    return Err(IngestError::body_limit("columns", columns));
                }
                self.xml
                    .charge(CELL_BYTES.saturating_mul(head.repeats - 1))?;
                for column in column..last {
                    row.put(column, value.clone(), self.limits)?;
                }
            }
            column = column.saturating_add(repeats);
        }
    }

    fn note_merged(&mut self, head: &Head, column: usize, row: &Row) {
        if (head.columns > 1 || head.rows > 1) && self.merged.len() < MAX_MERGED {
            let columns = usize::try_from(head.columns).unwrap_or(usize::MAX);
            self.merged.push(Area {
                left: column,
                top: row.number,
                right: column.saturating_add(columns - 1),
                bottom: row.number.saturating_add(head.rows - 1),
            });
        }
    }

    /// Reads a cell to its end.
    fn read_cell(&mut self, head: &Head) -> Result<Value, IngestError> {
        let mut text = Capped::new(self.limits.cell_bytes);
        let mut paragraphs = 0_u64;
        loop {
            let is_paragraph = match self.xml.next()? {
                Event::Start(start) => start.name().0 == "text:p",
                Event::End(_) => break,
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            if !is_paragraph {
                self.xml.skip()?;
                continue;
            }
            paragraphs += 1;
            if paragraphs > 1 {
                text.push("\n");
            }
            paragraph(&mut self.xml, &mut text)?;
        }
        Ok(value(head, text))
    }
}

impl Rows for Tables<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, IngestError> {
        while self.in_table {
            let repeats = match self.xml.next()? {
                Event::Start(start) => match start.name().into_inner() {
                    "table:table-row" => Some(repeats(&start, "table:number-rows-repeated")?),
                    // Rows lie in groups, and those in groups.
                    "table:table-rows" | "table:table-header-rows" | "table:table-row-group" => {
                        continue;
                    }
                    _ => None,
                },
                Event::End(end) => {
                    self.in_table = end.name().0 != "table:table";
                    continue;
                }
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            let Some(repeats) = repeats else {
                self.xml.skip()?;
                continue;
            };
            row.begin(self.next_row, repeats);
            self.next_row = self.next_row.saturating_add(repeats);
            self.read_row(row)?;
            if !row.is_empty() && repeats > 1 {
                let each = row.size_bytes() as u64 + CELL_BYTES;
                self.xml.charge(each.saturating_mul(repeats - 1))?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn merged(&self) -> &[Area] {
        &self.merged
    }
}

fn found(start: &BytesStart<'_>) -> Result<Found, IngestError> {
    Ok(match start.name().into_inner() {
        "table:table" => {
            let name = attribute(start, "table:name")?;
            Found::Table(name, attribute(start, "table:style-name")?)
        }
        "style:style" => Found::Style(attribute(start, "style:name")?),
        "style:table-properties" => {
            let display = attribute(start, "table:display")?;
            Found::Display(display.as_deref() != Some("false"))
        }
        // They hold sheets that are none of the workbook's own.
        "table:tracked-changes" | "table:dde-links" => Found::Aside,
        _ => Found::Other,
    })
}

fn head(start: &BytesStart<'_>, covered: bool) -> Result<Head, IngestError> {
    let mut head = Head {
        repeats: 1,
        columns: 1,
        rows: 1,
        covered,
        formula: false,
        error: false,
        kind: None,
        value: None,
        text: None,
    };
    let count = |text: &str| text.parse::<u64>().unwrap_or(1).max(1);
    attributes(start, |key, value| match key {
        "table:number-columns-repeated" => head.repeats = count(&value),
        "table:number-columns-spanned" => head.columns = count(&value),
        "table:number-rows-spanned" => head.rows = count(&value),
        "table:formula" => head.formula = true,
        "calcext:value-type" => head.error = value == "error",
        "office:value-type" => head.kind = Some(value.into_owned()),
        "office:value" | "office:date-value" | "office:time-value" | "office:boolean-value" => {
            head.value = Some(value.into_owned());
        }
        "office:string-value" => head.text = Some(value.into_owned()),
        _ => {}
    })?;
    Ok(head)
}

fn repeats(start: &BytesStart<'_>, name: &str) -> Result<u64, IngestError> {
    let count = attribute(start, name)?;
    Ok(count
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
        .max(1))
}

fn value(head: &Head, text: Capped) -> Value {
    if head.covered {
        return Value::Empty;
    }
    let text = text.into_text();
    if head.error {
        return Value::Error(text);
    }
    let said = || head.value.clone().unwrap_or_default();
    let number = || {
        said()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    };
    match head.kind.as_deref() {
        Some("float" | "percentage" | "currency") => {
            number().map_or_else(|| Value::Error(said()), Value::Number)
        }
        Some("boolean") => match head.value.as_deref() {
            Some("true") => Value::Bool(true),
            Some("false") => Value::Bool(false),
            _ => Value::Error(text),
        },
        Some("date") => {
            moment::of_text(&said()).map_or_else(|| Value::Error(said()), Value::Moment)
        }
        Some("time") => Value::Span(said()),
        Some("string") => Value::text(head.text.clone().unwrap_or(text)),
        _ if head.formula => Value::Uncomputed,
        _ => Value::text(text),
    }
}
