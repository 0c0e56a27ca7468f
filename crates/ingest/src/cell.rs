//! One value as received, and how it is read as each type. Nothing is rounded, trimmed or guessed.

use std::borrow::Cow;

use project::{ColumnType, Text};

/// A value as received.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Nothing: JSON null, a field left out, an empty CSV cell.
    Null,
    /// A CSV cell or a JSON string.
    Text(Cow<'a, str>),
    /// A CSV cell of a column of numbers, which have a decimal comma.
    DecimalComma(Cow<'a, str>),
    /// A JSON number, digit for digit.
    Number(&'a str),
    /// A JSON boolean.
    Bool(bool),
    /// A JSON list or object, whole.
    Nested(&'a str),
    /// What a decoder could not make a value of, as people are shown it, and why.
    Broken(&'a str, Fault),
}

impl Cell<'_> {
    /// The cell as one with a decimal comma if it is text of a column of numbers.
    pub(crate) fn with_comma(self, of: ColumnType) -> Self {
        match (self, of) {
            (
                Self::Text(text),
                ColumnType::Int32
                | ColumnType::Int64
                | ColumnType::Float64
                | ColumnType::Decimal(..),
            ) => Self::DecimalComma(text),
            (cell, _) => cell,
        }
    }

    /// The value as people are shown it.
    pub(crate) fn shown(&self) -> Option<&str> {
        match self {
            Self::Null | Self::Broken("", _) => None,
            Self::Text(text) | Self::DecimalComma(text) => Some(text),
            Self::Number(text) | Self::Nested(text) | Self::Broken(text, _) => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
        }
    }

    /// The value as JSON.
    pub(crate) fn json(&self) -> String {
        match self {
            Self::Text(text) | Self::DecimalComma(text) => quoted(text),
            Self::Broken(text, _) if !text.is_empty() => quoted(text),
            _ => self.shown().unwrap_or("null").to_owned(),
        }
    }

    /// The text that a type other than `string` is read from.
    pub(crate) fn scalar(&self) -> Result<Cow<'_, str>, Fault> {
        match self {
            Self::Nested(_) => Err(NESTED),
            Self::DecimalComma(text) => with_point(text).map(Cow::Owned),
            Self::Broken(_, fault) => Err(*fault),
            _ => Ok(Cow::Borrowed(self.shown().unwrap_or_default())),
        }
    }

    /// The cell as a type other than `string`, which `read` takes from its text.
    pub(crate) fn read_by<T>(
        &self,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match self {
            Self::Text(text) => read(text),
            Self::Number(text) => read(text),
            _ => read(&self.scalar()?),
        }
    }

    /// The text of a string. A number is none: whether `1.0` and `1` are the same code, and where
    /// the leading zeros went, cannot be told any more.
    pub(crate) fn string(&self) -> Result<&str, Fault> {
        match self {
            Self::Text(text) | Self::DecimalComma(text) => Ok(text),
            Self::Nested(_) => Err(NESTED),
            Self::Broken(_, fault) => Err(*fault),
            _ => Err(UNQUOTED),
        }
    }
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Why a value cannot be read as its column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault(&'static [&'static str; 2]);

impl Fault {
    /// The reason in Vietnamese and in English.
    pub(crate) const fn new(reason: &'static [&'static str; 2]) -> Self {
        Self(reason)
    }

    /// The reason by itself.
    pub(crate) fn reason(self) -> Text {
        let [vi, en] = self.0.map(str::to_owned);
        Text { vi, en }
    }

    /// What people are told; `origin` is the foreign field that the value came from.
    pub(crate) fn message(
        self,
        column: &str,
        origin: Option<&str>,
        column_type: ColumnType,
    ) -> Text {
        let [vi_reason, en_reason] = self.0;
        let (vi, en) = match origin {
            Some(origin) => (format!(" (từ `{origin}`)"), format!(" (from `{origin}`)")),
            None => Default::default(),
        };
        Text {
            vi: format!("không đọc được `{column}`{vi} theo kiểu {column_type}: {vi_reason}"),
            en: format!("`{column}`{en} cannot be read as {column_type}: {en_reason}"),
        }
    }
}

pub(crate) const NESTED: Fault = Fault::new(&[
    "cần một giá trị đơn, không phải danh sách hay đối tượng",
    "expected one value, not a list or an object",
]);
const UNQUOTED: Fault = Fault::new(&[
    "cần một chuỗi, đặt giá trị trong dấu ngoặc kép",
    "expected a string; write the value in quotes",
]);
const WHOLE: Fault = Fault::new(&[
    "cần một số nguyên chỉ gồm chữ số, như `1250`",
    "expected a whole number of digits only, as in `1250`",
]);
pub(crate) const RANGE: Fault = Fault::new(&[
    "số nằm ngoài phạm vi của kiểu",
    "the number is out of the type's range",
]);
const NUMBER: Fault = Fault::new(&[
    "cần một số với dấu chấm thập phân, như `0.25`",
    "expected a number with a decimal point, as in `0.25`",
]);
pub(crate) const FINITE: Fault = Fault::new(&["cần một số hữu hạn", "expected a finite number"]);
const DECIMAL: Fault = Fault::new(&[
    "cần một số thập phân không có số mũ, như `1250.50`",
    "expected a decimal number without an exponent, as in `1250.50`",
]);
const SCALE: Fault = Fault::new(&[
    "quá nhiều chữ số sau dấu thập phân",
    "too many digits after the decimal point",
]);
const COMMA: Fault = Fault::new(&[
    "cần một số với dấu phẩy thập phân, như `1250,50` hoặc `1.250,50`",
    "expected a number with a decimal comma, as in `1250,50` or `1.250,50`",
]);
const BOOLEAN: Fault = Fault::new(&["cần `true` hoặc `false`", "expected `true` or `false`"]);

/// So many digits fit 64 bits, whatever they are.
const SURE_DIGITS: usize = 18;

/// A whole number: an optional minus and digits.
pub(crate) fn int64(text: &str) -> Result<i64, Fault> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if !all_digits(digits) {
        return Err(WHOLE);
    }
    if digits.len() > SURE_DIGITS {
        return text.parse().map_err(|_| RANGE);
    }
    let digits = digits.bytes().map(|digit| i64::from(digit - b'0'));
    let number = digits.fold(0, |sum, digit| sum * 10 + digit);
    Ok(if negative { -number } else { number })
}

/// A whole number of 32 bits.
pub(crate) fn int32(text: &str) -> Result<i32, Fault> {
    int64(text)?.try_into().map_err(|_| RANGE)
}

/// A finite number in the grammar of JSON, leading zeros allowed.
pub(crate) fn float64(text: &str) -> Result<f64, Fault> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    let rest = [fraction, exponent];
    if !all_digits(whole) || !rest.into_iter().flatten().all(all_digits) {
        return Err(NUMBER);
    }
    let number: f64 = text.parse().map_err(|_| NUMBER)?;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(FINITE)
    }
}

/// An exact decimal number as its unscaled value.
pub(crate) fn decimal(text: &str, precision: u8, scale: u8) -> Result<i128, Fault> {
    let (negative, number) = match text.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, text),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if !all_digits(whole) || !(all_digits(fraction) || whole == number) {
        return Err(DECIMAL);
    }
    if fraction.len() > usize::from(scale) {
        return Err(SCALE);
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > usize::from(precision.saturating_sub(scale)) {
        return Err(RANGE);
    }
    // At most 38 digits in all, so 128 bits hold every sum and product below.
    let missing = usize::from(scale) - fraction.len();
    let zeros = std::iter::repeat_n(b'0', missing);
    let unscaled = (whole.bytes().chain(fraction.bytes()).chain(zeros))
        .fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    Ok(if negative { -unscaled } else { unscaled })
}

/// A number with a decimal comma as one with a decimal point. A dot may only stand between groups
/// of three digits: as a decimal point it would make a number a thousand times too large.
fn with_point(text: &str) -> Result<String, Fault> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    let (whole, fraction) = match mantissa.split_once(',') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let (sign, whole) = match whole.strip_prefix('-') {
        Some(whole) => ("-", whole),
        None => ("", whole),
    };
    let are_groups = match whole.split_once('.') {
        Some((first, rest)) => {
            (1..=3).contains(&first.len())
                && !first.starts_with('0')
                && rest.split('.').all(|group| group.len() == 3)
        }
        None => true,
    };
    let whole = whole.replace('.', "");
    let mut rest = [fraction, digits].into_iter().flatten();
    if !are_groups || !all_digits(&whole) || !rest.all(all_digits) {
        return Err(COMMA);
    }
    let fraction = fraction.map_or(String::new(), |fraction| format!(".{fraction}"));
    let exponent = exponent.map_or(String::new(), |exponent| format!("e{exponent}"));
    Ok([sign, &whole, &fraction, &exponent].concat())
}

/// `true`, `false`, `1` or `0`.
pub(crate) fn boolean(text: &str) -> Result<bool, Fault> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(BOOLEAN)
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
