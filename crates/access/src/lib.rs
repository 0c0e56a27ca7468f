//! Who may do what: roles, decisions, and the secrets by which callers prove who they are.
//!
//! *What is here*: the table of roles and acts, the decision over it, the form of tokens, sessions
//! and sign-in codes, and when they end; who comes in now and who is next ([`Admission`]). *What is never here*: a clock, chance, a database, HTTP;
//! the instant and the random bytes are handed in. *How it is checked*: unit tests beside the code
//! (`cargo test -p access`); one prints the whole table of roles and acts. *Where to go next*:
//! `conduct` for where decisions are asked for, `books` for where hashes are kept.

mod admission;
mod decision;
mod error;
mod life;
mod role;
mod secret;

pub use admission::{
    Admission, AdmissionLimits, Bound, Clock, Closed, Place, Refusal, SMALL_COST, Seat, Work,
};
pub use decision::{Decision, Resource, check_principal, decide, scope};
pub use error::AccessError;
pub use life::{
    SESSION_IDLE, SESSION_LIFE, SIGN_IN_CODE_LIFE, session_is_live, session_needs_touch,
    sign_in_code_expires_at, token_is_live,
};
pub use role::Role;
pub use secret::{SecretKind, hash, kind_of, mint};

#[cfg(test)]
mod tests;
