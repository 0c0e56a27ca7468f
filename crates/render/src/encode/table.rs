//! Aligned columns for people.

use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::Encoder;
use super::zones::by_offset;

/// The widest line where nobody gives a width.
pub const TABLE_WIDTH: usize = 160;

/// The widest column as long as the rows fit.
const COLUMN_WIDTH: usize = 48;
/// The narrowest that a column is made when they do not.
const LEAST_WIDTH: usize = 6;
/// What stands between columns.
const GAP: &str = "  ";

/// A heading, a rule, and a line per row. The widths come from the first rows; what is longer later
/// is cut with `…`, and columns for which there is no room are left out and counted at the end.
pub(super) struct Table {
    schema: SchemaRef,
    width: usize,
    columns: Option<Vec<Column>>,
    /// Rows that wait until the widths are known.
    held: Vec<Vec<String>>,
    rows: u64,
}

/// Rows that decide over the widths.
const HELD_ROWS: usize = 1000;

struct Column {
    width: usize,
    right: bool,
}

impl Table {
    pub(super) fn new(schema: SchemaRef, width: usize) -> Self {
        Self {
            schema,
            width,
            columns: None,
            held: Vec::new(),
            rows: 0,
        }
    }

    fn write_held(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return;
        }
        let columns = self.columns(&held, out);
        for row in &held {
            line(columns, row.iter().map(String::as_str), out);
        }
    }

    /// The columns, after the heading was written for the first cells seen.
    fn columns(&mut self, cells: &[Vec<String>], out: &mut Vec<u8>) -> &[Column] {
        let schema = &self.schema;
        let width = self.width;
        self.columns.get_or_insert_with(|| {
            let columns = fit(natural(schema, cells), width);
            let names = schema.fields().iter().map(|field| field.name().as_str());
            line(&columns, names, out);
            let rules: Vec<String> = columns.iter().map(|c| "─".repeat(c.width)).collect();
            line(&columns, rules.iter().map(String::as_str), out);
            columns
        })
    }
}

impl Encoder for Table {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        let cells = cells(batch)?;
        // An empty batch says nothing about widths; `end` writes the heading if nothing else did.
        if cells.is_empty() {
            return Ok(());
        }
        self.rows += cells.len() as u64;
        self.held.extend(cells);
        if self.columns.is_some() || self.held.len() >= HELD_ROWS {
            self.write_held(out);
        }
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        self.write_held(out);
        let shown = self.columns(&[], out).len();
        let rows = self.rows;
        let noun = if rows == 1 { "row" } else { "rows" };
        let hidden = self.schema.fields().len() - shown;
        let more = match hidden {
            0 => String::new(),
            1 => ", 1 column not shown".to_owned(),
            _ => format!(", {hidden} columns not shown"),
        };
        out.extend_from_slice(format!("({rows} {noun}{more})\n").as_bytes());
        Ok(())
    }
}

/// The cells of each row as text on one line.
fn cells(batch: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let batch = by_offset(batch)?;
    let options = FormatOptions::default();
    let columns = batch.columns().iter();
    let formatters: Vec<ArrayFormatter<'_>> = columns
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<_, _>>()?;
    let cell = |formatter: &ArrayFormatter<'_>, row| {
        formatter
            .value(row)
            .to_string()
            .replace(|c: char| c.is_control(), " ")
    };
    let row = |row| {
        formatters
            .iter()
            .map(|formatter| cell(formatter, row))
            .collect()
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn natural(schema: &SchemaRef, cells: &[Vec<String>]) -> Vec<Column> {
    let column = |(index, field): (usize, &arrow::datatypes::FieldRef)| {
        let values = cells
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| width(cell));
        let widest = values
            .chain([width(field.name())])
            .max()
            .unwrap_or_default();
        let right = field.data_type().is_numeric()
            && !matches!(field.data_type(), DataType::Dictionary(..));
        Column {
            width: widest.clamp(1, COLUMN_WIDTH),
            right,
        }
    };
    schema.fields().iter().enumerate().map(column).collect()
}

/// Takes from the widest columns until the line fits, then leaves out the last ones.
fn fit(mut columns: Vec<Column>, width: usize) -> Vec<Column> {
    let total = |columns: &[Column]| {
        columns.iter().map(|c| c.width).sum::<usize>() + GAP.len() * columns.len().saturating_sub(1)
    };
    while total(&columns) > width {
        let several = columns.len() > 1;
        match columns.iter_mut().max_by_key(|c| c.width) {
            Some(widest) if widest.width > LEAST_WIDTH => widest.width -= 1,
            _ if several => drop(columns.pop()),
            _ => break,
        }
    }
    columns
}

fn line<'c>(columns: &[Column], cells: impl Iterator<Item = &'c str>, out: &mut Vec<u8>) {
    let start = out.len();
    for (index, (column, cell)) in columns.iter().zip(cells).enumerate() {
        let cell = cut(cell, column.width);
        let pad = " ".repeat(column.width.saturating_sub(width(&cell)));
        let gap = if index == 0 { "" } else { GAP };
        let text = if column.right {
            format!("{gap}{pad}{cell}")
        } else {
            format!("{gap}{cell}{pad}")
        };
        out.extend_from_slice(text.as_bytes());
    }
    let kept = out[start..].trim_ascii_end().len();
    out.truncate(start + kept);
    out.push(b'\n');
}

/// The places a text takes; marks that combine with the letter before take none.
fn width(text: &str) -> usize {
    text.chars()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .count()
}

fn cut(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    text.chars()
        .take(to.saturating_sub(1))
        .chain(['…'])
        .collect()
}
