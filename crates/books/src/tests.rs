mod answer;
mod crowd;
mod evidence;
mod extensions;
mod home;
mod postgres;
mod sqlite;

use chrono::{DateTime, TimeDelta, Utc};
use expect_test::expect;
use service::{
    BodyFormat, ControlTotal, Ended, Page, Principal, Receipt, Relation, RowCounts, Submission,
    SubmissionId, SubmissionState, Superseded,
};
use uuid::Uuid;

use crate::{BooksError, Claim, Judgement, NewSubmission, RenditionRecord, SupersessionRecord};
use crowd::{
    of_many_who_ask_at_once_each_hears_of_his_own,
    what_many_say_at_once_is_kept_as_if_each_had_been_alone,
};
use evidence::{
    a_key_that_was_used_is_known_without_a_claim, evidence_is_marked_once_and_erased_once,
    what_is_past_its_retention_is_settled_there_and_of_its_kind,
};
use extensions::{
    extensions_are_kept_in_order_and_never_over_one_another,
    the_day_on_which_a_submission_was_due_is_kept,
    what_was_handed_in_is_what_is_committed_and_counts,
};
use home::Home;

/// Each of these is a test on SQLite and a test on PostgreSQL.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Home::sqlite()).await;
                }
            )*
        }
        mod on_postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Home::postgres()).await;
                }
            )*
        }
    };
}

mod connectors;
mod jobs;

on_both! {
    a_submission_goes_from_durable_to_committed_and_survives_closing
    what_a_submission_superseded_and_what_ended_it_are_kept
    the_day_on_which_a_submission_was_due_is_kept
    extensions_are_kept_in_order_and_never_over_one_another
    what_was_handed_in_is_what_is_committed_and_counts
    evidence_is_marked_once_and_erased_once
    what_is_past_its_retention_is_settled_there_and_of_its_kind
    a_key_that_was_used_is_known_without_a_claim
    a_claim_can_be_taken_back_until_it_is_settled
    the_same_body_with_the_same_key_is_a_replay_whatever_became_of_it
    another_body_period_or_format_with_the_same_key_is_told_apart
    of_many_claims_at_once_with_one_key_one_is_new
    an_id_is_used_once
    a_claim_whose_answer_was_lost_is_new_again_until_it_is_settled
    eight_claims_through_two_handles_have_one_winner
    claims_and_withdrawals_of_one_key_at_once_never_leave_two
    a_reason_with_a_nul_is_kept
    finishing_twice_is_fine_only_if_it_says_the_same
    lists_are_newest_first_paged_and_limited_to_an_agency_with_those_below
    a_token_is_found_by_its_hash_and_can_be_revoked_once
    a_session_is_touched_and_ended
    what_has_ended_is_swept
    a_sign_in_code_works_once_and_in_time
    a_rendition_is_kept_with_its_manifest
    marks_of_renditions_are_kept_once_and_end_with_a_rollback
    a_database_of_a_newer_version_is_refused_and_left_alone
    a_migration_that_was_changed_is_damage
    a_value_that_does_not_fit_its_type_is_named
    a_column_that_is_gone_is_damage
    what_many_say_at_once_is_kept_as_if_each_had_been_alone
    of_many_who_ask_at_once_each_hears_of_his_own
    closed_books_say_so
}

const ALL: Page = Page {
    offset: 0,
    limit: 100,
};
const COUNTS: RowCounts = RowCounts {
    received: 10,
    landed: 8,
    quarantined: 2,
    warned: 1,
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 123_456_000).unwrap()
}

fn id(number: u128) -> SubmissionId {
    SubmissionId::new(Uuid::from_u128(number))
}

fn new(number: u128, key: Option<&str>) -> NewSubmission {
    NewSubmission {
        id: id(number),
        agency: "H26".parse().unwrap(),
        dataset: "raw.dossiers".parse().unwrap(),
        period: "2026-09".parse().unwrap(),
        contract_version: "1.0.0".to_owned(),
        format: BodyFormat::Csv.into(),
        key: key.map(str::to_owned),
        principal: "h26-system".to_owned(),
        evidence_sha256: "ab".repeat(32),
        evidence_size_bytes: 1234,
        received_at: at(number as i64),
        due_on: None,
        relation: None,
        control_totals: Vec::new(),
        restricted: None,
    }
}

/// The receipt of a submission that `new` claimed, as that version of the table.
fn receipt(number: u128, version: i64, committed_at: DateTime<Utc>) -> Receipt {
    let new = new(number, None);
    Receipt {
        id: new.id,
        agency: new.agency,
        dataset: new.dataset,
        period: new.period,
        contract_version: new.contract_version,
        evidence_sha256: new.evidence_sha256,
        evidence_size_bytes: new.evidence_size_bytes,
        rows: COUNTS,
        received_at: new.received_at,
        due_on: new.due_on,
        table_version: Some(version),
        committed_at: Some(committed_at),
        supersedes: None,
        control_totals: Vec::new(),
    }
}

fn principal(name: &str) -> Principal {
    let agency = Some("H26".parse().unwrap());
    Principal {
        name: name.to_owned(),
        role: "submitter".to_owned(),
        agency,
    }
}

fn ids(submissions: &[Submission]) -> Vec<SubmissionId> {
    submissions
        .iter()
        .map(|submission| submission.receipt.id)
        .collect()
}

async fn a_submission_goes_from_durable_to_committed_and_survives_closing(home: Home) {
    let books = home.open().await;
    assert_eq!(books.claim(&new(1, None)).await.unwrap(), Claim::New);
    let durable = books.submission(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (durable.state, durable.receipt.rows),
        (SubmissionState::Durable, RowCounts::default())
    );
    assert_eq!(ids(&books.unfinished().await.unwrap()), [id(1)]);
    let receipt = receipt(1, 7, at(9));
    books.commit_submission(&receipt, "{}").await.unwrap();
    books.close().await;

    let books = home.open().await;
    assert!(books.unfinished().await.unwrap().is_empty());
    expect![[r#"
        Submission {
            state: Committed,
            receipt: Receipt {
                id: SubmissionId(
                    00000000-0000-0000-0000-000000000001,
                ),
                agency: AgencyCode(
                    "H26",
                ),
                dataset: DatasetName {
                    layer: Raw,
                    full: "raw.dossiers",
                },
                period: PeriodCode(
                    "2026-09",
                ),
                contract_version: "1.0.0",
                evidence_sha256: "abababababababababababababababababababababababababababababababab",
                evidence_size_bytes: 1234,
                rows: RowCounts {
                    received: 10,
                    landed: 8,
                    quarantined: 2,
                    warned: 1,
                },
                received_at: 2026-09-21T14:13:21.123456Z,
                due_on: None,
                table_version: Some(
                    7,
                ),
                committed_at: Some(
                    2026-09-21T14:13:29.123456Z,
                ),
                supersedes: None,
                control_totals: [],
            },
            principal: "h26-system",
            format: BodyType {
                format: Csv,
                declared: {},
            },
            refusal: None,
            key: None,
            ended: None,
            restricted: None,
            erased: None,
            sealed: Some(
                "{}",
            ),
        }
    "#]]
    .assert_debug_eq(&books.submission(id(1)).await.unwrap().unwrap());
    assert_eq!(books.submission(id(2)).await.unwrap(), None);
}

async fn what_a_submission_superseded_and_what_ended_it_are_kept(home: Home) {
    let books = home.open().await;
    let total = |found: Option<&str>| ControlTotal {
        name: "rows".to_owned(),
        declared: "10".to_owned(),
        found: found.map(str::to_owned),
    };
    books.claim(&new(1, None)).await.unwrap();
    let correcting = NewSubmission {
        relation: Some(Relation::Corrects(id(1))),
        control_totals: vec![total(None)],
        ..new(2, Some("k"))
    };
    books.claim(&correcting).await.unwrap();
    let durable = books.submission(id(2)).await.unwrap().unwrap();
    assert_eq!(durable.receipt.control_totals, [total(None)]);
    assert_eq!(books.corrections(id(1)).await.unwrap(), []);
    // The same body for another relation is another request.
    let other = NewSubmission {
        relation: Some(Relation::Replaces(id(1))),
        ..correcting.clone()
    };
    assert_eq!(books.claim(&other).await.unwrap(), Claim::OtherBody(id(2)));

    let superseded = Superseded {
        relation: Relation::Corrects(id(1)),
        rows: 3,
    };
    let receipt = Receipt {
        supersedes: Some(superseded),
        control_totals: vec![total(Some("10"))],
        ..receipt(2, 8, at(9))
    };
    books.commit_submission(&receipt, "{}").await.unwrap();
    let committed = books.submission(id(2)).await.unwrap().unwrap();
    assert_eq!(committed.receipt, receipt);
    assert_eq!(books.corrections(id(1)).await.unwrap(), [id(2)]);

    let ended = |by: Option<u128>, second| Ended {
        by: by.map(id),
        at: at(second),
    };
    // What is not committed cannot end.
    books.end_submission(id(1), ended(None, 9)).await.unwrap();
    assert_eq!(books.submission(id(1)).await.unwrap().unwrap().ended, None);
    books
        .end_submission(id(2), ended(Some(3), 10))
        .await
        .unwrap();
    books.end_submission(id(2), ended(None, 11)).await.unwrap();
    let replaced = books.submission(id(2)).await.unwrap().unwrap();
    assert_eq!(replaced.ended, Some(ended(Some(3), 10)));
}

async fn a_claim_can_be_taken_back_until_it_is_settled(home: Home) {
    let books = home.open().await;
    books.claim(&new(1, Some("k"))).await.unwrap();
    books.forget(id(1)).await.unwrap();
    assert_eq!(books.claim(&new(2, Some("k"))).await.unwrap(), Claim::New);
    books
        .commit_submission(&receipt(2, 7, at(9)), "{}")
        .await
        .unwrap();
    books.forget(id(2)).await.unwrap();
    assert!(books.submission(id(2)).await.unwrap().is_some());
}

async fn the_same_body_with_the_same_key_is_a_replay_whatever_became_of_it(home: Home) {
    let books = home.open().await;
    assert_eq!(books.claim(&new(1, Some("k"))).await.unwrap(), Claim::New);
    let replay = |claim| match claim {
        Claim::Replay(submission) => (submission.receipt.id, submission.state),
        other => panic!("{other:?}"),
    };
    let again = books.claim(&new(2, Some("k"))).await.unwrap();
    assert_eq!(replay(again), (id(1), SubmissionState::Durable));
    books
        .refuse_submission(id(1), COUNTS, "no row landed")
        .await
        .unwrap();
    let again = books.claim(&new(3, Some("k"))).await.unwrap();
    assert_eq!(replay(again), (id(1), SubmissionState::Refused));
    assert_eq!(ids(&books.submissions(ALL, None).await.unwrap()), [id(1)]);
}

async fn another_body_period_or_format_with_the_same_key_is_told_apart(home: Home) {
    let books = home.open().await;
    let first = new(1, Some("k"));
    books.claim(&first).await.unwrap();
    for other in [
        NewSubmission {
            evidence_sha256: "cd".repeat(32),
            ..new(2, Some("k"))
        },
        NewSubmission {
            period: "2026-10".parse().unwrap(),
            ..new(2, Some("k"))
        },
        NewSubmission {
            format: BodyFormat::Ndjson.into(),
            ..new(2, Some("k"))
        },
    ] {
        assert_eq!(books.claim(&other).await.unwrap(), Claim::OtherBody(id(1)));
    }
    for (number, elsewhere) in [
        (
            3,
            NewSubmission {
                agency: "H29".parse().unwrap(),
                ..new(3, Some("k"))
            },
        ),
        (
            4,
            NewSubmission {
                dataset: "raw.incidents".parse().unwrap(),
                ..new(4, Some("k"))
            },
        ),
        (5, new(5, Some("K"))),
        (6, new(6, None)),
        (7, new(7, None)),
    ] {
        assert_eq!(
            books.claim(&elsewhere).await.unwrap(),
            Claim::New,
            "{number}"
        );
    }
}

async fn of_many_claims_at_once_with_one_key_one_is_new(home: Home) {
    let books = home.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=20 {
        let books = books.clone();
        tasks.spawn(async move { books.claim(&new(number, Some("k"))).await.unwrap() });
    }
    let claims = tasks.join_all().await;
    assert_eq!(
        claims.iter().filter(|claim| **claim == Claim::New).count(),
        1
    );
    assert_eq!(books.submissions(ALL, None).await.unwrap().len(), 1);
}

async fn an_id_is_used_once(home: Home) {
    let books = home.open().await;
    books.claim(&new(1, None)).await.unwrap();
    let other = NewSubmission {
        evidence_sha256: "cd".repeat(32),
        ..new(1, None)
    };
    let error = books.claim(&other).await.unwrap_err();
    expect!["cannot record the submission: it is there already"].assert_eq(&error.to_string());
    assert!(matches!(error, BooksError::Conflict { .. }));
    let keyed = books.claim(&new(1, Some("k"))).await;
    assert!(matches!(keyed, Err(BooksError::Conflict { .. })));
}

async fn a_claim_whose_answer_was_lost_is_new_again_until_it_is_settled(home: Home) {
    let books = home.open().await;
    for (number, key) in [(1, None), (2, Some("k"))] {
        let new = new(number, key);
        for _ in 0..2 {
            assert_eq!(books.claim(&new).await.unwrap(), Claim::New);
        }
        let receipt = receipt(number, 7, at(9));
        books.commit_submission(&receipt, "{}").await.unwrap();
        match books.claim(&new).await.unwrap() {
            Claim::Replay(found) => assert_eq!(found.receipt, receipt),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(books.submissions(ALL, None).await.unwrap().len(), 2);
}

async fn eight_claims_through_two_handles_have_one_winner(home: Home) {
    let handles = [home.open().await, home.open().await];
    for race in 0..5 {
        let key = format!("k{race}");
        let mut tasks = tokio::task::JoinSet::new();
        for number in 1..=8 {
            let new = new(100 * race + number, Some(&key));
            let books = handles[number as usize % 2].clone();
            tasks.spawn(async move { books.claim(&new).await.unwrap() });
        }
        let claims = tasks.join_all().await;
        let (winners, others): (Vec<_>, Vec<_>) =
            claims.iter().partition(|claim| **claim == Claim::New);
        assert_eq!(winners.len(), 1, "race {race}: {claims:?}");
        let replays = |claim: &&Claim| matches!(claim, Claim::Replay(_));
        assert!(others.iter().all(replays), "race {race}: {claims:?}");
    }
}

async fn claims_and_withdrawals_of_one_key_at_once_never_leave_two(home: Home) {
    let books = home.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let books = books.clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                match books.claim(&new(number, Some("k"))).await {
                    Ok(Claim::New) => books.forget(id(number)).await.unwrap(),
                    Ok(Claim::Replay(_)) | Err(BooksError::Conflict { .. }) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    tasks.join_all().await;
    assert!(books.unfinished().await.unwrap().is_empty());
}

/// A body may bring one, and PostgreSQL has none in text.
async fn a_reason_with_a_nul_is_kept(home: Home) {
    let books = home.open().await;
    books.claim(&new(1, None)).await.unwrap();
    let reason = "column `a` holds `b\0c`";
    books
        .refuse_submission(id(1), COUNTS, reason)
        .await
        .unwrap();
    let kept = books.submission(id(1)).await.unwrap().unwrap();
    let kept = kept.refusal.unwrap().replace('\u{fffd}', "\0");
    assert_eq!(kept, reason);
}

async fn finishing_twice_is_fine_only_if_it_says_the_same(home: Home) {
    let books = home.open().await;
    for number in 1..=2 {
        books.claim(&new(number, None)).await.unwrap();
    }
    books
        .commit_submission(&receipt(1, 7, at(9)), "{}")
        .await
        .unwrap();
    books
        .commit_submission(&receipt(1, 7, at(10)), "{}")
        .await
        .unwrap();
    books
        .refuse_submission(id(2), COUNTS, "first reason")
        .await
        .unwrap();
    books
        .refuse_submission(id(2), COUNTS, "second reason")
        .await
        .unwrap();
    let refused = books.submission(id(2)).await.unwrap().unwrap();
    assert_eq!(refused.refusal.as_deref(), Some("first reason"));
    assert_eq!(refused.receipt.rows, COUNTS);

    let errors = [
        books
            .commit_submission(&receipt(1, 8, at(9)), "{}")
            .await
            .unwrap_err(),
        books
            .refuse_submission(id(1), COUNTS, "late")
            .await
            .unwrap_err(),
        books
            .commit_submission(&receipt(2, 7, at(9)), "{}")
            .await
            .unwrap_err(),
        books
            .commit_submission(&receipt(3, 7, at(9)), "{}")
            .await
            .unwrap_err(),
    ];
    let errors = errors.map(|error| format!("{error}\n")).concat();
    expect![[r#"
        submission `00000000-0000-0000-0000-000000000001` is committed as version 7 already and cannot be committed now
        submission `00000000-0000-0000-0000-000000000001` is committed as version 7 already and cannot be refused now
        submission `00000000-0000-0000-0000-000000000002` is refused already and cannot be committed now
        submission `00000000-0000-0000-0000-000000000003` is not in the control database
    "#]].assert_eq(&errors);
}

async fn lists_are_newest_first_paged_and_limited_to_an_agency_with_those_below(home: Home) {
    let books = home.open().await;
    for (number, agency) in (1..).zip(["H26", "H26.01", "H26.01.Z9", "H260", "H29", "G26"]) {
        let agency = agency.parse().unwrap_or_else(|_| "H27".parse().unwrap());
        books
            .claim(&NewSubmission {
                agency,
                ..new(number, None)
            })
            .await
            .unwrap();
    }
    let list = async |offset, limit, within: Option<&str>| {
        let within = within.map(|code| code.parse().unwrap());
        ids(&books
            .submissions(Page { offset, limit }, within.as_ref())
            .await
            .unwrap())
    };
    assert_eq!(list(0, 100, None).await, [6, 5, 4, 3, 2, 1].map(id));
    assert_eq!(list(1, 2, None).await, [5, 4].map(id));
    assert_eq!(list(u64::MAX, u64::MAX, None).await, []);
    assert_eq!(list(0, 100, Some("H26")).await, [3, 2, 1].map(id));
    assert_eq!(list(1, 1, Some("H26")).await, [2].map(id));
    assert_eq!(list(0, 100, Some("H26.01")).await, [3, 2].map(id));
    assert_eq!(list(0, 100, Some("H28")).await, []);
}

async fn a_token_is_found_by_its_hash_and_can_be_revoked_once(home: Home) {
    let books = home.open().await;
    let (lan, hung) = (principal("lan"), principal("hung"));
    books
        .add_token("t1", &lan, at(0), Some(at(60)))
        .await
        .unwrap();
    assert_eq!(books.token("t2").await.unwrap(), None);
    let token = books.token("t1").await.unwrap().unwrap();
    assert_eq!((token.principal, token.created_at), (lan.clone(), at(0)));
    assert_eq!((token.expires_at, token.revoked_at), (Some(at(60)), None));
    assert!(matches!(
        books.add_token("t1", &hung, at(0), None).await.unwrap_err(),
        BooksError::Conflict { .. }
    ));

    books.add_session("s1", &lan, at(1)).await.unwrap();
    books.add_session("s2", &hung, at(1)).await.unwrap();
    books.add_sign_in_code("c1", &lan, at(60)).await.unwrap();
    assert!(books.revoke_token("t1", at(5)).await.unwrap());
    assert!(!books.revoke_token("t1", at(6)).await.unwrap());
    assert!(!books.revoke_token("t2", at(6)).await.unwrap());
    assert_eq!(
        books.token("t1").await.unwrap().unwrap().revoked_at,
        Some(at(5))
    );
    assert_eq!(books.session("s1").await.unwrap(), None);
    assert!(books.session("s2").await.unwrap().is_some());
    assert_eq!(books.take_sign_in_code("c1", at(6)).await.unwrap(), None);
}

async fn a_session_is_touched_and_ended(home: Home) {
    let books = home.open().await;
    let national = Principal {
        agency: None,
        ..principal("lan")
    };
    books.add_session("s1", &national, at(0)).await.unwrap();
    books.touch_session("s1", at(30)).await.unwrap();
    books.touch_session("s1", at(20)).await.unwrap();
    let session = books.session("s1").await.unwrap().unwrap();
    assert_eq!((session.created_at, session.seen_at), (at(0), at(30)));
    assert_eq!(session.principal, national);
    assert!(books.remove_session("s1").await.unwrap());
    assert!(!books.remove_session("s1").await.unwrap());
    books.touch_session("s1", at(40)).await.unwrap();
    assert_eq!(books.session("s1").await.unwrap(), None);
}

async fn what_has_ended_is_swept(home: Home) {
    let books = home.open().await;
    for (hash, begun, seen) in [("old", 0, 90), ("idle", 50, 50), ("live", 50, 90)] {
        books
            .add_session(hash, &principal("lan"), at(begun))
            .await
            .unwrap();
        books.touch_session(hash, at(seen)).await.unwrap();
    }
    books
        .add_sign_in_code("expired", &principal("lan"), at(100))
        .await
        .unwrap();
    books
        .add_sign_in_code("good", &principal("lan"), at(101))
        .await
        .unwrap();
    assert_eq!(books.sweep(at(40), at(80), at(100)).await.unwrap(), 3);
    assert!(books.session("live").await.unwrap().is_some());
    assert!(
        books
            .take_sign_in_code("good", at(100))
            .await
            .unwrap()
            .is_some()
    );
}

async fn a_sign_in_code_works_once_and_in_time(home: Home) {
    let books = home.open().await;
    let lan = principal("lan");
    let end = at(0) + TimeDelta::minutes(10);
    books.add_sign_in_code("late", &lan, end).await.unwrap();
    assert_eq!(books.take_sign_in_code("late", end).await.unwrap(), None);
    assert_eq!(books.take_sign_in_code("late", at(0)).await.unwrap(), None);

    books.add_sign_in_code("raced", &lan, end).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let books = books.clone();
        tasks.spawn(async move { books.take_sign_in_code("raced", at(1)).await.unwrap() });
    }
    let taken: Vec<Principal> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, [lan]);
}

async fn a_rendition_is_kept_with_its_manifest(home: Home) {
    let books = home.open().await;
    let rendition = RenditionRecord {
        id: "r1".to_owned(),
        report: "monthly-summary".to_owned(),
        manifest: r#"{"report":"monthly-summary"}"#.to_owned(),
        created_at: at(0),
    };
    books.add_rendition(&rendition).await.unwrap();
    assert_eq!(
        books.rendition("r1").await.unwrap(),
        Some(rendition.clone())
    );
    assert_eq!(books.rendition("r2").await.unwrap(), None);
    let error = books.add_rendition(&rendition).await.unwrap_err();
    expect!["cannot keep the rendition: it is there already"].assert_eq(&error.to_string());
}

async fn marks_of_renditions_are_kept_once_and_end_with_a_rollback(home: Home) {
    let books = home.open().await;
    let rendition = |n: i64| RenditionRecord {
        id: format!("r{n}"),
        report: "monthly-summary".to_owned(),
        manifest: "{}".to_owned(),
        created_at: at(n),
    };
    for n in 1..=3 {
        books.add_rendition(&rendition(n)).await.unwrap();
    }
    let mark = |rendition: &str, set: u64, run: Option<&str>| SupersessionRecord {
        rendition: rendition.to_owned(),
        set,
        run: run.map(str::to_owned),
        at: at(40),
    };
    assert_eq!(books.judged_set().await.unwrap(), None);
    let first = Judgement {
        set: 2,
        lifted: None,
        marked: vec![mark("r1", 2, Some("a"))],
    };
    // Whoever was cut off says the same again.
    for _ in 0..2 {
        books.keep_judgement(&first).await.unwrap();
    }
    let third = Judgement {
        set: 3,
        marked: vec![mark("r2", 3, Some("b"))],
        ..Judgement::default()
    };
    books.keep_judgement(&third).await.unwrap();
    let ids = |records: Vec<RenditionRecord>| {
        let ids = records.into_iter().map(|record| record.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(books.standing_renditions().await.unwrap()), ["r3"]);
    let found = books.supersession("r1").await.unwrap();
    assert_eq!(found, Some(mark("r1", 2, Some("a"))));

    // The rollback of the second run leaves what the first did, and marks what showed the second.
    let fourth = Judgement {
        set: 4,
        lifted: Some((2, at(50))),
        marked: vec![mark("r3", 4, None)],
    };
    let between = books.supersessions_between(2, 4).await.unwrap();
    assert_eq!(between, [mark("r2", 3, Some("b"))]);
    for _ in 0..2 {
        books.keep_judgement(&fourth).await.unwrap();
    }
    assert_eq!(books.supersession("r2").await.unwrap(), None);
    assert_eq!(books.supersessions_between(2, 4).await.unwrap(), []);
    assert_eq!(ids(books.standing_renditions().await.unwrap()), ["r2"]);
    // A judgement that comes late takes nothing back.
    books.keep_judgement(&first).await.unwrap();
    assert_eq!(books.judged_set().await.unwrap(), Some(4));
    let page = Page {
        offset: 1,
        limit: 5,
    };
    let listed = books.renditions_of("monthly-summary", page).await.unwrap();
    assert_eq!(ids(listed), ["r2", "r1"]);
    let since = books.standing_renditions_of("monthly-summary", at(3)).await;
    assert_eq!(ids(since.unwrap()), Vec::<String>::new());
}

async fn a_database_of_a_newer_version_is_refused_and_left_alone(home: Home) {
    home.open().await.close().await;
    home.run(
        "insert into _sqlx_migrations
        select 99, 'future', installed_on, success, checksum, 0
        from _sqlx_migrations
        where version = 3",
    )
    .await;
    let before = home.bytes();
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(
        error,
        BooksError::Newer {
            found: 99,
            known: 9,
            ..
        }
    ));
    expect![[r#"
        the control database `books` is of a newer version: it has schema 99, and schema 9 is the newest that this program knows
        Start the version of `dtm` that last used this home, or a newer one."#]].assert_eq(&format!(
        "{}\n{}",
        home.message(&error),
        error.hint().unwrap()
    ));
    assert_eq!(home.bytes(), before);
    // Nothing stands in the way of the newer version, such as a lock.
    home.run("delete from _sqlx_migrations where version = 99")
        .await;
    home.open().await.ping().await.unwrap();
}

async fn a_migration_that_was_changed_is_damage(home: Home) {
    home.open().await.close().await;
    home.run("update _sqlx_migrations set checksum = substr(checksum, 2) where version = 3")
        .await;
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, BooksError::Corrupt { .. }));
    expect!["the control database `books` is damaged: cannot bring the tables up to date: migration 3 was previously applied but has been modified"].assert_eq(&home.message(&error));
}

async fn a_value_that_does_not_fit_its_type_is_named(home: Home) {
    let books = home.open().await;
    books.claim(&new(1, None)).await.unwrap();
    home.run("update submissions set agency = 'nobody'").await;
    let error = books.submission(id(1)).await.unwrap_err();
    assert!(matches!(error, BooksError::Corrupt { .. }));
    expect!["the control database `books` is damaged: column `agency` holds `nobody`: `nobody` is no agency code: expected a letter A–Y and two digits, then groups of `0-9A-Z` after dots, at most 35 characters, as in `H26.01`"].assert_eq(&home.message(&error));
}

async fn a_column_that_is_gone_is_damage(home: Home) {
    let books = home.open().await;
    books.claim(&new(1, None)).await.unwrap();
    home.run("alter table submissions rename column sealed to unsealed")
        .await;
    let error = home.open().await.submission(id(1)).await.unwrap_err();
    assert!(matches!(error, BooksError::Corrupt { .. }), "{error}");
}

async fn closed_books_say_so(home: Home) {
    let books = home.open().await;
    books.close().await;
    let error = books.claim(&new(1, None)).await.unwrap_err();
    expect!["cannot record the submission: the control database `books` is closed"]
        .assert_eq(&home.message(&error));
}
