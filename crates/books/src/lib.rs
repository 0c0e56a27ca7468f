//! The control database: submissions, extensions of deadlines, tokens, sessions, sign-in codes,
//! renditions and which of them are superseded, connectors and jobs.
//!
//! *What is here*: typed methods over a file of SQLite or a database of PostgreSQL, which promise
//! the same on both, and the migrations. *What is never here*:
//! data (that is the lake's), secrets (only their SHA-256), decisions about who may act, a clock.
//! *How it is checked*: unit tests beside the code, each on both databases (`cargo test -p books`).
//! *Where to go next*: `migrations/` for the tables, `sql/` for the statements, `conduct` for who
//! calls.
//!
//! Every write is durable when its method returns, and every instant is kept to the microsecond. A
//! file has one process; a database of PostgreSQL may have many.

mod codec;
mod connectors;
mod database;
mod error;
mod evidence;
mod extensions;
mod jobs;
mod lookups;
mod migrations;
mod place;
mod renditions;
mod sessions;
mod statement;
mod submissions;
mod supersessions;
mod tokens;
mod totals;
mod writer;

pub use connectors::{ConnectorRecord, Lease};
pub use database::{Books, Settings};
pub use error::{BooksError, Result};
pub use evidence::Retention;
pub use jobs::{Held, JobEnd, JobLease, JobRecord};
pub use place::Place;
pub use renditions::RenditionRecord;
pub use sessions::SessionRecord;
pub use submissions::{Claim, NewSubmission};
pub use supersessions::{Judgement, SupersessionRecord};
pub use tokens::TokenRecord;

#[cfg(test)]
mod tests;
