//! What a contract promises, independent of the file it was read from.

use std::fmt;

use arrow_schema::{Field, Schema};

use super::types::{self, ColumnType};
use super::{DeadlineTerms, Profiling};
use crate::{DatasetName, Layer};

/// A text in the two languages of the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// A contract's version; readers break only when `major` rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Raised when readers may break.
    pub major: u32,
    /// Raised when something was added.
    pub minor: u32,
    /// Raised when only words changed.
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Who may see a dataset's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classification {
    /// Everyone with an account.
    Public,
    /// The agency's own people and the ministry.
    Internal,
    /// Named people.
    Restricted,
}

/// What a broken rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Raw: the row goes to quarantine. Elsewhere: the run fails and nothing is published.
    Error,
    /// Computed datasets: the row is set aside, the others are published.
    Quarantine,
    /// The row lands; the breach is recorded.
    Warning,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Quarantine, Self::Warning];

    /// The word for the severity.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Quarantine => "quarantine",
            Self::Warning => "warning",
        }
    }
}

/// What a rule in SQL makes of missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// A row whose missing values leave the answer open keeps the rule; such rows are counted.
    #[default]
    Skip,
    /// A missing number is 0.
    Zero,
    /// A row whose missing values leave the answer open breaks the rule.
    Fail,
}

/// What a rule looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The column is never null.
    Required,
    /// The value is a code of that list, valid in the period.
    CodeList(String),
    /// Bounds as SQL literals in the column's type; `exclusive` says that the bound itself is out.
    Range {
        min: Option<Bound>,
        max: Option<Bound>,
    },
    /// Length in characters.
    Length { min: Option<u64>, max: Option<u64> },
    /// The whole value matches the regular expression.
    Pattern(String),
    /// No string in the column looks like a citizen id, a phone number or an e-mail address.
    PersonalData,
    /// A boolean SQL expression that must hold; `missing` says what a null makes of it.
    Expression { sql: String, missing: Missing },
    /// The columns together name a row once.
    Unique(Vec<String>),
    /// The number of rows of the table lies within the bounds (inclusive).
    RowCount { min: Option<u64>, max: Option<u64> },
    /// The values of the columns, where none is missing, stand together in the `keys` of another
    /// dataset.
    References {
        columns: Vec<String>,
        dataset: DatasetName,
        keys: Vec<String>,
    },
    /// The newest day or instant of the column is at most so old when the run begins.
    Fresh { column: String, within_hours: u32 },
    /// A measure does not jump from one period to the next.
    Steady(Steady),
    /// A statistic of a column's profile does not drift from the one before.
    Drift(Steadiness),
    /// What a query over this dataset and others answers.
    Query { sql: String, expects: Expects },
}

impl Check {
    /// Whether it can be said of each row alone whether it keeps the rule, whatever other rows and
    /// other datasets hold.
    pub fn is_of_a_row(&self) -> bool {
        !matches!(
            self,
            Self::Unique(_)
                | Self::RowCount { .. }
                | Self::References { .. }
                | Self::Fresh { .. }
                | Self::Steady(_)
                | Self::Drift(_)
                | Self::Query { .. }
        )
    }
}

/// A measure of each group, held against the same of the period before.
#[derive(Debug, Clone, PartialEq)]
pub struct Steady {
    /// An aggregate in SQL.
    pub measure: String,
    /// The columns whose values are groups of their own; none for one group.
    pub by: Vec<String>,
    /// The column that holds the code of the period.
    pub period: String,
    /// The least ratio of a period's measure to that of the period before.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// What becomes of a group that lacks one of the two periods.
    pub missing: Missing,
}

/// A statistic of a column's profile, held against the profile before.
#[derive(Debug, Clone, PartialEq)]
pub struct Steadiness {
    /// The column.
    pub column: String,
    /// The column that holds the code of the period; none where the whole table is held against
    /// itself as it was.
    pub period: Option<String>,
    /// What is compared.
    pub statistic: Statistic,
    /// The least ratio, of a statistic that is one.
    pub min: Option<f64>,
    /// The greatest ratio or distance.
    pub max: Option<f64>,
    /// What becomes of a profile with nothing to be held against.
    pub missing: Missing,
}

/// What of two profiles is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The population stability index.
    Psi,
    /// By how much the part of rows without a value rose or fell.
    NullShare,
    /// The ratio of the means.
    Mean,
    /// The ratio of the numbers of different values.
    Distinct,
}

impl Statistic {
    /// Whether it is a ratio; else it is a distance.
    pub fn is_ratio(self) -> bool {
        matches!(self, Self::Mean | Self::Distinct)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Psi => "psi",
            Self::NullShare => "nullShare",
            Self::Mean => "mean",
            Self::Distinct => "distinct",
        }
    }
}

/// What a query must answer for its rule to hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Expects {
    /// Nothing: every row that it answers breaks the rule.
    NoRows,
    /// One number within the bounds.
    Number {
        min: Option<Bound>,
        max: Option<Bound>,
        /// What becomes of an answer that is null.
        missing: Missing,
    },
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The bound as written, a number.
    pub value: String,
    /// Whether the bound itself is out of range.
    pub exclusive: bool,
}

/// A rule: what is checked, and what people are told when it breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name shown in errors: `required`, `range`, … or the name that the contract gives.
    pub name: String,
    /// The column it speaks of; none for rules over several columns or the table.
    pub column: Option<String>,
    /// The check.
    pub check: Check,
    /// What a breach does.
    pub severity: Severity,
    /// What people are told.
    pub message: Text,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The physical type.
    pub column_type: ColumnType,
    /// Whether null is refused.
    pub required: bool,
    /// The label shown to people.
    pub label: Text,
    /// The meaning, in English.
    pub description: String,
    /// The meaning, in Vietnamese; empty if the contract has none.
    pub description_vi: String,
}

/// A contract, as read from `warehouse/<layer>/<name>.odcs.yaml`.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The dataset.
    pub dataset: DatasetName,
    /// The version.
    pub version: Version,
    /// The title.
    pub title: Text,
    /// What the dataset is for.
    pub purpose: Text,
    /// Limits that a reader must know, such as "sample data"; empty if none.
    pub limitations: String,
    /// The same in Vietnamese; empty if the contract has none.
    pub limitations_vi: String,
    /// What law or circular asks for the data; empty if none.
    pub legal_basis: String,
    /// When the data of a period is due; none if it is taken at any time.
    pub deadline: Option<DeadlineTerms>,
    /// What of it a run profiles.
    pub profile: Profiling,
    /// Who answers for it.
    pub owner: String,
    /// Who may see it.
    pub classification: Classification,
    /// The columns in order, without the envelope.
    pub columns: Vec<Column>,
    /// The primary key's columns in order; empty if none.
    pub key: Vec<String>,
    /// Every rule, implicit ones (`required`, `range`, `personal_data`, `unique`, …) included.
    pub rules: Vec<Rule>,
    /// The columns that partition the table.
    pub partition_by: Vec<String>,
    /// The columns that sort rows within a file.
    pub sort_by: Vec<String>,
    /// The file, relative to the project, with `/`.
    pub path: String,
    /// The file's text, as served by the catalogue.
    pub source: String,
}

impl Contract {
    /// The contract's own columns as an Arrow schema, without the envelope.
    pub fn arrow_schema(&self) -> Schema {
        Schema::new(self.columns.iter().map(arrow_field).collect::<Vec<_>>())
    }

    /// The schema of the table: raw tables carry the envelope behind the contract's columns.
    pub fn table_schema(&self) -> Schema {
        let mut fields: Vec<Field> = self.columns.iter().map(arrow_field).collect();
        if self.dataset.layer() == Layer::Raw {
            fields.extend(types::envelope_fields());
        }
        Schema::new(fields)
    }

    /// Whether bodies for it are restricted whatever is found in them: it is classified so, or it
    /// lets a text column hold personal data.
    pub fn restricts_bodies(&self) -> bool {
        let looked_through = |column: &Column| {
            let own = |rule: &Rule| rule.column.as_deref() == Some(column.name.as_str());
            let mut rules = self.rules.iter().filter(|rule| own(rule));
            rules.any(|rule| rule.check == Check::PersonalData)
        };
        let mut texts = self
            .columns
            .iter()
            .filter(|column| column.column_type == ColumnType::String);
        self.dataset.layer() == Layer::Raw
            && (self.classification == Classification::Restricted || !texts.all(looked_through))
    }

    /// The column that says which period a row is of: a text named `period`, if there is one.
    pub fn period_column(&self) -> Option<&str> {
        let column = self.column("period")?;
        (column.column_type == ColumnType::String).then_some(column.name.as_str())
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

fn arrow_field(column: &Column) -> Field {
    Field::new(
        &column.name,
        column.column_type.to_arrow(),
        !column.required,
    )
}
