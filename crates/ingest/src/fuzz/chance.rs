//! Chance that can be had again: xorshift, from a seed.

/// A source of numbers.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`; 0 if that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let number = self.next() >> 16;
        usize::try_from(number % (bound.max(1) as u64)).unwrap()
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    /// A stretch of so many bytes, of which the short ones are likelier.
    pub(super) fn stretch(&mut self, bytes: usize) -> std::ops::Range<usize> {
        let start = self.below(bytes + 1);
        let most = (bytes - start).min(1 << self.below(12));
        start..start + self.below(most + 1)
    }
}
