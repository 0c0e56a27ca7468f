//! The seed of a test.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[cfg(test)]
mod tests;

const VARIABLE: &str = "DTM_TEST_SEED";
const SWEEP: &str = "DTM_TEST_SWEEP";
const LARGE: &str = "DTM_TEST_LARGE";
const DEFAULT: u64 = 20_260_915;

/// The seed in `DTM_TEST_SEED`, or a fixed one. It is printed, and the test runner shows what a
/// test printed only when that test fails.
pub fn seed() -> u64 {
    let seed = chosen(std::env::var(VARIABLE).ok().as_deref());
    println!("seed {seed}; to repeat this run: {VARIABLE}={seed}");
    seed
}

/// A generator started with [`seed`].
pub fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed())
}

/// How many seeds a sweep tries: the number in `DTM_TEST_SWEEP`, or what a test run has time for.
pub fn sweep(default: u64) -> u64 {
    match std::env::var(SWEEP) {
        Err(_) => default,
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{SWEEP} is `{text}`, not a number: {error}")),
    }
}

/// How many bytes a body has that is to be large: those in `DTM_TEST_LARGE`, or what a test run has
/// time for.
pub fn large_bytes(default: u64) -> u64 {
    match std::env::var(LARGE) {
        Err(_) => default,
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{LARGE} is `{text}`, not a number: {error}")),
    }
}

fn chosen(value: Option<&str>) -> u64 {
    match value {
        None => DEFAULT,
        Some(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{VARIABLE} is `{text}`, not a seed: {error}")),
    }
}
