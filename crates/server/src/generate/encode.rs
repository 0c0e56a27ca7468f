//! Rows as files: NDJSON, CSV and Parquet, a chunk at a time.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use chrono::{Datelike, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::batches::Batches;
use super::cells::{Cell, Layout, Row};
use super::faults::Fault;
use super::lines::{Line, Lines};
use super::plan::Format;
use super::workdays::{DAY, civil_day_of, civil_instant, day_of};

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The rows, spoiled ones included.
    pub rows: u64,
    /// How many rows were spoiled, by kind.
    pub spoiled: BTreeMap<Fault, u64>,
}

impl Written {
    /// Counts a line and gives its row on.
    pub(super) fn count<'g>(&mut self, line: Line<'g>) -> Row<'g> {
        self.rows += 1;
        if let Some(fault) = line.fault {
            *self.spoiled.entry(fault).or_default() += 1;
        }
        line.row
    }
}

/// Writes all lines in that format.
pub(super) fn write<W: Write + Send>(
    layout: &Layout,
    format: Format,
    lines: Lines<'_>,
    out: W,
) -> io::Result<Written> {
    match format {
        Format::Ndjson => write_ndjson(layout, lines, out),
        Format::Csv => write_csv(layout, lines, out),
        Format::Parquet => write_parquet(layout, lines, out),
    }
}

fn write_ndjson(layout: &Layout, lines: Lines<'_>, out: impl Write) -> io::Result<Written> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut written = Written::default();
    let mut text = Vec::with_capacity(1024);
    for line in lines {
        let row = written.count(line);
        text.clear();
        text.push(b'{');
        for (name, cell) in cells(layout, &row) {
            if *cell == Cell::Null {
                continue;
            }
            if text.len() > 1 {
                text.push(b',');
            }
            serde_json::to_writer(&mut text, name)?;
            text.push(b':');
            match cell {
                Cell::Text(value) => serde_json::to_writer(&mut text, value)?,
                Cell::Day(_) | Cell::At(_) => {
                    text.push(b'"');
                    push_plain(&mut text, cell);
                    text.push(b'"');
                }
                _ => push_plain(&mut text, cell),
            }
        }
        text.extend_from_slice(b"}\n");
        out.write_all(&text)?;
    }
    out.flush()?;
    Ok(written)
}

fn write_csv(layout: &Layout, lines: Lines<'_>, out: impl Write) -> io::Result<Written> {
    let mut out = csv::WriterBuilder::new()
        .buffer_capacity(1 << 16)
        .from_writer(out);
    let mut written = Written::default();
    out.write_record(layout.columns.iter().map(|column| column.name.as_bytes()))?;
    let mut text = Vec::with_capacity(64);
    for line in lines {
        let row = written.count(line);
        for (_, cell) in cells(layout, &row) {
            match cell {
                Cell::Text(value) => out.write_field(value.as_bytes())?,
                _ => {
                    text.clear();
                    push_plain(&mut text, cell);
                    out.write_field(&text)?;
                }
            }
        }
        out.write_record(None::<&[u8]>)?;
    }
    out.flush()?;
    Ok(written)
}

fn write_parquet<W: Write + Send>(
    layout: &Layout,
    lines: Lines<'_>,
    out: W,
) -> io::Result<Written> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut batches = Batches::new(layout, lines);
    let mut out = ArrowWriter::try_new(out, batches.schema(), Some(properties))?;
    for batch in &mut batches {
        out.write(&batch.map_err(io::Error::other)?)?;
    }
    out.close()?;
    Ok(batches.written().clone())
}

fn cells<'r, 'g>(
    layout: &'r Layout,
    row: &'r Row<'g>,
) -> impl Iterator<Item = (&'r str, &'r Cell<'g>)> {
    layout.columns.iter().map(|column| {
        let cell = column
            .cell
            .and_then(|index| row.get(index))
            .unwrap_or(&Cell::Null);
        (column.name.as_str(), cell)
    })
}

/// The cell as plain text; instants in civil time with their offset, as people here write them.
fn push_plain(text: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Null => {}
        Cell::Text(value) => text.extend_from_slice(value.as_bytes()),
        Cell::Int(value) => push_number(text, *value),
        Cell::Hundredths(value) => {
            if *value < 0 {
                text.push(b'-');
            }
            push_number(text, value.abs() / 100);
            text.push(b'.');
            push_digits(text, value.abs() % 100, 2);
        }
        Cell::Bool(value) => text.extend_from_slice(if *value { b"true" } else { b"false" }),
        Cell::Day(day) => push_day(text, day_of(*day)),
        Cell::At(at) => {
            let day = civil_day_of(*at);
            let second = (*at - civil_instant(day, 0)).clamp(0, DAY - 1);
            push_day(text, day_of(day));
            text.push(b'T');
            push_digits(text, second / 3600, 2);
            text.push(b':');
            push_digits(text, second / 60 % 60, 2);
            text.push(b':');
            push_digits(text, second % 60, 2);
            text.extend_from_slice(b"+07:00");
        }
    }
}

fn push_day(text: &mut Vec<u8>, day: NaiveDate) {
    push_digits(text, i64::from(day.year()), 4);
    text.push(b'-');
    push_digits(text, i64::from(day.month()), 2);
    text.push(b'-');
    push_digits(text, i64::from(day.day()), 2);
}

fn push_number(text: &mut Vec<u8>, value: i64) {
    if value < 0 {
        text.push(b'-');
    }
    let mut width = 1;
    let mut rest = value.unsigned_abs();
    while rest >= 10 {
        rest /= 10;
        width += 1;
    }
    push_digits(text, value, width);
}

fn push_digits(text: &mut Vec<u8>, value: i64, width: u32) {
    let value = value.unsigned_abs();
    for place in (0..width).rev() {
        text.push(b'0' + (value / 10_u64.pow(place) % 10) as u8);
    }
}
