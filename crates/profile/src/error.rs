//! What can go wrong with a profile.

use arrow::error::ArrowError;
use polars::error::PolarsError;

/// What a profile answers.
pub type Result<T, E = ProfileError> = std::result::Result<T, E>;

/// An error of a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// A column cannot be read as what it says it is.
    #[error("cannot read a column to profile it: {0}")]
    Arrow(#[from] ArrowError),
    /// A figure cannot be computed.
    #[error("cannot compute a profile: {0}")]
    Polars(#[from] PolarsError),
}
