//! What can be wrong with a principal or a secret.

use project::AgencyCode;

use crate::Role;

/// A principal or a secret that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// No such role.
    #[error("`{0}` is no role: expected one of {known}", known = Role::listed())]
    NotARole(String),
    /// The name is empty, too long, or has control characters.
    #[error("`{0}` is no name of a principal: expected 1 to 100 characters without line breaks")]
    NotAName(String),
    /// The role acts for an agency and none is given.
    #[error("role `{0}` acts for an agency: name it, as in `H26`")]
    NoAgency(Role),
    /// The role is national and an agency is given.
    #[error("role `{0}` is national and acts for no agency: leave out `{1}`")]
    NeedlessAgency(Role, AgencyCode),
    /// Not the text of a token, a session or a code. The text itself is not repeated: it may be
    /// another system's secret.
    #[error("what was shown is no token or code of this system: copy it whole, without spaces")]
    NotASecret,
}
