//! How a house stops: it takes no new work, finishes what it had begun, and closes its books.

use service::{ErrorKind, Result, ServiceError};
use tracing::Instrument;

use crate::house::House;

impl House {
    /// From now on takes no new work, and gives up the bodies that are not complete.
    pub fn stop(&self) {
        self.gate.own().stopping.send_replace(true);
    }

    /// Waits until the house was told to stop and has finished what it had begun.
    pub async fn settled(&self) {
        let handles = self.gate.own();
        let mut stopping = handles.stopping.subscribe();
        // The sender is ours, so it is there.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        handles.pull_tasks.close();
        handles.pull_tasks.wait().await;
        // Bodies that are complete are landed, and the others given up.
        handles.admission.emptied().await;
        handles.landings.close();
        handles.landings.wait().await;
        let _last_run = handles.running.lock().await;
        handles.segments.drain().await;
        for committer in handles.committers.lock().await.values() {
            committer.drain().await;
        }
    }

    /// Stops, finishes what was begun, closes the books.
    pub async fn close(&self) {
        self.stop();
        self.settled().await;
        let handles = self.gate.own();
        handles.admission.close();
        let _last_run = handles.running.lock().await;
        handles.queries.close();
        handles.books.close().await;
    }

    /// Work that goes on to its end even when the caller goes away.
    pub(crate) async fn to_its_end<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        if self.gate.own().is_stopping() {
            return Err(
                ServiceError::new(ErrorKind::Unavailable, "the node is stopping")
                    .hint("Send it again in a moment."),
            );
        }
        match tokio::runtime::Handle::current()
            .spawn(work.in_current_span())
            .await
        {
            Ok(answer) => answer,
            Err(error) => Err(
                ServiceError::new(ErrorKind::Internal, "the work was cut off")
                    .hint("Ask what became of it before you send it again.")
                    .caused_by(error),
            ),
        }
    }
}
