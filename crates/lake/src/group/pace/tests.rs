use super::*;

const PAUSE: Duration = Duration::from_millis(500);

fn after(begin: Instant, millis: u64) -> Instant {
    begin + Duration::from_millis(millis)
}

#[test]
fn whoever_is_alone_never_waits() {
    let begin = Instant::now();
    let mut pace = Pace::new(16, PAUSE);
    assert_eq!(pace.next(), None);
    for number in 0..100 {
        pace.begun(after(begin, 40 * number), 1);
        assert_eq!(pace.next(), None, "commit {number}");
    }
}

#[test]
fn a_crowd_gathers_whether_it_came_at_once_or_one_by_one() {
    let begin = Instant::now();
    let mut at_once = Pace::new(16, PAUSE);
    at_once.begun(begin, 17);
    assert_eq!(at_once.next(), Some(after(begin, 500)));
    let mut one_by_one = Pace::new(16, PAUSE);
    for number in 0..16 {
        one_by_one.begun(after(begin, 10 * number), 1);
        assert_eq!(one_by_one.next(), None, "commit {number}");
    }
    one_by_one.begun(after(begin, 160), 1);
    assert_eq!(one_by_one.next(), Some(after(begin, 660)));
}

#[test]
fn a_crowd_that_went_away_makes_nobody_wait() {
    let begin = Instant::now();
    let mut pace = Pace::new(16, PAUSE);
    pace.begun(begin, 400);
    pace.begun(after(begin, 500), 1);
    assert_eq!(pace.next(), None);
}
