//! Connectors: their marks, and who may run them.

use chrono::TimeDelta;
use service::{Ended, ErrorKind};

use super::home::Home;
use super::{COUNTS, at, id, new, receipt};
use crate::{Books, Lease};

on_both! {
    a_connector_is_leased_by_one_at_a_time
    a_lease_that_is_not_renewed_goes_to_the_next_and_its_fence_keeps_the_first_out
    a_mark_is_kept_with_what_became_of_the_piece
    failures_are_counted_until_a_run_goes_well
    what_was_in_hand_when_a_run_broke_off_is_told_to_the_next
    the_leases_of_a_file_end_with_its_process
    of_many_at_once_one_has_the_lease
    the_submission_that_stands_is_the_newest_that_counts
}

async fn lease(books: &Books, holder: &str, seconds: i64) -> Option<Lease> {
    let until = at(seconds + 60);
    let lease = books.lease_connector("inbox", holder, at(seconds), until);
    lease.await.unwrap()
}

async fn a_connector_is_leased_by_one_at_a_time(home: Home) {
    let books = home.open().await;
    books.know_connector("inbox", at(0)).await.unwrap();
    books.know_connector("inbox", at(5)).await.unwrap();
    let first = lease(&books, "one", 10).await.unwrap();
    assert_eq!((first.fence, &first.mark), (1, &None));
    assert_eq!(lease(&books, "other", 69).await, None);
    let kept = books.connectors().await.unwrap();
    assert_eq!(kept[0].held, Some(("one".to_owned(), at(70))));
    assert_eq!(
        (kept[0].known_at, kept[0].started_at),
        (at(0), Some(at(10)))
    );
    assert!(books.release_connector(&first, at(30), None).await.unwrap());
    let kept = books.connectors().await.unwrap();
    assert_eq!((&kept[0].held, kept[0].ended_at), (&None, Some(at(30))));
    let second = lease(&books, "other", 31).await.unwrap();
    assert_eq!(second.fence, 2);
}

async fn a_lease_that_is_not_renewed_goes_to_the_next_and_its_fence_keeps_the_first_out(
    home: Home,
) {
    let books = home.open().await;
    let first = lease(&books, "one", 0).await.unwrap();
    assert!(books.renew_connector(&first, at(100)).await.unwrap());
    assert_eq!(lease(&books, "other", 99).await, None);
    let second = lease(&books, "other", 100).await.unwrap();
    // The first wakes up late, and everything that it says is passed over.
    assert!(!books.renew_connector(&first, at(500)).await.unwrap());
    assert!(!books.take_in_hand(&first, "k", at(500)).await.unwrap());
    assert!(
        !books
            .keep_mark(&first, "late", true, at(500))
            .await
            .unwrap()
    );
    assert!(
        !books
            .release_connector(&first, at(101), Some((ErrorKind::Internal, "late")))
            .await
            .unwrap()
    );
    assert!(books.keep_mark(&second, "m2", true, at(200)).await.unwrap());
    let kept = books.connectors().await.unwrap();
    assert_eq!(kept[0].mark.as_deref(), Some("m2"));
    assert_eq!(kept[0].held, Some(("other".to_owned(), at(200))));
    assert_eq!(kept[0].error, None);
    // One that was ended keeps nothing either.
    assert!(
        books
            .release_connector(&second, at(150), None)
            .await
            .unwrap()
    );
    assert!(!books.keep_mark(&second, "m3", true, at(200)).await.unwrap());
}

async fn a_mark_is_kept_with_what_became_of_the_piece(home: Home) {
    let books = home.open().await;
    let first = lease(&books, "one", 0).await.unwrap();
    for (mark, landed) in [("m1", true), ("m2", false), ("m3", true)] {
        assert!(books.keep_mark(&first, mark, landed, at(60)).await.unwrap());
    }
    books.release_connector(&first, at(9), None).await.unwrap();
    books.close().await;
    let books = home.open().await;
    let kept = books.connectors().await.unwrap();
    assert_eq!((kept[0].landed, kept[0].refused), (2, 1));
    let next = lease(&books, "one", 20).await.unwrap();
    assert_eq!(next.mark.as_deref(), Some("m3"));
    let kept = books.connectors().await.unwrap();
    assert_eq!((kept[0].landed, kept[0].refused), (0, 0));
}

async fn failures_are_counted_until_a_run_goes_well(home: Home) {
    let books = home.open().await;
    for n in 0..3 {
        let lease = lease(&books, "one", 100 * n).await.unwrap();
        let ended = at(100 * n + 1);
        books
            .release_connector(&lease, ended, Some((ErrorKind::Unavailable, "it is away")))
            .await
            .unwrap();
    }
    let kept = books.connectors().await.unwrap();
    assert_eq!(
        (kept[0].failures, kept[0].error.as_deref()),
        (3, Some("it is away"))
    );
    assert_eq!(kept[0].error_kind, Some(ErrorKind::Unavailable));
    let lease = lease(&books, "one", 400).await.unwrap();
    books
        .release_connector(&lease, at(401), None)
        .await
        .unwrap();
    let kept = books.connectors().await.unwrap();
    assert_eq!((kept[0].failures, &kept[0].error), (0, &None));
    assert_eq!(kept[0].error_kind, None);
}

async fn what_was_in_hand_when_a_run_broke_off_is_told_to_the_next(home: Home) {
    let books = home.open().await;
    let first = lease(&books, "one", 0).await.unwrap();
    assert!(books.take_in_hand(&first, "k1", at(60)).await.unwrap());
    let next = lease(&books, "one", 61).await.unwrap();
    assert_eq!(next.in_hand.as_deref(), Some("k1"));
    assert!(books.keep_mark(&next, "m1", true, at(99)).await.unwrap());
    let after = lease(&books, "one", 100).await.unwrap();
    assert_eq!(after.in_hand, None);
}

async fn the_leases_of_a_file_end_with_its_process(home: Home) {
    let books = home.open().await;
    lease(&books, "one", 0).await.unwrap();
    books.free_connectors().await.unwrap();
    let next = lease(&books, "one", 1).await;
    // A database has many processes, and another may be at work.
    assert_eq!(next.is_some(), matches!(home, Home::Sqlite(_)));
}

async fn of_many_at_once_one_has_the_lease(home: Home) {
    let (one, other) = (home.open().await, home.open().await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let books = if n % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        tasks.spawn(async move { lease(&books, &n.to_string(), 0).await.is_some() });
    }
    let had = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|had| *had)
        .count();
    assert_eq!(had, 1);
}

async fn the_submission_that_stands_is_the_newest_that_counts(home: Home) {
    let books = home.open().await;
    let standing = async || {
        let (agency, dataset) = ("H26".parse().unwrap(), "raw.dossiers".parse().unwrap());
        let found = books.standing_submission(&agency, &dataset, "2026-09", "h26-system");
        found.await.unwrap().map(|found| found.receipt.id)
    };
    assert_eq!(standing().await, None);
    for number in 1..=3 {
        books.claim(&new(number, None)).await.unwrap();
    }
    assert_eq!(standing().await, None, "none has landed");
    for number in [1, 2] {
        let receipt = receipt(number, number as i64, at(9));
        books.commit_submission(&receipt, "{}").await.unwrap();
    }
    books.refuse_submission(id(3), COUNTS, "no").await.unwrap();
    assert_eq!(standing().await, Some(id(2)));
    let ended = Ended {
        by: None,
        at: at(9) + TimeDelta::seconds(1),
    };
    books.end_submission(id(2), ended).await.unwrap();
    assert_eq!(standing().await, Some(id(1)));
}
