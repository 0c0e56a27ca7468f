//! The thread that looks after the memory of the process while a house is open.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use engine::Watchdog;
use service::{ErrorKind, Result, ServiceError};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A thread of its own: the threads of the runtime may all be busy with the query that it must end.
/// Dropping it ends the thread.
pub(crate) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(mut watchdog: Watchdog) -> Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let watch = move || {
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                watchdog.look();
            }
        };
        let thread = Builder::new().name("watchdog".to_owned()).spawn(watch);
        let thread = thread.map_err(|error| {
            ServiceError::new(ErrorKind::Unavailable, "cannot start the watchdog").caused_by(error)
        })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, and then there is nothing left to end.
            let _ = thread.join();
        }
    }
}
