//! Report definitions.

use std::collections::BTreeMap;

use project::{
    Block, ChartKind, ColumnFormat, Parameter, ParameterType, ReportColumn, ReportDefinition,
};
use serde::{Deserialize, Serialize};
use service::ServiceError;
use utoipa::ToSchema;

use super::{TextDto, known};

/// A parameter of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParameterDto {
    /// The name.
    pub name: String,
    /// `string`, `period`, `integer` or `date`.
    #[serde(rename = "type")]
    #[schema(example = "period")]
    pub parameter_type: String,
    /// Whether it must be given.
    pub required: bool,
    /// The value when it is not given.
    pub default: Option<String>,
    /// The label.
    pub label: TextDto,
}

/// A column of a table or of the figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportColumnDto {
    /// The column of the query's answer.
    pub name: String,
    /// The heading.
    pub label: TextDto,
    /// `text`, `integer`, `decimal1`, `decimal2`, `percent1`, `date` or `datetime`.
    #[schema(example = "percent1")]
    pub format: String,
}

/// A block of a report's layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum BlockDto {
    /// A heading.
    Heading {
        /// Its text.
        text: TextDto,
    },
    /// A paragraph.
    Paragraph {
        /// Its text.
        text: TextDto,
    },
    /// The first row of a query as large figures.
    Figures {
        /// The query.
        query: String,
        /// The figures.
        columns: Vec<ReportColumnDto>,
    },
    /// A chart.
    Chart {
        /// `bar`, `column` or `line`.
        kind: String,
        /// The query.
        query: String,
        /// The column along the axis.
        x: String,
        /// The column that is drawn.
        y: String,
        /// The title.
        title: TextDto,
    },
    /// A table.
    Table {
        /// The query.
        query: String,
        /// The title.
        title: TextDto,
        /// The columns.
        columns: Vec<ReportColumnDto>,
    },
}

/// A report definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportDto {
    /// The name.
    pub name: String,
    /// The title.
    pub title: TextDto,
    /// What it is for.
    pub description: TextDto,
    /// The parameters in order.
    pub parameters: Vec<ParameterDto>,
    /// The SQL of the queries by name.
    pub queries: BTreeMap<String, String>,
    /// The blocks in order.
    pub layout: Vec<BlockDto>,
    /// The SHA-256 of the definition's file in hex.
    pub sha256: String,
    /// The file, relative to the project.
    pub path: String,
}

const FORMATS: [(ColumnFormat, &str); 7] = [
    (ColumnFormat::Text, "text"),
    (ColumnFormat::Integer, "integer"),
    (ColumnFormat::Decimal1, "decimal1"),
    (ColumnFormat::Decimal2, "decimal2"),
    (ColumnFormat::Percent1, "percent1"),
    (ColumnFormat::Date, "date"),
    (ColumnFormat::DateTime, "datetime"),
];

const KINDS: [(ChartKind, &str); 3] = [
    (ChartKind::Bar, "bar"),
    (ChartKind::Column, "column"),
    (ChartKind::Line, "line"),
];

const TYPES: [(ParameterType, &str); 4] = [
    (ParameterType::String, "string"),
    (ParameterType::Period, "period"),
    (ParameterType::Integer, "integer"),
    (ParameterType::Date, "date"),
];

/// The word for a value; the tables above have every value.
fn word<T: Copy + PartialEq>(all: &[(T, &'static str)], value: T) -> String {
    let found = all.iter().find(|(one, _)| *one == value);
    found
        .map(|(_, word)| (*word).to_owned())
        .unwrap_or_default()
}

fn value<T: Copy>(all: &[(T, &'static str)], text: &str, what: &str) -> Result<T, ServiceError> {
    known(text, what, all, |(_, word)| word).map(|(value, _)| *value)
}

impl From<ReportColumn> for ReportColumnDto {
    fn from(column: ReportColumn) -> Self {
        let format = word(&FORMATS, column.format);
        Self {
            name: column.name,
            label: column.label.into(),
            format,
        }
    }
}

impl TryFrom<ReportColumnDto> for ReportColumn {
    type Error = ServiceError;

    fn try_from(dto: ReportColumnDto) -> Result<Self, ServiceError> {
        let format = value(&FORMATS, &dto.format, "a column's format")?;
        Ok(Self {
            name: dto.name,
            label: dto.label.into(),
            format,
        })
    }
}

fn column_dtos(columns: Vec<ReportColumn>) -> Vec<ReportColumnDto> {
    columns.into_iter().map(Into::into).collect()
}

fn columns(dtos: Vec<ReportColumnDto>) -> Result<Vec<ReportColumn>, ServiceError> {
    dtos.into_iter().map(TryInto::try_into).collect()
}

impl From<Block> for BlockDto {
    fn from(block: Block) -> Self {
        match block {
            Block::Heading(text) => Self::Heading { text: text.into() },
            Block::Paragraph(text) => Self::Paragraph { text: text.into() },
            Block::Figures { query, columns } => Self::Figures {
                query,
                columns: column_dtos(columns),
            },
            Block::Chart {
                kind,
                query,
                x,
                y,
                title,
            } => Self::Chart {
                kind: word(&KINDS, kind),
                query,
                x,
                y,
                title: title.into(),
            },
            Block::Table {
                query,
                title,
                columns,
            } => Self::Table {
                query,
                title: title.into(),
                columns: column_dtos(columns),
            },
        }
    }
}

impl TryFrom<BlockDto> for Block {
    type Error = ServiceError;

    fn try_from(dto: BlockDto) -> Result<Self, ServiceError> {
        Ok(match dto {
            BlockDto::Heading { text } => Self::Heading(text.into()),
            BlockDto::Paragraph { text } => Self::Paragraph(text.into()),
            BlockDto::Figures {
                query,
                columns: dtos,
            } => Self::Figures {
                query,
                columns: columns(dtos)?,
            },
            BlockDto::Chart {
                kind,
                query,
                x,
                y,
                title,
            } => {
                let kind = value(&KINDS, &kind, "a kind of chart")?;
                Self::Chart {
                    kind,
                    query,
                    x,
                    y,
                    title: title.into(),
                }
            }
            BlockDto::Table {
                query,
                title,
                columns: dtos,
            } => Self::Table {
                query,
                title: title.into(),
                columns: columns(dtos)?,
            },
        })
    }
}

impl From<ReportDefinition> for ReportDto {
    fn from(report: ReportDefinition) -> Self {
        let parameter = |parameter: Parameter| ParameterDto {
            name: parameter.name,
            parameter_type: word(&TYPES, parameter.parameter_type),
            required: parameter.required,
            default: parameter.default,
            label: parameter.label.into(),
        };
        Self {
            name: report.name,
            title: report.title.into(),
            description: report.description.into(),
            parameters: report.parameters.into_iter().map(parameter).collect(),
            queries: report.queries,
            layout: report.layout.into_iter().map(Into::into).collect(),
            sha256: report.sha256,
            path: report.path,
        }
    }
}

impl TryFrom<ReportDto> for ReportDefinition {
    type Error = ServiceError;

    fn try_from(dto: ReportDto) -> Result<Self, ServiceError> {
        let parameter = |dto: ParameterDto| {
            Ok::<_, ServiceError>(Parameter {
                name: dto.name,
                parameter_type: value(&TYPES, &dto.parameter_type, "a parameter's type")?,
                required: dto.required,
                default: dto.default,
                label: dto.label.into(),
            })
        };
        Ok(Self {
            name: dto.name,
            title: dto.title.into(),
            description: dto.description.into(),
            parameters: dto
                .parameters
                .into_iter()
                .map(parameter)
                .collect::<Result<_, _>>()?,
            queries: dto.queries,
            layout: dto
                .layout
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            sha256: dto.sha256,
            path: dto.path,
        })
    }
}
