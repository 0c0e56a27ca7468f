//! Who calls, through which door, and as what; and the record that is left of it.

use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use project::AgencyCode;

/// A secret that never shows itself in logs or errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret, for the one who must hash or send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What the caller shows to prove who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// An access token (`Authorization: Bearer`, `--token`, `operator.token`).
    Token(Secret),
    /// The session of the pages.
    Session(Secret),
}

/// The door a call came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The HTTP API.
    Http,
    /// The pages.
    Page,
    /// The command line on its own home.
    Cli,
    /// None: the house itself, which runs a connector or what is due.
    Connector,
}

impl Door {
    /// The word for the door in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Page => "page",
            Self::Cli => "cli",
            Self::Connector => "connector",
        }
    }
}

/// A call, before anyone has asked whether it is allowed.
#[derive(Debug, Clone)]
pub struct Call {
    /// What the caller shows; none on open routes.
    pub credential: Option<Credential>,
    /// The door.
    pub door: Door,
    /// The peer's address, where there is one.
    pub peer: Option<IpAddr>,
    /// What the client says of itself; unverified.
    pub user_agent: Option<String>,
    /// Ties log lines, audit entries and the answer together.
    pub correlation_id: String,
}

/// Who a credential belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name given when the token was made.
    pub name: String,
    /// The role's name.
    pub role: String,
    /// The agency it acts for; none for national roles.
    pub agency: Option<AgencyCode>,
}

/// An entry of the audit journal: the attempt, or its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The position in the journal, from 1.
    pub sequence: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// `attempt` or `effect`.
    pub phase: String,
    /// The act.
    pub action: String,
    /// What it was about: a dataset, a submission, a report.
    pub resource: String,
    /// The principal's name; empty if unknown.
    pub principal: String,
    /// The door.
    pub door: String,
    /// The peer's address; empty for the command line.
    pub peer: String,
    /// `allowed`, `denied`, `done` or `failed`.
    pub outcome: String,
    /// What else is to be known, as JSON text.
    pub detail: String,
    /// Ties the attempt to its effect.
    pub correlation_id: String,
}
