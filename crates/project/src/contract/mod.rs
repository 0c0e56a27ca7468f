//! Contracts: the model of an ODCS 3.1 file, and its reader.

mod column;
mod deadline;
mod head;
mod messages;
mod model;
mod options;
mod profiling;
mod quality;
mod read;
mod stamp;
mod table;
mod types;
mod value;

pub use deadline::DeadlineTerms;
pub use model::{
    Bound, Check, Classification, Column, Contract, Expects, Missing, Rule, Severity, Statistic,
    Steadiness, Steady, Text, Version,
};
pub use profiling::Profiling;
pub use stamp::Stamp;
pub use types::{ColumnType, ENVELOPE};

pub(crate) use quality::{Reference, whole_value};
pub(crate) use read::read;
pub(crate) use value::day;

#[cfg(test)]
mod tests;
