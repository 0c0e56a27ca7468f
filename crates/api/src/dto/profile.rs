//! Profiles of columns.

use serde::{Deserialize, Serialize};
use service::{ColumnProfile, ProfiledBin, ProfiledValue, ServiceError};
use utoipa::ToSchema;

use super::{instant, read_instant};

/// The profile of a column of a dataset, of one period of it if it has periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ColumnProfileDto {
    /// The run that took it.
    pub run: String,
    /// The version of the table that it is of.
    pub version: i64,
    /// The period; null for the whole table.
    #[schema(example = "2026-09")]
    pub period: Option<String>,
    /// The column.
    pub column: String,
    /// `number`, `day`, `instant`, `boolean`, `text` or `other`.
    #[schema(example = "number")]
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
    /// Different values; null for values without an order.
    pub distinct_values: Option<u64>,
    /// The least value, every digit of it; null where values are hidden, as in all that follow.
    pub min: Option<String>,
    /// The greatest value.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// The values below which 5, 25, 50, 75 and 95 percent of the values lie; empty for texts.
    pub quantiles: Vec<String>,
    /// The values that most rows have, most first.
    pub top_values: Vec<ProfiledValueDto>,
    /// Bins of numbers, days and instants; the upper edge belongs to the next bin.
    pub histogram: Vec<ProfiledBinDto>,
    /// Why values are hidden: `restricted`, `from_personal` or `looks_personal`.
    pub hidden: Option<String>,
    /// The population stability index against the earlier profile.
    pub psi: Option<f64>,
    /// By how much the part of rows without a value rose.
    pub null_share_change: Option<f64>,
    /// The run of the earlier profile.
    pub compared_run: Option<String>,
    /// The period of the earlier profile.
    pub compared_period: Option<String>,
    /// When it was taken.
    #[schema(format = DateTime)]
    pub profiled_at: String,
}

/// A value and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfiledValueDto {
    /// The value; of a long text the beginning.
    pub value: String,
    /// The rows.
    pub rows: u64,
}

/// A bin of a histogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfiledBinDto {
    /// The lower edge.
    pub from: String,
    /// The upper edge.
    pub to: String,
    /// The rows.
    pub rows: u64,
}

impl From<ColumnProfile> for ColumnProfileDto {
    fn from(profile: ColumnProfile) -> Self {
        let top = profile.top.into_iter().map(|top| ProfiledValueDto {
            value: top.value,
            rows: top.rows,
        });
        let bins = profile.histogram.into_iter().map(|bin| ProfiledBinDto {
            from: bin.from,
            to: bin.to,
            rows: bin.rows,
        });
        Self {
            run: profile.run,
            version: profile.version,
            period: profile.period,
            column: profile.column,
            kind: profile.kind,
            rows: profile.rows,
            seen_rows: profile.seen_rows,
            sampled: profile.sampled,
            null_rows: profile.null_rows,
            not_finite_rows: profile.not_finite_rows,
            distinct_values: profile.distinct_values,
            min: profile.min,
            max: profile.max,
            mean: profile.mean,
            quantiles: profile.quantiles,
            top_values: top.collect(),
            histogram: bins.collect(),
            hidden: profile.hidden,
            psi: profile.psi,
            null_share_change: profile.null_share_change,
            compared_run: profile.compared_run,
            compared_period: profile.compared_period,
            profiled_at: instant(profile.profiled_at),
        }
    }
}

impl TryFrom<ColumnProfileDto> for ColumnProfile {
    type Error = ServiceError;

    fn try_from(dto: ColumnProfileDto) -> Result<Self, ServiceError> {
        let top = dto.top_values.into_iter().map(|top| ProfiledValue {
            value: top.value,
            rows: top.rows,
        });
        let bins = dto.histogram.into_iter().map(|bin| ProfiledBin {
            from: bin.from,
            to: bin.to,
            rows: bin.rows,
        });
        Ok(Self {
            run: dto.run,
            version: dto.version,
            period: dto.period,
            column: dto.column,
            kind: dto.kind,
            rows: dto.rows,
            seen_rows: dto.seen_rows,
            sampled: dto.sampled,
            null_rows: dto.null_rows,
            not_finite_rows: dto.not_finite_rows,
            distinct_values: dto.distinct_values,
            min: dto.min,
            max: dto.max,
            mean: dto.mean,
            quantiles: dto.quantiles,
            top: top.collect(),
            histogram: bins.collect(),
            hidden: dto.hidden,
            psi: dto.psi,
            null_share_change: dto.null_share_change,
            compared_run: dto.compared_run,
            compared_period: dto.compared_period,
            profiled_at: read_instant(&dto.profiled_at)?,
        })
    }
}
