use chrono::{DateTime, TimeDelta, Utc};

use super::Pace;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

#[test]
fn the_wait_is_that_of_those_who_left_before() {
    let mut pace = Pace::since(at(0));
    for n in 1..=5 {
        pace.left(at(3 * n));
    }
    assert_eq!(pace.seconds_until(1, at(15)), 3);
    assert_eq!(pace.seconds_until(4, at(15)), 12);
}

#[test]
fn when_nobody_leaves_the_wait_grows_to_its_bound() {
    let pace = Pace::since(at(0));
    let waits = [0, 1, 5, 40, 4000].map(|now| pace.seconds_until(2, at(now)));
    assert_eq!(waits, [1, 2, 10, 60, 60]);
}

#[test]
fn idle_time_is_no_pace() {
    let mut pace = Pace::since(at(0));
    pace.left(at(2));
    pace.begun(at(1000));
    assert_eq!(pace.seconds_until(1, at(1000)), 2);
    assert_eq!(pace.seconds_until(1, at(990)), 2);
}
