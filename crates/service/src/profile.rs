//! Profiles: what columns of computed datasets hold, in figures.

use chrono::{DateTime, Utc};

/// The profile of a column of a dataset, of one period of it if it has periods. Values are texts as
/// people read them.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// The run that took it.
    pub run: String,
    /// The version of the table that it is of.
    pub version: i64,
    /// The period; none for the whole table.
    pub period: Option<String>,
    /// The column.
    pub column: String,
    /// `number`, `day`, `instant`, `boolean`, `text` or `other`.
    pub kind: String,
    /// Rows of the period, or of the table.
    pub rows: u64,
    /// Rows that were looked at; every figure below is about these.
    pub seen_rows: u64,
    /// Whether there are others.
    pub sampled: bool,
    /// Rows without a value.
    pub null_rows: u64,
    /// Rows whose number is NaN or infinite.
    pub not_finite_rows: u64,
    /// Different values; none for values without an order.
    pub distinct_values: Option<u64>,
    /// The least value; none where values are hidden, as in all that follow.
    pub min: Option<String>,
    /// The greatest.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// The values below which 5, 25, 50, 75 and 95 percent lie; empty for texts.
    pub quantiles: Vec<String>,
    /// The values that most rows have, most first.
    pub top: Vec<ProfiledValue>,
    /// Bins in order; the upper edge belongs to the next one.
    pub histogram: Vec<ProfiledBin>,
    /// Why values are hidden: `restricted`, `from_personal` or `looks_personal`.
    pub hidden: Option<String>,
    /// The population stability index against the earlier profile.
    pub psi: Option<f64>,
    /// By how much the part of rows without a value rose.
    pub null_share_change: Option<f64>,
    /// The run of the earlier profile.
    pub compared_run: Option<String>,
    /// Its period.
    pub compared_period: Option<String>,
    /// When it was taken.
    pub profiled_at: DateTime<Utc>,
}

/// A value and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfiledValue {
    /// The value.
    pub value: String,
    /// The rows.
    pub rows: u64,
}

/// A bin of a histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfiledBin {
    /// The lower edge.
    pub from: String,
    /// The upper edge.
    pub to: String,
    /// The rows.
    pub rows: u64,
}
