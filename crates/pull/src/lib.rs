//! Fetches what other systems hold: each source gives pieces, one after another, behind a mark.
//!
//! **What is here.** Clients of other systems: [`HttpSource`], an API of JSON pages;
//! [`SftpSource`] and [`Folder`], folders into which files are put; [`Objects`], the same of an object
//! store; [`SqlSource`], a `select` on a PostgreSQL database; and [`Poster`], which gives where the
//! others fetch. Each is declared by a plain struct and opened with a [`Guard`] over the addresses it
//! may reach, a [`Secrets`] that finds what the declaration only refers to, and a folder for the
//! bodies.
//!
//! **What is never here.** Datasets, contracts, submissions, schedules (those are `project`'s and
//! `conduct`'s), the environment, a clock. No secret stands in a declaration or in a message.
//!
//! **How it is checked.** By unit tests beside the code against real servers on loopback:
//! PostgreSQL and an SFTP server of another make, both from the Python package index by their hashes, and an
//! HTTP server that misbehaves as it is told.
//!
//! **Where to go next.** [`Source`] for what a source promises; `http/walk.rs`, `sftp/inbox.rs` and
//! `sql/slice.rs` for how each keeps the promise that nothing is left out.

mod error;
mod folder;
mod guard;
mod http;
mod json;
mod kept;
mod mark;
mod names;
mod objects;
mod post;
mod secret;
mod sftp;
mod source;
mod spool;
mod sql;

pub use error::{PullError, Result};
pub use folder::{Folder, FolderOptions};
pub use guard::{Guard, StoreConnector};
pub use http::{Auth, Body, HttpSource, HttpSpec, Paging, Retry, Since};
pub use objects::{Objects, ObjectsOptions};
pub use post::{PostSpec, Poster};
pub use secret::{Secret, SecretRef, Secrets};
pub use sftp::{SftpAuth, SftpSource, SftpSpec};
pub use source::{Mark, Outcome, Paper, Piece, Source};
pub use sql::{SqlSource, SqlSpec, Tls};
