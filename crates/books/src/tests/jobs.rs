//! Jobs: who may do them, and how far they are done.

use super::at;
use super::home::Home;
use crate::{Books, JobEnd, JobLease};

on_both! {
    a_job_is_leased_by_one_at_a_time_and_it_is_known_by_whom
    a_lease_that_ran_out_is_taken_over_and_its_fence_keeps_the_first_out
    a_fence_is_never_below_what_is_asked_for
    what_came_of_a_job_is_kept_under_a_lease_that_counts
    the_jobs_of_a_file_are_free_for_its_next_process
    of_many_who_want_a_job_at_once_one_has_it
}

async fn lease(books: &Books, holder: &str, seconds: i64) -> Option<JobLease> {
    let span = (at(seconds), at(seconds + 60));
    let lease = books.lease_job("runs", holder, span, 1);
    lease.await.unwrap()
}

fn end<'a>(slot: Option<&'a str>, seconds: i64, error: Option<&'a str>) -> JobEnd<'a> {
    JobEnd {
        name: "served.x",
        slot,
        at: at(seconds),
        error,
    }
}

async fn a_job_is_leased_by_one_at_a_time_and_it_is_known_by_whom(home: Home) {
    let books = home.open().await;
    let first = lease(&books, "one", 10).await.unwrap();
    assert_eq!((first.fence, first.taken_over), (1, false));
    assert_eq!(lease(&books, "other", 69).await, None);
    let held = books.jobs().await.unwrap().remove(0).held.unwrap();
    assert_eq!(
        (held.by.as_str(), held.since, held.until),
        ("one", at(10), at(70))
    );
    assert!(books.release_job(&first, at(30), None).await.unwrap());
    assert!(!books.renew_job(&first, at(90)).await.unwrap());
    let second = lease(&books, "other", 31).await.unwrap();
    assert_eq!((second.fence, second.taken_over), (2, false));
}

async fn a_lease_that_ran_out_is_taken_over_and_its_fence_keeps_the_first_out(home: Home) {
    let books = home.open().await;
    let first = lease(&books, "one", 0).await.unwrap();
    assert!(books.renew_job(&first, at(100)).await.unwrap());
    assert_eq!(lease(&books, "other", 99).await, None);
    let second = lease(&books, "other", 100).await.unwrap();
    assert_eq!((second.fence, second.taken_over), (2, true));
    // The first wakes up late, and everything that it says is passed over.
    assert!(!books.renew_job(&first, at(500)).await.unwrap());
    let late = end(Some("late"), 101, None);
    assert!(!books.finish_job(&first, late).await.unwrap());
    let ended = books.release_job(&first, at(101), Some("late"));
    assert!(!ended.await.unwrap());
    let kept = books.jobs().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].held.as_ref().unwrap().by, "other");
    assert_eq!((kept[0].failures, &kept[0].error), (0, &None));
}

async fn a_fence_is_never_below_what_is_asked_for(home: Home) {
    let books = home.open().await;
    for (asked, given) in [(7, 7), (1, 8), (9, 9), (9, 10)] {
        let lease = books.lease_job("runs", "one", (at(0), at(1)), asked).await;
        let lease = lease.unwrap().unwrap();
        assert_eq!(lease.fence, given);
        books.release_job(&lease, at(0), None).await.unwrap();
    }
}

async fn what_came_of_a_job_is_kept_under_a_lease_that_counts(home: Home) {
    let books = home.open().await;
    books.know_job("served.x", at(1)).await.unwrap();
    books.know_job("served.x", at(2)).await.unwrap();
    let held = lease(&books, "one", 5).await.unwrap();
    for (end, failures) in [
        (end(Some("first"), 6, None), 0),
        (end(None, 7, Some("it is away")), 1),
        (end(None, 8, Some("it is away")), 2),
    ] {
        assert!(books.finish_job(&held, end).await.unwrap());
        let kept = books.jobs().await.unwrap().remove(1);
        assert_eq!((kept.name.as_str(), kept.known_at), ("served.x", at(1)));
        assert_eq!(
            kept.slot.as_deref(),
            Some("first"),
            "a failure does no slot"
        );
        assert_eq!((kept.failures, kept.ended_at), (failures, Some(end.at)));
        assert_eq!(kept.error.as_deref(), end.error);
    }
    let well = end(Some("second"), 9, None);
    assert!(books.finish_job(&held, well).await.unwrap());
    books.release_job(&held, at(9), Some("all")).await.unwrap();
    books.close().await;
    let books = home.open().await;
    let kept = books.jobs().await.unwrap();
    assert_eq!((kept[1].failures, &kept[1].error), (0, &None));
    assert_eq!(kept[1].slot.as_deref(), Some("second"));
    assert_eq!((kept[0].failures, &kept[0].held), (1, &None));
    // Once it is ended, nothing more is recorded under it.
    assert!(!books.finish_job(&held, well).await.unwrap());
}

async fn the_jobs_of_a_file_are_free_for_its_next_process(home: Home) {
    let books = home.open().await;
    lease(&books, "one", 0).await.unwrap();
    books.free_jobs().await.unwrap();
    let next = lease(&books, "one", 1).await;
    // A database has many processes, and another may be at work.
    assert_eq!(next.is_some(), matches!(home, Home::Sqlite(_)));
}

async fn of_many_who_want_a_job_at_once_one_has_it(home: Home) {
    let (one, other) = (home.open().await, home.open().await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let books = if n % 2 == 0 { &one } else { &other }.clone();
        tasks.spawn(async move { lease(&books, &n.to_string(), 0).await.is_some() });
    }
    let had = tasks.join_all().await;
    assert_eq!(had.into_iter().filter(|had| *had).count(), 1);
}
