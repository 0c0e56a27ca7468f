use chrono::NaiveDate;
use service::{Ended, Extension, ObligationKey};

use super::{Home, at, id, new, receipt};
use crate::{BooksError, NewSubmission};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn key(agency: &str) -> ObligationKey {
    ObligationKey {
        dataset: "raw.dossiers".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        agency: agency.parse().unwrap(),
    }
}

fn extension(agency: &str, number: u32, until: &str) -> Extension {
    Extension {
        of: key(agency),
        number,
        before: day("2026-09-24"),
        until: day(until),
        reason: "mất điện".to_owned(),
        principal: "operator".to_owned(),
        at: at(i64::from(number)),
    }
}

pub async fn the_day_on_which_a_submission_was_due_is_kept(home: Home) {
    let books = home.open().await;
    let due_on = Some(day("2026-09-24"));
    let late = NewSubmission {
        due_on,
        ..new(1, None)
    };
    books.claim(&late).await.unwrap();
    books
        .commit_submission(&receipt(1, 7, at(9)), "{}")
        .await
        .unwrap();
    books.close().await;
    let kept = home.open().await.submission(id(1)).await.unwrap().unwrap();
    assert_eq!(kept.receipt.due_on, due_on);
    assert_eq!(kept.receipt.timeliness().unwrap().as_str(), "on_time");
}

pub async fn extensions_are_kept_in_order_and_never_over_one_another(home: Home) {
    let books = home.open().await;
    let [first, second] = [(1, "2026-10-01"), (2, "2026-10-20")];
    let [first, second] = [first, second].map(|(n, until)| extension("H26", n, until));
    let other = extension("H29", 1, "2026-11-01");
    for new in [&second, &other, &first, &first] {
        books.add_extension(new).await.unwrap();
    }
    let changed = Extension {
        until: day("2026-12-31"),
        ..first.clone()
    };
    let error = books.add_extension(&changed).await.unwrap_err();
    assert!(matches!(error, BooksError::Conflict { .. }), "{error:?}");
    books.close().await;
    let books = home.open().await;
    let of = &first.of;
    let kept = books.extensions_of(of).await.unwrap();
    assert_eq!(kept, [first.clone(), second.clone()]);
    let all = books.extensions(&of.dataset, &of.period).await.unwrap();
    assert_eq!(all, [first.clone(), second, other]);
    let october = "2026-10".parse().unwrap();
    let none = books.extensions(&of.dataset, &october).await.unwrap();
    assert_eq!(none, []);
}

pub async fn what_was_handed_in_is_what_is_committed_and_counts(home: Home) {
    let books = home.open().await;
    for number in 1..=4 {
        books.claim(&new(number, None)).await.unwrap();
    }
    for number in [1, 2, 3] {
        let receipt = receipt(number, number as i64, at(9));
        books.commit_submission(&receipt, "{}").await.unwrap();
    }
    let ended = Ended {
        by: None,
        at: at(10),
    };
    books.end_submission(id(1), ended).await.unwrap();
    let of = key("H26");
    let found = books.handed_in(&of.dataset, &of.period).await.unwrap();
    let [(agency, handed_in)] = found.into_iter().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(agency, of.agency);
    assert_eq!(handed_in.submissions, 2);
    assert_eq!(handed_in.first_received_at, Some(at(2)));
}
