//! Principals, tokens, sign-in codes.

use serde::{Deserialize, Serialize};
use service::{ErrorKind, Principal, Secret, ServiceError};
use utoipa::ToSchema;

use super::read;

/// Who a credential belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrincipalDto {
    /// The name given when the token was made.
    pub name: String,
    /// The role.
    #[schema(example = "submitter")]
    pub role: String,
    /// The agency it acts for; none for national roles.
    #[schema(example = "H26")]
    pub agency: Option<String>,
}

/// A principal that is to have a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenDto {
    /// The name.
    pub name: String,
    /// The role.
    #[schema(example = "submitter")]
    pub role: String,
    /// The agency it acts for; none for national roles.
    #[serde(default)]
    #[schema(example = "H26")]
    pub agency: Option<String>,
}

/// A token. It is shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenDto {
    /// The token.
    pub token: String,
    /// Whose it is.
    pub principal: PrincipalDto,
}

/// A code that signs in once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct CodeDto {
    /// The code.
    pub code: String,
}

impl From<Principal> for PrincipalDto {
    fn from(principal: Principal) -> Self {
        let agency = principal.agency.map(|agency| agency.to_string());
        Self {
            name: principal.name,
            role: principal.role,
            agency,
        }
    }
}

impl TryFrom<PrincipalDto> for Principal {
    type Error = ServiceError;

    fn try_from(dto: PrincipalDto) -> Result<Self, ServiceError> {
        let agency = dto
            .agency
            .map(|agency| read(&agency, "an agency code"))
            .transpose()?;
        Ok(Self {
            name: dto.name,
            role: dto.role,
            agency,
        })
    }
}

impl TryFrom<NewTokenDto> for Principal {
    type Error = ServiceError;

    fn try_from(dto: NewTokenDto) -> Result<Self, ServiceError> {
        let agency = dto.agency.map(|agency| {
            agency.parse().map_err(|error: project::NameError| {
                ServiceError::new(ErrorKind::Invalid, error.to_string())
                    .hint("`select code from codes.agencies` lists the agencies.")
            })
        });
        Ok(Self {
            name: dto.name,
            role: dto.role,
            agency: agency.transpose()?,
        })
    }
}

impl From<&Principal> for NewTokenDto {
    fn from(principal: &Principal) -> Self {
        let PrincipalDto { name, role, agency } = principal.clone().into();
        Self { name, role, agency }
    }
}

impl TokenDto {
    /// The token of that principal.
    pub fn new(token: &Secret, principal: Principal) -> Self {
        Self {
            token: token.reveal().to_owned(),
            principal: principal.into(),
        }
    }
}
