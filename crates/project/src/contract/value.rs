//! Whether a text is a value of a column type.

use chrono::{DateTime, NaiveDate};

use super::ColumnType;

impl ColumnType {
    /// Checks that the text is a value of the type; else says what was expected.
    ///
    /// Days are `2026-08-31`, instants RFC 3339, booleans `true` and `false`, numbers plain digits
    /// with a point.
    pub fn check(self, text: &str) -> Result<(), String> {
        let good = match self {
            Self::String => true,
            Self::Int32 => text.parse::<i32>().is_ok() && !text.starts_with('+'),
            Self::Int64 => text.parse::<i64>().is_ok() && !text.starts_with('+'),
            Self::Float64 => text.parse::<f64>().is_ok_and(f64::is_finite),
            Self::Decimal(precision, scale) => is_decimal(text, precision, scale),
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Date => day(text).is_some(),
            Self::Timestamp => DateTime::parse_from_rfc3339(text).is_ok(),
        };
        if good { Ok(()) } else { Err(self.expected()) }
    }

    fn expected(self) -> String {
        match self {
            Self::String => "text".to_owned(),
            Self::Int32 => "a whole number of 32 bits".to_owned(),
            Self::Int64 => "a whole number of 64 bits".to_owned(),
            Self::Float64 => "a number".to_owned(),
            Self::Decimal(precision, scale) => {
                let whole = precision - scale;
                format!("a number with at most {whole} digits before the point and {scale} behind")
            }
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Date => "a day like `2026-08-31`".to_owned(),
            Self::Timestamp => "an instant like `2026-08-31T17:00:00Z`".to_owned(),
        }
    }
}

/// A civil day written `2026-08-31`.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    text.parse().ok().filter(|_| plain)
}

fn is_decimal(text: &str, precision: u8, scale: u8) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && fraction.is_none_or(digits)
        && whole.trim_start_matches('0').len() <= usize::from(precision - scale)
        && fraction.unwrap_or_default().len() <= usize::from(scale)
}
