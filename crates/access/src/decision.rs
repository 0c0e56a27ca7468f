//! The decision: may this principal do that to this.

use project::{AgencyCode, DatasetName};
use service::{Action, Principal};

use crate::{AccessError, Role};

/// What an act is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resource<'a> {
    /// The agency whose data it is; for a submission, the agency it is of.
    pub agency: Option<&'a AgencyCode>,
    /// The dataset.
    pub dataset: Option<&'a DatasetName>,
}

/// Whether an act may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allow,
    /// It may not.
    Deny {
        /// Why; lowercase, no final stop.
        reason: String,
    },
}

impl Decision {
    /// Whether it is `Allow`.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow)
    }
}

/// Whether the principal may do that. Whatever is not known — the role, the agency of an
/// agency's principal, the agency that a bound act is about — is a denial.
pub fn decide(principal: &Principal, action: Action, resource: &Resource<'_>) -> Decision {
    let Principal { name, role, agency } = principal;
    let Ok(role) = role.parse::<Role>() else {
        return deny(format!(
            "`{name}` has the role `{role}`, which this system does not know"
        ));
    };
    let about = resource
        .dataset
        .map(|d| format!(" on dataset `{d}`"))
        .unwrap_or_default();
    let act = action.as_str();
    if !role.may(action) {
        return deny(format!("role `{}` may not `{act}`{about}", role.as_str()));
    }
    if role.is_national() || !is_bound(action) {
        return Decision::Allow;
    }
    let Some(own) = agency else {
        return deny(format!(
            "`{name}` has the role `{}` and no agency to act for",
            role.as_str()
        ));
    };
    match resource.agency {
        Some(agency) if agency.is_within(own) => Decision::Allow,
        Some(agency) => deny(format!(
            "`{name}` acts for agency `{own}` and may not `{act}` for agency `{agency}`{about}"
        )),
        None => deny(format!(
            "`{name}` acts for agency `{own}` and may not `{act}` without naming an agency{about}"
        )),
    }
}

/// The agency that lists of submissions are limited to, with those below it; none is no limit.
pub fn scope(principal: &Principal) -> Option<&AgencyCode> {
    principal.agency.as_ref()
}

/// Whether a principal may be made so: its role is known, and it has an agency exactly if its
/// role acts for one.
pub fn check_principal(principal: &Principal) -> Result<Role, AccessError> {
    let Principal { name, role, agency } = principal;
    let fits = (1..=100).contains(&name.chars().count()) && name.trim() == name;
    if !fits || name.contains(char::is_control) {
        return Err(AccessError::NotAName(
            name.chars()
                .take(100)
                .flat_map(char::escape_debug)
                .collect(),
        ));
    }
    let role: Role = role.parse()?;
    match agency {
        None if !role.is_national() => Err(AccessError::NoAgency(role)),
        Some(agency) if role.is_national() => {
            Err(AccessError::NeedlessAgency(role, agency.clone()))
        }
        _ => Ok(role),
    }
}

/// Whether an agency's principal may do it only for its own agency and those below.
fn is_bound(action: Action) -> bool {
    matches!(
        action,
        Action::Submit
            | Action::Upload
            | Action::Withdraw
            | Action::ReadSubmission
            | Action::ReadEvidence
    )
}

fn deny(reason: String) -> Decision {
    Decision::Deny { reason }
}
