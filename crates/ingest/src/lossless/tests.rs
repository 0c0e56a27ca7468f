use arrow::datatypes::{DataType, TimeUnit};
use project::ColumnType;

use super::can_read;

#[test]
fn types_that_could_lose_something_are_not_read() {
    let lossy = [
        (DataType::Int64, ColumnType::Int32),
        (DataType::UInt32, ColumnType::Int32),
        (DataType::UInt64, ColumnType::Int64),
        (DataType::Float64, ColumnType::Int64),
        (DataType::Int64, ColumnType::Float64),
        (DataType::Float64, ColumnType::Decimal(20, 2)),
        (DataType::Decimal128(20, 3), ColumnType::Decimal(20, 2)),
        (DataType::Decimal128(21, 2), ColumnType::Decimal(20, 2)),
        (DataType::Int64, ColumnType::Decimal(20, 2)),
        (DataType::Int64, ColumnType::Timestamp),
        (
            DataType::Timestamp(TimeUnit::Second, None),
            ColumnType::Date,
        ),
        (DataType::Utf8, ColumnType::Int64),
        (DataType::Int64, ColumnType::String),
        (DataType::Binary, ColumnType::String),
        (DataType::Int8, ColumnType::Boolean),
    ];
    for (from, to) in lossy {
        assert!(!can_read(&from, to), "{from} as {to}");
    }
}

#[test]
fn types_that_lose_nothing_are_read() {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let kept = [
        (text, ColumnType::String),
        (DataType::LargeUtf8, ColumnType::String),
        (DataType::Int16, ColumnType::Int32),
        (DataType::UInt32, ColumnType::Int64),
        (DataType::Float32, ColumnType::Float64),
        (DataType::Decimal128(20, 2), ColumnType::Decimal(20, 2)),
        (DataType::Decimal128(10, 0), ColumnType::Decimal(20, 2)),
        (DataType::Int32, ColumnType::Decimal(20, 2)),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            ColumnType::Timestamp,
        ),
    ];
    for (from, to) in kept {
        assert!(can_read(&from, to), "{from} as {to}");
    }
}
