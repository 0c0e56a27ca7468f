//! What a spreadsheet itself can hold a column's cells to.

use project::{Bound, Check, Column, ColumnType, Contract, Rule, Severity};
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, ExcelDateTime, Formula,
};

use super::codes::Codes;
use super::{list_of, meaning, rules_of, words};
use crate::RenderError;
use crate::sheet::cut;

/// What spreadsheets take of a title and of a message.
const TITLE: usize = 32;
const MESSAGE: usize = 255;

/// Whole numbers of more digits lose some.
const MOST_DIGITS: u32 = 15;

/// What a cell of the column may hold, and what is said when it is chosen.
pub(super) fn rule(
    contract: &Contract,
    column: &Column,
    codes: &Codes,
) -> Result<DataValidation, RenderError> {
    let (validation, severity) = allowed(contract, column, codes)?;
    let style = match severity {
        Severity::Error | Severity::Quarantine => DataValidationErrorStyle::Stop,
        Severity::Warning => DataValidationErrorStyle::Warning,
    };
    let told: Vec<&str> = rules_of(contract, column)
        .map(|rule| rule.message.vi.as_str())
        .collect();
    let wrong = match told[..] {
        [] => words::kind(column.column_type),
        _ => told.join("; "),
    };
    let asked = format!(
        "{}, {}. {}",
        words::required(column.required),
        words::kind(column.column_type),
        meaning(column)
    );
    Ok(validation
        .set_input_title(cut(&column.label.vi, TITLE))?
        .set_input_message(cut(&asked, MESSAGE))?
        .set_error_title(cut(words::WRONG, TITLE))?
        .set_error_message(cut(&wrong, MESSAGE))?
        .set_error_style(style))
}

/// A cell has one rule; the one that says most is taken.
fn allowed(
    contract: &Contract,
    column: &Column,
    codes: &Codes,
) -> Result<(DataValidation, Severity), RenderError> {
    let validation = DataValidation::new();
    if let Some((list, rule)) = list_of(contract, column)
        && let Some(place) = codes.place(list)
    {
        return Ok((validation.allow_list_formula(place), rule.severity));
    }
    Ok(match column.column_type {
        ColumnType::String => match length(contract, column) {
            Some((min, max, severity)) => {
                let rule = DataValidationRule::Between(min, max);
                (validation.allow_text_length(rule), severity)
            }
            None => (validation.allow_any_value(), Severity::Error),
        },
        ColumnType::Int32 | ColumnType::Int64 | ColumnType::Decimal(_, 0) => {
            let (rule, severity) = numbers(contract, column);
            (validation.allow_whole_number_formula(rule), severity)
        }
        ColumnType::Float64 | ColumnType::Decimal(..) => {
            let (rule, severity) = numbers(contract, column);
            (validation.allow_decimal_number_formula(rule), severity)
        }
        ColumnType::Boolean => (
            validation.allow_list_strings(&["TRUE", "FALSE"])?,
            Severity::Error,
        ),
        // A day may be typed as text, which a program of another language does not take for a day:
        // so it only warns.
        ColumnType::Date | ColumnType::Timestamp => {
            let (first, last) = (
                ExcelDateTime::from_ymd(1900, 3, 1)?,
                ExcelDateTime::from_ymd(9999, 12, 31)?,
            );
            let rule = DataValidationRule::Between(first, last);
            (validation.allow_date(rule), Severity::Warning)
        }
    })
}

fn length(contract: &Contract, column: &Column) -> Option<(u32, u32, Severity)> {
    /// Characters of a cell.
    const MOST: u32 = 32_767;
    rules_of(contract, column).find_map(|rule| match rule.check {
        Check::Length { min, max } => {
            let bound = |bound: Option<u64>| bound.and_then(|bound| u32::try_from(bound).ok());
            let max = bound(max).map_or(MOST, |max| max.min(MOST));
            Some((bound(min).unwrap_or_default(), max, rule.severity))
        }
        _ => None,
    })
}

/// The bounds of numbers: the contract's, or those of the type. A bound that is itself out is
/// allowed here.
fn numbers(contract: &Contract, column: &Column) -> (DataValidationRule<Formula>, Severity) {
    let found = rules_of(contract, column).find_map(|rule| match rule {
        Rule {
            check: Check::Range { min, max },
            severity,
            ..
        } => Some((min.as_ref(), max.as_ref(), *severity)),
        _ => None,
    });
    let (min, max, severity) = found.unwrap_or((None, None, Severity::Error));
    let (least, most) = type_bounds(column.column_type);
    let bound = |given: Option<&Bound>, or: String| {
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.');
        let given = given.map(|bound| bound.value.clone());
        Formula::new(given.filter(|value| value.chars().all(plain)).unwrap_or(or))
    };
    let rule = DataValidationRule::Between(bound(min, least), bound(max, most));
    (rule, severity)
}

fn type_bounds(column_type: ColumnType) -> (String, String) {
    match column_type {
        ColumnType::Int32 => (i32::MIN.to_string(), i32::MAX.to_string()),
        ColumnType::Decimal(precision, scale) => {
            let digits = u32::from(precision.saturating_sub(scale)).clamp(1, MOST_DIGITS);
            let most = 10_u64.pow(digits);
            (format!("-{most}"), most.to_string())
        }
        ColumnType::Float64 => ("-1E+300".to_owned(), "1E+300".to_owned()),
        _ => {
            let most = 10_u64.pow(MOST_DIGITS) - 1;
            (format!("-{most}"), most.to_string())
        }
    }
}
