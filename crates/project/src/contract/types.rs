//! The one place where a contract's physical types become Arrow types, and through them Delta's.

use std::fmt;
use std::str::FromStr;

use arrow_schema::{DataType, Field, TimeUnit};

/// A physical type of the contract dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text, NFC.
    String,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// 64-bit floating point.
    Float64,
    /// Exact number: precision (at most 38) and scale.
    Decimal(u8, u8),
    /// True or false.
    Boolean,
    /// A civil day.
    Date,
    /// An instant, microseconds, UTC.
    Timestamp,
}

impl ColumnType {
    /// The Arrow type.
    pub fn to_arrow(self) -> DataType {
        match self {
            Self::String => DataType::Utf8,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            // The reader admits scales up to the precision, at most 38, so this cannot truncate.
            Self::Decimal(precision, scale) => {
                DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
            }
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The ODCS logical type that must stand beside it.
    pub fn logical(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int32 | Self::Int64 => "integer",
            Self::Float64 | Self::Decimal(..) => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Int32 => f.write_str("int32"),
            Self::Int64 => f.write_str("int64"),
            Self::Float64 => f.write_str("float64"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Boolean => f.write_str("boolean"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
        }
    }
}

impl FromStr for ColumnType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "string" => Self::String,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float64" => Self::Float64,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            _ => return decimal(text),
        })
    }
}

fn decimal(text: &str) -> Result<ColumnType, String> {
    let bad = || {
        format!(
            "`{text}` is no physical type: expected `string`, `int32`, `int64`, `float64`, \
             `decimal(precision,scale)`, `boolean`, `date` or `timestamp`"
        )
    };
    let inner = text
        .strip_prefix("decimal(")
        .and_then(|t| t.strip_suffix(')'))
        .ok_or_else(bad)?;
    let (precision, scale) = inner.split_once(',').ok_or_else(bad)?;
    let precision: u8 = precision.trim().parse().map_err(|_| bad())?;
    let scale: u8 = scale.trim().parse().map_err(|_| bad())?;
    if (1..=38).contains(&precision) && scale <= precision {
        Ok(ColumnType::Decimal(precision, scale))
    } else {
        Err(bad())
    }
}

/// The columns that landing adds to every raw row: name and type, in order.
pub const ENVELOPE: [(&str, ColumnType); 5] = [
    ("_submission_id", ColumnType::String),
    ("_agency", ColumnType::String),
    ("_period", ColumnType::String),
    ("_row_number", ColumnType::Int64),
    ("_received_at", ColumnType::Timestamp),
];

/// The envelope as Arrow fields; none of them is ever null.
pub(crate) fn envelope_fields() -> impl Iterator<Item = Field> {
    ENVELOPE
        .into_iter()
        .map(|(name, kind)| Field::new(name, kind.to_arrow(), false))
}
