//! Numbers out of Arrow, with every digit kept until the last rounding.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

/// A number of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// `digits` / 10^`scale`.
    Exact { digits: i128, scale: u32 },
    /// A floating point number.
    Float(f64),
}

impl Number {
    /// Whether cells of the type are numbers.
    pub(crate) fn is_type(data_type: &DataType) -> bool {
        matches!(
            data_type,
            DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::Int64
                | DataType::UInt8
                | DataType::UInt16
                | DataType::UInt32
                | DataType::UInt64
                | DataType::Float32
                | DataType::Float64
                | DataType::Decimal32(..)
                | DataType::Decimal64(..)
                | DataType::Decimal128(..)
        )
    }

    /// The number in a cell; none for null, and if the type has no numbers.
    pub(crate) fn of(column: &dyn Array, row: usize) -> Option<Self> {
        if column.is_null(row) {
            return None;
        }
        let whole = |digits: i128| Self::Exact { digits, scale: 0 };
        Some(match column.data_type() {
            DataType::Int8 => whole(column.as_primitive::<Int8Type>().value(row).into()),
            DataType::Int16 => whole(column.as_primitive::<Int16Type>().value(row).into()),
            DataType::Int32 => whole(column.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => whole(column.as_primitive::<Int64Type>().value(row).into()),
            DataType::UInt8 => whole(column.as_primitive::<UInt8Type>().value(row).into()),
            DataType::UInt16 => whole(column.as_primitive::<UInt16Type>().value(row).into()),
            DataType::UInt32 => whole(column.as_primitive::<UInt32Type>().value(row).into()),
            DataType::UInt64 => whole(column.as_primitive::<UInt64Type>().value(row).into()),
            DataType::Float32 => {
                Self::Float(column.as_primitive::<Float32Type>().value(row).into())
            }
            DataType::Float64 => Self::Float(column.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal32(_, scale) => Self::scaled(
                column.as_primitive::<Decimal32Type>().value(row).into(),
                *scale,
            ),
            DataType::Decimal64(_, scale) => Self::scaled(
                column.as_primitive::<Decimal64Type>().value(row).into(),
                *scale,
            ),
            DataType::Decimal128(_, scale) => {
                Self::scaled(column.as_primitive::<Decimal128Type>().value(row), *scale)
            }
            _ => return None,
        })
    }

    /// Arrow's scale may be negative: the digits then count tens.
    fn scaled(digits: i128, scale: i8) -> Self {
        match u32::try_from(scale) {
            Ok(scale) => Self::Exact { digits, scale },
            Err(_) => {
                let factor = 10_i128.checked_pow(u32::from(scale.unsigned_abs()));
                match factor.and_then(|factor| digits.checked_mul(factor)) {
                    Some(digits) => Self::Exact { digits, scale: 0 },
                    None => Self::Float(digits as f64 * 10_f64.powi(-i32::from(scale))),
                }
            }
        }
    }

    /// A share as a percentage.
    pub(crate) fn times_hundred(self) -> Self {
        match self {
            Self::Exact {
                digits,
                scale: scale @ 2..,
            } => Self::Exact {
                digits,
                scale: scale - 2,
            },
            Self::Exact { digits, scale } => {
                let factor = 10_i128.pow(2 - scale);
                match digits.checked_mul(factor) {
                    Some(digits) => Self::Exact { digits, scale: 0 },
                    None => Self::Float(digits as f64 * factor as f64),
                }
            }
            Self::Float(value) => Self::Float(value * 100.0),
        }
    }

    /// Plain digits with exactly that many decimals, halves away from zero; none if not finite.
    pub(crate) fn fixed(&self, decimals: u32) -> Option<String> {
        match *self {
            Self::Float(value) if value.is_finite() => {
                let text = format!("{value:.*}", decimals as usize);
                Some(unsigned_zero(text))
            }
            Self::Float(_) => None,
            Self::Exact { digits, scale } => {
                let (digits, pad) = if scale > decimals {
                    (rounded(digits, scale - decimals), 0)
                } else {
                    (digits, decimals - scale)
                };
                let sign = if digits < 0 { "-" } else { "" };
                let mut text = digits.unsigned_abs().to_string();
                text.extend(std::iter::repeat_n('0', pad as usize));
                let decimals = decimals as usize;
                if decimals > 0 {
                    let missing = (decimals + 1).saturating_sub(text.len());
                    text.insert_str(0, &"0".repeat(missing));
                    text.insert(text.len() - decimals, '.');
                }
                Some(format!("{sign}{text}"))
            }
        }
    }

    /// The nearest floating point number; none if not finite.
    pub(crate) fn to_f64(self) -> Option<f64> {
        let value = match self {
            Self::Float(value) => value,
            Self::Exact { digits, scale } => {
                digits as f64 / 10_f64.powi(i32::try_from(scale).unwrap_or(i32::MAX))
            }
        };
        value.is_finite().then_some(value)
    }
}

/// Drops the last `places` digits, halves away from zero.
fn rounded(digits: i128, places: u32) -> i128 {
    let Some(divisor) = 10_i128.checked_pow(places) else {
        return 0;
    };
    let (whole, rest) = (digits / divisor, digits % divisor);
    let up = rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
    if up { whole + digits.signum() } else { whole }
}

/// `-0.0` is no number that people write.
fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| matches!(b, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}
