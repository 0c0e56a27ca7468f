use super::{FairQueue, Work};

fn work(cost: u64) -> Work {
    Work { cost, wide: false }
}

fn agency(code: &str) -> project::AgencyCode {
    code.parse().unwrap()
}

/// Who is served, in order, until nobody waits.
fn order(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
    std::iter::from_fn(|| queue.pop(|_, _| true).map(|(_, _, item)| item)).collect()
}

#[test]
fn agencies_take_turns_and_each_keeps_its_own_order() {
    let mut queue = FairQueue::new();
    for item in ["a1", "a2", "a3", "a4"] {
        queue.push(&agency("H01"), work(1), item);
    }
    for item in ["b1", "b2"] {
        queue.push(&agency("H02"), work(1), item);
    }
    assert_eq!(order(&mut queue), ["a1", "b1", "a2", "b2", "a3", "a4"]);
}

#[test]
fn whoever_comes_during_a_flood_is_next() {
    let mut queue = FairQueue::new();
    for _ in 0..1000 {
        queue.push(&agency("H01"), work(10), "flood");
    }
    for _ in 0..500 {
        queue.pop(|_, _| true);
    }
    queue.push(&agency("H02"), work(10), "other");
    let place = order(&mut queue).iter().position(|item| *item == "other");
    // The line that was served last owes its cost, so the newcomer comes before it.
    assert_eq!(place, Some(0));
}

#[test]
fn what_is_fair_is_the_cost_and_not_the_number() {
    let mut queue = FairQueue::new();
    for _ in 0..3 {
        queue.push(&agency("H01"), work(100), "large");
    }
    for _ in 0..30 {
        queue.push(&agency("H02"), work(10), "small");
    }
    let order = order(&mut queue);
    let second = order
        .iter()
        .enumerate()
        .filter(|(_, item)| **item == "large");
    let places: Vec<usize> = second.map(|(place, _)| place).collect();
    // Ten small ones for each large one.
    assert_eq!(places, [0, 11, 22]);
}

#[test]
fn an_agency_that_was_away_has_saved_nothing_up() {
    let mut queue = FairQueue::new();
    queue.push(&agency("H02"), work(1), "b");
    for _ in 0..100 {
        queue.push(&agency("H01"), work(1), "a");
    }
    for _ in 0..51 {
        queue.pop(|_, _| true);
    }
    for _ in 0..4 {
        queue.push(&agency("H02"), work(1), "b");
    }
    assert_eq!(order(&mut queue)[..6], ["b", "a", "b", "a", "b", "a"]);
}

#[test]
fn one_that_gave_up_costs_its_agency_nothing() {
    let mut queue = FairQueue::new();
    queue.push(&agency("H02"), work(1), "b1");
    let gone: Vec<_> = (0..50)
        .map(|_| queue.push(&agency("H01"), work(100), "gone"))
        .collect();
    queue.push(&agency("H01"), work(1), "a");
    for ticket in gone {
        queue.remove(&agency("H01"), ticket);
    }
    queue.push(&agency("H02"), work(1), "b2");
    assert_eq!(queue.waiting(), 3);
    assert_eq!(order(&mut queue), ["b1", "a", "b2"]);
}

#[test]
fn those_that_do_not_fit_wait_and_keep_their_turn() {
    let mut queue = FairQueue::new();
    queue.push(&agency("H01"), work(100), "large");
    queue.push(&agency("H02"), work(10), "small");
    let (of, _, item) = queue.pop(|_, work| work.cost <= 10).unwrap();
    assert_eq!((of.as_str(), item), ("H02", "small"));
    assert!(queue.pop(|_, work| work.cost <= 10).is_none());
    queue.push(&agency("H02"), work(10), "small");
    assert_eq!(order(&mut queue), ["large", "small"]);
}

#[test]
fn agencies_that_owe_nothing_leave_no_trace() {
    let mut queue = FairQueue::new();
    for n in 0..50 {
        queue.push(&agency(&format!("H{n:02}")), work(1), "x");
    }
    order(&mut queue);
    queue.push(&agency("H98"), work(5), "x");
    queue.push(&agency("H98"), work(5), "x");
    order(&mut queue);
    assert_eq!(queue.lines(), 1);
}
