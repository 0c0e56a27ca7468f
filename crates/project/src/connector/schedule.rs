//! When a connector runs, or a transformation that has a cron expression.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;

/// When something runs, in civil time.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Again so long after it began.
    Every(Duration),
    /// At the times of a cron expression of five fields.
    Cron(Box<Cron>, String),
}

impl Schedule {
    /// Reads a cron expression: minute, hour, day of month, month, day of week.
    pub(crate) fn cron(text: &str) -> Result<Self, String> {
        if text.split_whitespace().count() != 5 {
            return Err(format!(
                "`{text}` is no schedule: expected minute, hour, day of month, month and day of \
                 week, as in `30 2 * * *`"
            ));
        }
        let cron = Cron::from_str(text)
            .map_err(|error| format!("`{text}` is no schedule: {}", told(&error.to_string())))?;
        let schedule = Self::Cron(Box::new(cron), text.to_owned());
        // Any day will do: what never comes, as a 31st of February, is told now.
        if schedule.after(DateTime::UNIX_EPOCH).is_none() {
            return Err(format!("`{text}` is no schedule: that time never comes"));
        }
        Ok(schedule)
    }

    /// The first time after that instant; none if there is none.
    pub fn after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(step) => at.checked_add_signed(TimeDelta::from_std(*step).ok()?),
            Self::Cron(cron, _) => {
                let next = cron.find_next_occurrence(&calendar::civil(at), false);
                next.ok().map(|next| next.to_utc())
            }
        }
    }

    /// Whether one that never ran is to wait for its first time.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Cron(..))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(step) => write!(f, "every {}s", step.as_secs()),
            Self::Cron(_, text) => write!(f, "cron {text}"),
        }
    }
}

/// The library's words as a part of ours.
fn told(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let mut letters = message.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "it cannot be read".to_owned(),
    }
}

/// A span such as `30s`, `15m`, `2h` or `1d`.
pub(super) fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number
        .checked_mul(seconds)
        .filter(|seconds| *seconds <= 366 * 86_400)
        .map(Duration::from_secs)
}
