//! From values to lengths, and round numbers along the way.

/// Ticks that an axis has about.
const TICKS: f64 = 5.0;

/// The range of an axis, from one round number to another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// The first tick.
    pub(super) low: f64,
    /// The last tick.
    pub(super) high: f64,
    /// Every tick, ascending.
    pub(super) ticks: Vec<f64>,
    /// Decimals that tell the ticks apart.
    pub(super) decimals: u32,
}

impl Scale {
    /// A scale that holds every value; bars need zero in it, or their lengths would lie.
    pub(super) fn of(values: impl Iterator<Item = f64>, with_zero: bool) -> Self {
        let from = with_zero.then_some(0.0);
        let (low, high) = values
            .chain(from)
            .fold((f64::MAX, f64::MIN), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = match (low <= high, low < high) {
            (false, _) => (0.0, 1.0),
            (true, true) => (low, high),
            (true, false) => (
                low - if low == 0.0 { 0.0 } else { low.abs() / 2.0 },
                low + 1.0,
            ),
        };
        let step = round_step((high - low) / TICKS);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let count = (last - first) as usize;
        let ticks: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step).collect();
        let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as u32;
        Self {
            low: first * step,
            high: last * step,
            ticks,
            decimals,
        }
    }

    /// Where a value lies, from 0 at the low end to 1 at the high end.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The next step up that is 1, 2 or 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| rough <= factor * power * 1.000_001);
    factor.unwrap_or(10.0) * power
}
