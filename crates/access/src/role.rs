//! Roles, and the table of what each may do.

use std::fmt;
use std::str::FromStr;

use service::Action;

use crate::AccessError;

/// What a principal is to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An agency's system, or the person who enters data for it.
    Submitter,
    /// Answers for an agency's data and reads the reports made of all of it.
    Official,
    /// Asks questions of the data.
    Analyst,
    /// Builds and runs transformations.
    DataEngineer,
    /// Keeps the system running without seeing the data.
    Operator,
    /// Sees who did what, and which submissions are behind a figure, without seeing the data.
    Auditor,
    /// May do everything.
    Administrator,
}

/// Acts on oneself and on what every principal may know.
const EVERYONE: &[Action] = &[
    Action::SignIn,
    Action::SignOut,
    Action::CreateSignInCode,
    Action::ReadCatalogue,
    Action::ReadReports,
];

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Submitter,
        Self::Official,
        Self::Analyst,
        Self::DataEngineer,
        Self::Operator,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The table: what each role may do besides what everyone may.
    fn acts(self) -> &'static [Action] {
        use Action::{
            Apply, Maintain, Plan, Pull, Query, ReadAudit, ReadEvidence, ReadFigures, ReadMetrics,
            ReadObligations, ReadRendition, ReadRuns, ReadSubmission, Release, RenderReport,
            Rollback, Run, Submit, Trace, Upload, Withdraw,
        };
        match self {
            Self::Submitter => &[
                Submit,
                ReadEvidence,
                ReadObligations,
                ReadSubmission,
                Upload,
                Withdraw,
                ReadFigures,
            ],
            Self::Official => &[
                Submit,
                Upload,
                Withdraw,
                ReadSubmission,
                ReadEvidence,
                ReadObligations,
                ReadFigures,
                RenderReport,
                ReadRendition,
            ],
            Self::Analyst => &[
                ReadObligations,
                Query,
                ReadFigures,
                Trace,
                RenderReport,
                ReadRendition,
                ReadRuns,
            ],
            Self::DataEngineer => &[
                ReadSubmission,
                ReadObligations,
                Release,
                Query,
                ReadFigures,
                Trace,
                RenderReport,
                ReadRendition,
                Run,
                Rollback,
                ReadRuns,
                Plan,
                Apply,
                Pull,
            ],
            Self::Operator => &[
                Run,
                Rollback,
                ReadRuns,
                Plan,
                Apply,
                Pull,
                Maintain,
                ReadMetrics,
            ],
            Self::Auditor => &[ReadAudit, Trace],
            Self::Administrator => &Action::ALL,
        }
    }

    /// Whether the role may do that at all; for whom is [`crate::decide`]'s question.
    pub fn may(self, action: Action) -> bool {
        EVERYONE.contains(&action) || self.acts().contains(&action)
    }

    /// Whether the role acts for the whole country rather than for one agency.
    pub fn is_national(self) -> bool {
        !matches!(self, Self::Submitter | Self::Official)
    }

    /// The role's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitter => "submitter",
            Self::Official => "official",
            Self::Analyst => "analyst",
            Self::DataEngineer => "data_engineer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    pub(crate) fn listed() -> String {
        format!("`{}`", Self::ALL.map(Self::as_str).join("`, `"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Self, AccessError> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| AccessError::NotARole(text.to_owned()))
    }
}
