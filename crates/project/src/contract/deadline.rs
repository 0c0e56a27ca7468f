//! The deadline that a contract sets for the data of a period.

use calendar::{DEADLINE_DAYS, DeadlineRule};

use crate::problem::Sink;
use crate::yaml::Map;
use crate::{DatasetName, Layer};

/// When the data of a period is due and when the period locks, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineTerms {
    /// The rule.
    pub rule: DeadlineRule,
    /// What law or circular sets it; empty if none.
    pub legal_basis: String,
    /// Whether someone has checked it against that text.
    pub verified: bool,
}

const DUE: &str = "dueAfterDays";
const LOCK: &str = "lockAfterDays";

/// Reads the custom property `deadline`, if it is there.
pub(super) fn read(
    custom: &mut Map<'_, '_>,
    dataset: &DatasetName,
    sink: &Sink<'_>,
) -> Option<DeadlineTerms> {
    let mut map = custom.map_if("deadline")?;
    let at = map.at();
    if dataset.layer() != Layer::Raw {
        sink.at(at, "only a dataset that takes submissions has a deadline");
    }
    map.need(DUE);
    let mut days = |key: &'static str| {
        let (days, at) = map.count_if(key)?;
        let days = u32::try_from(days).ok().filter(|d| *d <= DEADLINE_DAYS);
        if days.is_none() {
            sink.at(at, format!("`{key}` must be at most {DEADLINE_DAYS} days"));
        }
        days.map(|days| (days, at))
    };
    let (due, lock) = (days(DUE), days(LOCK));
    let legal_basis = map.text_if("legalBasis");
    let verified = map.boolean_if("verified").unwrap_or_default();
    if let (Some((due, _)), Some((lock, at))) = (due, lock)
        && lock < due
    {
        let message = format!("`{LOCK}` is {lock}, and data is due only after {due} days");
        sink.at(at, message);
    }
    map.close();
    Some(DeadlineTerms {
        rule: DeadlineRule {
            due_after_days: due?.0,
            lock_after_days: lock.map(|(days, _)| days),
        },
        legal_basis: legal_basis.map_or_else(String::new, |word| word.text.to_owned()),
        verified,
    })
}
