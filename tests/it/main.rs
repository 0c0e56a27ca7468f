//! The one integration binary: everything that links the query engine is tested here.
//!
//! `tests/README.md` says what is where. Run a part with `cargo test --test it -- bad_input`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot set up what it needs must stop at once"
)]

mod audit_log;
mod bad_input;
mod bodies;
mod business;
mod catalogue;
mod cli;
mod edits;
mod engine;
mod erase;
mod exhausted;
mod failing;
mod formats;
mod generate;
mod home;
mod hostile;
mod http;
mod impact;
mod incremental;
mod logs;
mod maintain;
mod moments;
mod openlineage;
mod patience;
mod periods;
mod pressure;
mod profiles;
mod promises;
mod pull;
mod quality;
mod quarantine;
mod receive;
mod release;
mod restatement;
mod rollback;
mod scans;
mod schedule;
mod slt;
mod sockets;
mod storage;
mod tidy;
mod trace;
mod uploads;
mod verdicts;
mod walls;
mod workbook;
