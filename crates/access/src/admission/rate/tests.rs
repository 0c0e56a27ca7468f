use chrono::{DateTime, TimeDelta, Utc};

use super::Rates;

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// How many calls are taken at that instant before one is refused.
fn taken(rates: &mut Rates, client: &str, now: DateTime<Utc>) -> usize {
    (0..1000)
        .take_while(|_| rates.take(client, now).is_ok())
        .count()
}

#[test]
fn a_burst_is_taken_and_then_the_rate_is_kept() {
    let mut rates = Rates::new(10, 5).unwrap();
    let now = start();
    assert_eq!(taken(&mut rates, "a", now), 5);
    let wait = rates.take("a", now).unwrap_err();
    assert_eq!(wait, TimeDelta::milliseconds(100));
    assert!(
        rates
            .take("a", now + wait - TimeDelta::microseconds(1))
            .is_err()
    );
    assert!(rates.take("a", now + wait).is_ok());
    assert_eq!(taken(&mut rates, "a", now + TimeDelta::seconds(1)), 5);
}

#[test]
fn one_client_does_not_use_up_what_another_has() {
    let mut rates = Rates::new(1, 3).unwrap();
    assert_eq!(taken(&mut rates, "a", start()), 3);
    assert_eq!(taken(&mut rates, "b", start()), 3);
}

#[test]
fn a_clock_that_is_set_back_shuts_nobody_out() {
    let mut rates = Rates::new(1, 2).unwrap();
    assert_eq!(taken(&mut rates, "a", start()), 2);
    let before = start() - TimeDelta::hours(5);
    let wait = rates.take("a", before).unwrap_err();
    assert!(wait <= TimeDelta::seconds(1), "{wait}");
    assert!(rates.take("a", before + wait).is_ok());
}

#[test]
fn clients_that_came_long_ago_are_forgotten() {
    let mut rates = Rates::new(100, 100).unwrap();
    for n in 0..3000 {
        let now = start() + TimeDelta::seconds(n);
        rates.take(&format!("client {n}"), now).unwrap();
    }
    assert!(rates.full_at.len() <= super::SWEPT_ABOVE + 1);
}

#[test]
fn no_rate_is_no_limit() {
    assert!(Rates::new(0, 5).is_none());
}
