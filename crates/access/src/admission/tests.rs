use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use project::AgencyCode;
use tokio::task::JoinSet;

use super::{Admission, AdmissionLimits, Bound, Closed, SMALL_COST, Seat, Work};

/// A clock that a test moves.
#[derive(Clone)]
struct Hands(Arc<Mutex<DateTime<Utc>>>);

impl Hands {
    fn new() -> Self {
        let start = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        Self(Arc::new(Mutex::new(start)))
    }

    fn advance(&self, seconds: u64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(i64::try_from(seconds).unwrap());
    }
}

const LIMITS: AdmissionLimits = AdmissionLimits {
    seats: 6,
    seats_per_agency: 4,
    places: 1,
    client_per_second: 0,
    client_burst: 0,
};

fn admission(limits: AdmissionLimits) -> (Admission, Hands) {
    let hands = Hands::new();
    let clock = hands.clone();
    let clock = Arc::new(move || *clock.0.lock().unwrap());
    (Admission::new(limits, clock), hands)
}

fn agency(code: &str) -> AgencyCode {
    code.parse().unwrap()
}

fn seats(admission: &Admission, code: &str, number: usize) -> Vec<Seat> {
    let enter = || admission.enter("client", &agency(code)).unwrap();
    std::iter::repeat_with(enter).take(number).collect()
}

fn refused(admission: &Admission, code: &str) -> (Bound, u64) {
    let Err(refusal) = admission.enter("client", &agency(code)) else {
        panic!("{code} was let in");
    };
    (refusal.bound, refusal.retry_after_s)
}

#[test]
fn seats_are_bounded_for_each_agency_and_in_all() {
    let (admission, _) = admission(LIMITS);
    let mut held = seats(&admission, "H01", 4);
    assert_eq!(refused(&admission, "H01").0, Bound::SeatsPerAgency);
    held.extend(seats(&admission, "H02", 2));
    assert_eq!(refused(&admission, "H03").0, Bound::Seats);
    assert_eq!(refused(&admission, "H01").0, Bound::SeatsPerAgency);
    held.remove(0);
    seats(&admission, "H03", 1);
    drop(held);
    seats(&admission, "H01", 4);
}

#[test]
fn the_wait_that_is_told_follows_from_how_fast_seats_are_given_back() {
    let (admission, hands) = admission(LIMITS);
    let mut held = seats(&admission, "H01", 4);
    for _ in 0..8 {
        hands.advance(7);
        held.remove(0);
        held.extend(seats(&admission, "H01", 1));
    }
    let (_, wait) = refused(&admission, "H01");
    assert_eq!(wait, 7);
    hands.advance(wait);
    held.remove(0);
    seats(&admission, "H01", 1);
    hands.advance(1000);
    held.extend(seats(&admission, "H01", 1));
    assert_eq!(refused(&admission, "H01"), (Bound::SeatsPerAgency, 60));
}

#[test]
fn a_client_that_comes_too_often_is_told_when_to_come_and_then_let_in() {
    let limits = AdmissionLimits {
        seats: 1000,
        seats_per_agency: 1000,
        client_per_second: 2,
        client_burst: 3,
        ..LIMITS
    };
    let (admission, hands) = admission(limits);
    let _held = seats(&admission, "H01", 3);
    let (bound, wait) = refused(&admission, "H01");
    assert_eq!((bound, wait), (Bound::ClientPerSecond, 1));
    // Who goes on does not come again, and others are not this client.
    assert!(admission.again(&agency("H01")).is_ok());
    assert!(admission.enter("other", &agency("H01")).is_ok());
    hands.advance(wait);
    seats(&admission, "H01", 1);
}

#[tokio::test]
async fn guests_are_counted_and_never_refused() {
    let (admission, _) = admission(LIMITS);
    let guests: Vec<Seat> = (0..20).map(|_| admission.guest(&agency("H01"))).collect();
    assert_eq!(refused(&admission, "H01").0, Bound::SeatsPerAgency);
    assert_eq!(refused(&admission, "H02").0, Bound::Seats);
    drop(guests);
    admission.emptied().await;
    seats(&admission, "H01", 1);
}

/// The order in which those who wait get the only place, each noted by its name.
struct Line {
    served: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

impl Line {
    fn new() -> Self {
        Self {
            served: Arc::default(),
            tasks: JoinSet::new(),
        }
    }

    async fn wait(&mut self, seat: Seat, work: Work, name: &str) {
        let (served, name) = (Arc::clone(&self.served), name.to_owned());
        self.tasks.spawn(async move {
            let _place = seat.turn(work).await.unwrap();
            served.lock().unwrap().push(name);
            tokio::task::yield_now().await;
        });
        // It is in the queue before the next one comes.
        tokio::task::yield_now().await;
    }

    async fn order(mut self) -> Vec<String> {
        while let Some(done) = self.tasks.join_next().await {
            done.unwrap();
        }
        self.served.lock().unwrap().clone()
    }
}

const LARGE: Work = Work {
    cost: SMALL_COST + 1,
    wide: false,
};
const SMALL: Work = Work {
    cost: 1,
    wide: false,
};

fn wide() -> AdmissionLimits {
    AdmissionLimits {
        seats: 1000,
        seats_per_agency: 900,
        ..LIMITS
    }
}

#[tokio::test]
async fn among_hundreds_of_one_agency_another_is_served_next() {
    let (admission, _) = admission(wide());
    let working = admission.guest(&agency("H01"));
    let place = working.turn(LARGE).await.unwrap();
    let mut line = Line::new();
    for seat in seats(&admission, "H01", 500) {
        line.wait(seat, LARGE, "flood").await;
    }
    let seat = admission.enter("other", &agency("H02")).unwrap();
    line.wait(seat, LARGE, "other").await;
    drop(place);
    let order = line.order().await;
    let at = order.iter().position(|name| name == "other");
    assert_eq!(at, Some(0));
}

#[tokio::test]
async fn small_work_of_an_agency_that_has_no_place_does_not_wait_for_large_work_of_another() {
    let (admission, _) = admission(wide());
    let large = admission.guest(&agency("H01"));
    let _place = large.turn(LARGE).await.unwrap();
    let mut flood = Line::new();
    for seat in seats(&admission, "H01", 100) {
        flood.wait(seat, SMALL, "flood").await;
    }
    // Nobody has left, and it is served all the same; the next of them too.
    for _ in 0..3 {
        let small = admission.enter("other", &agency("H02")).unwrap();
        small.turn(SMALL).await.unwrap();
    }
    assert!(flood.served.lock().unwrap().is_empty());
    // What is large waits for its turn.
    let large = admission.enter("other", &agency("H02")).unwrap();
    let turn = tokio::time::timeout(std::time::Duration::ZERO, large.turn(LARGE));
    assert!(turn.await.is_err());
}

#[tokio::test]
async fn wide_work_takes_half_of_the_places_and_no_more() {
    let limits = AdmissionLimits {
        places: 5,
        ..wide()
    };
    let (admission, _) = admission(limits);
    let wide = Work {
        wide: true,
        ..LARGE
    };
    let of = |code: &str| admission.guest(&agency(code));
    let seats = [
        of("H01"),
        of("H02"),
        of("H03"),
        of("H04"),
        of("H05"),
        of("H06"),
    ];
    let first = seats[0].turn(wide).await.unwrap();
    let _second = seats[1].turn(wide).await.unwrap();
    let mut third = Box::pin(seats[2].turn(wide));
    assert!(futures_poll(&mut third).await);
    // Others pass it by, at every place that is left.
    let mut others = Vec::new();
    for seat in &seats[3..] {
        others.push(seat.turn(LARGE).await.unwrap());
    }
    let late = of("H07");
    let mut late = Box::pin(late.turn(LARGE));
    assert!(futures_poll(&mut late).await);
    // One of theirs does not help it, one of its own kind does.
    others.pop();
    let late = late.await.unwrap();
    drop(late);
    assert!(futures_poll(&mut third).await);
    drop(first);
    let _third = third.await.unwrap();
}

#[tokio::test]
async fn whoever_gives_up_leaves_the_queue_and_a_place_that_was_given_meanwhile_goes_on() {
    let (admission, _) = admission(wide());
    let seats: Vec<Seat> = seats(&admission, "H01", 3);
    let place = seats[0].turn(LARGE).await.unwrap();
    let mut first = Box::pin(seats[1].turn(LARGE));
    let mut second = Box::pin(seats[2].turn(LARGE));
    assert!(futures_poll(&mut first).await && futures_poll(&mut second).await);
    // The place goes to the first, who does not look and leaves.
    drop(place);
    drop(first);
    let place = second.await.unwrap();
    let again = seats[1].turn(LARGE);
    let mut gone = Box::pin(again);
    assert!(futures_poll(&mut gone).await);
    drop(gone);
    drop(place);
    seats[1].turn(LARGE).await.unwrap();
}

/// Whether it still waits after having been asked once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    let polled = std::future::poll_fn(|cx| {
        let pending = std::pin::Pin::new(&mut *future).poll(cx).is_pending();
        std::task::Poll::Ready(pending)
    });
    polled.await
}

#[tokio::test]
async fn those_who_wait_are_told_when_there_are_no_turns_any_more() {
    let (admission, _) = admission(wide());
    let seats = seats(&admission, "H01", 2);
    let _place = seats[0].turn(LARGE).await.unwrap();
    let mut waiting = Box::pin(seats[1].turn(LARGE));
    assert!(futures_poll(&mut waiting).await);
    admission.close();
    assert!(matches!(waiting.await, Err(Closed)));
    assert!(matches!(seats[1].turn(LARGE).await, Err(Closed)));
}

#[tokio::test]
async fn it_is_empty_once_every_seat_is_given_back() {
    let (admission, _) = admission(wide());
    let held = seats(&admission, "H01", 2);
    let mut emptied = Box::pin(admission.emptied());
    assert!(futures_poll(&mut emptied).await);
    drop(held);
    emptied.await;
}
