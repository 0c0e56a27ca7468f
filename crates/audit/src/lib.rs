//! What can be proved: the audit journal, in which every act leaves an entry before it happens, or
//! does not happen; and the seals of documents that leave the house.
//!
//! *What is here*: entries; the append-only journal of JSON Lines in which each line carries the
//! SHA-256 of the one before it; its verification; in [`seal`] the signing keys, signatures, and
//! the verification of sealed documents. *What is never here*: a clock (it is handed in), a
//! decision about who may act, a way to change or remove an entry; what a sealed document says;
//! and secrets but the signing key: whoever makes an entry keeps tokens, passwords and the values
//! of rows out of it, for nothing here removes them. *How it is checked*: unit tests beside the
//! code (`cargo test -p audit`), with disks that fill up and fail, and the vectors of RFC 8032.
//! *Where to go next*: `conduct` for the one place that appends.
//!
//! The chain shows any change inside the journal. It cannot show that the newest entries were cut
//! off by someone who holds the folder; for that, the head must be kept elsewhere too.

mod entry;
mod error;
mod journal;
mod line;
pub mod seal;
mod segment;
mod writer;

pub use entry::{Entry, Outcome, Phase};
pub use error::{AuditError, Result};
pub use journal::{Clock, Cut, Journal};
pub use segment::{Verified, verify_folder};

#[cfg(test)]
mod tests;
