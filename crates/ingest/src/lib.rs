//! Bytes in, checked Arrow batches and verdicts out.
//!
//! *What is here*: [`Spool`] keeps a body while it is hashed, [`PartialBody`] one that
//! arrives in parts; [`check`] decodes it, in the
//! [`Coding`] that its sender declares, under a contract, row by row and in bounded memory, and
//! says of every row whether it may land; [`check_through`] does so for what foreign systems write,
//! read by a [`Mapping`]; [`mask`] and [`looks_personal`] are the one definition of what looks like
//! personal data.
//! *What is never here*: tables, SQL, HTTP, a clock. What the contract's rules mean arrives as
//! compiled [`RowRule`]s; only what needs the raw text or the whole body is judged here (`type`,
//! `malformed`, `unknown_column`, `unique`).
//! *How it is checked*: unit tests beside the code; the CSV and JSON readers are compared with
//! other readers on generated bodies, and every format with every other (`cargo test -p ingest`).
//! *Where to go next*: `check.rs` for the order of things, `cell.rs` for what a value may be,
//! `sheet/mod.rs` for spreadsheets, `document/mod.rs` for documents, `mapping.rs` for foreign rows.

mod coding;
mod error;
mod partial;
mod request;
mod spool;
mod verdict;

mod check;

mod body;
mod charset;
mod tcvn3;
mod unpack;

mod blocks;
mod csv;
mod csv_cells;
mod csv_header;
mod document;
mod ndjson;

mod ipc;
mod ipc_message;
mod parquet;
mod parquet_pages;
mod past_cache;
mod sheet;

mod batches;
mod header;
mod json;
mod lossless;
mod records;

mod fields;
mod foreign;
mod mapping;
mod mended;

mod cell;
mod columns;
mod text;
mod time;
mod words;

mod envelope;
mod examine;
mod judge;
mod rows;
mod unique;

mod personal;
mod row_text;

pub use check::{check, check_through};
pub use coding::{Charset, Coding, Compression, Delimiter, Dialect, Format, Quote};
pub use envelope::rule_schema;
pub use error::IngestError;
pub use mapping::Mapping;
pub use mended::{NOTES, guarded};
pub use partial::{Checksum, Found, Part, PartialBody};
pub use personal::{looks_personal, mask};
pub use request::{Envelope, Limits, PERIOD_END, PERIOD_START, Predicate, RowRule};
pub use spool::{Source, Spool, Spooled};
pub use verdict::{Checked, Counts, Verdict};

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod samples;
