//! The tables of a report with their values as they are.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};
use project::{Block, ColumnFormat, ReportColumn, ReportDefinition, Text};

use super::answer::{Answer, word};
use super::tables;
use super::words::Words;
use crate::sheet::Cell;
use crate::{Language, RenderError};

/// A table, by columns.
pub(super) struct Extract<'a> {
    pub(super) query: &'a str,
    pub(super) title: String,
    pub(super) columns: Vec<Column<'a>>,
    pub(super) kind: Kind,
}

/// What the report shows the values as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first row alone, each value under its label.
    Figures,
    Table,
}

pub(super) struct Column<'a> {
    pub(super) label: String,
    name: &'a str,
    format: Option<ColumnFormat>,
    pub(super) arrays: Vec<&'a ArrayRef>,
}

/// Every table of the report in order: its figures, its tables, and the numbers of a chart whose
/// query no table shows.
pub(super) fn extracts<'a>(
    definition: &'a ReportDefinition,
    language: Language,
    answers: &BTreeMap<&'a str, Answer<'a>>,
) -> Result<Vec<Extract<'a>>, RenderError> {
    let mut heading = Words::of(language).figures;
    let mut extracts = Vec::new();
    for block in &definition.layout {
        let (kind, title) = match block {
            Block::Heading(text) => {
                heading = language.of(text);
                continue;
            }
            Block::Paragraph(_) => continue,
            Block::Figures { .. } => (Kind::Figures, heading),
            Block::Table { title, .. } => (Kind::Table, language.of(title)),
            Block::Chart { query, .. } if is_tabled(definition, query) => continue,
            Block::Chart { title, .. } => (Kind::Table, language.of(title)),
        };
        extracts.extend(extract(block, kind, title, language, answers)?);
    }
    Ok(extracts)
}

fn is_tabled(definition: &ReportDefinition, query: &str) -> bool {
    tables(definition).contains(&query)
}

fn extract<'a>(
    block: &'a Block,
    kind: Kind,
    title: &str,
    language: Language,
    answers: &BTreeMap<&'a str, Answer<'a>>,
) -> Result<Option<Extract<'a>>, RenderError> {
    let (query, columns) = match block {
        Block::Figures { query, columns } | Block::Table { query, columns, .. } => {
            let named = |column: &'a ReportColumn| Named {
                name: &column.name,
                label: Some(&column.label),
                format: Some(column.format),
            };
            (query, columns.iter().map(named).collect::<Vec<_>>())
        }
        Block::Chart { query, x, y, .. } => {
            let bare = |name: &'a String| Named {
                name,
                label: None,
                format: None,
            };
            (query, vec![bare(x), bare(y)])
        }
        Block::Heading(_) | Block::Paragraph(_) => return Ok(None),
    };
    let answer = Answer::find(answers, query)?;
    let mut shown = Vec::new();
    for Named {
        name,
        label,
        format,
    } in columns
    {
        let label = label.map_or(name, |label| language.of(label));
        shown.push(Column {
            label: label.to_owned(),
            name,
            format,
            arrays: answer.column(name)?,
        });
    }
    Ok(Some(Extract {
        query: answer.query,
        title: title.to_owned(),
        columns: shown,
        kind,
    }))
}

/// A column as a block names it.
struct Named<'a> {
    name: &'a str,
    label: Option<&'a Text>,
    format: Option<ColumnFormat>,
}

impl Extract<'_> {
    /// The labels in order.
    pub(super) fn labels(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.label.clone()).collect()
    }

    /// The place of every row: its batch, and the row within.
    pub(super) fn rows(&self) -> Vec<(usize, usize)> {
        let Some(first) = self.columns.first() else {
            return Vec::new();
        };
        let batches = first.arrays.iter().enumerate();
        let rows = batches.flat_map(|(batch, array)| (0..array.len()).map(move |r| (batch, r)));
        rows.take(match self.kind {
            Kind::Figures => 1,
            Kind::Table => usize::MAX,
        })
        .collect()
    }

    /// The cell of a column in its format.
    pub(super) fn cell(
        &self,
        column: &Column<'_>,
        (batch, row): (usize, usize),
    ) -> Result<Cell, RenderError> {
        let Some(&array) = column.arrays.get(batch) else {
            return Ok(Cell::Nothing);
        };
        let format = column.format;
        let cell = match format {
            Some(format) => Cell::shown(array, row, format),
            None => Some(Cell::of(array, row, crate::sheet::Days::DayFirst)),
        };
        cell.ok_or_else(|| RenderError::WrongType {
            query: self.query.to_owned(),
            column: column.name.to_owned(),
            wanted: word(format),
            found: array.data_type().to_string(),
        })
    }
}
