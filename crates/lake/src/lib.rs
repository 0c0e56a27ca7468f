//! The lake: Delta tables, evidence and objects on a store of our own.
//!
//! *What is here*: the stores (memory, a folder that survives a power cut, S3) and the probe that
//! refuses an unfit one; evidence under its SHA-256, small bodies many to an object; a Delta table per dataset, written as staged
//! Parquet files with statistics, read through a provider, and changed only by a commit that
//! happens once; the group committer, which puts many submissions into one commit.
//!
//! *What is never here*: SQL, contracts and their rules, who may do what, the control database, a
//! clock or a source of chance (both are handed in as [`Given`]), credentials read from the
//! environment. No other crate knows what a Delta log looks like.
//!
//! *Promises*: a file becomes visible by a commit or never; a commit whose answer was lost is
//! looked for before it is tried again, so nothing lands twice; writers never clean the log and
//! never checkpoint; tables stay at protocol reader 1, writer 2, so that every other engine can
//! read and write them.
//!
//! *How it is checked*: `tests/it/storage.rs` runs one suite on memory, on local disk and on a
//! real S3 service, with racing writers and a store that loses answers.
//!
//! *Where to go next*: [`Lake`] and [`Table`], then `commit/` for how a commit happens once;
//! `engine` for the queries that run over the providers.

mod commit;
mod erase;
mod error;
mod given;
mod group;
mod lake;
mod objects;
mod segments;
mod store;
mod table;
mod write;

pub use commit::{CommitMode, CommitRequest, Committed, SUPERSEDED_ROWS};
pub use erase::FoundSegment;
pub use error::{Fault, LakeError, Result};
pub use given::Given;
pub use group::{GroupCommitter, GroupSettings, HeldRows, StagedSubmission};
pub use lake::{Lake, TABLES};
pub use objects::{Evidence, ObjectBody, Objects, PutOutcome};
pub use segments::{SegmentPlace, SegmentSettings, Segments};
pub use store::{
    LocalStore, S3Settings, StoreFacts, StoreLocation, open_bucket, open_store, probe,
};
pub use table::{
    CommitRecord, CompactSettings, Holding, PartitionFiles, Portion, Snapshot, Table, TableFile,
    TableFiles, TableShape, Unneeded,
};
pub use write::{StagedFile, StagedWriter, WriteSettings};
