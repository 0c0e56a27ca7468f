//! The lineage graph: order, ancestry, text form. It is given edges and knows no SQL.
//!
//! *What is here*: table and column edges, topological order, closure, difference and what it
//! means; text, JSON and Mermaid forms; events as OpenLineage has them. *What is never here*: SQL,
//! plans, tables, files. *How it is checked*: unit tests beside the code (`cargo test -p lineage`).
//! *Where to go next*: `engine` for where edges come from, `lineage/` for the committed graph.

mod diff;
mod draw;
mod edge;
mod form;
mod graph;
pub mod openlineage;
mod review;

pub use diff::{Diff, diff};
pub use edge::{ColumnRef, Edge, EdgeKind};
pub use form::{FormError, parse};
pub use graph::{Cycle, Graph};
pub use review::{Finding, Outcome, review};

#[cfg(test)]
mod tests;
