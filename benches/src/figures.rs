//! The arithmetic of measurements.

use crate::task::Check;

#[cfg(test)]
mod tests;

/// How far two sums of the same numbers may lie apart. An average of decimals is kept to six places
/// by one engine and as a binary fraction by the other.
const TOLERANCE: f64 = 1e-4;

/// The middle value, or the mean of the two in the middle. 0 for none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |at: usize| values.get(at).copied().unwrap_or(0.0);
    if values.len() % 2 == 1 {
        at(middle)
    } else {
        f64::midpoint(at(middle.saturating_sub(1)), at(middle))
    }
}

/// The mean of ratios. 0 for none.
pub fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> f64 {
    let logarithms: Vec<f64> = ratios.into_iter().map(f64::ln).collect();
    if logarithms.is_empty() {
        return 0.0;
    }
    (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp()
}

/// Whether both are of the same rows.
pub fn agree(one: &Check, other: &Check) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1e-9);
    one.texts == other.texts
        && one.sums.len() == other.sums.len()
        && one.sums.iter().zip(&other.sums).all(near)
}
