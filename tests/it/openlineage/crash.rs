//! Runs that are cut off: every beginning has one kind of end, which is what readers see.

use std::collections::{BTreeMap, BTreeSet};

use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::Value;
use service::{ErrorKind, RunRequest, Service, StepState};
use testkit::{Fault, Op};

use super::{
    FIGURE, SQL, are_taken, filing, job, kind, objects, outbox, run, send, submit, told,
    with_two_figures,
};
use crate::home::Fixture;

/// The runs that a published set names.
async fn published(f: &Fixture) -> BTreeSet<String> {
    let mut runs = BTreeSet::new();
    for path in objects(f, "published").await {
        let bytes = f.store.get(&Path::from(path.as_str())).await.unwrap();
        let set: Value = serde_json::from_slice(&bytes.bytes().await.unwrap()).unwrap();
        runs.extend(set["run"].as_str().map(str::to_owned));
    }
    runs
}

/// Each run of a job has a beginning and one kind of end after it; a transformation is complete
/// where its run is published, and nowhere else. Events that come twice are the same.
async fn are_whole(f: &Fixture, events: &[Value], name: &str) {
    let published = published(f).await;
    let mut runs: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for event in events {
        let id = event["run"]["runId"].as_str().unwrap();
        runs.entry(id).or_default().push(event);
    }
    for of in runs.values() {
        let kinds: Vec<&str> = of.iter().map(|event| kind(event)).collect();
        assert_eq!(kinds[0], "START", "{name}: {kinds:?}");
        let ends: BTreeSet<&&str> = kinds.iter().filter(|kind| **kind != "START").collect();
        assert_eq!(ends.len(), 1, "{name}: {} {kinds:?}", job(of[0]));
        let parent = of[0]["run"]["facets"]["parent"]["run"]["runId"].as_str();
        let is_published = published.contains(parent.unwrap());
        let is_complete = kinds.contains(&"COMPLETE");
        assert!(
            !is_complete || is_published,
            "{name}: {} {kinds:?}",
            job(of[0])
        );
        let is_aborted = kinds.contains(&"ABORT");
        assert!(
            !is_aborted || !is_published,
            "{name}: {} {kinds:?}",
            job(of[0])
        );
    }
}

/// The store is out of reach from the n-th write on, for every n until a run meets none of it; for
/// some n where the write happened all the same, or where a transformation fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_off_anywhere_is_told_to_its_end() {
    for (lost, fails, step) in [(false, false, 1), (true, false, 2), (false, true, 3)] {
        for nth in (1..).step_by(step) {
            let name = format!("{nth} lost {lost} fails {fails}");
            let (f, lines) = filing().await;
            with_two_figures(&f).await;
            if fails {
                f.files.edit(SQL, |text| {
                    text.replace("sum(visits.minutes)", "sum(cast(visits.office as bigint))")
                });
                f.files.bless().await;
                f.house.apply(&f.admin).await.unwrap();
            }
            submit(&f, "V-").await;
            // The first one that fails may have happened; after it nothing does.
            let fault = match lost {
                true => Fault::after(Op::Put, ""),
                false => Fault::before(Op::Put, ""),
            };
            f.faults.plan(fault.nth(nth));
            let nothing = Fault::before(Op::Put, "").nth(nth + 1).times(1 << 40);
            f.faults.plan(nothing);
            let answer = f.house.run(&f.admin, RunRequest::default()).await;
            let met = !f.faults.injected().is_empty();
            // What may leave leaves at once, before anybody comes to undo the rest.
            let early = f.house.send_lineage().await.unwrap();
            assert_eq!(early.error, None, "{name}");
            f.faults.forget();
            if let Err(error) = &answer {
                assert!(met, "{name}: {error}");
                assert_eq!(error.kind, ErrorKind::Unavailable, "{name}: {error}");
            }

            let f = f.reopened().await;
            send(&f).await;
            are_whole(&f, &lines.events(), &name).await;
            run(&f).await;
            send(&f).await;
            let events = lines.events();
            are_whole(&f, &events, &name).await;
            assert_eq!(outbox(&f).await, [""; 0], "{name}");
            assert_eq!(f.number(FIGURE).await, if fails { 0 } else { 2 }, "{name}");
            let last = told(&events);
            let end = if fails { "FAIL" } else { "COMPLETE" };
            for (figure, end) in [("visits_by_office", end), ("office_visits", "COMPLETE")] {
                let wanted = format!("{end} served.{figure}");
                let count = last.iter().filter(|of| **of == wanted).count();
                assert!(count > 0, "{name}: {last:?}");
            }
            if !met {
                are_taken(&events);
                assert!(nth > 10, "{nth} writes are too few");
                break;
            }
            if nth % 5 == 0 {
                are_taken(&events);
            }
        }
    }
}

/// Also within one process: the next run undoes what the one before left, and tells that first.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_could_not_publish_is_told_to_be_given_up_by_the_next_one() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    f.faults.plan(Fault::before(Op::Put, "published/"));
    let refused = f.house.run(&f.admin, RunRequest::default()).await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Unavailable);
    f.faults.assert_all_met();
    // Its end is not known yet.
    let sent = send(&f).await;
    assert_eq!((sent.sent, sent.waiting, sent.error), (1, 3, None));
    run(&f).await;
    let sent = send(&f).await;
    assert_eq!((sent.sent, sent.undone, sent.waiting), (6, 3, 0));
    let figure = "served.visits_by_office";
    // Nobody noted that its beginning was kept, so it is told once more.
    let expected = [
        format!("START {figure}"),
        format!("START {figure}"),
        format!("ABORT {figure}"),
        format!("START {figure}"),
        format!("COMPLETE {figure}"),
        format!("START {figure}.rules"),
        format!("COMPLETE {figure}.rules"),
    ];
    assert_eq!(told(&lines.events()), expected);
    are_taken(&lines.events());
    are_whole(&f, &lines.events(), "").await;
}

/// A run publishes nothing that it could not tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_events_cannot_be_kept_publishes_nothing() {
    let (f, lines) = filing().await;
    submit(&f, "V-").await;
    f.faults
        .plan(Fault::before(Op::Put, "outbox/").nth(2).times(1 << 40));
    let refused = f.house.run(&f.admin, RunRequest::default()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable);
    assert!(refused.message.contains("in the outbox"), "{refused}");
    assert!(refused.hint.is_some());
    assert_eq!(f.number(FIGURE).await, 0);
    f.faults.forget();

    // Where the first one cannot be kept, the transformation fails, and that is told.
    f.faults.plan(Fault::before(Op::Put, "outbox/").nth(2));
    let report = run(&f).await;
    assert_eq!(report.steps[0].state, StepState::Failed, "{report:?}");
    assert_eq!(run(&f).await.steps[0].state, StepState::Built);
    send(&f).await;
    let kinds: Vec<String> = told(&lines.events());
    let kinds: Vec<&str> = kinds
        .iter()
        .map(|of| of.split(' ').next().unwrap())
        .collect();
    let expected = [
        "START", "ABORT", "START", "FAIL", "START", "COMPLETE", "START", "COMPLETE",
    ];
    assert_eq!(kinds, expected);
    are_whole(&f, &lines.events(), "").await;
    assert_eq!(f.number(FIGURE).await, 2);
}

/// Whoever undoes a run and tells that is cut off as well, at each of its writes.
#[tokio::test(flavor = "multi_thread")]
async fn who_gives_a_run_up_may_be_cut_off_as_well() {
    for lost in [false, true] {
        for nth in 1..=9 {
            let name = format!("{nth} {lost}");
            let (f, lines) = filing().await;
            with_two_figures(&f).await;
            submit(&f, "V-").await;
            f.faults.plan(Fault::before(Op::Put, "published/"));
            let refused = f.house.run(&f.admin, RunRequest::default()).await;
            assert!(refused.is_err(), "{name}");
            let fault = match lost {
                true => Fault::after(Op::Put, ""),
                false => Fault::before(Op::Put, ""),
            };
            f.faults.plan(fault.nth(nth));
            let nothing = Fault::before(Op::Put, "").nth(nth + 1).times(1 << 40);
            f.faults.plan(nothing);
            let cut = f.house.run(&f.admin, RunRequest::default()).await;
            assert!(cut.is_err(), "{name}");
            send(&f).await;
            f.faults.forget();
            let f = f.reopened().await;
            run(&f).await;
            send(&f).await;
            let events = lines.events();
            are_whole(&f, &events, &name).await;
            let aborts = told(&events);
            let aborts = aborts.iter().filter(|of| of.starts_with("ABORT")).count();
            assert!(aborts >= 2, "{name}");
            assert_eq!(outbox(&f).await, [""; 0], "{name}");
            assert_eq!(f.number(FIGURE).await, 2, "{name}");
        }
    }
}
