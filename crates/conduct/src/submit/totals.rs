//! Control totals: what the sender counted, against what was received.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use arrow::error::ArrowError;
use ingest::RowRule;
use project::{ColumnType, Contract, Severity, Text};
use service::{ControlTotal, ErrorKind, Result, RowError, RowErrors, ServiceError};

/// The name of the total that counts rows.
const ROWS: &str = "rows";
/// The rule that is broken by a total that differs.
const RULE: &str = "control_total";

/// The totals of one body while it is checked.
pub(crate) struct Totals {
    declared: Vec<ControlTotal>,
    sums: Arc<Mutex<Vec<Sum>>>,
}

/// The sum of a column, exact.
struct Sum {
    column: String,
    unscaled: i128,
    scale: i8,
}

/// Whether totals can be taken: of a column that is there, in numbers that add up exactly.
pub(crate) fn check(contract: &Contract, declared: &[ControlTotal]) -> Result<()> {
    for total in declared {
        let invalid = |message: String, hint: String| {
            Err(ServiceError::new(ErrorKind::Invalid, message).hint(hint))
        };
        let ControlTotal { name, declared, .. } = total;
        if exact(declared).is_none() {
            return invalid(
                format!("the control total of `{name}` is `{declared}`, and that is no number"),
                "Write digits with a decimal point, as in `1250.50`.".to_owned(),
            );
        }
        if name == ROWS {
            continue;
        }
        let Some(column) = contract.column(name) else {
            return invalid(
                format!(
                    "there is no column `{name}` in `{}` to sum up",
                    contract.dataset
                ),
                format!("Give `{ROWS}` or a column of whole numbers or decimals."),
            );
        };
        let summed = matches!(
            column.column_type,
            ColumnType::Int32 | ColumnType::Int64 | ColumnType::Decimal(..)
        );
        if !summed {
            return invalid(
                format!(
                    "column `{name}` is `{}`, which does not add up",
                    column.column_type
                ),
                format!("Give `{ROWS}` or a column of whole numbers or decimals."),
            );
        }
    }
    Ok(())
}

impl Totals {
    pub(crate) fn new(declared: &[ControlTotal]) -> Self {
        let sums = declared.iter().filter(|total| total.name != ROWS);
        let sums = sums.map(|total| Sum {
            column: total.name.clone(),
            unscaled: 0,
            scale: 0,
        });
        Self {
            sums: Arc::new(Mutex::new(sums.collect())),
            declared: declared.to_vec(),
        }
    }

    /// A rule that every row keeps: it sees all of them, and adds them up.
    pub(crate) fn rule(&self) -> Option<RowRule> {
        if self.declared.iter().all(|total| total.name == ROWS) {
            return None;
        }
        let sums = Arc::clone(&self.sums);
        Some(RowRule {
            name: RULE.to_owned(),
            column: None,
            severity: Severity::Error,
            message: Text::default(),
            holds: Arc::new(move |batch| {
                let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
                for sum in sums.iter_mut() {
                    sum.add(batch)?;
                }
                Ok(BooleanArray::new_null(batch.num_rows()))
            }),
            // Whether a sum fits on the way depends on what came before.
            in_order: true,
        })
    }

    /// The totals as they were found; a body in which one differs from what was declared is refused.
    pub(crate) fn compared(self, received: u64) -> Result<Vec<ControlTotal>> {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let mut totals = self.declared;
        let mut errors = Vec::new();
        for total in &mut totals {
            let sum = sums.iter().find(|sum| sum.column == total.name);
            let (unscaled, scale) = match sum {
                Some(sum) => (sum.unscaled, sum.scale),
                None => (i128::from(received), 0),
            };
            let found = shown(unscaled, scale);
            if exact(&total.declared) != exact(&found) {
                errors.push(differs(total, &found));
            }
            total.found = Some(found);
        }
        if errors.is_empty() {
            return Ok(totals);
        }
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        let mut refused = ServiceError::new(ErrorKind::Refused, messages.join("; "))
            .hint("Look whether the body is complete and whether every value could be read.");
        refused.rows = Some(RowErrors {
            total: errors.len() as u64,
            errors,
        });
        Err(refused)
    }
}

fn differs(total: &ControlTotal, found: &str) -> RowError {
    let ControlTotal { name, declared, .. } = total;
    let message = match name.as_str() {
        ROWS => format!("the body has {found} rows, and {declared} were declared"),
        column => format!("`{column}` adds up to {found}, and {declared} was declared"),
    };
    RowError {
        row: 0,
        column: (name != ROWS).then(|| name.clone()),
        rule: RULE.to_owned(),
        severity: Severity::Error,
        value_excerpt: None,
        message,
    }
}

impl Sum {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let Some(column) = batch.column_by_name(&self.column) else {
            return Err(ArrowError::SchemaError(format!(
                "no column `{}`",
                self.column
            )));
        };
        let values: Box<dyn Iterator<Item = Option<i128>> + '_> = match column.data_type() {
            DataType::Int32 => {
                let values = column.as_primitive::<Int32Type>().iter();
                Box::new(values.map(|value| value.map(i128::from)))
            }
            DataType::Int64 => {
                let values = column.as_primitive::<Int64Type>().iter();
                Box::new(values.map(|value| value.map(i128::from)))
            }
            DataType::Decimal128(_, scale) => {
                self.scale = *scale;
                Box::new(column.as_primitive::<Decimal128Type>().iter())
            }
            other => {
                let message = format!("`{}` is `{other}`, which does not add up", self.column);
                return Err(ArrowError::ComputeError(message));
            }
        };
        // No sum of the rows that a body may have leaves 128 bits but of the widest decimals.
        for value in values.flatten() {
            let sum = self.unscaled.checked_add(value);
            self.unscaled = sum.ok_or_else(|| {
                ArrowError::ComputeError(format!("the sum of `{}` is too large", self.column))
            })?;
        }
        Ok(())
    }
}

/// A decimal number without what does not change it, so that equal numbers are equal texts.
fn exact(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    Some(match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

fn shown(unscaled: i128, scale: i8) -> String {
    let scale = usize::from(scale.unsigned_abs());
    if scale == 0 {
        return unscaled.to_string();
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}
