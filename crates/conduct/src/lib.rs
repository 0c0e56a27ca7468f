//! Conducts the other crates: implements `service::Service`, every act through one `perform`.
//!
//! *What is here*: receiving, transforming, querying, reporting, planning; the order in which
//! evidence, quarantine, tables and books are written. *What is never here*: HTTP, terminals, flags,
//! how a table is stored or a statement planned. *How it is checked*: `tests/it` drives it through
//! every door. *Where to go next*: `perform` for the one place where acts happen.

mod access;
mod alone;
mod audit_log;
mod catalogue;
mod check;
mod erase;
mod failure;
mod given;
mod handles;
mod house;
mod impact;
mod in_force;
mod incremental;
mod inputs;
mod ledger;
mod maintain;
mod manifest;
mod obligations;
mod outbox;
mod parts;
mod perform;
mod plan;
mod preview;
mod profiles;
mod published;
mod pull;
mod quality;
mod quarantine;
mod query;
mod release;
mod renditions;
mod reports;
mod restate;
mod rollback;
mod runs;
mod schedule;
mod select;
mod staging;
mod stop;
mod submit;
mod superseded;
mod system;
mod trace;
mod upload;
mod watch;

pub use audit_log::{LogName, StoreFiles};
pub use check::{Checked, check};
pub use given::{Env, EvidenceSettings, Given, MaintainSettings, OnStep, Settings, UploadLimits};
pub use house::House;
pub use in_force::{InForce, ProjectSource};
pub use outbox::{Delivered, LineageSettings, Sink};
pub use parts::Parts;
pub use plan::code_rows;
