//! Evidence is marked, kept for so long, and erased: the bytes go, hash, receipt and rows stay.

mod crash;
mod door;
mod marked;
mod nodes;
mod retention;
mod shared;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use service::{
    Ack, AuditRecord, Call, EraseReport, EraseRequest, ErrorKind, Page, Principal, Service,
    ServiceError, Submission, SubmissionId, SubmissionState, SubmitRequest,
};
use sha2::{Digest, Sha256};
use testkit::{Fault, Op};

use crate::home::{Fixture, call, visits};

/// What nobody may find anywhere once it is erased.
const PHONE: &str = "0912345678";

const HEADER: &str = "visit_id,office,visited_at,minutes\n";

/// Two rows that land, and one with a phone number that does not.
fn small(prefix: &str) -> String {
    format!(
        "{HEADER}{prefix}-1,Ba Đình,2026-09-01T08:30:00+07:00,12\n\
         {prefix}-2,Cầu Giấy,2026-09-02T14:15:00+07:00,8\n\
         {prefix}-3,{PHONE},2026-09-02T15:00:00+07:00,5\n"
    )
}

/// The same, too large for a segment.
fn large(prefix: &str) -> String {
    let more = (10..8_000).map(|n| format!("{prefix}-{n},Huế,2026-09-03T09:00:00+07:00,1\n"));
    let body = small(prefix) + &more.collect::<String>();
    assert!(body.len() > 256 << 10, "it fits into a segment");
    body
}

fn key(key: &str) -> SubmitRequest {
    SubmitRequest {
        key: Some(key.to_owned()),
        ..visits()
    }
}

async fn sent(f: &Fixture, request: SubmitRequest, body: &str) -> SubmissionId {
    let answer = f.submit_this(&f.admin, request, body).await;
    answer.unwrap().receipt.id
}

fn request(id: SubmissionId, others: bool) -> EraseRequest {
    EraseRequest {
        id,
        reason: "sent by mistake".to_owned(),
        others,
    }
}

async fn erase(f: &Fixture, id: SubmissionId) -> Result<EraseReport, ServiceError> {
    f.house.erase(&f.admin, request(id, false)).await
}

async fn with_others(f: &Fixture, id: SubmissionId) -> Result<EraseReport, ServiceError> {
    f.house.erase(&f.admin, request(id, true)).await
}

async fn of(f: &Fixture, id: SubmissionId) -> Submission {
    f.house.submission(&f.admin, id).await.unwrap()
}

/// What was received.
async fn read(f: &Fixture, id: SubmissionId) -> Result<String, ServiceError> {
    let evidence = f.house.evidence(&f.admin, id).await?;
    let parts: Vec<_> = evidence.bytes.try_collect().await.unwrap();
    Ok(String::from_utf8(parts.concat()).unwrap())
}

#[track_caller]
fn is_gone(read: Result<String, ServiceError>) {
    let error = read.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Gone, "{error}");
    let told = "was erased at 20";
    assert!(error.message.contains(told), "{error}");
    assert!(
        error.message.ends_with("by `operator`: sent by mistake"),
        "{error}"
    );
}

/// The objects outside of tables that hold the text, in any place.
async fn traces(f: &Fixture, text: &str) -> Vec<String> {
    let listed: Vec<_> = f.store.list(None).try_collect().await.unwrap();
    let mut found = Vec::new();
    for meta in listed {
        let object = f.store.get(&meta.location).await.unwrap();
        let bytes = object.bytes().await.unwrap();
        let holds = bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes());
        if holds && !meta.location.as_ref().starts_with("delta/") {
            found.push(meta.location.to_string());
        }
    }
    found
}

async fn rows(f: &Fixture) -> i64 {
    f.number("select count(*) from raw.visits").await
}

async fn journal(f: &Fixture) -> Vec<AuditRecord> {
    let page = Page {
        offset: 0,
        limit: 1000,
    };
    f.house.audit_entries(&f.admin, page).await.unwrap()
}

async fn the_bytes_go_and_hash_receipt_and_rows_stay(f: Fixture) {
    for (name, body) in [("small", small("S")), ("large", large("L"))] {
        let id = sent(&f, key(name), &body).await;
        let (before, landed) = (of(&f, id).await, rows(&f).await);
        assert_eq!(read(&f, id).await.unwrap(), body);
        assert_eq!(traces(&f, PHONE).await.len(), 1, "{name}");

        let report = erase(&f, id).await.unwrap();
        assert_eq!(report.submissions, [id]);
        let hash = hex::encode(Sha256::digest(&body));
        assert_eq!(
            (&report.sha256, report.size_bytes),
            (&hash, body.len() as u64)
        );
        assert_eq!(report.rows_landed, before.receipt.rows.landed);
        is_gone(read(&f, id).await);
        assert_eq!(traces(&f, PHONE).await, [""; 0], "{name}");
        assert_eq!(rows(&f).await, landed);
        let after = of(&f, id).await;
        assert_eq!(after.erased, Some(report.erasure.clone()));
        let unerased = Submission {
            erased: None,
            ..after
        };
        assert_eq!(unerased, before);

        // The same key gives the same receipt, and nothing is kept by asking.
        let replay = f.submit_this(&f.admin, key(name), &body).await.unwrap();
        assert!(replay.replayed, "{name}");
        assert_eq!(
            (replay.receipt, replay.sealed),
            (before.receipt, before.sealed)
        );
        assert_eq!(traces(&f, PHONE).await, [""; 0], "{name}");
        // Asked again, it is told as the first time.
        assert_eq!(erase(&f, id).await.unwrap(), report);
    }
    let f = f.reopened().await;
    assert_eq!(traces(&f, PHONE).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_the_bytes_go_and_hash_receipt_and_rows_stay() {
    the_bytes_go_and_hash_receipt_and_rows_stay(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_the_bytes_go_and_hash_receipt_and_rows_stay() {
    the_bytes_go_and_hash_receipt_and_rows_stay(Fixture::on_s3().await).await;
}

/// The entries of every segment by name; a checksum that is not that of its bytes is an error.
async fn entries(f: &Fixture) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::from("evidence/segments");
    let listed: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    let mut entries = BTreeMap::new();
    for meta in listed {
        let object = f.store.get(&meta.location).await.unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(object.bytes().await.unwrap())).unwrap();
        for at in 0..archive.len() {
            let mut entry = archive.by_index(at).unwrap();
            let mut body = Vec::new();
            entry.read_to_end(&mut body).unwrap();
            entries.insert(entry.name().unwrap().into_owned(), body);
        }
    }
    entries
}

async fn a_body_in_a_segment_is_zeros_and_its_neighbours_are_what_they_were(f: Fixture) {
    let bodies: Vec<String> = (0..8).map(|n| small(&format!("N{n}"))).collect();
    let ids = join_all(bodies.iter().map(|body| sent(&f, visits(), body))).await;
    erase(&f, ids[3]).await.unwrap();
    erase(&f, ids[6]).await.unwrap();
    let entries = entries(&f).await;
    assert_eq!(entries.len(), bodies.len());
    for (n, (id, body)) in ids.iter().zip(&bodies).enumerate() {
        let kept = &entries[&hex::encode(Sha256::digest(body))];
        if n == 3 || n == 6 {
            is_gone(read(&f, *id).await);
            assert_eq!(*kept, vec![0; body.len()]);
        } else {
            assert_eq!(read(&f, *id).await.unwrap(), *body);
            assert_eq!(kept, body.as_bytes());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_a_body_in_a_segment_is_zeros_and_its_neighbours_are_what_they_were() {
    let f = Fixture::on_disk().await;
    a_body_in_a_segment_is_zeros_and_its_neighbours_are_what_they_were(f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_a_body_in_a_segment_is_zeros_and_its_neighbours_are_what_they_were() {
    let f = Fixture::on_s3().await;
    a_body_in_a_segment_is_zeros_and_its_neighbours_are_what_they_were(f).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_decided_is_not_erased() {
    let f = Fixture::on_disk().await;
    let never = Fault::before(Op::Put, "raw/visits/_delta_log").times(1000);
    f.faults.plan(never);
    let error = f.submit(&small("D"), Some("k")).await.unwrap_err();
    let id = error.submission.unwrap();
    let refused = erase(&f, id).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(refused.message.contains("is not decided yet"), "{refused}");
    assert!(refused.hint.unwrap().contains("committed or refused"));
    assert_eq!(of(&f, id).await.state, SubmissionState::Durable);
    assert_eq!(read(&f, id).await.unwrap(), small("D"));
    // It is landed on start, and can be erased then.
    let f = f.reopened().await;
    assert_eq!(of(&f, id).await.state, SubmissionState::Committed);
    erase(&f, id).await.unwrap();
    is_gone(read(&f, id).await);
}

async fn as_role(f: &Fixture, role: &str, agency: Option<&str>) -> Call {
    let principal = Principal {
        name: role.to_owned(),
        role: role.to_owned(),
        agency: agency.map(|code| code.parse().unwrap()),
    };
    let token = f.house.create_token(&f.admin, &principal).await;
    call(&token.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_erases_and_never_whoever_sent_it() {
    let f = Fixture::on_disk().await;
    let submitter = as_role(&f, "submitter", Some("H26")).await;
    let answer = f.submit_this(&submitter, visits(), &small("R")).await;
    let id = answer.unwrap().receipt.id;
    let mut callers = vec![submitter, as_role(&f, "official", Some("H26")).await];
    for role in ["analyst", "data_engineer", "operator", "auditor"] {
        callers.push(as_role(&f, role, None).await);
    }
    for caller in &callers {
        let refused = f.house.erase(caller, request(id, false)).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Forbidden, "{refused}");
    }
    assert_eq!(read(&f, id).await.unwrap(), small("R"));
    let denied = journal(&f).await;
    let denied = denied.iter().filter(|one| one.action == "erase");
    let outcomes: Vec<&str> = denied.map(|one| one.outcome.as_str()).collect();
    assert_eq!(outcomes, vec!["denied"; callers.len()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_an_erasure_is_checked() {
    let f = Fixture::on_disk().await;
    let id = sent(&f, visits(), &small("C")).await;
    let unknown = "0192f0c1-0000-7000-8000-0000000000ff".parse().unwrap();
    let refused = erase(&f, unknown).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound, "{refused}");
    let long = "x".repeat(1001);
    let personal = format!("the phone {PHONE} was sent");
    for reason in ["", " \n", &long, &personal] {
        let asked = EraseRequest {
            reason: reason.to_owned(),
            ..request(id, false)
        };
        let refused = f.house.erase(&f.admin, asked).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Invalid, "{refused}");
        assert!(!refused.message.contains(PHONE) && refused.hint.is_some());
    }
    assert_eq!(read(&f, id).await.unwrap(), small("C"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_tells_of_it_and_holds_no_value_of_it() {
    let f = Fixture::on_disk().await;
    let id = sent(&f, visits(), &small("J")).await;
    let personal = EraseRequest {
        reason: format!("{PHONE} asked for it"),
        ..request(id, false)
    };
    f.house.erase(&f.admin, personal).await.unwrap_err();
    erase(&f, id).await.unwrap();
    let entries = journal(&f).await;
    let told: Vec<_> = entries.iter().filter(|one| one.action == "erase").collect();
    let phases: Vec<_> = told
        .iter()
        .rev()
        .map(|one| (one.phase.as_str(), one.outcome.as_str()))
        .collect();
    let expected = [
        ("attempt", "allowed"),
        ("effect", "failed"),
        ("attempt", "allowed"),
        ("effect", "done"),
    ];
    assert_eq!(phases, expected);
    assert!(
        told[0].detail.contains(&id.to_string()),
        "{}",
        told[0].detail
    );
    assert!(
        told[1].detail.contains("sent by mistake"),
        "{}",
        told[1].detail
    );
    for entry in &entries {
        assert!(!format!("{entry:?}").contains(PHONE), "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_landed_afterwards_can_be_erased_when_it_is() {
    let f = Fixture::on_disk().await;
    let durable = SubmitRequest {
        ack: Ack::Durable,
        ..key("later")
    };
    let id = sent(&f, durable, &small("A")).await;
    while of(&f, id).await.state == SubmissionState::Durable {
        tokio::task::yield_now().await;
    }
    erase(&f, id).await.unwrap();
    is_gone(read(&f, id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_evidence_is_gone_are_passed_over_by_a_release() {
    let f = Fixture::on_disk().await;
    let body = format!(
        "{HEADER}V-1,Huế,2026-09-01T08:30:00+07:00,12\n\
        V-2,Huế,2026-09-01T08:30:00+07:00,650\n"
    );
    let id = sent(&f, visits(), &body).await;
    erase(&f, id).await.unwrap();
    f.files.edit("warehouse/raw/visits.odcs.yaml", |text| {
        let text = text.replace("maximum: 600", "maximum: 700");
        text.replace("version: 1.0.0", "version: 1.1.0")
    });
    f.house.apply(&f.admin).await.unwrap();
    let release = service::ReleaseRequest {
        dataset: "raw.visits".parse().unwrap(),
        agency: None,
        period: None,
        submission: None,
    };
    let report = f.house.release(&f.admin, release).await.unwrap();
    let [of] = &report.submissions[..] else {
        panic!("{report:?}")
    };
    assert_eq!((of.submission, of.released), (id, 0));
    let why = of.passed_over.as_deref().unwrap();
    assert!(why.starts_with("its evidence was erased at"), "{why}");
    assert_eq!(rows(&f).await, 1);
    // The refused rows are a file as before: it is made of the quarantine.
    let file = f
        .house
        .quarantine_file(&f.admin, id, service::QuarantineFormat::Csv, "en");
    let parts: Vec<_> = file.await.unwrap().bytes.collect().await;
    assert!(parts.iter().all(Result::is_ok));
}
