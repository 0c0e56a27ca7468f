//! What can go wrong with another system.

/// A result of this crate.
pub type Result<T, E = PullError> = std::result::Result<T, E>;

/// Why nothing was pulled. Messages name the source's address and never hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// What was declared cannot work; trying again helps nobody.
    #[error("{0}")]
    Declared(String),
    /// The mark that is kept leads nowhere by what is declared now; without it the source is read
    /// from the beginning.
    #[error("{0}")]
    Mark(String),
    /// The other system did not answer, or said that it cannot now; the same may work later.
    #[error("{0}")]
    Unavailable(String),
    /// The other system answered with something that is not what was agreed.
    #[error("{0}")]
    Answer(String),
    /// A limit of ours was met; the message names it.
    #[error("{0}")]
    Limit(String),
    /// The piece could not be kept on this machine.
    #[error("cannot keep what was pulled: {0}")]
    Spool(#[from] std::io::Error),
}
