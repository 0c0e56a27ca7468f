//! Numbers of spreadsheets. They are binary, people see decimal, and programs show and keep 15
//! significant digits: `0.30000000000000004`, which a formula may leave, is shown and meant as 0.3.

/// Below it a spreadsheet keeps every whole number; a longer one lost digits when it was typed.
const FIFTEEN_DIGITS: f64 = 1e15;

/// How many digits spreadsheets keep.
const DIGITS: usize = 15;

/// The number to the last bit, in the fewest decimal digits that tell it from its neighbours.
pub(super) fn exact(number: f64) -> String {
    // No minus before zero: a sign that nobody sees is no part of the value.
    (number + 0.0).to_string()
}

/// The number as spreadsheets show it at most: rounded to 15 significant digits.
pub(super) fn shown(number: f64) -> String {
    let rounded = format!("{number:.*e}", DIGITS - 1);
    exact(rounded.parse().unwrap_or(number))
}

/// The digits of a number in a column with that many decimals. The digits in the file are taken if
/// they fit the column, else those that are shown; none if either means digits that were lost.
pub(super) fn decimal(number: f64, scale: u8) -> Option<String> {
    if number.abs() >= FIFTEEN_DIGITS {
        return None;
    }
    let scale = usize::from(scale);
    let own = exact(number);
    if decimals(&own) <= scale {
        return Some(own);
    }
    // What is rounded away must lie behind the column's last digit.
    let whole = number
        .abs()
        .trunc()
        .to_string()
        .trim_start_matches('0')
        .len();
    (whole + scale <= DIGITS).then(|| shown(number))
}

/// The digits of a whole number; none if it has decimals or lost digits.
pub(super) fn whole(number: f64) -> Option<String> {
    decimal(number, 0).filter(|digits| decimals(digits) == 0)
}

fn decimals(digits: &str) -> usize {
    digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len())
}

#[cfg(test)]
mod tests;
