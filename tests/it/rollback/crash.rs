//! A rollback that is cut off, or meets another node: readers see all of one set, and it is
//! finished by whoever comes next.

use service::{At, ErrorKind, RunRequest, Service, StepState};
use testkit::{Fault, Op};

use super::{figures, published_is_newest, roll_back, run, submitted_and_run, with_two_figures};
use crate::home::Fixture;

/// A house with two runs, of which the second is to be undone.
async fn ran_twice() -> (Fixture, String) {
    let f = with_two_figures(Fixture::on_disk().await).await;
    submitted_and_run(&f, "V-").await;
    let second = submitted_and_run(&f, "W-").await;
    (f, second)
}

/// The store is out of reach from the n-th write on, for every n until a rollback meets none of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_cut_off_anywhere_is_finished_on_start() {
    for lost in [false, true] {
        for nth in 1.. {
            let (f, second) = ran_twice().await;
            // The first one that fails may have happened; after it nothing does.
            let fault = if lost {
                Fault::after(Op::Put, "")
            } else {
                Fault::before(Op::Put, "")
            };
            f.faults.plan(fault.nth(nth));
            let nothing = Fault::before(Op::Put, "").nth(nth + 1).times(1 << 40);
            f.faults.plan(nothing);
            let answer = roll_back(&f, &second).await;
            let met = !f.faults.injected().is_empty();
            f.faults.forget();
            let name = format!("{nth} {lost}");
            assert_eq!(answer.is_err(), met, "{name}: {answer:?}");
            let meanwhile = figures(&f, At::Now).await;
            assert!(
                meanwhile == 4004 || meanwhile == 2002,
                "{name}: {meanwhile}"
            );
            if let Err(error) = answer {
                assert_eq!(error.kind, ErrorKind::Unavailable, "{name}: {error}");
            }
            let f = f.reopened().await;
            // The first write is the intent.
            let begun = nth > 1 || lost;
            let expected = if begun { 2002 } else { 4004 };
            assert_eq!(figures(&f, At::Now).await, expected, "{name}");
            published_is_newest(&f).await;
            match roll_back(&f, &second).await {
                Ok(report) => assert!(!begun && report.undone == [second.clone()], "{name}"),
                Err(error) => assert!(begun && error.kind == ErrorKind::Conflict, "{name}"),
            }
            assert_eq!(figures(&f, At::Now).await, 2002, "{name}");
            run(&f).await;
            assert_eq!(figures(&f, At::Now).await, 4004, "{name}");
            published_is_newest(&f).await;
            if !met {
                assert!(nth > 4, "{nth} writes are too few");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_finished_when_it_is_asked_again_or_before_a_run() {
    for runs in [false, true] {
        let (f, second) = ran_twice().await;
        f.faults.plan(Fault::before(Op::Put, "published/"));
        let cut_off = roll_back(&f, &second).await.unwrap_err();
        assert_eq!(cut_off.kind, ErrorKind::Unavailable);
        f.faults.assert_all_met();
        assert_eq!(figures(&f, At::Now).await, 4004);
        if runs {
            let report = run(&f).await;
            assert!(report.steps.iter().all(|s| s.state == StepState::Built));
            assert_eq!(figures(&f, At::Now).await, 4004);
        } else {
            let report = roll_back(&f, &second).await.unwrap();
            assert_eq!(report.undone, [second]);
            let versions = report.restored.iter().map(|of| of.version);
            assert_eq!(versions.collect::<Vec<_>>(), [3, 3], "restored once");
            assert_eq!(figures(&f, At::Now).await, 2002);
        }
        published_is_newest(&f).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_that_roll_back_at_once_readers_see_one_answer() {
    let (f, second) = ran_twice().await;
    let other = f.beside().await;
    let (one, two) = tokio::join!(roll_back(&f, &second), roll_back(&other, &second));
    for answer in [&one, &two] {
        if let Err(error) = answer {
            assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        }
    }
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    for f in [&f, &other] {
        assert_eq!(figures(f, At::Now).await, 2002);
        published_is_newest(f).await;
    }
    let run = other.house.run(&other.admin, RunRequest::default()).await;
    run.unwrap();
    assert_eq!(figures(&f, At::Now).await, 4004);
}
