//! Plans and runs SQL: sessions over given tables, rules as predicates, lineage from plans.
//!
//! *What is here*: the only code that speaks to the query engine about SQL: read-only statements with
//! parameters and limits, functions for the field, contract rules compiled to predicates, column
//! lineage by position.
//! *What is never here*: Delta, object storage, HTTP, who may ask; tables are handed in as providers.
//! *How it is checked*: `tests/it/engine.rs`, and every `tests/sql/*.slt` runs through it.
//! *Where to go next*: `conduct` for who calls it, `sql/` for what it runs.

mod attempt;
mod compare;
mod engine;
mod error;
mod first_of_each;
pub mod functions;
mod halt;
mod incremental;
mod limits;
pub mod lineage;
mod params;
mod partitions;
mod pool;
mod rules;
mod session;
mod spill;
mod statement;
mod trace;
mod view;
mod watchdog;
mod yielding;

pub use compare::{DifferentRow, DifferentValue, RowDifference};
pub use engine::{Engine, EngineSettings, QueryLimits};
pub use error::{EngineError, Result};
pub use incremental::{Changed, Difference, Followed, WindowBox, Windows};
pub use params::Param;
pub use partitions::Partitions;
pub use rules::{
    Finding, LooksPersonal, Predicate, RowRules, RuleResult, Subject, TableRules, reads,
};
pub use session::{Planned, Session};
pub use statement::Statement;
pub use trace::{Behind, Chosen, Sources, Wanted};
pub use view::with_columns;
pub use watchdog::{Gauge, Watchdog};
