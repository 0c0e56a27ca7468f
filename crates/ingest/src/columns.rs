//! Columns being filled: one builder per column of the contract.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int32Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use project::ColumnType;

use crate::cell::{self, Cell, Fault};
use crate::text;
use crate::time::{self, LastDay};

/// A column being filled.
pub(crate) enum ColumnBuilder {
    String(StringBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder, LastDay),
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
                Self::Timestamp(builder.with_data_type(data_type), LastDay::default())
            }
        }
    }

    /// Adds a value; one that cannot be read is added as null, and the reason is the answer.
    pub(crate) fn push(&mut self, cell: &Cell<'_>) -> Result<(), Fault> {
        if let Cell::Null = cell {
            self.push_null();
            return Ok(());
        }
        macro_rules! add {
            ($builder:expr, $value:expr) => {
                match $value {
                    Ok(value) => {
                        $builder.append_value(value);
                        Ok(())
                    }
                    Err(fault) => {
                        $builder.append_null();
                        Err(fault)
                    }
                }
            };
        }
        match self {
            Self::String(builder) => add!(builder, cell.string().and_then(text::normalised)),
            Self::Int32(builder) => add!(builder, cell.read_by(cell::int32)),
            Self::Int64(builder) => add!(builder, cell.read_by(cell::int64)),
            Self::Float64(builder) => add!(builder, cell.read_by(cell::float64)),
            Self::Decimal(builder, precision, scale) => {
                let read = |text: &str| cell::decimal(text, *precision, *scale);
                add!(builder, cell.read_by(read))
            }
            Self::Boolean(builder) => add!(builder, cell.read_by(cell::boolean)),
            Self::Date(builder) => add!(builder, cell.read_by(time::date)),
            Self::Timestamp(builder, last) => {
                add!(builder, cell.read_by(|text| last.timestamp(text)))
            }
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::String(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Decimal(builder, ..) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Timestamp(builder, _) => builder.append_null(),
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
            Self::Timestamp(builder, _) => Arc::new(builder.finish()),
        }
    }
}
