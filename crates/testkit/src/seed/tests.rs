use super::*;
use rand::Rng;

#[test]
fn the_variable_wins_over_the_fixed_seed() {
    assert_eq!(chosen(None), DEFAULT);
    assert_eq!(chosen(Some("7")), 7);
}

#[test]
#[should_panic(expected = "not a seed")]
fn a_seed_that_is_no_number_is_refused() {
    chosen(Some("seven"));
}

#[test]
fn two_generators_of_one_run_agree() {
    assert_eq!(rng().next_u64(), rng().next_u64());
}
