//! The list of acts. Every act of every door is one of these; `conduct` performs no other.

/// An act that a principal may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Exchange a token or a one-time code for a session.
    SignIn,
    /// End the session.
    SignOut,
    /// Make a one-time sign-in link.
    CreateSignInCode,
    /// Make an access token.
    CreateToken,
    /// Submit data for an agency and period; a dry run is the same act with no effect.
    Submit,
    /// Begin, continue, look at or give up an upload of one's own; what becomes of it when it is
    /// complete is `submit`.
    Upload,
    /// Take a submission's rows out of its table.
    Withdraw,
    /// Run connectors: fetch what other systems hold, and submit it.
    Pull,
    /// Read submissions, their receipts and row errors.
    ReadSubmission,
    /// Read the bytes that were received.
    ReadEvidence,
    /// Read what agencies owe for a period, until when, and what they handed in.
    ReadObligations,
    /// Move a deadline to a later day.
    ExtendDeadline,
    /// Let quarantined rows land that the contract in force has nothing against.
    Release,
    /// Remove the bytes that were received; their hash and the receipt stay.
    Erase,
    /// Run a read-only query.
    Query,
    /// Read figures that are published: a query over public datasets of layer `served` and code
    /// lists alone.
    ReadFigures,
    /// Find the submissions behind a figure.
    Trace,
    /// Read datasets, contracts, history and lineage.
    ReadCatalogue,
    /// List report definitions.
    ReadReports,
    /// Render a report.
    RenderReport,
    /// Read a rendition.
    ReadRendition,
    /// Run transformations.
    Run,
    /// Let readers see again what was published before a run.
    Rollback,
    /// Read what ran: the run ledger, and how connectors stand.
    ReadRuns,
    /// Compare the project with the lake.
    Plan,
    /// Make the lake what the project says.
    Apply,
    /// Rewrite small files, write checkpoints, delete files that nobody needs.
    Maintain,
    /// Read the audit entries.
    ReadAudit,
    /// Read the metrics.
    ReadMetrics,
}

impl Action {
    /// Every act.
    pub const ALL: [Self; 29] = [
        Self::SignIn,
        Self::SignOut,
        Self::CreateSignInCode,
        Self::CreateToken,
        Self::Submit,
        Self::Upload,
        Self::Withdraw,
        Self::Pull,
        Self::ReadSubmission,
        Self::ReadEvidence,
        Self::ReadObligations,
        Self::ExtendDeadline,
        Self::Release,
        Self::Erase,
        Self::Query,
        Self::ReadFigures,
        Self::Trace,
        Self::ReadCatalogue,
        Self::ReadReports,
        Self::RenderReport,
        Self::ReadRendition,
        Self::Run,
        Self::Rollback,
        Self::ReadRuns,
        Self::Plan,
        Self::Apply,
        Self::Maintain,
        Self::ReadAudit,
        Self::ReadMetrics,
    ];

    /// The name in the audit journal, in metrics and in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::CreateSignInCode => "create_sign_in_code",
            Self::CreateToken => "create_token",
            Self::Submit => "submit",
            Self::Upload => "upload",
            Self::Withdraw => "withdraw",
            Self::Pull => "pull",
            Self::ReadSubmission => "read_submission",
            Self::ReadEvidence => "read_evidence",
            Self::ReadObligations => "read_obligations",
            Self::ExtendDeadline => "extend_deadline",
            Self::Release => "release",
            Self::Erase => "erase",
            Self::Query => "query",
            Self::ReadFigures => "read_figures",
            Self::Trace => "trace",
            Self::ReadCatalogue => "read_catalogue",
            Self::ReadReports => "read_reports",
            Self::RenderReport => "render_report",
            Self::ReadRendition => "read_rendition",
            Self::Run => "run",
            Self::Rollback => "rollback",
            Self::ReadRuns => "read_runs",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Maintain => "maintain",
            Self::ReadAudit => "read_audit",
            Self::ReadMetrics => "read_metrics",
        }
    }
}
