//! Bytes that came more than once: together erased, sent again, on their way meanwhile.

use service::{ErrorKind, SubmissionId, SubmissionState};
use testkit::{Fault, Gate, Op};

use super::{
    PHONE, entries, erase, is_gone, key, large, of, read, sent, small, traces, with_others,
};
use crate::home::{Fixture, visits};

async fn the_same_bytes_of_others_take_consent_and_go_for_all(f: Fixture) {
    for body in [small("T"), large("U")] {
        let first = sent(&f, visits(), &body).await;
        let second = sent(&f, visits(), &body).await;
        let refused = erase(&f, first).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
        assert!(
            refused.message.contains(&format!("`{second}`")),
            "{refused}"
        );
        assert!(refused.hint.unwrap().contains("`others`"));
        assert_eq!(read(&f, first).await.unwrap(), body);
        assert_eq!(read(&f, second).await.unwrap(), body);

        let report = with_others(&f, second).await.unwrap();
        assert_eq!(report.submissions, [second, first]);
        assert_eq!(
            report.rows_landed,
            2 * of(&f, first).await.receipt.rows.landed
        );
        is_gone(read(&f, first).await);
        is_gone(read(&f, second).await);
        // Whoever asks for the other is told of both.
        assert_eq!(erase(&f, first).await.unwrap().submissions, [first, second]);
        assert_eq!(traces(&f, PHONE).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_the_same_bytes_of_others_take_consent_and_go_for_all() {
    the_same_bytes_of_others_take_consent_and_go_for_all(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_the_same_bytes_of_others_take_consent_and_go_for_all() {
    the_same_bytes_of_others_take_consent_and_go_for_all(Fixture::on_s3().await).await;
}

async fn the_same_body_sent_after_an_erasure_is_new_evidence(f: Fixture) {
    for body in [small("X"), large("Y")] {
        let first = sent(&f, visits(), &body).await;
        erase(&f, first).await.unwrap();
        let second = sent(&f, visits(), &body).await;
        assert_eq!(read(&f, second).await.unwrap(), body);
        is_gone(read(&f, first).await);
        // The first erasure, asked for again, does not reach what came after it.
        assert_eq!(erase(&f, first).await.unwrap().submissions, [first]);
        assert_eq!(read(&f, second).await.unwrap(), body);
        assert_eq!(erase(&f, second).await.unwrap().submissions, [second]);
        is_gone(read(&f, second).await);
        let third = sent(&f, visits(), &body).await;
        assert_eq!(read(&f, third).await.unwrap(), body);
        erase(&f, third).await.unwrap();
        assert_eq!(traces(&f, PHONE).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_disk_the_same_body_sent_after_an_erasure_is_new_evidence() {
    the_same_body_sent_after_an_erasure_is_new_evidence(Fixture::on_disk().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_s3_the_same_body_sent_after_an_erasure_is_new_evidence() {
    the_same_body_sent_after_an_erasure_is_new_evidence(Fixture::on_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_on_its_way_with_the_same_bytes_is_not_lost() {
    for (name, body) in [("small", small("W")), ("large", large("W"))] {
        let f = Fixture::on_disk().await;
        let first = sent(&f, visits(), &body).await;
        // It is kept, and its claim does not come through.
        let gate = Gate::new();
        f.faults
            .plan(Fault::held(Op::Put, "submissions/by-key", &gate));
        let second = f.submit_this(&f.admin, key(name), &body);
        let erasing = async {
            gate.arrived(1).await;
            let refused = with_others(&f, first).await.unwrap_err();
            gate.open();
            refused
        };
        let (second, refused) = tokio::join!(second, erasing);
        assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
        let second = second.unwrap().receipt.id;
        assert_eq!(read(&f, second).await.unwrap(), body, "{name}");
        assert_eq!(read(&f, first).await.unwrap(), body, "{name}");
        with_others(&f, first).await.unwrap();
        is_gone(read(&f, second).await);
        assert_eq!(traces(&f, PHONE).await, [""; 0], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_being_kept_is_seen_before_the_books_know_it() {
    let f = Fixture::on_disk().await;
    let body = large("H");
    let first = sent(&f, visits(), &body).await;
    // It looks whether the bytes are there; to be told so and then to find them gone would not do.
    let gate = Gate::new();
    f.faults
        .plan(Fault::held(Op::Head, "evidence/sha256", &gate));
    let erasing = async {
        gate.arrived(1).await;
        let refused = erase(&f, first).await.unwrap_err();
        gate.open();
        refused
    };
    let second = sent(&f, key("again"), &body);
    let (second, refused) = tokio::join!(second, erasing);
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(refused.message.contains("came again"), "{refused}");
    for id in [first, second] {
        assert_eq!(read(&f, id).await.unwrap(), body);
    }
    with_others(&f, first).await.unwrap();
    is_gone(read(&f, second).await);
    assert_eq!(traces(&f, PHONE).await, [""; 0]);
}

/// The same bytes come and land between the look at who has them and the tombstone.
async fn overtaken(f: &Fixture, body: &str, cut: bool) -> (SubmissionId, SubmissionId) {
    let first = sent(f, visits(), body).await;
    let gate = Gate::new();
    f.faults
        .plan(Fault::held(Op::Put, "evidence/erased", &gate));
    let coming = async {
        gate.arrived(1).await;
        let second = sent(f, key("again"), body).await;
        if cut {
            f.faults
                .plan(Fault::before(Op::Get, "submissions").times(99));
        }
        gate.open();
        second
    };
    let (refused, second) = tokio::join!(erase(f, first), coming);
    let refused = refused.unwrap_err();
    let kind = match cut {
        true => ErrorKind::Unavailable,
        false => ErrorKind::Conflict,
    };
    assert_eq!(refused.kind, kind, "{refused}");
    (first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_landed_before_the_tombstone_is_not_taken_by_it() {
    let body = large("O");
    for cut in [false, true] {
        let f = Fixture::on_disk().await;
        let (first, second) = overtaken(&f, &body, cut).await;
        // Nor by the start that finds an erasure unfinished.
        let f = f.reopened().await;
        for id in [first, second] {
            assert_eq!(read(&f, id).await.unwrap(), body);
            assert_eq!(of(&f, id).await.erased, None);
        }
        with_others(&f, first).await.unwrap();
        is_gone(read(&f, second).await);
        assert_eq!(traces(&f, PHONE).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_while_its_bytes_are_erased_is_kept_anew() {
    for (name, body) in [("small", small("Z")), ("large", large("Z"))] {
        let f = Fixture::on_disk().await;
        let first = sent(&f, visits(), &body).await;
        // The tombstone is there, and the bytes have not gone yet.
        let gate = Gate::new();
        let op = if name == "small" { Op::Get } else { Op::Delete };
        let part = if name == "small" {
            "evidence/segments"
        } else {
            "evidence/sha256"
        };
        f.faults.plan(Fault::held(op, part, &gate));
        let coming = async {
            gate.arrived(1).await;
            let second = sent(&f, key(name), &body).await;
            gate.open();
            second
        };
        let (erased, second) = tokio::join!(erase(&f, first), coming);
        erased.unwrap();
        is_gone(read(&f, first).await);
        assert_eq!(read(&f, second).await.unwrap(), body, "{name}");
        // Nor is it when the house is opened again.
        let f = f.reopened().await;
        assert_eq!(read(&f, second).await.unwrap(), body, "{name}");
        assert_eq!(of(&f, second).await.state, SubmissionState::Committed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_was_kept_and_never_claimed_goes_with_the_others() {
    let f = Fixture::on_disk().await;
    let body = small("O");
    f.faults.plan(Fault::before(Op::Put, "submissions/by-key"));
    f.submit_this(&f.admin, key("lost"), &body)
        .await
        .unwrap_err();
    let f = f.reopened().await;
    let id = sent(&f, key("lost"), &body).await;
    assert_eq!(traces(&f, PHONE).await.len(), 2);
    // The stray is old enough to be nobody's that is on its way.
    f.clock.advance(chrono::TimeDelta::days(3650));
    erase(&f, id).await.unwrap();
    is_gone(read(&f, id).await);
    assert_eq!(traces(&f, PHONE).await, [""; 0]);
    assert!(entries(&f).await.values().flatten().all(|byte| *byte == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_are_made_again_know_of_marks_and_erasures_by_the_store() {
    for (name, body) in [("small", small("B")), ("large", large("B"))] {
        let f = Fixture::on_disk().await;
        let id = sent(&f, key(name), &body).await;
        let before = of(&f, id).await;
        erase(&f, id).await.unwrap();
        // Its books are empty; the key and the body lead to what the store knows.
        let other = f.beside().await;
        let answer = other.submit_this(&other.admin, key(name), &body).await;
        assert_eq!(answer.unwrap().receipt.id, id);
        let again = of(&other, id).await;
        assert_eq!(again.restricted, before.restricted);
        assert!(again.erased.is_some(), "{name}");
        is_gone(read(&other, id).await);
        assert_eq!(traces(&f, PHONE).await, [""; 0], "{name}");
    }
}
