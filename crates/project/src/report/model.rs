//! Report definitions, read from `warehouse/reports/<name>.yaml`.

use std::collections::BTreeMap;

use crate::Text;

/// The type of a report parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// Text.
    String,
    /// A code of the calendar table; text to SQL.
    Period,
    /// A whole number.
    Integer,
    /// A civil day.
    Date,
}

/// The parameter that every query may use without declaring it: the language of the rendition, `vi`
/// or `en`.
pub const LANGUAGE: &str = "language";

/// A parameter: `$name` in the report's queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The type.
    pub parameter_type: ParameterType,
    /// Whether it must be given.
    pub required: bool,
    /// The value when it is not given.
    pub default: Option<String>,
    /// The label.
    pub label: Text,
}

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnFormat {
    /// As it is.
    Text,
    /// Grouped whole number.
    Integer,
    /// One decimal.
    Decimal1,
    /// Two decimals.
    Decimal2,
    /// A share shown as a percentage with one decimal.
    Percent1,
    /// A day.
    Date,
    /// A day and time in civil time.
    DateTime,
}

/// A column of a table or of the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportColumn {
    /// The column of the query's answer.
    pub name: String,
    /// The heading.
    pub label: Text,
    /// The format.
    pub format: ColumnFormat,
}

/// The shape of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Horizontal bars, a row each.
    Bar,
    /// Vertical bars.
    Column,
    /// A line.
    Line,
}

/// A block of the layout.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading.
    Heading(Text),
    /// A paragraph.
    Paragraph(Text),
    /// The first row of a query as large figures.
    Figures {
        query: String,
        columns: Vec<ReportColumn>,
    },
    /// A chart; its numbers also stand in a table for those who cannot see it.
    Chart {
        kind: ChartKind,
        query: String,
        x: String,
        y: String,
        title: Text,
    },
    /// A table.
    Table {
        query: String,
        title: Text,
        columns: Vec<ReportColumn>,
    },
}

/// A report definition.
#[derive(Debug, Clone)]
pub struct ReportDefinition {
    /// The name, which is also the file's.
    pub name: String,
    /// The title.
    pub title: Text,
    /// What it is for.
    pub description: Text,
    /// The parameters in order.
    pub parameters: Vec<Parameter>,
    /// The queries by name.
    pub queries: BTreeMap<String, String>,
    /// The blocks in order.
    pub layout: Vec<Block>,
    /// The SHA-256 of the file in hex.
    pub sha256: String,
    /// The file, relative to the project.
    pub path: String,
}

impl ReportDefinition {
    /// The columns of a query's answer that the layout shows.
    pub fn columns_of(&self, query: &str) -> Vec<&str> {
        fn shown<'a>(block: &'a Block, query: &str) -> Vec<&'a str> {
            match block {
                Block::Figures { query: of, columns }
                | Block::Table {
                    query: of, columns, ..
                } if of == query => columns.iter().map(|c| c.name.as_str()).collect(),
                Block::Chart {
                    query: of, x, y, ..
                } if of == query => vec![x, y],
                _ => Vec::new(),
            }
        }
        self.layout
            .iter()
            .flat_map(|block| shown(block, query))
            .collect()
    }
}
