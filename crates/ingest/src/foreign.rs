//! Foreign values that need more than a table: days and instants in a form of their own, sums.

use project::{ColumnType, DateForm, DatePart, Zone};

use crate::cell::{self, Cell, Fault, NESTED, RANGE};
use crate::json::{self, Broken};
use crate::mapping::Reason;
use crate::time;

const LIST: Fault = Fault::new(&[
    "cần một danh sách đối tượng, mỗi đối tượng có trường này một lần",
    "expected a list of objects that have it once each",
]);

/// The most digits of an amount; sums are held to their column's type afterwards.
const AMOUNT_DIGITS: u8 = 38;

/// How deep a list may nest here: the row that it is from was held to its limit before.
const NESTING: usize = usize::MAX;

/// A day or an instant in a form, as ISO 8601.
pub(crate) fn iso<'a>(
    text: &str,
    form: &'a DateForm,
    of: ColumnType,
) -> Result<String, Reason<'a>> {
    let parts = parts(text, &form.parts).ok_or(Reason::Form(&form.pattern))?;
    let [year, month, day, hour, minute, second] = parts;
    let date = format!("{year}-{month}-{day}");
    let (iso, read) = if of == ColumnType::Date {
        let read = time::date(&date).map(|_| ());
        (date, read)
    } else {
        let offset = match form.zone {
            Zone::AsiaHoChiMinh => "+07:00",
            Zone::Utc => "Z",
        };
        let instant = format!("{date}T{hour}:{minute}:{second}{offset}");
        let read = time::timestamp(&instant).map(|_| ());
        (instant, read)
    };
    match read {
        Ok(()) => Ok(iso),
        Err(fault) if fault == time::YEAR => Err(Reason::Time(fault, of)),
        // The digits are there, and they name no day or no time of day.
        Err(_) => Err(Reason::Form(&form.pattern)),
    }
}

/// Year, month, day, hour, minute and second as digits; what the form lacks is zero.
fn parts<'t>(text: &'t str, form: &[DatePart]) -> Option<[&'t str; 6]> {
    let mut found = ["0000", "00", "00", "00", "00", "00"];
    let mut rest = text;
    for part in form {
        let Some(digits) = part.digits() else {
            let DatePart::Literal(expected) = part else {
                return None;
            };
            rest = rest.strip_prefix(*expected)?;
            continue;
        };
        let (number, behind) = rest.split_at_checked(digits)?;
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let place = match part {
            DatePart::Year => 0,
            DatePart::Month => 1,
            DatePart::Day => 2,
            DatePart::Hour => 3,
            DatePart::Minute => 4,
            DatePart::Second | DatePart::Literal(_) => 5,
        };
        found[place] = number;
        rest = behind;
    }
    rest.is_empty().then_some(found)
}

/// The sum of the field `part` over a list of objects, as text that the column's type is read from.
pub(crate) fn sum(list: &Cell<'_>, part: &str, of: ColumnType) -> Result<String, Fault> {
    let Cell::Nested(list) = list else {
        return Err(LIST);
    };
    let scale = match of {
        ColumnType::Decimal(_, scale) => scale,
        _ => 0,
    };
    let mut sum = 0_i128;
    let mut fault = None;
    let read = json::items(list, NESTING, |item| {
        let amount = amount(&item, part, scale);
        match amount.and_then(|amount| sum.checked_add(amount).ok_or(RANGE)) {
            Ok(total) => sum = total,
            Err(found) => {
                fault.get_or_insert(found);
            }
        }
        Ok(())
    });
    match fault {
        Some(fault) => Err(fault),
        None if read.is_err() => Err(LIST),
        None => Ok(unscaled(sum, scale)),
    }
}

fn amount(item: &Cell<'_>, part: &str, scale: u8) -> Result<i128, Fault> {
    let Cell::Nested(item) = item else {
        return Err(LIST);
    };
    let mut amount = None;
    let read = json::object(item, NESTING, |name, value| {
        if name != part {
            return Ok(());
        }
        match amount.replace(value) {
            None => Ok(()),
            Some(_) => Err(Broken::DuplicateKey),
        }
    });
    match amount {
        Some(value) if read.is_ok() => {
            if matches!(value, Cell::Nested(_)) {
                return Err(NESTED);
            }
            cell::decimal(&value.scalar()?, AMOUNT_DIGITS, scale)
        }
        _ => Err(LIST),
    }
}

fn unscaled(sum: i128, scale: u8) -> String {
    if scale == 0 {
        return sum.to_string();
    }
    let sign = if sum < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", sum.unsigned_abs(), usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    format!("{sign}{whole}.{fraction}")
}
