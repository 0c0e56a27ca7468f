//! A disk that forgets: what would be left of a folder if the power had gone at some moment.
//!
//! A process is run under `strace`, which notes what it asks of the kernel. [`Trace`] reads that,
//! and [`Trace::image`] plays it up to a moment on a model of the disk that keeps what was synced
//! and nothing else: the bytes of a file as they were at its last `fsync` or `fdatasync`, the names
//! in a folder as they were when that folder was synced last. Real file systems keep more; none
//! keeps less.

mod calls;
mod disk;

use std::path::{Path, PathBuf};
use std::process::Command;

use calls::Event;
use disk::Disk;

#[cfg(test)]
mod tests;

/// What `strace` is told to note: whatever changes files, names and what is known to be kept.
const CALLS: &str = "trace=open,openat,creat,close,dup,dup2,dup3,fcntl,lseek,write,writev,\
    pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,sendfile,splice,\
    rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,\
    fsync,fdatasync,sync_file_range,syncfs,sync,sendto,sendmsg,msync,io_uring_enter";

/// The command, noting its calls in `log`. The process that is started is the program itself, so
/// that it can be told to stop, and killed.
///
/// # Panics
/// When there is no `strace`: this is tested or it fails, and is never skipped.
#[must_use]
pub fn traced(program: &Path, log: &Path) -> Command {
    let version = Command::new("strace").arg("--version").output();
    assert!(
        version.is_ok_and(|output| output.status.success()),
        "no `strace` for the tests: install it (`apt-get install strace`)"
    );
    let mut command = Command::new("strace");
    command
        .args([
            "-D", "-f", "-q", "-yy", "-xx", "-s", "16777216", "-e", CALLS,
        ])
        .args(["-e", "signal=none", "-o"])
        .arg(log)
        .arg(program);
    command
}

/// What a process did to a folder.
#[derive(Debug)]
pub struct Trace {
    root: PathBuf,
    before: PathBuf,
    events: Vec<Event>,
}

impl Trace {
    /// Reads the log of a process that has ended, whose files lie below `root`. `before` is a copy
    /// of that folder as it was when the process started, all of it kept.
    ///
    /// # Panics
    /// When the log holds a call that changes files in a way that is not modelled.
    #[must_use]
    pub fn read(log: &Path, root: &Path, before: &Path) -> Self {
        let text = std::fs::read_to_string(log)
            .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", log.display()));
        Self {
            root: root.to_owned(),
            before: before.to_owned(),
            events: calls::read(&text),
        }
    }

    /// How many moments there are: one after each event.
    #[must_use]
    pub fn moments(&self) -> usize {
        self.events.len()
    }

    /// The moment right before the text was first sent to anyone.
    #[must_use]
    pub fn sent(&self, text: &str) -> Option<usize> {
        let holds = |event: &Event| match event {
            Event::Sent(bytes) => bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes()),
            _ => false,
        };
        self.events.iter().position(holds)
    }

    /// Writes to `to` what is left of the folder when the power goes at that moment.
    ///
    /// # Panics
    /// When the trace does something that is not modelled.
    pub fn image(&self, moment: usize, to: &Path) {
        let mut disk = Disk::of(&self.root, &self.before);
        for event in &self.events[..moment] {
            disk.play(event);
        }
        disk.write_kept(to);
    }
}
