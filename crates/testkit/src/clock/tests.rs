use super::*;

#[test]
fn the_clock_stands_until_it_is_moved() {
    let clock = TestClock::at("2026-09-20T08:00:00+07:00");
    let now = clock.shared();
    assert_eq!(now().to_rfc3339(), "2026-09-20T01:00:00+00:00");
    clock.advance(TimeDelta::minutes(90));
    assert_eq!(now().to_rfc3339(), "2026-09-20T02:30:00+00:00");
    clock.set("2027-01-01T00:00:00Z");
    assert_eq!(clock.as_fn()().to_rfc3339(), "2027-01-01T00:00:00+00:00");
}
