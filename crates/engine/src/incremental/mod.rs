//! Which rows of an answer a change of its inputs can touch, so that a run recomputes those alone.
//!
//! A transformation names columns of its answer as windows. For each of them the plan is optimised
//! under a condition on that column that nothing but its column is known of. Where the optimiser moves
//! the condition down to a scan, every row of the answer depends on those rows of the scan alone that
//! have the same value there; so a changed row touches the windows of its value and no others. A
//! scan that the condition does not reach may touch any row.

mod changed;
mod follow;
mod set;
mod windows;

pub use changed::{Changed, Difference};
pub use follow::Followed;
pub use windows::{WindowBox, Windows};
