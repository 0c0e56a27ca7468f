//! Results of rules.

use project::Severity;
use serde::{Deserialize, Serialize};
use service::{RuleOutcome, ServiceError};
use utoipa::ToSchema;

use super::{TextDto, instant, known, read_instant};

/// What a run found of a rule of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleOutcomeDto {
    /// The run.
    pub run: String,
    /// The version that the run made; null if a rule of severity `error` was broken.
    pub version: Option<i64>,
    /// The rule.
    #[schema(example = "unique")]
    pub rule: String,
    /// The column, if the rule is about one.
    pub column: Option<String>,
    /// `error`: what breaks it keeps the dataset from being published; `quarantine`: rows that
    /// break it are set aside; `warning`.
    #[schema(example = "error")]
    pub severity: String,
    /// Whether the rule holds.
    pub passed: bool,
    /// The rows that break it; for a rule on the number of rows, that number.
    pub failed_rows: u64,
    /// The rows that were checked.
    pub checked_rows: u64,
    /// The rows that a rule in SQL could not judge for a missing value; null for other rules.
    pub null_rows: Option<u64>,
    /// What people are told when it is broken.
    pub message: TextDto,
    /// When it was checked.
    #[schema(format = DateTime)]
    pub checked_at: String,
}

impl From<RuleOutcome> for RuleOutcomeDto {
    fn from(outcome: RuleOutcome) -> Self {
        Self {
            run: outcome.run,
            version: outcome.version,
            rule: outcome.rule,
            column: outcome.column,
            severity: outcome.severity.as_str().to_owned(),
            passed: outcome.passed,
            failed_rows: outcome.failed_rows,
            checked_rows: outcome.checked_rows,
            null_rows: outcome.null_rows,
            message: outcome.message.into(),
            checked_at: instant(outcome.checked_at),
        }
    }
}

impl TryFrom<RuleOutcomeDto> for RuleOutcome {
    type Error = ServiceError;

    fn try_from(dto: RuleOutcomeDto) -> Result<Self, ServiceError> {
        let severity = known(&dto.severity, "a severity", Severity::ALL, |severity| {
            severity.as_str()
        })?;
        Ok(Self {
            run: dto.run,
            version: dto.version,
            rule: dto.rule,
            column: dto.column,
            severity,
            passed: dto.passed,
            failed_rows: dto.failed_rows,
            checked_rows: dto.checked_rows,
            null_rows: dto.null_rows,
            message: dto.message.into(),
            checked_at: read_instant(&dto.checked_at)?,
        })
    }
}
