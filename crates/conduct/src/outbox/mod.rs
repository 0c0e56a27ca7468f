//! The outbox: events of lineage on the store, an object each, until whoever is to know them has
//! acknowledged them.
//!
//! A run keeps them before it publishes, so none is lost; the end of what is published later is
//! held back until the published set names the run, so none tells what was undone. They leave in their
//! order, by one sender, at least once: it deletes what was acknowledged, and an acknowledgement
//! that is lost is an event that comes again, with the same bytes.

mod deliver;
mod kept;
mod settings;
mod sink;
mod undo;

use std::sync::Arc;
use std::time::Duration;

use service::Result;

use crate::House;

pub use deliver::Delivered;
pub(crate) use deliver::Sender;
pub(crate) use kept::{Kept, Numbers, When, put};
pub use settings::{LineageSettings, Sink};
pub(crate) use undo::{Noted, Started, aborted};

/// Time between two looks, where nothing wakes the sender.
const LOOK: Duration = Duration::from_secs(15);

impl House {
    /// Sends the events that wait, once, unless the last try failed a moment ago; answers what came
    /// of it.
    pub async fn send_lineage(&self) -> Result<Delivered> {
        deliver::deliver(self.gate.own()).await
    }

    /// Sends events as they come, until the house is told to stop. What is left then is sent by
    /// whoever opens the house next.
    pub async fn send_lineage_when_due(&self) {
        let handles = Arc::clone(self.gate.own());
        let mut stopping = handles.stopping.subscribe();
        if handles.settings.lineage.sink.is_none() {
            // The sender is ours, so it is there.
            let _ = stopping.wait_for(|stopping| *stopping).await;
            return;
        }
        while !handles.is_stopping() {
            if let Err(error) = deliver::deliver(&handles).await {
                tracing::warn!(%error, "the outbox of lineage could not be read");
            }
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = handles.outbox.is_due(LOOK) => {}
            }
        }
    }
}
