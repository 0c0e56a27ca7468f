//! Log lines on their way to stderr. Whoever logs never waits for whoever reads: a pipe that nobody
//! empties, or a terminal that stands still, costs lines, which are counted, and stops no request.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Duration;

/// Lines that wait to be written at the most.
const HELD: usize = 4096;

/// How long the last lines are waited for.
const LAST_WAIT: Duration = Duration::from_millis(500);

enum Told {
    Line(Vec<u8>),
    /// Everything before it is written when its channel is answered.
    Written(SyncSender<()>),
}

/// Takes lines.
#[derive(Clone)]
pub(super) struct Lines {
    sender: SyncSender<Told>,
}

impl Lines {
    /// Starts the thread that writes. It ends with the process: what it has not written by then,
    /// nobody reads.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, told) = sync_channel(HELD);
        Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&told))?;
        Ok(Self { sender })
    }

    /// Waits a moment until what was logged is written.
    pub(super) fn finish(&self) {
        let (done, written) = sync_channel(1);
        if self.sender.try_send(Told::Written(done)).is_ok() {
            // When the time is up, nobody reads.
            let _ = written.recv_timeout(LAST_WAIT);
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(Told::Line(line.to_vec())).is_err() {
            metrics::counter!("dtm_log_lines_lost_total").increment(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(told: &Receiver<Told>) {
    for told in told {
        // There is nobody to tell that stderr is closed.
        let _ = match told {
            Told::Line(line) => io::stderr().write_all(&line),
            Told::Written(done) => done.send(()).map_err(io::Error::other),
        };
    }
}
