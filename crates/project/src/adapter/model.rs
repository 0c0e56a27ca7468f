//! Adapters, read from `warehouse/adapters/<name>.yaml`.

use std::collections::BTreeMap;

use super::DateForm;
use crate::{DatasetName, Text};

/// What a foreign body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterFormat {
    /// A JSON document.
    Json,
    /// An XML document.
    Xml,
    /// One JSON object per line.
    Ndjson,
    /// Text whose first line names its columns, separated by commas, tabs or the like.
    Csv,
}

impl AdapterFormat {
    /// What joins the names of a path.
    pub fn separator(self) -> char {
        match self {
            Self::Xml => '/',
            Self::Json | Self::Ndjson | Self::Csv => '.',
        }
    }

    /// The format's name in adapters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

/// Codes by the other names that a code list has for them.
pub type Aliases = BTreeMap<String, String>;

/// A field around the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct OuterField {
    /// Its path from the top, joined by the format's separator.
    pub path: String,
    /// What it says.
    pub meaning: OuterMeaning,
}

/// What a field around the rows says.
#[derive(Debug, Clone, PartialEq)]
pub enum OuterMeaning {
    /// Nothing that is taken, with all that it holds.
    Drop,
    /// Always this text.
    Constant(String),
    /// The agency that the submission must be of.
    Agency(Aliases),
    /// The period that the submission must be for.
    Period(Aliases),
}

/// A column of the contract and where its values come from.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaptedColumn {
    /// The contract's column.
    pub column: String,
    /// Where its values come from.
    pub source: ColumnSource,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnSource {
    /// The submission's agency.
    Agency,
    /// The submission's period.
    Period,
    /// Always this text.
    Constant(String),
    /// The first of these fields that is not empty.
    Fields {
        /// The foreign names, at least one.
        names: Vec<String>,
        /// How its value is read.
        reading: Reading,
    },
}

/// How a foreign value is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// As the contract's type is read.
    AsIs,
    /// As a day or an instant of that form.
    Date(DateForm),
    /// By a table that must have it.
    Codes(BTreeMap<String, String>),
    /// By the other names of a code list; what is none of them stays as it is.
    Through(Aliases),
    /// As the sum of that field over a list of objects.
    Sum(String),
}

/// How bodies of CSV are written, where whoever sends one does not say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvForm {
    /// What separates cells: `,`, `;`, a tab or `|`; found from the header if it is not said.
    pub delimiter: Option<char>,
    /// Whether numbers are written as in `1.250,50` (true) or as in `1250.50` (false).
    pub decimal_comma: Option<bool>,
}

/// An adapter.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// The name, which is also the file's.
    pub name: String,
    /// The title.
    pub title: Text,
    /// The dataset whose rows it gives.
    pub dataset: DatasetName,
    /// What bodies are written in.
    pub format: AdapterFormat,
    /// How CSV is written; says nothing in other formats.
    pub csv: CsvForm,
    /// The names that lead from the top to the rows: in JSON to their list, in XML to the row.
    pub rows: Vec<String>,
    /// The fields around the rows.
    pub envelope: Vec<OuterField>,
    /// The columns that are fed.
    pub columns: Vec<AdaptedColumn>,
    /// The fields of a row that are known and not taken.
    pub drop: Vec<String>,
    /// The SHA-256 of the file in hex.
    pub sha256: String,
    /// The file, relative to the project.
    pub path: String,
}
