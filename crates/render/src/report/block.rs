//! The blocks of a report as the template shows them.

use std::collections::BTreeMap;

use arrow::array::Array;
use project::{Block, ChartKind, ColumnFormat, ReportColumn, ReportDefinition};

use super::answer::Answer;
use crate::chart::{Chart, Point, svg};
use crate::format::{Formats, is_number, number};
use crate::{Language, RenderError};

/// A block with its words and values.
pub(super) enum Shown {
    Heading(String),
    Paragraph(String),
    Figures(Vec<(String, String)>),
    Chart {
        title: String,
        svg: String,
        table: Option<Table>,
    },
    Table {
        title: String,
        table: Table,
    },
}

/// A table.
pub(super) struct Table {
    pub(super) columns: Vec<Head>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) label: String,
    /// Numbers are aligned to the right.
    pub(super) number: bool,
}

type Answers<'a> = BTreeMap<&'a str, Answer<'a>>;

/// The blocks of the definition in order.
pub(super) fn blocks(
    definition: &ReportDefinition,
    answers: &Answers<'_>,
    formats: &Formats,
) -> Result<Vec<Shown>, RenderError> {
    let language = formats.language();
    let mut charts = 0;
    let mut shown = |block: &Block| {
        Ok(match block {
            Block::Heading(text) => Shown::Heading(language.of(text).to_owned()),
            Block::Paragraph(text) => Shown::Paragraph(language.of(text).to_owned()),
            Block::Figures { query, columns } => {
                Shown::Figures(figures(Answer::find(answers, query)?, columns, formats)?)
            }
            Block::Table {
                query,
                title,
                columns,
            } => Shown::Table {
                title: language.of(title).to_owned(),
                table: table(Answer::find(answers, query)?, columns, formats)?,
            },
            Block::Chart {
                kind,
                query,
                x,
                y,
                title,
            } => {
                charts += 1;
                let axes = Axes {
                    x,
                    y,
                    named: named(definition, query),
                };
                let id = format!("chart-{charts}");
                let title = language.of(title);
                chart(
                    Answer::find(answers, query)?,
                    *kind,
                    &id,
                    title,
                    &axes,
                    formats,
                )?
            }
        })
    };
    definition.layout.iter().map(&mut shown).collect()
}

/// The first row as figures; none if there is no row.
fn figures(
    answer: &Answer<'_>,
    columns: &[ReportColumn],
    formats: &Formats,
) -> Result<Vec<(String, String)>, RenderError> {
    let mut figures = Vec::new();
    for column in columns {
        let values = answer.texts(&column.name, Some(column.format), formats)?;
        let label = formats.language().of(&column.label).to_owned();
        figures.extend(values.into_iter().next().map(|value| (label, value)));
    }
    Ok(figures)
}

fn table(
    answer: &Answer<'_>,
    columns: &[ReportColumn],
    formats: &Formats,
) -> Result<Table, RenderError> {
    let language = formats.language();
    let mut heads = Vec::new();
    let mut cells = Vec::new();
    for column in columns {
        let arrays = answer.column(&column.name)?;
        let number = match column.format {
            ColumnFormat::Text | ColumnFormat::Date | ColumnFormat::DateTime => false,
            ColumnFormat::Integer
            | ColumnFormat::Decimal1
            | ColumnFormat::Decimal2
            | ColumnFormat::Percent1 => true,
        };
        let number = number || arrays.iter().any(|array| is_number(array.data_type()));
        heads.push(Head {
            label: language.of(&column.label).to_owned(),
            number,
        });
        cells.push(answer.texts(&column.name, Some(column.format), formats)?);
    }
    Ok(Table {
        columns: heads,
        rows: turned(cells),
    })
}

/// What a chart draws: two columns, and how the report shows them elsewhere.
struct Axes<'a> {
    x: &'a str,
    y: &'a str,
    named: Vec<&'a ReportColumn>,
}

impl Axes<'_> {
    fn format(&self, column: &str) -> Option<ColumnFormat> {
        self.named
            .iter()
            .find(|named| named.name == column)
            .map(|named| named.format)
    }

    fn label(&self, column: &str, language: Language) -> String {
        let named = self.named.iter().find(|named| named.name == column);
        named.map_or_else(
            || column.to_owned(),
            |named| language.of(&named.label).to_owned(),
        )
    }
}

/// The columns of that query that other blocks label and format; a chart has no words of its own
/// for its axes.
fn named<'a>(definition: &'a ReportDefinition, of: &str) -> Vec<&'a ReportColumn> {
    let columns = definition.layout.iter().filter_map(|block| match block {
        Block::Figures { query, columns } | Block::Table { query, columns, .. } if query == of => {
            Some(columns)
        }
        _ => None,
    });
    columns.flatten().collect()
}

fn chart(
    answer: &Answer<'_>,
    kind: ChartKind,
    id: &str,
    title: &str,
    axes: &Axes<'_>,
    formats: &Formats,
) -> Result<Shown, RenderError> {
    let labels = answer.texts(axes.x, axes.format(axes.x), formats)?;
    let mut values = Vec::new();
    for column in answer.column(axes.y)? {
        if !is_number(column.data_type()) && column.null_count() < column.len() {
            return Err(answer.wrong(axes.y, "chart", column));
        }
        values.extend((0..column.len()).map(|row| number(column, row)));
    }
    let format = axes.format(axes.y);
    let texts = answer.texts(axes.y, format, formats)?;
    let points: Vec<Point> = labels
        .iter()
        .zip(values)
        .zip(&texts)
        .map(|((label, value), shown)| Point {
            label: label.clone(),
            value,
            shown: shown.clone(),
        })
        .collect();
    let percent = format == Some(ColumnFormat::Percent1);
    let svg = svg(
        &Chart {
            id,
            kind,
            title,
            percent,
            points: &points,
        },
        formats,
    )?;
    let head = |column, number| Head {
        label: axes.label(column, formats.language()),
        number,
    };
    let table = (!points.is_empty()).then(|| Table {
        columns: vec![head(axes.x, false), head(axes.y, true)],
        rows: turned(vec![labels, texts]),
    });
    Ok(Shown::Chart {
        title: title.to_owned(),
        svg,
        table,
    })
}

/// Columns as rows.
fn turned(columns: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for column in columns {
        rows.resize_with(rows.len().max(column.len()), Vec::new);
        for (row, cell) in rows.iter_mut().zip(column) {
            row.push(cell);
        }
    }
    rows
}
