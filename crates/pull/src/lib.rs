//! Fetches what other systems hold: each source gives pieces, one after another, behind a mark.
//!
//! *What is here*: clients of other systems, drop folders among them, the guard over the addresses
//! they may reach, secrets by reference. *What is never here*: datasets, contracts, submissions,
//! schedules (those are `project`'s and `conduct`'s), the environment, a clock. *How it is checked*: unit tests beside the code
//! against real servers on loopback (`cargo test -p pull`). *Where to go next*: `source.rs` for what
//! a source promises.

mod error;
mod folder;
mod kept;
mod names;
mod objects;
mod source;

pub use error::{PullError, Result};
pub use folder::{Folder, FolderOptions};
pub use objects::{Objects, ObjectsOptions};
pub use source::{Mark, Outcome, Paper, Piece, Source};
