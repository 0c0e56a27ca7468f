//! Being alone: one process at a time computes, publishes, applies or rolls back.
//!
//! Within a process it is a lock, for which whoever comes second waits. Between processes it is a
//! lease in the books, which is renewed while the work goes on. Its fence goes into what is
//! published: whoever paused, and lost the lease to another meanwhile, publishes nothing.

use std::sync::Arc;
use std::time::Duration;

use books::{Held, JobLease};
use calendar::civil;
use chrono::TimeDelta;
use service::{ErrorKind, Result, ServiceError};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;
use tokio::task::AbortHandle;

use crate::failure;
use crate::handles::Handles;

/// The job that the lease is for.
pub(crate) const RUNS: &str = "runs";
/// How long a lease lasts without being renewed.
pub(crate) const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Time after which it is renewed.
const RENEW: Duration = Duration::from_secs(30);

/// The right to change what is published. Dropped, it ends as well.
pub(crate) struct Alone {
    handles: Arc<Handles>,
    lease: JobLease,
    renewing: AbortHandle,
    runtime: Handle,
    /// Let go once the lease has ended.
    lock: Option<OwnedMutexGuard<()>>,
}

impl Alone {
    /// Waits for this process, and takes the lease; `doing` says of whom and for what. Refuses while
    /// another process has it.
    pub(crate) async fn begin(handles: &Arc<Handles>, doing: &str) -> Result<Self> {
        let lock = Arc::clone(&handles.running).lock_owned().await;
        let holder = format!("{doing}, process {}", (handles.given.ids)());
        let now = handles.now();
        // Two homes on one store have books of their own, and books may be lost.
        let fence = handles.published.newest().await?.fence + 1;
        let span = (now, now + LEASE);
        let lease = handles.books.lease_job(RUNS, &holder, span, fence).await;
        let Some(lease) = lease.map_err(failure::books)? else {
            return Err(held(handles).await?);
        };
        let alone = Self {
            renewing: renewed(handles, &lease),
            handles: Arc::clone(handles),
            runtime: Handle::current(),
            lock: Some(lock),
            lease,
        };
        if alone.lease.taken_over {
            tracing::warn!(
                fence = alone.lease.fence,
                "took over: whoever ran before did not say that it had ended"
            );
            metrics::counter!("dtm_leases_taken_over_total").increment(1);
            // Whoever had the lease may only have paused. From here on it publishes nothing.
            handles.published.shut_out(alone.fence(), now).await?;
        }
        Ok(alone)
    }

    /// The number that what is published carries.
    pub(crate) fn fence(&self) -> i64 {
        self.lease.fence
    }

    /// The lease.
    pub(crate) fn lease(&self) -> &JobLease {
        &self.lease
    }

    /// Fails once another process has the lease.
    pub(crate) async fn still(&self) -> Result<()> {
        let until = self.handles.now() + LEASE;
        let counts = self.handles.books.renew_job(&self.lease, until).await;
        if counts.map_err(failure::books)? {
            return Ok(());
        }
        Err(lost())
    }

    /// Ends it; `error` is why the work failed, where that is to be remembered.
    pub(crate) async fn end(mut self, error: Option<&str>) {
        let lock = self.lock.take();
        self.renewing.abort();
        release(&self.handles, &self.lease, error).await;
        drop(lock);
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.renewing.abort();
        let Some(lock) = self.lock.take() else {
            return;
        };
        let (handles, lease) = (Arc::clone(&self.handles), self.lease.clone());
        self.runtime.spawn(async move {
            release(&handles, &lease, None).await;
            drop(lock);
        });
    }
}

/// Renews the lease until it is told to stop, or another has it.
fn renewed(handles: &Arc<Handles>, lease: &JobLease) -> AbortHandle {
    let (handles, lease) = (Arc::clone(handles), lease.clone());
    let renewing = async move {
        loop {
            tokio::time::sleep(RENEW).await;
            let until = handles.now() + LEASE;
            match handles.books.renew_job(&lease, until).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(fence = lease.fence, "another process has the lease of runs");
                    return;
                }
                // It may answer the next time, and until then the lease lasts.
                Err(error) => tracing::warn!(%error, "the lease of runs could not be renewed"),
            }
        }
    };
    Handle::current().spawn(renewing).abort_handle()
}

/// One that cannot be ended ends by itself when it is not renewed.
async fn release(handles: &Handles, lease: &JobLease, error: Option<&str>) {
    let ended = handles.books.release_job(lease, handles.now(), error);
    match ended.await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(
            fence = lease.fence,
            "the lease of runs was another's by now"
        ),
        Err(error) => tracing::warn!(%error, "the lease of runs could not be ended"),
    }
}

/// Who has the lease, and until when.
async fn held(handles: &Handles) -> Result<ServiceError> {
    let jobs = handles.books.jobs().await.map_err(failure::books)?;
    let held = jobs.into_iter().find(|job| job.name == RUNS);
    let told = match held.and_then(|job| job.held) {
        Some(Held { by, since, until }) => format!(
            "another process is at work: {by}, since {} and at least until {}",
            civil(since).to_rfc3339(),
            civil(until).to_rfc3339()
        ),
        None => "another process was at work until now".to_owned(),
    };
    Ok(ServiceError::new(ErrorKind::Conflict, told).hint(
        "Wait until it has ended; if it is not there any more, its lease ends at that time, and \
         the next one takes over.",
    ))
}

/// What a process is told whose lease another has.
pub(crate) fn lost() -> ServiceError {
    let message = "cannot publish: another process took the lease of runs meanwhile";
    ServiceError::new(ErrorKind::Conflict, message).hint(
        "This process was away for longer than its lease lasts. The other one computes what is \
         due; look at `system.runs`, and run again if something is missing.",
    )
}
