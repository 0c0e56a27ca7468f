//! Obligations and the extensions of their deadlines.

use calendar::{Deadline, Standing, civil_day};
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use service::{
    ErrorKind, ExtendRequest, Extension, HandedIn, Obligation, ObligationKey, ServiceError,
};
use utoipa::ToSchema;

use super::{instant, known, read, read_instant};

/// A deadline to move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendDto {
    /// The dataset.
    #[schema(example = "raw.dossiers")]
    pub dataset: String,
    /// The agency.
    #[schema(example = "H26")]
    pub agency: String,
    /// The period.
    #[schema(example = "2026-09")]
    pub period: String,
    /// The last civil day in Vietnam on which the data is to be on time.
    #[schema(format = Date, example = "2026-10-31")]
    pub until: String,
    /// Why, for the history; it must not be empty.
    #[serde(default)]
    #[schema(example = "the data centre of the province was under water")]
    pub reason: String,
}

/// An act that moved a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExtensionDto {
    /// From 1, in order.
    pub number: u32,
    /// The day that it was due before.
    #[schema(format = Date)]
    pub before: String,
    /// The day that it is due since.
    #[schema(format = Date)]
    pub until: String,
    /// Why.
    pub reason: String,
    /// Who extended it.
    pub principal: String,
    /// When.
    #[schema(format = DateTime)]
    pub extended_at: String,
}

/// What an agency owes for a period, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObligationDto {
    /// The dataset.
    #[schema(example = "raw.dossiers")]
    pub dataset: String,
    /// The period.
    #[schema(example = "2026-09")]
    pub period: String,
    /// The agency.
    #[schema(example = "H26")]
    pub agency: String,
    /// What becomes of data that comes now: `not_yet`, refused; `open`, on time; `late`, taken and
    /// marked; `locked`, refused.
    #[schema(example = "open")]
    pub state: String,
    /// The first day of the period; days are civil days in Vietnam.
    #[schema(format = Date)]
    pub opens_on: String,
    /// The last day on which data is on time.
    #[schema(format = Date)]
    pub due_on: String,
    /// When the period locks; none if it never does.
    #[schema(format = DateTime)]
    pub locks_at: Option<String>,
    /// Committed submissions that were neither replaced nor withdrawn.
    pub submissions: u64,
    /// When the first of them was complete.
    #[schema(format = DateTime)]
    pub first_received_at: Option<String>,
    /// How the deadline was moved, in order.
    pub extensions: Vec<ExtensionDto>,
}

impl From<ExtendRequest> for ExtendDto {
    fn from(request: ExtendRequest) -> Self {
        Self {
            dataset: request.of.dataset.to_string(),
            agency: request.of.agency.to_string(),
            period: request.of.period.to_string(),
            until: request.until.to_string(),
            reason: request.reason,
        }
    }
}

impl TryFrom<ExtendDto> for ExtendRequest {
    type Error = ServiceError;

    fn try_from(dto: ExtendDto) -> Result<Self, ServiceError> {
        let invalid = |message: String| ServiceError::new(ErrorKind::Invalid, message);
        let name = |error: project::NameError| invalid(error.to_string());
        let period = |error: calendar::CalendarError| invalid(error.to_string());
        let until = dto.until.parse().map_err(|_| {
            invalid(format!("`until` is `{}`, and that is no day", dto.until))
                .hint("Write it like `2026-10-31`.")
        })?;
        Ok(Self {
            of: ObligationKey {
                dataset: dto.dataset.parse().map_err(name)?,
                period: dto.period.parse().map_err(period)?,
                agency: dto.agency.parse().map_err(name)?,
            },
            until,
            reason: dto.reason,
        })
    }
}

impl From<Extension> for ExtensionDto {
    fn from(extension: Extension) -> Self {
        Self {
            number: extension.number,
            before: extension.before.to_string(),
            until: extension.until.to_string(),
            reason: extension.reason,
            principal: extension.principal,
            extended_at: instant(extension.at),
        }
    }
}

impl ExtensionDto {
    fn of(self, of: &ObligationKey) -> Result<Extension, ServiceError> {
        Ok(Extension {
            of: of.clone(),
            number: self.number,
            before: day(&self.before)?,
            until: day(&self.until)?,
            reason: self.reason,
            principal: self.principal,
            at: read_instant(&self.extended_at)?,
        })
    }
}

impl From<Obligation> for ObligationDto {
    fn from(obligation: Obligation) -> Self {
        let Obligation {
            of,
            deadline,
            standing,
            handed_in,
            extensions,
        } = obligation;
        Self {
            dataset: of.dataset.to_string(),
            period: of.period.to_string(),
            agency: of.agency.to_string(),
            state: standing.as_str().to_owned(),
            opens_on: deadline.opens_on.to_string(),
            due_on: deadline.due_on.to_string(),
            locks_at: deadline.locks_at().map(instant),
            submissions: handed_in.submissions,
            first_received_at: handed_in.first_received_at.map(instant),
            extensions: extensions.into_iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<ObligationDto> for Obligation {
    type Error = ServiceError;

    fn try_from(dto: ObligationDto) -> Result<Self, ServiceError> {
        let of = ObligationKey {
            dataset: read(&dto.dataset, "a dataset name")?,
            period: read(&dto.period, "a period code")?,
            agency: read(&dto.agency, "an agency code")?,
        };
        let locks_at = dto.locks_at.as_deref().map(read_instant).transpose()?;
        let last_day = |locks_at| civil_day(locks_at - TimeDelta::microseconds(1));
        let first = dto.first_received_at.as_deref().map(read_instant);
        let extensions = dto.extensions.into_iter().map(|dto| dto.of(&of));
        Ok(Self {
            deadline: Deadline {
                opens_on: day(&dto.opens_on)?,
                due_on: day(&dto.due_on)?,
                closes_on: locks_at.map(last_day),
            },
            standing: known(&dto.state, "a period's state", Standing::ALL, |s| {
                s.as_str()
            })?,
            handed_in: HandedIn {
                submissions: dto.submissions,
                first_received_at: first.transpose()?,
            },
            extensions: extensions.collect::<Result<_, _>>()?,
            of,
        })
    }
}

fn day(text: &str) -> Result<NaiveDate, ServiceError> {
    read(text, "a day")
}
