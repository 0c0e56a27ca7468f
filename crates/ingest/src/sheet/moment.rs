//! Days and times of spreadsheets.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

const DAY_MILLIS: f64 = 86_400_000.0;

/// 1 March 1900 in days of the older reckoning. Before it, programs disagree on which day a number
/// is: some of them believe in a 29th of February of 1900.
const FIRST_SURE_DAY: f64 = 61.0;

/// The day after the last one, counted from 1900.
const END: f64 = 2_958_466.0;

/// The moment that a number of days stands for, to the millisecond that programs show; none if it
/// is no certain day.
pub(super) fn of_serial(serial: f64, from_1904: bool) -> Option<NaiveDateTime> {
    let (zero, first) = if from_1904 {
        (NaiveDate::from_ymd_opt(1904, 1, 1)?, 0.0)
    } else {
        (NaiveDate::from_ymd_opt(1899, 12, 30)?, FIRST_SURE_DAY)
    };
    if !(first..END).contains(&serial) {
        return None;
    }
    // Both are whole and small.
    let days = serial.trunc() as u64;
    let millis = (serial.fract() * DAY_MILLIS).round() as i64;
    let day = zero.checked_add_days(Days::new(days))?;
    day.and_time(NaiveTime::MIN)
        .checked_add_signed(TimeDelta::milliseconds(millis))
}

/// The moment written `2026-09-15` or `2026-09-15T08:30:00`, as files write it.
pub(super) fn of_text(text: &str) -> Option<NaiveDateTime> {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let text = text.strip_suffix('Z').unwrap_or(text);
    day(text)
        .map(|day| day.and_time(NaiveTime::MIN))
        .or_else(|| text.parse().ok())
}

/// The day as dates are read.
pub(super) fn day(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// The time as timestamps are read: without an offset, for it is civil time.
pub(super) fn time(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

/// Whether it is the beginning of a day.
pub(super) fn is_day(at: NaiveDateTime) -> bool {
    at.time() == NaiveTime::MIN
}

/// `15/09/2026`, as people type it here, in the form in which dates are read; none for anything
/// else. The day comes first, always.
pub(super) fn day_first(text: &str) -> Option<String> {
    let &[a, b, b'/', c, d, b'/', e, f, g, h] = text.as_bytes() else {
        return None;
    };
    let digits = [a, b, c, d, e, f, g, h];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let [a, b, c, d, e, f, g, h] = digits.map(char::from);
    let text = format!("{e}{f}{g}{h}-{c}{d}-{a}{b}");
    text.parse::<NaiveDate>().is_ok().then_some(text)
}

/// `15/09/2026 08:30` and `15/09/2026 08:30:00` in the form in which timestamps are read.
pub(super) fn time_of_day_first(text: &str) -> Option<String> {
    let (day, time) = text.split_once(' ')?;
    let plain = time.len() == 5 || time.len() == 8;
    let format = |format| NaiveTime::parse_from_str(time, format).is_ok();
    let known = plain && (format("%H:%M") || format("%H:%M:%S"));
    known.then(|| day_first(day).map(|day| format!("{day}T{time}")))?
}

#[cfg(test)]
mod tests;
