//! Two nodes on one store and one database of PostgreSQL, which erase the same bytes at the same
//! time.

use std::io::Cursor;

use chrono::TimeDelta;
use futures::TryStreamExt;
use futures::future::join_all;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::Value;
use service::{EraseReport, ErrorKind, ServiceError};
use sha2::{Digest, Sha256};
use testkit::{Fault, Gate, Op};

use super::retention::{maintained, steps};
use super::{PHONE, entries, erase, is_gone, journal, large, of, read, rows, sent, small, traces};
use crate::home::{Fixture, Setup, visits};

async fn nodes() -> (Fixture, Fixture) {
    let database = tokio::task::spawn_blocking(|| testkit::postgres::database("erase"));
    let setup = Setup {
        database: Some(database.await.unwrap()),
        ..Setup::default()
    };
    let one = Fixture::with(setup).await;
    let other = one.beside().await;
    (one, other)
}

/// What the tombstones on the store say, in their order.
async fn tombstones(f: &Fixture) -> Vec<Value> {
    let folder = Path::from("evidence/erased");
    let mut listed: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    listed.sort_by(|a, b| a.location.cmp(&b.location));
    let mut all = Vec::new();
    for meta in listed {
        let bytes = f.store.get(&meta.location).await.unwrap().bytes().await;
        all.push(serde_json::from_slice(&bytes.unwrap()).unwrap());
    }
    all
}

/// How the acts of erasing ended at a node, the oldest first.
async fn acts(f: &Fixture) -> Vec<String> {
    let entries = journal(f).await.into_iter().rev();
    let effects = entries.filter(|one| one.action == "erase" && one.phase == "effect");
    effects.map(|one| one.outcome).collect()
}

#[track_caller]
fn is_told_of_the_other(refused: &ServiceError) {
    assert_eq!(refused.kind, ErrorKind::Unavailable, "{refused}");
    let told = "are being erased by another node, for `operator` since 2026-09-20T";
    assert!(refused.message.contains(told), "{refused}");
    let hint = refused.hint.as_deref().unwrap();
    assert!(hint.starts_with("Ask again in a moment"), "{hint}");
}

/// Where an erasure stands when its first byte is about to go.
fn first_byte(body: &str, gate: &Gate) -> Fault {
    match body.len() < 10_000 {
        true => Fault::held(Op::Put, "evidence/segments", gate),
        false => Fault::held(Op::Delete, "evidence/sha256", gate),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_beaten_to_the_tombstone_is_told_what_the_other_did() {
    for body in [small("B"), large("B")] {
        let (one, other) = nodes().await;
        let id = sent(&one, visits(), &body).await;
        let landed = rows(&one).await;
        // It has looked, found nobody, and puts its tombstone.
        let gate = Gate::new();
        one.faults
            .plan(Fault::held(Op::Put, "evidence/erased", &gate));
        let overtaking = async {
            gate.arrived(1).await;
            let report = erase(&other, id).await.unwrap();
            gate.open();
            report
        };
        let (beaten, report) = tokio::join!(erase(&one, id), overtaking);
        assert_eq!(beaten.unwrap(), report);
        let [tomb] = &tombstones(&one).await[..] else {
            panic!("one erasure has one tombstone")
        };
        assert_eq!(tomb["state"], "done", "{tomb}");
        assert_eq!(tomb["submissions"], serde_json::json!([id.to_string()]));
        for node in [&one, &other] {
            assert_eq!(acts(node).await, ["done"]);
            is_gone(read(node, id).await);
            assert_eq!(of(node, id).await.erased.unwrap(), report.erasure);
            assert_eq!(rows(node).await, landed);
        }
        assert_eq!(traces(&one, PHONE).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_the_bytes_go_is_told_so_and_then_what_became_of_it() {
    for body in [small("W"), large("W")] {
        let (one, other) = nodes().await;
        let id = sent(&one, visits(), &body).await;
        let gate = Gate::new();
        one.faults.plan(first_byte(&body, &gate));
        let coming = async {
            gate.arrived(1).await;
            let refused = erase(&other, id).await.unwrap_err();
            let was = (of(&other, id).await.erased, tombstones(&other).await);
            gate.open();
            (refused, was)
        };
        let (report, (refused, (erased, tombs))) = tokio::join!(erase(&one, id), coming);
        is_told_of_the_other(&refused);
        assert_eq!((erased, tombs.len()), (None, 1));
        assert_eq!(tombs[0]["state"], "pending");
        let report = report.unwrap();
        assert_eq!(erase(&other, id).await.unwrap(), report);
        let tombs = tombstones(&one).await;
        assert_eq!((tombs.len(), &tombs[0]["state"]), (1, &"done".into()));
        assert_eq!(acts(&one).await, ["done"]);
        assert_eq!(acts(&other).await, ["failed", "done"]);
        is_gone(read(&other, id).await);
        assert_eq!(traces(&one, PHONE).await, [""; 0]);
    }
}

/// The one that is at it still gives up when the same bytes come: had the other finished for it,
/// they would be gone and nobody would say so.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_gives_up_no_other_has_finished_for_it() {
    let body = large("G");
    let (one, other) = nodes().await;
    let id = sent(&one, visits(), &body).await;
    let gate = Gate::new();
    // It is kept and in the books, and its claim does not come through.
    one.faults
        .plan(Fault::held(Op::Put, "submissions/by-key", &gate));
    let second = one.submit_this(&one.admin, super::key("again"), &body);
    let erasing = async {
        gate.arrived(1).await;
        let given_up = super::with_others(&one, id).await.unwrap_err();
        let refused = super::with_others(&other, id).await.unwrap_err();
        gate.open();
        (given_up, refused)
    };
    let (second, (given_up, refused)) = tokio::join!(second, erasing);
    let second = second.unwrap().receipt.id;
    assert_eq!(given_up.kind, ErrorKind::Conflict, "{given_up}");
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    for node in [&one, &other] {
        assert_eq!(read(node, id).await.unwrap(), body);
        assert_eq!(read(node, second).await.unwrap(), body);
        assert_eq!(acts(node).await, ["failed"]);
    }
    let report = super::with_others(&other, id).await.unwrap();
    assert_eq!(report.submissions.len(), 2);
    is_gone(read(&one, second).await);
    assert_eq!(traces(&one, PHONE).await, [""; 0]);
}

/// The other node has looked for tombstones, and its books do not know the body yet: nobody sees
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_another_node_keeps_while_its_bytes_are_erased_is_kept_anew() {
    let body = large("K");
    let (one, other) = nodes().await;
    let first = sent(&one, visits(), &body).await;
    let gate = Gate::new();
    other
        .faults
        .plan(Fault::held(Op::Head, "evidence/sha256", &gate));
    let erasing = async {
        gate.arrived(1).await;
        erase(&one, first).await.unwrap();
        gate.open();
    };
    let second = sent(&other, super::key("again"), &body);
    let (second, ()) = tokio::join!(second, erasing);
    is_gone(read(&other, first).await);
    for node in [&one, &other] {
        // The erasure, asked for again, does not reach it.
        erase(node, first).await.unwrap();
        assert_eq!(read(node, second).await.unwrap(), body);
    }
    erase(&one, second).await.unwrap();
    assert_eq!(traces(&one, PHONE).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_of_a_node_that_died_is_taken_up_by_the_other_later() {
    for body in [small("D"), large("D")] {
        let (one, other) = nodes().await;
        let id = sent(&one, visits(), &body).await;
        // The tombstone is put, and nothing behind it goes through.
        one.faults
            .plan(Fault::before(Op::Put, "segments").times(99));
        one.faults
            .plan(Fault::before(Op::Delete, "sha256").times(99));
        let cut = erase(&one, id).await.unwrap_err();
        assert_eq!(cut.kind, ErrorKind::Unavailable, "{cut}");
        assert_eq!(read(&other, id).await.unwrap(), body);
        is_told_of_the_other(&erase(&other, id).await.unwrap_err());
        assert_eq!(read(&other, id).await.unwrap(), body);

        one.clock.advance(TimeDelta::minutes(9));
        is_told_of_the_other(&erase(&other, id).await.unwrap_err());
        one.clock.advance(TimeDelta::minutes(2));
        let report = erase(&other, id).await.unwrap();
        assert_eq!(report.submissions, [id]);
        assert_eq!(tombstones(&one).await.len(), 1);
        // Whoever began it, and did not die after all, is told the same.
        one.faults.forget();
        assert_eq!(erase(&one, id).await.unwrap(), report);
        assert_eq!(traces(&one, PHONE).await, [""; 0]);
    }
}

/// A node that failed on the way knows that nobody else is at its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_node_that_failed_goes_on_at_once_when_it_is_asked_again() {
    for lost in [
        Fault::before(Op::Delete, "evidence/sha256").times(99),
        Fault::after(Op::Put, "evidence/erased").times(99),
    ] {
        let body = large("F");
        let (one, _other) = nodes().await;
        let id = sent(&one, visits(), &body).await;
        one.faults.plan(lost);
        erase(&one, id).await.unwrap_err();
        one.faults.forget();
        erase(&one, id).await.unwrap();
        is_gone(read(&one, id).await);
        assert_eq!(tombstones(&one).await.len(), 1);
        assert_eq!(traces(&one, PHONE).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_two_erasers_run_together_there_is_one_erasure() {
    let (one, other) = nodes().await;
    let (mut both, mut told) = (0, 0);
    for n in 0..12 {
        let body = match n % 2 {
            0 => small(&format!("T{n}")),
            _ => large(&format!("T{n}")),
        };
        let id = sent(&one, visits(), &body).await;
        let (first, second) = tokio::join!(erase(&one, id), erase(&other, id));
        let mut reports: Vec<EraseReport> = Vec::new();
        for answer in [first, second] {
            match answer {
                Ok(report) => reports.push(report),
                Err(refused) => {
                    is_told_of_the_other(&refused);
                    told += 1;
                }
            }
        }
        both += usize::from(reports.len() == 2);
        let erasure = of(&one, id).await.erased.unwrap();
        assert!(!reports.is_empty(), "nobody erased it");
        assert!(reports.iter().all(|report| report.erasure == erasure));
        assert_eq!(tombstones(&one).await.len(), n + 1);
        assert_eq!(erase(&other, id).await.unwrap().erasure, erasure);
        is_gone(read(&other, id).await);
        assert_eq!(traces(&one, PHONE).await, [""; 0]);
    }
    assert_eq!(both + told, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_retention_is_erased_once_by_two_nodes_that_maintain() {
    let (one, other) = nodes().await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(sent(&one, visits(), &small(&format!("M{n}"))).await);
    }
    one.clock.advance(TimeDelta::days(731));
    let young = sent(&one, visits(), &small("Y")).await;
    assert_eq!(steps(&one, false).await[0].files_removed, 20);
    let (first, second) = tokio::join!(steps(&one, true), steps(&other, true));
    let both = [first, second].concat();
    assert!(both.iter().all(maintained), "{both:?}");
    let removed: u64 = both.iter().map(|step| step.files_removed).sum();
    assert_eq!(removed, 20, "each is told by whoever erased it");
    assert_eq!(tombstones(&one).await.len(), 20);
    for id in ids {
        assert_eq!(read(&other, id).await.unwrap_err().kind, ErrorKind::Gone);
    }
    assert_eq!(read(&other, young).await.unwrap(), small("Y"));
    assert_eq!(steps(&one, true).await, []);
}

/// The bodies of a segment that has several, by the names in its directory.
async fn neighbours(f: &Fixture) -> Vec<String> {
    let folder = Path::from("evidence/segments");
    let listed: Vec<_> = f.store.list(Some(&folder)).try_collect().await.unwrap();
    for meta in listed {
        let object = f.store.get(&meta.location).await.unwrap();
        let bytes = Cursor::new(object.bytes().await.unwrap());
        let archive = zip::ZipArchive::new(bytes).unwrap();
        if archive.len() > 1 {
            let names = archive.file_names().map(|name| name.unwrap().into_owned());
            return names.collect();
        }
    }
    panic!("no two bodies share a segment");
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_in_a_segment_that_two_nodes_erase_at_once_are_both_gone() {
    let (one, other) = nodes().await;
    let bodies: Vec<String> = (0..24).map(|n| small(&format!("N{n}"))).collect();
    let ids = join_all(bodies.iter().map(|body| sent(&one, visits(), body))).await;
    let shared = neighbours(&one).await;
    let is_in = |n: &usize| shared.contains(&hex::encode(Sha256::digest(&bodies[*n])));
    let together: Vec<usize> = (0..24).filter(is_in).collect();
    let (first, second) = (together[0], together[1]);
    // It has read the segment, and is about to write it without the first.
    let gate = Gate::new();
    one.faults
        .plan(Fault::held(Op::Put, "evidence/segments", &gate));
    let overtaking = async {
        gate.arrived(1).await;
        erase(&other, ids[second]).await.unwrap();
        gate.open();
    };
    let (erased, ()) = tokio::join!(erase(&one, ids[first]), overtaking);
    erased.unwrap();
    let entries = entries(&one).await;
    for (n, (id, body)) in ids.iter().zip(&bodies).enumerate() {
        let kept = &entries[&hex::encode(Sha256::digest(body))];
        if n == first || n == second {
            is_gone(read(&one, *id).await);
            assert_eq!(*kept, vec![0; body.len()], "{n}");
        } else {
            assert_eq!(read(&other, *id).await.unwrap(), *body);
            assert_eq!(kept, body.as_bytes(), "{n}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_that_another_node_has_overtaken_counts_nothing_as_its_own() {
    let (one, other) = nodes().await;
    for n in 0..3 {
        sent(&one, visits(), &small(&format!("V{n}"))).await;
    }
    one.clock.advance(TimeDelta::days(731));
    // It knows what is due, and is about to begin.
    let gate = Gate::new();
    one.faults
        .plan(Fault::held(Op::Put, "evidence/erased", &gate));
    let overtaking = async {
        gate.arrived(1).await;
        let steps = steps(&other, true).await;
        gate.open();
        steps
    };
    let (overtaken, done) = tokio::join!(steps(&one, true), overtaking);
    let counts = |steps: &[service::MaintenanceStep]| {
        assert!(steps.iter().all(maintained), "{steps:?}");
        let files = steps.iter().map(|step| step.files_removed);
        let bytes = steps.iter().map(|step| step.bytes_removed);
        (files.sum::<u64>(), bytes.sum::<u64>())
    };
    assert_eq!(counts(&done), (3, 3 * small("V0").len() as u64));
    assert_eq!(counts(&overtaken), (0, 0));
    assert_eq!(tombstones(&one).await.len(), 3);
}
