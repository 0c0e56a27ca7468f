//! Printing data to stdout, in the form that was asked for.

use std::io::Write;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::failure::Outcome;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people
    Table,
    /// An array of objects
    Json,
    /// One object per line
    Ndjson,
    /// Comma-separated with a header
    Csv,
    /// An Arrow IPC stream; for queries
    Arrow,
    /// Text; for lineage
    Text,
    /// A Mermaid diagram; for lineage
    Mermaid,
    /// OpenLineage's events of jobs and datasets; for lineage
    #[value(name = "openlineage")]
    OpenLineage,
}

/// Rows with named columns.
pub(crate) struct Records {
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
}

impl Records {
    /// No rows yet.
    pub(crate) fn new(columns: &'static [&'static str]) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row with a value for each column.
    pub(crate) fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// Prints the rows.
    pub(crate) fn print(&self, format: Format) -> Outcome {
        let mut out = std::io::stdout().lock();
        match format {
            Format::Json => {
                let all: Vec<Value> = self.objects().collect();
                writeln!(out, "{}", Value::Array(all))?;
            }
            Format::Ndjson => {
                for object in self.objects() {
                    writeln!(out, "{object}")?;
                }
            }
            Format::Csv => self.csv(&mut out)?,
            Format::Table
            | Format::Arrow
            | Format::Text
            | Format::Mermaid
            | Format::OpenLineage => self.table(&mut out)?,
        }
        out.flush()?;
        Ok(())
    }

    fn objects(&self) -> impl Iterator<Item = Value> {
        self.rows.iter().map(|row| {
            let pairs = self.columns.iter().zip(row);
            Value::Object(
                pairs
                    .map(|(k, v)| ((*k).to_owned(), v.clone()))
                    .collect::<Map<_, _>>(),
            )
        })
    }

    fn csv(&self, out: &mut impl Write) -> Outcome {
        let mut writer = csv::Writer::from_writer(out);
        let failed = |e: csv::Error| anyhow::Error::from(e);
        writer.write_record(self.columns).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(plain)).map_err(failed)?;
        }
        writer.flush()?;
        Ok(())
    }

    fn table(&self, out: &mut impl Write) -> Outcome {
        let cells: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(plain).collect())
            .collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|i| {
                let own = self.columns.get(i).map_or(0, |c| c.chars().count());
                let most = cells
                    .iter()
                    .filter_map(|row| row.get(i))
                    .map(|c| c.chars().count())
                    .max();
                own.max(most.unwrap_or(0))
            })
            .collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded = cells.zip(&widths).map(|(c, w)| format!("{c:<w$}", w = *w));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        writeln!(out, "{}", line(&mut self.columns.iter().copied()))?;
        for row in &cells {
            writeln!(out, "{}", line(&mut row.iter().map(String::as_str)))?;
        }
        Ok(())
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
