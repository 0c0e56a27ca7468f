//! A run that is cut off: readers see all of the set before it or all of its own, and on the next
//! start what is published is the newest.

use service::{At, ErrorKind, RunRequest, Service};
use testkit::{Fault, Op};

use super::{figures, published_is_newest, run, submit, submitted_and_run, with_two_figures};
use crate::home::Fixture;

/// The store is out of reach from the n-th write on, for every n until a run meets none of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_committed_that_was_cut_off_anywhere_is_undone_or_published() {
    for (lost, first) in [(false, false), (true, false), (false, true)] {
        for nth in 1.. {
            let f = with_two_figures(Fixture::on_disk().await).await;
            let before = if first {
                0
            } else {
                submitted_and_run(&f, "V-").await;
                2002
            };
            submit(&f, "W-").await;
            let after = before + 2002;
            // The first one that fails may have happened; after it nothing does.
            let fault = if lost {
                Fault::after(Op::Put, "")
            } else {
                Fault::before(Op::Put, "")
            };
            f.faults.plan(fault.nth(nth));
            let nothing = Fault::before(Op::Put, "").nth(nth + 1).times(1 << 40);
            f.faults.plan(nothing);
            let answer = f.house.run(&f.admin, RunRequest::default()).await;
            let met = !f.faults.injected().is_empty();
            f.faults.forget();
            let name = format!("{nth} lost {lost} first {first}");
            if let Err(error) = &answer {
                assert!(met, "{name}: {error}");
                assert_eq!(error.kind, ErrorKind::Unavailable, "{name}: {error}");
            }
            let shown = figures(&f, At::Now).await;
            assert!(
                shown == before || shown == after || answer.is_ok(),
                "{name}: {shown}"
            );

            let f = f.reopened().await;
            let again = figures(&f, At::Now).await;
            assert!(
                again == shown || again == after,
                "{name}: {shown} then {again}"
            );
            published_is_newest(&f).await;
            run(&f).await;
            assert_eq!(figures(&f, At::Now).await, after, "{name}");
            published_is_newest(&f).await;
            if !met {
                assert!(nth > 6, "{nth} writes are too few");
                break;
            }
        }
    }
}
