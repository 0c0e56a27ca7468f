use super::{agree, geometric_mean, median};
use crate::task::Check;

fn check(texts: &str, sums: &[f64]) -> Check {
    Check {
        texts: texts.to_owned(),
        sums: sums.to_vec(),
    }
}

#[test]
fn the_median_is_the_middle_whatever_the_order() {
    assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(median([7.0]), 7.0);
    assert_eq!(median([]), 0.0);
}

#[test]
fn the_geometric_mean_of_a_ratio_and_its_inverse_is_one() {
    assert!((geometric_mean([4.0, 0.25]) - 1.0).abs() < 1e-12);
    assert!((geometric_mean([2.0, 8.0]) - 4.0).abs() < 1e-12);
    assert_eq!(geometric_mean([]), 0.0);
}

#[test]
fn rows_agree_when_texts_are_the_same_and_sums_are_near() {
    let one = check("a", &[0.199_998, 10.0]);
    assert!(agree(&one, &check("a", &[0.2, 10.0])));
    assert!(!agree(&one, &check("b", &[0.2, 10.0])));
    assert!(!agree(&one, &check("a", &[0.2, 10.1])));
    assert!(!agree(&one, &check("a", &[0.2])));
    assert!(agree(&check("", &[0.0]), &check("", &[0.0])));
}
