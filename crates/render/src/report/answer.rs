//! The rows that a query answered, by column name.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use project::ColumnFormat;

use crate::RenderError;
use crate::format::Formats;

/// The answer to a query.
pub(super) struct Answer<'a> {
    pub(super) query: &'a str,
    pub(super) batches: &'a [RecordBatch],
}

impl<'a> Answer<'a> {
    /// The answer that a block shows.
    pub(super) fn find<'m>(
        answers: &'m BTreeMap<&str, Answer<'a>>,
        query: &str,
    ) -> Result<&'m Self, RenderError> {
        answers
            .get(query)
            .ok_or_else(|| RenderError::MissingAnswer {
                query: query.to_owned(),
                known: listed(answers.keys().copied()),
            })
    }

    /// The cells of a column, batch by batch. An answer without a batch has no column to miss.
    pub(super) fn column(&self, name: &str) -> Result<Vec<&'a ArrayRef>, RenderError> {
        let column = |batch: &'a RecordBatch| {
            batch.column_by_name(name).ok_or_else(|| {
                let schema = batch.schema();
                RenderError::MissingColumn {
                    query: self.query.to_owned(),
                    column: name.to_owned(),
                    known: listed(schema.fields().iter().map(|field| field.name().as_str())),
                }
            })
        };
        self.batches.iter().map(column).collect()
    }

    /// The values of a column as people read them.
    pub(super) fn texts(
        &self,
        name: &str,
        format: Option<ColumnFormat>,
        formats: &Formats,
    ) -> Result<Vec<String>, RenderError> {
        let mut texts = Vec::new();
        for column in self.column(name)? {
            for row in 0..column.len() {
                let text = match format {
                    None => Some(formats.value(column, row)),
                    Some(format) => formats.cell(column, row, format),
                };
                let wrong = || self.wrong(name, word(format), column);
                texts.push(text.ok_or_else(wrong)?);
            }
        }
        Ok(texts)
    }

    /// The error of a column that has no such format.
    pub(super) fn wrong(
        &self,
        column: &str,
        wanted: &'static str,
        found: &dyn Array,
    ) -> RenderError {
        RenderError::WrongType {
            query: self.query.to_owned(),
            column: column.to_owned(),
            wanted,
            found: found.data_type().to_string(),
        }
    }
}

/// The word for a format in a report definition.
pub(super) fn word(format: Option<ColumnFormat>) -> &'static str {
    match format {
        None | Some(ColumnFormat::Text) => "text",
        Some(ColumnFormat::Integer) => "integer",
        Some(ColumnFormat::Decimal1) => "decimal1",
        Some(ColumnFormat::Decimal2) => "decimal2",
        Some(ColumnFormat::Percent1) => "percent1",
        Some(ColumnFormat::Date) => "date",
        Some(ColumnFormat::DateTime) => "datetime",
    }
}

pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        format!("`{}`", names.join("`, `"))
    }
}
