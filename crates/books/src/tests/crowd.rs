//! Many callers at once.

use futures::future::join_all;
use service::{ControlTotal, Relation, Restriction, SubmissionState};

use super::home::Home;
use super::{COUNTS, at, id, new, principal, receipt};
use crate::database::Pools;
use crate::statement::Statement;
use crate::writer::Made;
use crate::{Claim, NewSubmission};

/// What JSON and SQL must not take for their own.
const KEYS: [&str; 5] = ["plain", "it's \"so\"", "\\n\u{1}\n", "hồ sơ 🗂", "[1, null]"];

/// A submission that has everything, under a key that is hard to write.
fn odd(number: u128) -> NewSubmission {
    let key = format!("{} {number}", KEYS[number as usize % KEYS.len()]);
    NewSubmission {
        due_on: Some("2026-10-05".parse().unwrap()),
        relation: Some(Relation::Corrects(id(1))),
        control_totals: vec![ControlTotal {
            name: "fee \"amount\"".to_owned(),
            declared: "9007199254740993".to_owned(),
            found: None,
        }],
        restricted: Some(Restriction::Classified),
        evidence_size_bytes: i64::MAX as u64,
        ..new(number, Some(&key))
    }
}

pub async fn what_many_say_at_once_is_kept_as_if_each_had_been_alone(home: Home) {
    let books = home.open().await;
    let many: Vec<NewSubmission> = (1..60).map(odd).collect();
    let claims = join_all(many.iter().map(|one| books.claim(one))).await;
    assert!(claims.iter().all(|claim| matches!(claim, Ok(Claim::New))));
    let sealed = |number: u128| format!("{{\"of\": \"{}\"}}", KEYS[number as usize % KEYS.len()]);
    let commits = (1..60).map(|number| {
        let books = &books;
        let (receipt, sealed) = (receipt(number, number as i64, at(90)), sealed(number));
        async move { books.commit_submission(&receipt, &sealed).await }
    });
    assert!(join_all(commits).await.iter().all(Result::is_ok));

    let alone = Home::sqlite();
    let others = alone.open().await;
    for (number, one) in (1..60).zip(&many) {
        others.claim(one).await.unwrap();
        let receipt = receipt(number, number as i64, at(90));
        let sealed = sealed(number);
        others.commit_submission(&receipt, &sealed).await.unwrap();
    }
    for number in 1..60 {
        let found = books.submission(id(number)).await.unwrap().unwrap();
        assert_eq!(found.state, SubmissionState::Committed);
        assert_eq!(found.sealed, Some(sealed(number)));
        assert_eq!(found.receipt.rows, COUNTS);
        assert_eq!(Some(found), others.submission(id(number)).await.unwrap());
    }
}

pub async fn of_many_who_ask_at_once_each_hears_of_his_own(home: Home) {
    let books = home.open().await;
    for number in 1..40 {
        books.claim(&odd(number)).await.unwrap();
        let of = principal(&format!("p{number}"));
        let hash = format!("hash '{number}'");
        books.add_token(&hash, &of, at(0), None).await.unwrap();
    }
    let asked = (1..80).map(|number| {
        let (books, one) = (&books, odd(number));
        async move {
            let key = one.key.as_deref().unwrap();
            let of_key = books.submission_of_key(&one.agency, &one.dataset, key);
            let hash = format!("hash '{number}'");
            let (found, token) = tokio::join!(of_key, books.token(&hash));
            (number, found.unwrap(), token.unwrap())
        }
    });
    for (number, found, token) in join_all(asked).await {
        let found = found.map(|found| found.receipt.id);
        assert_eq!(found, (number < 40).then(|| id(number)));
        let name = token.map(|token| token.principal.name);
        assert_eq!(name, (number < 40).then(|| format!("p{number}")));
    }
}

#[tokio::test]
async fn changes_of_a_kind_that_wait_are_made_in_one_step() {
    let home = Home::sqlite();
    let books = home.open().await;
    let Pools::Sqlite { writer, .. } = &books.pools else {
        panic!("these are books in a file");
    };
    let made = Statement::new("create table notes (name text primary key) strict");
    writer.write(&[&made]).await.unwrap();
    let add = |name: &str| {
        Statement::new("insert into notes values ($1) on conflict do nothing returning name")
            .text(name)
            .shared(
                "insert into notes select value ->> 0 from json_each($1) where true \
                 on conflict do nothing",
            )
    };
    let all = |names: &[&str]| names.iter().map(|name| add(name)).collect::<Vec<_>>();
    // The last of the second time is there already.
    for (names, is_shared) in [
        (all(&["a", "b", "c"]), true),
        (all(&["d", "e", "a"]), false),
        (all(&["f", "g\0", "h"]), true),
    ] {
        // Whoever has the connection keeps the writer from its work until all of them wait.
        let held = writer.pool().acquire().await.unwrap();
        let changes: Vec<[&Statement; 1]> = names.iter().map(|name| [name]).collect();
        let writes = changes.iter().map(|change| writer.write(change));
        let mut writes = Box::pin(join_all(writes));
        assert!(futures::poll!(&mut writes).is_pending());
        drop(held);
        let made: Vec<Made> = writes.await.into_iter().map(Result::unwrap).collect();
        assert_eq!(matches!(made[0], Made::Shared), is_shared);
        let any: Vec<bool> = made.iter().map(Made::any).collect();
        assert_eq!(any, [true, true, is_shared]);
    }
    let names = "select group_concat(hex(name)) from (select name from notes order by name)";
    let names: String = sqlx::query_scalar(names)
        .fetch_one(writer.pool())
        .await
        .unwrap();
    assert_eq!(names, "61,62,63,64,65,66,6700,68");
}

#[tokio::test]
async fn a_change_of_a_kind_that_breaks_a_constraint_fails_alone() {
    let home = Home::sqlite();
    let books = home.open().await;
    for number in 1..20 {
        books.claim(&odd(number)).await.unwrap();
    }
    let bad = |number: u128| {
        let mut receipt = receipt(number, 1, at(90));
        // The books say that what is committed has a version.
        receipt.table_version = (number != 7).then_some(1);
        receipt
    };
    let commits = (1..20).map(|number| {
        let (books, receipt) = (&books, bad(number));
        async move { books.commit_submission(&receipt, "{}").await }
    });
    let outcomes = join_all(commits).await;
    for (number, outcome) in (1..20).zip(outcomes) {
        assert_eq!(outcome.is_err(), number == 7, "{number}: {outcome:?}");
        let found = books.submission(id(number)).await.unwrap().unwrap();
        let state = match number {
            7 => SubmissionState::Durable,
            _ => SubmissionState::Committed,
        };
        assert_eq!(found.state, state);
    }
}
