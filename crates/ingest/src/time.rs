//! Days and instants: ISO 8601, and nothing that has to be guessed.

use calendar::CIVIL_OFFSET_SECONDS;

use crate::cell::Fault;

const DATE: Fault = Fault::new(&[
    "cần một ngày dạng `2026-09-15`",
    "expected a day as in `2026-09-15`",
]);
const TIMESTAMP: Fault = Fault::new(&[
    "cần một thời điểm dạng `2026-09-15T08:30:00+07:00`; không ghi múi giờ nghĩa là giờ Việt Nam",
    "expected a time as in `2026-09-15T08:30:00+07:00`; without an offset it is Vietnam's time",
]);
pub(crate) const YEAR: Fault = Fault::new(&[
    "năm phải từ 1900 đến 9999",
    "the year must lie between 1900 and 9999",
]);

/// 1970 began so many days behind the end of February of the year before the first.
const UNIX_EPOCH_FROM_MARCH: i64 = 719_469;
const MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;
/// No place on earth is further from UTC.
const MAX_OFFSET_SECONDS: i64 = 14 * 3600;

/// The first and the last day that is believed, in days since 1970.
const FIRST_DAY: i32 = -25_567;
const LAST_DAY: i32 = 2_932_896;

/// The offset of civil time in microseconds.
pub(crate) const CIVIL_OFFSET_MICROS: i64 = CIVIL_OFFSET_SECONDS as i64 * MICROS;

/// `yyyy-MM-dd` in days since 1970.
pub(crate) fn date(text: &str) -> Result<i32, Fault> {
    text.as_bytes().try_into().map_err(|_| DATE).and_then(day)
}

fn day(date: &[u8; 10]) -> Result<i32, Fault> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = date else {
        return Err(DATE);
    };
    let year = pair(a, b)
        .zip(pair(c, d))
        .map(|(high, low)| high * 100 + low);
    let (Some(year), Some(month), Some(day)) = (year, pair(e, f), pair(g, h)) else {
        return Err(DATE);
    };
    if year < 1900 {
        return Err(YEAR);
    }
    civil(year, month, day)
        .and_then(|days| i32::try_from(days).ok())
        .ok_or(DATE)
}

/// The day in days since 1970, if there is one; years are those of our era. Counted from March, so
/// that a leap day is the last of its year.
fn civil(year: u32, month: u32, day: u32) -> Option<i64> {
    let leaps = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leaps => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    Some(i64::from(days) - UNIX_EPOCH_FROM_MARCH)
}

/// A day and a time of day in microseconds since 1970, UTC. Digits beyond the microsecond are cut.
pub(crate) fn timestamp(text: &str) -> Result<i64, Fault> {
    LastDay::default().timestamp(text)
}

/// The day that was read last: that of the next row is often the same.
#[derive(Debug, Default)]
pub(crate) struct LastDay(Option<([u8; 10], i32)>);

impl LastDay {
    /// As [`timestamp`].
    pub(crate) fn timestamp(&mut self, text: &str) -> Result<i64, Fault> {
        usual_timestamp(text.as_bytes(), self).map_or_else(|| any_timestamp(text), Ok)
    }

    fn day(&mut self, date: &[u8; 10]) -> Result<i32, Fault> {
        match self.0 {
            Some((same, day)) if same == *date => Ok(day),
            _ => {
                let day = day(date)?;
                self.0 = Some((*date, day));
                Ok(day)
            }
        }
    }
}

/// A timestamp in the forms that nearly all have: to the second, in UTC, in Vietnam or without an
/// offset. Any other is none here.
fn usual_timestamp(bytes: &[u8], last: &mut LastDay) -> Option<i64> {
    let (date, rest) = bytes.split_first_chunk::<10>()?;
    let &[b'T' | b' ', a, b, b':', c, d, b':', e, f, ref offset @ ..] = rest else {
        return None;
    };
    let offset = match offset {
        b"Z" => 0,
        b"" | b"+07:00" => i64::from(CIVIL_OFFSET_SECONDS),
        _ => return None,
    };
    let (hour, minute, second) = (pair(a, b)?, pair(c, d)?, pair(e, f)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = i64::from(hour * 3600 + minute * 60 + second);
    let day = i64::from(last.day(date).ok()?);
    Some((day * DAY_SECONDS + of_day - offset) * MICROS)
}

fn any_timestamp(text: &str) -> Result<i64, Fault> {
    let (day, rest) = text.split_at_checked(10).ok_or(TIMESTAMP)?;
    let time = rest.strip_prefix(['T', ' ']).ok_or(TIMESTAMP)?;
    let day = date(day).map_err(|fault| if fault == YEAR { YEAR } else { TIMESTAMP })?;
    let (clock, offset) = match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], self::offset(&time[at..]).ok_or(TIMESTAMP)?),
        None => (time, i64::from(CIVIL_OFFSET_SECONDS)),
    };
    let of_day = time_of_day(clock).ok_or(TIMESTAMP)?;
    Ok((i64::from(day) * DAY_SECONDS - offset) * MICROS + of_day)
}

/// Whether a day is one that is believed.
pub(crate) fn is_sane_day(day: i32) -> bool {
    (FIRST_DAY..=LAST_DAY).contains(&day)
}

/// Whether an instant lies on a day that is believed, in civil time.
pub(crate) fn is_sane_instant(micros: i64) -> bool {
    let day = micros
        .saturating_add(CIVIL_OFFSET_MICROS)
        .div_euclid(DAY_SECONDS * MICROS);
    i32::try_from(day).is_ok_and(is_sane_day)
}

/// `HH:mm`, `HH:mm:ss` or `HH:mm:ss.f` with up to nine digits, in microseconds.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) if clock.len() == 8 => (clock, Some(fraction)),
        Some(_) => return None,
        None => (text, None),
    };
    let (hour, minute, second) = match *clock.as_bytes() {
        [a, b, b':', c, d] => (pair(a, b)?, pair(c, d)?, 0),
        [a, b, b':', c, d, b':', e, f] => (pair(a, b)?, pair(c, d)?, pair(e, f)?),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros = fraction.map_or(Some(0), micros)?;
    Some(i64::from(hour * 3600 + minute * 60 + second) * MICROS + micros)
}

fn micros(fraction: &str) -> Option<i64> {
    let digits = fraction.as_bytes();
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = digits
        .iter()
        .copied()
        .chain(std::iter::repeat(b'0'))
        .take(6);
    Some(padded.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

/// `Z`, `±HH:mm`, `±HHmm` or `±HH`, in seconds.
fn offset(text: &str) -> Option<i64> {
    let (sign, hours, minutes) = match *text.as_bytes() {
        [b'Z'] => return Some(0),
        [sign, a, b] => (sign, pair(a, b)?, 0),
        [sign, a, b, c, d] | [sign, a, b, b':', c, d] => (sign, pair(a, b)?, pair(c, d)?),
        _ => return None,
    };
    let seconds = i64::from(hours * 3600 + minutes * 60);
    if minutes > 59 || seconds > MAX_OFFSET_SECONDS {
        return None;
    }
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

fn pair(tens: u8, ones: u8) -> Option<u32> {
    let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    digits.then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

#[cfg(test)]
mod tests;
