//! What stands in a cell of a sheet, and what a column makes of it.
//!
//! A sheet is typed by people and shown by programs, so it says things in more ways than other
//! bodies; each that is taken has one meaning only:
//!
//! - A whole number of at most 15 digits in a column of text is its digits. What was before them, a
//!   zero or a space, is lost; the column's rules say whether that can be.
//! - A number in a column of decimals is the digits in the file or else those that are shown (see
//!   [`number`]). A float is the float.
//! - A day is a cell with a format of days, `2026-09-15` or `15/09/2026`; never month first. A
//!   cell that is shown as a day is its beginning in a column of times; times are civil time.
//! - A formula is the value that was computed when the file was saved.
//!
//! What a program made of a typing, such as a day in a column of numbers, is refused.

use chrono::NaiveDateTime;
use project::ColumnType;

use super::{moment, number};
use crate::cell::{Cell, Fault};

/// The content of a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Value {
    /// Nothing, or what nobody can see.
    #[default]
    Empty,
    /// A text, whatever it begins with.
    Text(String),
    /// A finite number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// A day or a time of a day.
    Moment(NaiveDateTime),
    /// A number shown as a day that is none for certain.
    NoDay(f64),
    /// A span of time, as the file has it.
    Span(String),
    /// `#N/A` and its like, or a value that is not what the file says it is.
    Error(String),
    /// A formula whose result is not in the file.
    Uncomputed,
}

/// A content as its column takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Taken {
    Null,
    Text(String),
    Number(String),
    Bool(bool),
    Broken(String, Fault),
}

const TEXT: Fault = Fault::new(&[
    "ô chứa một số; hãy định dạng cột là văn bản (Text) rồi nhập lại đúng từng ký tự",
    "the cell holds a number; format the column as text and type the value again",
]);
const BOOL_TEXT: Fault = Fault::new(&[
    "ô chứa giá trị đúng/sai; hãy định dạng cột là văn bản (Text) rồi nhập lại",
    "the cell holds a truth value; format the column as text and type the value again",
]);
const DAY_TEXT: Fault = Fault::new(&[
    "bảng tính đã đổi giá trị này thành ngày; hãy định dạng cột là văn bản (Text) rồi nhập lại",
    "the spreadsheet made a day of it; format the column as text and type the value again",
]);
const DAY_NUMBER: Fault = Fault::new(&[
    "bảng tính đã đổi giá trị này thành ngày; hãy định dạng cột là số rồi nhập lại",
    "the spreadsheet made a day of it; format the column as a number and type the value again",
]);
const NUMBER_DAY: Fault = Fault::new(&[
    "ô chứa một số, không phải ngày; hãy định dạng cột là ngày hoặc nhập dạng `15/09/2026`",
    "the cell holds a number, not a day; format the column as a date or type it as `15/09/2026`",
]);
const NUMBER_TIME: Fault = Fault::new(&[
    "ô chứa một số, không phải thời điểm; hãy định dạng cột là ngày giờ hoặc nhập dạng \
     `15/09/2026 08:30`",
    "the cell holds a number, not a time; format the column as a date with a time or type it as \
     `15/09/2026 08:30`",
]);
const TIME_OF_DAY: Fault = Fault::new(&[
    "ô chứa cả giờ trong ngày; chỉ nhập ngày",
    "the cell holds a time of day too; give the day only",
]);
const NO_DAY: Fault = Fault::new(&[
    "số này không chắc là ngày nào: các chương trình bảng tính hiểu khác nhau trước 01/03/1900",
    "no certain day: before March 1900 spreadsheet programs disagree, and after 9999 is none",
]);
const SPAN: Fault = Fault::new(&[
    "ô chứa một khoảng thời gian",
    "the cell holds a span of time",
]);
const LOST_DIGITS: Fault = Fault::new(&[
    "bảng tính chỉ giữ 15 chữ số; hãy định dạng ô là văn bản (Text) rồi nhập lại số này",
    "a spreadsheet keeps 15 digits only; format the cell as text and type the number again",
]);
const ERROR: Fault = Fault::new(&[
    "ô chứa lỗi của bảng tính",
    "the cell holds an error of the spreadsheet",
]);
const UNCOMPUTED: Fault = Fault::new(&[
    "công thức chưa có kết quả; hãy mở tệp bằng chương trình bảng tính rồi lưu lại",
    "the formula has no result in the file; open it in a spreadsheet program and save it again",
]);

impl Value {
    /// A text; white space alone is nothing, for nobody sees it.
    pub(super) fn text(text: String) -> Self {
        if text.trim().is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    /// A number shown as a day.
    pub(super) fn serial(serial: f64, from_1904: bool) -> Self {
        moment::of_serial(serial, from_1904).map_or(Self::NoDay(serial), Self::Moment)
    }

    /// As people are shown it, more or less.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Empty | Self::Uncomputed => String::new(),
            Self::Text(text) | Self::Span(text) | Self::Error(text) => text.clone(),
            Self::Number(number) | Self::NoDay(number) => number::shown(*number),
            Self::Bool(value) => value.to_string(),
            Self::Moment(at) if moment::is_day(*at) => moment::day(*at),
            Self::Moment(at) => moment::time(*at),
        }
    }

    /// About how much memory it takes.
    pub(super) fn size_bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Span(text) | Self::Error(text) => {
                text.len() + size_of::<Self>()
            }
            _ => size_of::<Self>(),
        }
    }
}

impl Taken {
    /// What a column of that type makes of a content.
    pub(super) fn of(value: &Value, column_type: ColumnType) -> Self {
        let broken = |fault| Self::Broken(value.shown(), fault);
        match value {
            Value::Empty => Self::Null,
            Value::Text(text) => of_text(text, column_type),
            Value::Number(number) => of_number(*number, column_type).unwrap_or_else(broken),
            Value::Bool(truth) => match column_type {
                ColumnType::String => broken(BOOL_TEXT),
                _ => Self::Bool(*truth),
            },
            Value::Moment(at) => match column_type {
                ColumnType::Date if moment::is_day(*at) => Self::Text(moment::day(*at)),
                ColumnType::Date => broken(TIME_OF_DAY),
                ColumnType::Timestamp => Self::Text(moment::time(*at)),
                ColumnType::String => broken(DAY_TEXT),
                _ => broken(DAY_NUMBER),
            },
            Value::NoDay(_) => match column_type {
                ColumnType::String => broken(DAY_TEXT),
                ColumnType::Date | ColumnType::Timestamp => broken(NO_DAY),
                _ => broken(DAY_NUMBER),
            },
            Value::Span(_) => broken(SPAN),
            Value::Error(_) => broken(ERROR),
            Value::Uncomputed => broken(UNCOMPUTED),
        }
    }

    /// As the columns that are filled take it.
    pub(super) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(text.into()),
            Self::Number(digits) => Cell::Number(digits),
            Self::Bool(truth) => Cell::Bool(*truth),
            Self::Broken(shown, fault) => Cell::Broken(shown, *fault),
        }
    }
}

fn of_text(text: &str, column_type: ColumnType) -> Taken {
    let typed = match column_type {
        ColumnType::Date => moment::day_first(text),
        ColumnType::Timestamp => moment::time_of_day_first(text),
        _ => None,
    };
    Taken::Text(typed.unwrap_or_else(|| text.to_owned()))
}

fn of_number(value: f64, column_type: ColumnType) -> Result<Taken, Fault> {
    let digits = match column_type {
        ColumnType::String => return number::whole(value).map(Taken::Text).ok_or(TEXT),
        ColumnType::Date => return Err(NUMBER_DAY),
        ColumnType::Timestamp => return Err(NUMBER_TIME),
        ColumnType::Float64 => Some(number::exact(value)),
        ColumnType::Boolean => Some(number::shown(value)),
        ColumnType::Int32 | ColumnType::Int64 => number::decimal(value, 0),
        ColumnType::Decimal(_, scale) => number::decimal(value, scale),
    };
    digits.map(Taken::Number).ok_or(LOST_DIGITS)
}

#[cfg(test)]
mod tests;
