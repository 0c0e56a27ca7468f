//! The audit journal: every act leaves an entry here before it happens, or does not happen.
//!
//! *What is here*: entries; the append-only journal of JSON Lines in which each line carries the
//! SHA-256 of the one before it; its verification. *What is never here*: a clock (it is handed in),
//! a decision about who may act, a way to change or remove an entry; and secrets: whoever makes an
//! entry keeps tokens, passwords and the values of rows out of it, for nothing here removes them.
//! *How it is checked*: unit tests beside the code (`cargo test -p audit`), with disks that fill up
//! and fail. *Where to go next*: `conduct` for the one place that appends.
//!
//! The chain shows any change inside the journal. It cannot show that the newest entries were cut
//! off by someone who holds the folder; for that, the head must be kept elsewhere too.

mod entry;
mod error;
mod journal;
mod line;
mod segment;
mod writer;

pub use entry::{Entry, Outcome, Phase};
pub use error::{AuditError, Result};
pub use journal::{Clock, Cut, Journal};
pub use segment::{Verified, verify_folder};

#[cfg(test)]
mod tests;
