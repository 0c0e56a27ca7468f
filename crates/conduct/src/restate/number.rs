//! Differences of numbers as they are written: exact, whatever the engine holds them in.

/// Places behind the point of a share.
const PLACES: u32 = 6;

/// A number as it is written: its digits, and how many of them stand behind the point.
#[derive(Clone, Copy)]
struct Written {
    digits: i128,
    places: u32,
}

/// `after` less `before`, and that as a share of `before`. None of what is no plain number, and no
/// share of nothing.
pub(super) fn difference(before: &str, after: &str) -> (Option<String>, Option<String>) {
    let (Some(before), Some(after)) = (read(before), read(after)) else {
        return (None, None);
    };
    let places = before.places.max(after.places);
    let (Some(old), Some(new)) = (before.at(places), after.at(places)) else {
        return (None, None);
    };
    let Some(digits) = new.checked_sub(old) else {
        return (None, None);
    };
    let told = Written { digits, places }.told();
    (Some(told), share(digits, old))
}

/// Half is rounded away from zero.
fn share(part: i128, whole: i128) -> Option<String> {
    let scaled = part.checked_mul(10_i128.pow(PLACES))?;
    let (amount, divisor) = (scaled.checked_abs()?, whole.checked_abs()?);
    let mut digits = amount.checked_div(divisor)?;
    if amount.checked_rem(divisor)? >= divisor - divisor / 2 {
        digits += 1;
    }
    if (part < 0) != (whole < 0) {
        digits = -digits;
    }
    let places = PLACES;
    Some(Written { digits, places }.told())
}

fn read(text: &str) -> Option<Written> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if unsigned.is_empty() || !is_digits(unsigned) || !is_digits(part) {
        return None;
    }
    Some(Written {
        digits: format!("{whole}{part}").parse().ok()?,
        places: u32::try_from(part.len()).ok()?,
    })
}

impl Written {
    fn at(self, places: u32) -> Option<i128> {
        let factor = 10_i128.checked_pow(places.checked_sub(self.places)?)?;
        self.digits.checked_mul(factor)
    }

    /// Without zeros at the end of a part.
    fn told(self) -> String {
        let sign = if self.digits < 0 { "-" } else { "" };
        let places = self.places as usize;
        let digits = format!(
            "{:0>width$}",
            self.digits.unsigned_abs(),
            width = places + 1
        );
        let (whole, part) = digits.split_at(digits.len() - places);
        match part.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            part => format!("{sign}{whole}.{part}"),
        }
    }
}
