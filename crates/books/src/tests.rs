use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use expect_test::expect;
use service::{
    BodyFormat, ControlTotal, Ended, Page, Principal, Receipt, Relation, RowCounts, Submission,
    SubmissionId, SubmissionState, Superseded,
};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Books, BooksError, Claim, NewSubmission, RenditionRecord, Settings};

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
        relation: None,
        control_totals: Vec::new(),
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

async fn books() -> (TempDir, Books) {
    let folder = TempDir::new().unwrap();
    let books = Books::open(&folder.path().join("books.sqlite"))
        .await
        .unwrap();
    (folder, books)
}

/// The message, with the folder of the test left out.
fn message(error: &BooksError, folder: &TempDir) -> String {
    error
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "")
}

fn ids(submissions: &[Submission]) -> Vec<SubmissionId> {
    submissions
        .iter()
        .map(|submission| submission.receipt.id)
        .collect()
}

#[tokio::test]
async fn a_submission_goes_from_durable_to_committed_and_survives_closing() {
    let (folder, books) = books().await;
    assert_eq!(books.claim(&new(1, None)).await.unwrap(), Claim::New);
    let durable = books.submission(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (durable.state, durable.receipt.rows),
        (SubmissionState::Durable, RowCounts::default())
    );
    assert_eq!(ids(&books.unfinished().await.unwrap()), [id(1)]);
    books
        .commit_submission(&receipt(1, 7, at(9)), "{}")
        .await
        .unwrap();
    books.close().await;

    let books = Books::open(&folder.path().join("books.sqlite"))
        .await
        .unwrap();
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
            sealed: Some(
                "{}",
            ),
        }
    "#]]
    .assert_debug_eq(&books.submission(id(1)).await.unwrap().unwrap());
    assert_eq!(books.submission(id(2)).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_submission_superseded_and_what_ended_it_are_kept() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn a_claim_can_be_taken_back_until_it_is_settled() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn the_same_body_with_the_same_key_is_a_replay_whatever_became_of_it() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn another_body_period_or_format_with_the_same_key_is_told_apart() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn of_many_claims_at_once_with_one_key_one_is_new() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn an_id_is_used_once() {
    let (_folder, books) = books().await;
    books.claim(&new(1, None)).await.unwrap();
    let error = books.claim(&new(1, None)).await.unwrap_err();
    expect!["cannot record the submission: it is there already"].assert_eq(&error.to_string());
    assert!(matches!(error, BooksError::Conflict { .. }));
}

#[tokio::test]
async fn finishing_twice_is_fine_only_if_it_says_the_same() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn lists_are_newest_first_paged_and_limited_to_an_agency_with_those_below() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn a_token_is_found_by_its_hash_and_can_be_revoked_once() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn a_session_is_touched_and_ended() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn what_has_ended_is_swept() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn a_sign_in_code_works_once_and_in_time() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn a_rendition_is_kept_with_its_manifest() {
    let (_folder, books) = books().await;
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

#[tokio::test]
async fn writes_are_synced_and_readers_cannot_write() {
    let (_folder, books) = books().await;
    let mut answers = Vec::new();
    for (pool, pragma) in [
        (
            &books.writer,
            "select journal_mode from pragma_journal_mode",
        ),
        (
            &books.writer,
            "select cast(synchronous as text) from pragma_synchronous",
        ),
        (
            &books.writer,
            "select cast(foreign_keys as text) from pragma_foreign_keys",
        ),
        (
            &books.readers,
            "select journal_mode from pragma_journal_mode",
        ),
        (
            &books.readers,
            "select cast(query_only as text) from pragma_query_only",
        ),
    ] {
        let answer: String = sqlx::query_scalar(pragma).fetch_one(pool).await.unwrap();
        answers.push(answer);
    }
    // `synchronous` is 2 for FULL.
    assert_eq!(answers, ["wal", "2", "1", "wal", "1"]);
    let write = sqlx::query("delete from tokens");
    write.execute(&books.readers).await.unwrap_err();
}

async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let (folder, books) = books().await;
    books.close().await;
    let mut connection = raw(&books.file).await;
    sqlx::query(
        "insert into _sqlx_migrations values (99, 'future', current_timestamp, true, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let before = fs::read(&*books.file).unwrap();
    let error = Books::open(&books.file).await.unwrap_err();
    assert!(matches!(
        error,
        BooksError::Newer {
            found: 99,
            known: 3,
            ..
        }
    ));
    expect![[r#"
        the control database `books.sqlite` is of a newer version: it has schema 99, and schema 3 is the newest that this program knows
        Start the version of `dtm` that last used this home, or a newer one."#]].assert_eq(&format!(
        "{}\n{}",
        message(&error, &folder),
        error.hint().unwrap()
    ));
    assert_eq!(fs::read(&*books.file).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_database_is_damaged() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("books.sqlite");
    fs::write(
        &file,
        "this is a letter, not a database; it is long enough".repeat(100),
    )
    .unwrap();
    let error = Books::open(&file).await.unwrap_err();
    assert!(matches!(error, BooksError::Corrupt { .. }));
    expect!["the control database `books.sqlite` is damaged: file is not a database"]
        .assert_eq(&message(&error, &folder));
}

#[tokio::test]
async fn a_value_that_does_not_fit_its_type_is_named() {
    let (folder, books) = books().await;
    books.claim(&new(1, None)).await.unwrap();
    let mut connection = raw(&books.file).await;
    let spoil = sqlx::query("update submissions set agency = 'nobody'");
    spoil.execute(&mut connection).await.unwrap();
    let error = books.submission(id(1)).await.unwrap_err();
    assert!(matches!(error, BooksError::Corrupt { .. }));
    expect!["the control database `books.sqlite` is damaged: column `agency` holds `nobody`: `nobody` is no agency code: expected a letter A–Y and two digits, then groups of `0-9A-Z` after dots, at most 35 characters, as in `H26.01`"].assert_eq(&message(&error, &folder));
}

#[tokio::test]
async fn a_database_that_another_program_locks_is_named_and_reading_goes_on() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("books.sqlite");
    let settings = Settings {
        readers: 1,
        busy: Duration::from_millis(5),
    };
    let books = Books::open_with(&file, settings).await.unwrap();
    books.claim(&new(1, None)).await.unwrap();
    let mut other = raw(&file).await;
    sqlx::query("begin immediate")
        .execute(&mut other)
        .await
        .unwrap();
    let error = books.claim(&new(2, None)).await.unwrap_err();
    assert!(matches!(error, BooksError::Unavailable { .. }));
    expect![[r#"
        cannot record the submission: the control database `books.sqlite` is locked by another program
        Check that the file and its folder can be written, that the disk has space and that no other program has the database open; then try again."#]].assert_eq(&format!(
        "{}\n{}",
        message(&error, &folder),
        error.hint().unwrap()
    ));
    assert!(books.submission(id(1)).await.unwrap().is_some());
    books.ping().await.unwrap();
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    assert_eq!(books.claim(&new(2, None)).await.unwrap(), Claim::New);
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let error = Books::open(&folder.path().join("missing/books.sqlite"))
        .await
        .unwrap_err();
    expect!["cannot use this home: the control database `missing/books.sqlite` cannot be opened: it or its folder is missing or read-only"].assert_eq(&message(&error, &folder));
}

#[tokio::test]
async fn closed_books_say_so() {
    let (folder, books) = books().await;
    books.close().await;
    let error = books.claim(&new(1, None)).await.unwrap_err();
    expect!["cannot record the submission: the control database `books.sqlite` is closed"]
        .assert_eq(&message(&error, &folder));
}

/// An answer of SQLite that a test cannot bring about, such as a read-only disk.
#[derive(Debug)]
struct Answer(u32);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.0)
    }
}

impl Error for Answer {}

impl DatabaseError for Answer {
    fn message(&self) -> &str {
        "an answer"
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.0.to_string().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

#[test]
fn each_answer_of_sqlite_says_what_to_do_next() {
    let mut table = String::new();
    for (name, code) in [
        ("SQLITE_BUSY", 5),
        ("SQLITE_BUSY_SNAPSHOT", 517),
        ("SQLITE_READONLY", 8),
        ("SQLITE_READONLY_DBMOVED", 1032),
        ("SQLITE_IOERR_FSYNC", 1034),
        ("SQLITE_CORRUPT", 11),
        ("SQLITE_FULL", 13),
        ("SQLITE_CANTOPEN", 14),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", 1555),
        ("SQLITE_NOTADB", 26),
        ("SQLITE_INTERNAL", 2),
    ] {
        let answer = sqlx::Error::Database(Box::new(Answer(code)));
        let error = BooksError::of("keep the token", Path::new("books.sqlite"), answer);
        table += &format!("{name}: {error}\n");
    }
    expect![[r#"
        SQLITE_BUSY: cannot keep the token: the control database `books.sqlite` is locked by another program
        SQLITE_BUSY_SNAPSHOT: cannot keep the token: the control database `books.sqlite` is locked by another program
        SQLITE_READONLY: cannot keep the token: the control database `books.sqlite` cannot be written: it or its disk is read-only
        SQLITE_READONLY_DBMOVED: cannot keep the token: the control database `books.sqlite` cannot be written: it or its disk is read-only
        SQLITE_IOERR_FSYNC: cannot keep the token: the control database `books.sqlite` cannot be read or written: the disk fails
        SQLITE_CORRUPT: the control database `books.sqlite` is damaged: an answer
        SQLITE_FULL: cannot keep the token: the control database `books.sqlite` cannot grow: the disk is full
        SQLITE_CANTOPEN: cannot keep the token: the control database `books.sqlite` cannot be opened: it or its folder is missing or read-only
        SQLITE_CONSTRAINT_PRIMARYKEY: cannot keep the token: it is there already
        SQLITE_NOTADB: the control database `books.sqlite` is damaged: an answer
        SQLITE_INTERNAL: cannot keep the token: the control database `books.sqlite` does not answer
    "#]].assert_eq(&table);
}
