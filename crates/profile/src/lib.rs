//! Profiles of columns: what they hold, in figures, and how far that is from an earlier profile.
//!
//! *What is here*: Arrow columns → rows, nulls, distinct and top values, quantiles, a histogram, by
//! Polars; drift against an earlier profile; a sample of rows that is the same whatever their order.
//! *What is never here*: tables, contracts, what is personal and must not be shown, where profiles
//! are kept. *How it is checked*: unit tests beside the code, with figures computed by hand
//! (`cargo test -p profile`). *Where to go next*: `conduct/src/profiles` for when and of what.

mod drift;
mod error;
mod figures;
mod histogram;
mod sample;
mod values;

pub use drift::{Drift, SHARE_FLOOR};
pub use error::{ProfileError, Result};
pub use figures::{ColumnProfile, QUANTILES, TOP_VALUES, TopValue};
pub use histogram::{BINS, Bin};
pub use sample::Sample;
pub use values::{Kind, Values};

#[cfg(test)]
mod tests;
