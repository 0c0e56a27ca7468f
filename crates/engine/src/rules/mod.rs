//! Contract rules compiled once, so that a rule means one thing at the door and on a table.

mod expression;
mod instants;
mod missing;
mod rows;
mod tables;
mod texts;
mod wide;

pub use rows::{Predicate, RowRules};
pub use tables::{Finding, RuleResult, Subject, TableRules, reads};
pub use texts::LooksPersonal;
