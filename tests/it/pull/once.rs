//! Whatever breaks off, and whoever looks at the same time: what was dropped lands once.

use std::fs;

use futures::future::join_all;
use service::{ErrorKind, Page, Service};
use testkit::{Fault, Op};

use super::{FIXED, INBOX, PLACE, all, drop_file, house, inbox, lies, pull, pulled, state, visits};
use crate::home::Fixture;

const BODY: &[(&str, &str, u32)] = &[("V-1", "Ba Đình", 12)];

async fn submissions(f: &Fixture) -> usize {
    let page = Page {
        offset: 0,
        limit: 100,
    };
    f.house.submissions(&f.admin, page).await.unwrap().len()
}

/// Keeps files from being put away: where their folder is to be, lies a file.
fn block(f: &Fixture, folder: &str) {
    fs::write(inbox(f).join(folder).join("done"), "").unwrap();
}

fn unblock(f: &Fixture, folder: &str) {
    fs::remove_file(inbox(f).join(folder).join("done")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_landed_and_could_not_be_put_away_lands_no_second_time() {
    let f = house(INBOX).await;
    drop_file(&f, &format!("{PLACE}/a.csv"), &visits(BODY));
    block(&f, PLACE);
    let broken = pull(&f).await.unwrap();
    assert!(broken.error.unwrap().contains("cannot put away"));
    assert_eq!(all(&f).await, "V-1 12");
    // The process ends without another word, and the next one takes it up.
    let f = f.reopened().await;
    unblock(&f, PLACE);
    let pieces = pulled(&f).await;
    assert!(pieces[0].landed);
    assert_eq!(all(&f).await, "V-1 12");
    assert_eq!(submissions(&f).await, 1);
    let id = pieces[0].submission.unwrap();
    let done = format!("{PLACE}/done/{id}/a.csv");
    assert_eq!(lies(&f), [done.clone(), format!("{done}.receipt.json")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_hand_at_midnight_stays_in_its_period() {
    let f = house(FIXED).await;
    f.clock.set("2026-10-14T16:59:00Z");
    drop_file(&f, "a.csv", &visits(BODY));
    block(&f, "");
    assert!(pull(&f).await.unwrap().error.is_some());
    f.clock.set("2026-10-14T17:10:00Z");
    let f = f.reopened().await;
    unblock(&f, "");
    assert!(pulled(&f).await[0].landed);
    assert_eq!(all(&f).await, "V-1 12");
    assert_eq!(submissions(&f).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_in_the_next_period_is_a_submission_of_that_period() {
    let f = house(FIXED).await;
    // Rows of both periods, of which each takes its own.
    let body = "visit_id,office,visited_at,minutes\n\
                V-1,Huế,2026-09-01T08:30:00+07:00,1\nV-2,Huế,2026-09-20T08:30:00+07:00,2\n";
    for at in ["2026-09-20T03:00:00Z", "2026-10-20T03:00:00Z"] {
        f.clock.set(at);
        drop_file(&f, "a.csv", body);
        let pieces = pulled(&f).await;
        assert!(pieces[0].landed, "{pieces:?}");
    }
    let periods = "select min(_period) || ' ' || max(_period) from raw.visits";
    let told = f.text_at(periods, service::At::Now).await;
    assert_eq!(told, "2026-09 2026-10");
    assert_eq!(all(&f).await, "V-1 1, V-2 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_store_that_fails_is_made_up_for_by_the_next_run() {
    for (op, at) in [
        (Op::Put, "evidence"),
        (Op::Put, "submissions/by-key"),
        (Op::Put, "raw/visits/_delta_log"),
    ] {
        for fault in [Fault::before(op, at), Fault::after(op, at)] {
            let f = house(INBOX).await;
            drop_file(&f, &format!("{PLACE}/a.csv"), &visits(BODY));
            f.faults.plan(fault.times(30));
            let _broken = pull(&f).await.unwrap();
            f.faults.forget();
            let f = f.reopened().await;
            let _rest = pulled(&f).await;
            assert_eq!(all(&f).await, "V-1 12", "{op:?} {at}");
            let names = lies(&f);
            assert_eq!(names.len(), 2, "{op:?} {at}: {names:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_houses_at_one_folder_each_file_lands_once() {
    let f = house(INBOX).await;
    let other = f.beside().await;
    std::os::unix::fs::symlink(inbox(&f), inbox(&other)).unwrap();
    for n in 0..12 {
        let body = visits(&[(&format!("V-{n:02}"), "Huế", n)]);
        drop_file(&f, &format!("{PLACE}/{n}.csv"), &body);
    }
    // Their books know nothing of each other; whoever comes second stops or finds it done.
    for _ in 0..12 {
        join_all([pull(&f), pull(&other)]).await;
        if lies(&f).len() == 24 {
            break;
        }
    }
    assert_eq!(lies(&f).len(), 24, "{:?}", lies(&f));
    assert_eq!(f.number("select count(*) from raw.visits").await, 12);
    assert_eq!(
        f.number("select count(distinct visit_id) from raw.visits")
            .await,
        12
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_runs_is_not_run_beside_itself() {
    let f = house(INBOX).await;
    drop_file(&f, &format!("{PLACE}/a.csv"), &visits(BODY));
    let gate = testkit::Gate::new();
    f.faults
        .plan(Fault::held(Op::Put, "submissions/by-key", &gate));
    let house = std::sync::Arc::clone(&f.house);
    let admin = f.admin.clone();
    let request = service::PullRequest {
        connector: Some("inbox".to_owned()),
        from_start: false,
    };
    let first =
        tokio::runtime::Handle::current().spawn(async move { house.pull(&admin, request).await });
    gate.arrived(1).await;
    assert!(state(&f).await.running);
    let second = pull(&f).await.unwrap_err();
    assert_eq!(second.kind, ErrorKind::Conflict);
    assert!(second.message.contains("runs already"), "{second}");
    assert_eq!(f.house.pull_due().await.unwrap(), []);
    gate.open();
    assert_eq!(first.await.unwrap().unwrap()[0].pieces.len(), 1);
    assert!(!state(&f).await.running);
}
