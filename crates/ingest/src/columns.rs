//! Columns being filled: one builder per column of the contract.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int32Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use project::ColumnType;

use crate::cell::{self, Cell, Fault};
use crate::{text, time};

/// A column being filled.
pub(crate) enum ColumnBuilder {
    String(StringBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(column_type: ColumnType, rows: usize) -> Self {
        let data_type = column_type.to_arrow();
        match column_type {
            ColumnType::String => Self::String(StringBuilder::with_capacity(rows, rows * 16)),
            ColumnType::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            ColumnType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            ColumnType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            ColumnType::Decimal(precision, scale) => {
                let builder = Decimal128Builder::with_capacity(rows).with_data_type(data_type);
                Self::Decimal(builder, precision, scale)
            }
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            ColumnType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            ColumnType::Timestamp => {
                let builder = TimestampMicrosecondBuilder::with_capacity(rows);
                Self::Timestamp(builder.with_data_type(data_type))
            }
        }
    }

    /// Adds a value; one that cannot be read is added as null, and the reason is the answer.
    pub(crate) fn push(&mut self, cell: &Cell<'_>) -> Result<(), Fault> {
        let none = *cell == Cell::Null;
        macro_rules! add {
            ($builder:expr, $value:expr) => {{
                let value = if none { Ok(None) } else { $value.map(Some) };
                $builder.append_option(value.as_ref().ok().and_then(Option::as_ref).copied());
                value.map(|_| ())
            }};
        }
        match self {
            Self::String(builder) if none => {
                builder.append_null();
                Ok(())
            }
            Self::String(builder) => match cell.string().and_then(text::normalised) {
                Ok(text) => {
                    builder.append_value(text);
                    Ok(())
                }
                Err(fault) => {
                    builder.append_null();
                    Err(fault)
                }
            },
            Self::Int32(builder) => {
                add!(builder, cell.scalar().and_then(|text| cell::int32(&text)))
            }
            Self::Int64(builder) => {
                add!(builder, cell.scalar().and_then(|text| cell::int64(&text)))
            }
            Self::Float64(builder) => {
                add!(builder, cell.scalar().and_then(|text| cell::float64(&text)))
            }
            Self::Decimal(builder, precision, scale) => {
                let read = |text: Cow<'_, str>| cell::decimal(&text, *precision, *scale);
                add!(builder, cell.scalar().and_then(read))
            }
            Self::Boolean(builder) => {
                add!(builder, cell.scalar().and_then(|text| cell::boolean(&text)))
            }
            Self::Date(builder) => add!(builder, cell.scalar().and_then(|text| time::date(&text))),
            Self::Timestamp(builder) => add!(
                builder,
                cell.scalar().and_then(|text| time::timestamp(&text))
            ),
        }
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        match &mut self {
            Self::String(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder, ..) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}
