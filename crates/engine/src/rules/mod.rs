//! Contract rules compiled once, so that a rule means one thing at the door and on a table.

mod expression;
mod instants;
mod missing;
mod rows;
mod tables;
mod texts;

pub use rows::{Predicate, RowRules};
pub use tables::{Finding, RuleResult, table_results};
pub use texts::LooksPersonal;
