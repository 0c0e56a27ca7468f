//! How far a column is from an earlier profile of it.

use std::collections::BTreeMap;

use crate::figures::ColumnProfile;
use crate::histogram::over;
use crate::values::Values;

/// A share of no rows counts as this much, for a logarithm has no zero. Practice takes a thousandth
/// to a millionth; a column in which a bin of a tenth falls empty gets 0.69 by it.
pub const SHARE_FLOOR: f64 = 0.0001;

/// The distance of a column from an earlier profile.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Drift {
    /// The population stability index; none where one of the two has no values, or where the
    /// earlier profile shows none.
    ///
    /// The sum over the bins of the earlier histogram, and what lies before and behind them, or over
    /// the earlier top values and all others, of `(now − then) × ln(now / then)`, each the share of
    /// the rows with a value and at least [`SHARE_FLOOR`]. It is Kullback's and Jeffreys' symmetric
    /// divergence; name and use are those of N. Siddiqi, *Credit Risk Scorecards* (Wiley 2006),
    /// where below 0.1 counts as no change and above 0.25 as a change that asks for a look.
    pub psi: Option<f64>,
    /// By how much the part of rows without a value rose; below 0 if it fell.
    pub null_share_change: Option<f64>,
}

impl Values {
    /// The distance from an earlier profile.
    pub fn drift(&self, earlier: &ColumnProfile) -> Drift {
        let now = (self.rows > 0).then(|| self.nulls as f64 / self.rows as f64);
        let then = earlier.null_share();
        Drift {
            psi: self.psi(earlier),
            null_share_change: now.zip(then).map(|(now, then)| now - then),
        }
    }

    fn psi(&self, earlier: &ColumnProfile) -> Option<f64> {
        if self.kind != earlier.kind || self.nulls == self.rows || earlier.given() == 0 {
            return None;
        }
        let (now, then) = if earlier.histogram.is_empty() {
            self.by_value(earlier)?
        } else {
            let bins = earlier.histogram.iter().map(|bin| bin.rows);
            let then = [0].into_iter().chain(bins).chain([0]).collect();
            (over(self, &earlier.histogram), then)
        };
        let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
        let (all_now, all_then) = (total(&now), total(&then));
        if all_now == 0.0 || all_then == 0.0 {
            return None;
        }
        let parts = now
            .iter()
            .zip(&then)
            .filter(|(now, then)| **now + **then > 0);
        let parts = parts.map(|(now, then)| {
            let now = (*now as f64 / all_now).max(SHARE_FLOOR);
            let then = (*then as f64 / all_then).max(SHARE_FLOOR);
            (now - then) * (now / then).ln()
        });
        Some(parts.sum())
    }

    /// The rows of each earlier top value and of all others, now and then.
    fn by_value(&self, earlier: &ColumnProfile) -> Option<(Vec<u64>, Vec<u64>)> {
        if earlier.top.is_empty() {
            return None;
        }
        let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
        for run in &self.runs {
            *rows.entry(&run.shown).or_default() += run.rows;
        }
        let named = |value: &str| rows.get(value).copied().unwrap_or(0);
        let mut now: Vec<u64> = earlier.top.iter().map(|top| named(&top.value)).collect();
        let mut then: Vec<u64> = earlier.top.iter().map(|top| top.rows).collect();
        let others = |all: u64, named: &[u64]| all.saturating_sub(named.iter().sum());
        now.push(others(self.rows - self.nulls, &now));
        then.push(others(earlier.given(), &then));
        Some((now, then))
    }
}
