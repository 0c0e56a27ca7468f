//! What can be proved: the audit journal, in which every act leaves an entry before it happens, or
//! does not happen; and the seals of documents that leave the house.
//!
//! *What is here*: entries; the append-only journal of JSON Lines in which each line carries the
//! SHA-256 of the one before it; its verification; in [`log`] the transparency log that it is
//! sequenced into; in [`seal`] the signing keys, signatures, and the verification of sealed
//! documents. *What is never here*: a clock (it is handed in), a decision about who may act, a way
//! to change or remove an entry; what a sealed document says; a store for the log's files; and
//! secrets but the signing key: whoever makes an entry keeps tokens, passwords and the values of
//! rows out of it, for nothing here removes them. *How it is checked*: unit tests beside the code
//! (`cargo test -p audit`), with disks that fill up and fail, the vectors of RFC 8032, two other
//! implementations of the log and a verifier that is not ours. *Where to go next*: `conduct` for
//! the one place that appends; `README.md` for who verifies a copied log.
//!
//! The chain shows any change inside the journal. It cannot show that the newest entries were cut
//! off by someone who holds the folder; the log's checkpoints, kept elsewhere too, show that.

mod entry;
mod error;
mod follow;
mod journal;
mod line;
pub mod log;
pub mod seal;
mod segment;
mod writer;

pub use entry::{Entry, Outcome, Phase};
pub use error::{AuditError, Result};
pub use follow::Follower;
pub use journal::{Clock, Cut, Journal};
pub use segment::{Verified, verify_folder};

#[cfg(test)]
mod tests;
