use service::{Erasure, Restriction, SubmissionId};

use super::{COUNTS, Home, at, id, ids, new, receipt};
use crate::{Claim, NewSubmission, Retention};

fn erasure(second: i64) -> Erasure {
    Erasure {
        at: at(second),
        principal: "operator".to_owned(),
        reason: "gửi nhầm".to_owned(),
    }
}

fn with_bytes(number: u128, byte: &str) -> NewSubmission {
    NewSubmission {
        evidence_sha256: byte.repeat(32),
        ..new(number, None)
    }
}

pub async fn evidence_is_marked_once_and_erased_once(home: Home) {
    let books = home.open().await;
    let classified = NewSubmission {
        restricted: Some(Restriction::Classified),
        ..new(1, None)
    };
    books.claim(&classified).await.unwrap();
    books.claim(&new(2, None)).await.unwrap();
    books.claim(&with_bytes(3, "cd")).await.unwrap();
    for number in [1, 2, 3] {
        let why = Restriction::PersonalData;
        books.restrict_submission(id(number), why).await.unwrap();
    }
    books
        .restrict_submission(id(2), Restriction::Unread)
        .await
        .unwrap();
    let sha256 = "ab".repeat(32);
    let shared = books.submissions_of_evidence(&sha256).await.unwrap();
    assert_eq!(ids(&shared), [id(1), id(2)]);
    assert!(!books.knows_erasure(&sha256, 1).await.unwrap());
    for (number, second) in [(1, 7), (2, 8)] {
        let erasure = erasure(second);
        books
            .erase_submissions(&[id(1)], &sha256, number, &erasure)
            .await
            .unwrap();
    }
    // Other bytes, and nobody's.
    let erased = erasure(7);
    books
        .erase_submissions(&[id(3), id(9)], &sha256, 1, &erased)
        .await
        .unwrap();
    books.close().await;

    let books = home.open().await;
    let mut found = Vec::new();
    for number in [1, 2, 3] {
        let one = books.submission(id(number)).await.unwrap().unwrap();
        found.push((one.restricted, one.erased));
    }
    let expected = [
        (Some(Restriction::Classified), Some(erasure(7))),
        (Some(Restriction::PersonalData), None),
        (Some(Restriction::PersonalData), None),
    ];
    assert_eq!(found, expected);
    assert!(books.knows_erasure(&sha256, 1).await.unwrap());
    assert!(!books.knows_erasure(&sha256, 2).await.unwrap());
}

async fn past(
    books: &crate::Books,
    (before, restricted): (Option<i64>, Option<i64>),
    behind: Option<(i64, SubmissionId)>,
    limit: u64,
) -> Vec<SubmissionId> {
    let retention = Retention {
        before: before.map(at),
        restricted_before: restricted.map(at),
    };
    let behind = behind.map(|(second, id)| (at(second), id));
    let past = books
        .past_retention(retention, behind, limit)
        .await
        .unwrap();
    assert!(past.iter().all(|one| retention.is_over(one)));
    ids(&past)
}

pub async fn what_is_past_its_retention_is_settled_there_and_of_its_kind(home: Home) {
    let books = home.open().await;
    // 1 and 4 are restricted, 5 is not settled, 3 is erased.
    for number in 1..=6 {
        books.claim(&new(number, None)).await.unwrap();
        if number != 5 {
            let receipt = receipt(number, 7, at(99));
            books.commit_submission(&receipt, "{}").await.unwrap();
        }
    }
    for number in [1, 4] {
        let why = Restriction::Unread;
        books.restrict_submission(id(number), why).await.unwrap();
    }
    let sha256 = "ab".repeat(32);
    let erased = erasure(7);
    books
        .erase_submissions(&[id(3)], &sha256, 1, &erased)
        .await
        .unwrap();
    let all = (Some(100), Some(100));
    let every = [1, 2, 4, 6].map(id);
    assert_eq!(past(&books, all, None, 10).await, every);
    assert_eq!(past(&books, all, None, 3).await, every[..3]);
    assert_eq!(past(&books, all, Some((2, id(2))), 10).await, every[2..]);
    assert_eq!(past(&books, (None, None), None, 10).await, []);
    assert_eq!(past(&books, (None, Some(4)), None, 10).await, [id(1)]);
    assert_eq!(past(&books, (Some(6), Some(1)), None, 10).await, [id(2)]);
}

pub async fn a_key_that_was_used_is_known_without_a_claim(home: Home) {
    let books = home.open().await;
    assert_eq!(books.claimed_before(&new(1, None)).await.unwrap(), None);
    assert_eq!(
        books.claimed_before(&new(1, Some("k"))).await.unwrap(),
        None
    );
    books.claim(&new(1, Some("k"))).await.unwrap();
    books
        .refuse_submission(id(1), COUNTS, "no row landed")
        .await
        .unwrap();
    let before = books.claimed_before(&new(2, Some("k"))).await.unwrap();
    assert!(matches!(before, Some(Claim::Replay(one)) if one.receipt.id == id(1)));
    let other = NewSubmission {
        key: Some("k".to_owned()),
        ..with_bytes(3, "cd")
    };
    let before = books.claimed_before(&other).await.unwrap();
    assert_eq!(before, Some(Claim::OtherBody(id(1))));
    assert_eq!(books.submission(id(3)).await.unwrap(), None);
}
