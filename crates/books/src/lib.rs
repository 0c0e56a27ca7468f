//! The control database: submissions, tokens, sessions, sign-in codes and renditions.
//!
//! *What is here*: one SQLite file behind typed methods, and its migrations. *What is never here*:
//! data (that is the lake's), secrets (only their SHA-256), decisions about who may act, a clock.
//! *How it is checked*: unit tests beside the code over files of their own (`cargo test -p books`).
//! *Where to go next*: `migrations/` for the tables, `sql/` for the statements, `conduct` for who
//! calls.
//!
//! There is one writer, every write is durable when its method returns, and every instant is kept
//! to the microsecond.

mod codec;
mod database;
mod error;
mod renditions;
mod sessions;
mod submissions;
mod tokens;
mod totals;

pub use database::{Books, Settings};
pub use error::{BooksError, Result};
pub use renditions::RenditionRecord;
pub use sessions::SessionRecord;
pub use submissions::{Claim, NewSubmission};
pub use tokens::TokenRecord;

#[cfg(test)]
mod tests;
