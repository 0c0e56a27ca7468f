//! Chance from a seed: one stream per purpose, the same on every machine and every thread count.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// A stream of chance. Only integers and exact IEEE operations are used, never the platform's `exp`
/// or `ln`, so that a seed means the same bytes everywhere.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of that seed and purpose; other words give an independent stream.
    pub(super) fn new(seed: u64, purpose: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        for word in purpose {
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word.as_bytes());
        }
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A number below `end`; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// A number between the two, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// A share in `0.0..1.0`.
    pub(super) fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A real number between the two.
    pub(super) fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// True with that probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// One of the items; none if there are none.
    pub(super) fn pick<'t, T>(&mut self, items: &'t [T]) -> Option<&'t T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// A standard normal number, as the sum of eight uniform ones.
    pub(super) fn normal(&mut self) -> f64 {
        let sixteenths = |bits: u64| (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum::<u64>();
        let sum = sixteenths(self.0.next_u64()) + sixteenths(self.0.next_u64());
        // Eight uniform shares have mean 4 and variance 8/12; 1.2247… is the root of 12/8.
        (sum as f64 / 65_536.0 - 4.0) * 1.224_744_871_391_589
    }

    /// A log-normal number with that median.
    pub(super) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * exp(sigma * self.normal())
    }
}

/// `e` to the `x`, close enough for made-up data, from exact operations alone.
pub(super) fn exp(x: f64) -> f64 {
    let mut power = 1.0 + x.clamp(-100.0, 100.0) / 1024.0;
    for _ in 0..10 {
        power *= power;
    }
    power
}

/// Indexes drawn by weight.
#[derive(Debug, Clone, Default)]
pub(super) struct Weights(Vec<u64>);

impl Weights {
    /// Index `i` is drawn in proportion to the `i`-th weight.
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        Self(
            weights
                .into_iter()
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        )
    }

    /// An index; 0 if every weight is 0.
    pub(super) fn draw(&self, dice: &mut Dice) -> usize {
        let at = dice.below(self.0.last().copied().unwrap_or(0));
        self.0
            .partition_point(|sum| *sum <= at)
            .min(self.0.len().saturating_sub(1))
    }
}
