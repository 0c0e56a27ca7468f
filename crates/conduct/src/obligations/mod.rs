//! Obligations: until when the data of a period is taken, and who moved that.

mod extend;
mod kept;
mod list;

use access::Role;
use calendar::{Deadline, Period, Standing, civil};
use chrono::{DateTime, NaiveDate, Utc};
use project::{AgencyCode, Contract};
use service::{Action, ErrorKind, ObligationKey, Result, ServiceError};

use crate::failure;
use crate::handles::Handles;

pub(crate) use extend::extend;
pub(crate) use kept::recover;
pub(crate) use list::{list, of_period};

/// What becomes of data that is complete at a moment.
pub(crate) struct Admission {
    /// The day on which it was due; none if the dataset has no deadline.
    pub due_on: Option<NaiveDate>,
    /// Why it is not taken.
    pub refusal: Option<ServiceError>,
}

/// Whether a period takes an agency's data, or a change of it, at `at`.
pub(crate) async fn admission(
    handles: &Handles,
    contract: &Contract,
    period: &Period,
    agency: &AgencyCode,
    at: DateTime<Utc>,
) -> Result<Admission> {
    let Some(terms) = &contract.deadline else {
        return Ok(Admission {
            due_on: None,
            refusal: None,
        });
    };
    let of = ObligationKey {
        dataset: contract.dataset.clone(),
        period: period.code.clone(),
        agency: agency.clone(),
    };
    let extended = handles.books.extensions_of(&of).await;
    let extended = extended.map_err(failure::books)?;
    let until = extended.last().map(|extension| extension.until);
    let deadline = Deadline::new(period, terms.rule, until);
    let refusal = match deadline.standing(at) {
        Standing::Open | Standing::Late => None,
        Standing::NotYet => Some(not_yet(&of, &deadline)),
        Standing::Locked => Some(locked(&of, &deadline)),
    };
    Ok(Admission {
        due_on: Some(deadline.due_on),
        refusal,
    })
}

fn not_yet(of: &ObligationKey, deadline: &Deadline) -> ServiceError {
    let (period, opens_on) = (&of.period, deadline.opens_on);
    let message = format!("period `{period}` has not begun: it begins on {opens_on}");
    ServiceError::new(ErrorKind::Invalid, message)
        .hint("Send data of a period that has begun; look whether it is the period that you mean.")
}

fn locked(of: &ObligationKey, deadline: &Deadline) -> ServiceError {
    let since = deadline.locks_at().map(|at| civil(at).to_rfc3339());
    let since = since.unwrap_or_default();
    let message = format!(
        "{of} is locked since {since}: the data was due on {}",
        deadline.due_on
    );
    let may = |role: &Role| role.may(Action::ExtendDeadline);
    let roles: Vec<&str> = Role::ALL
        .into_iter()
        .filter(may)
        .map(Role::as_str)
        .collect();
    let ObligationKey {
        dataset,
        period,
        agency,
    } = of;
    ServiceError::new(ErrorKind::Conflict, message).hint(format!(
        "Ask a principal of role `{}` to extend the deadline: `dtm extend {dataset} --agency \
         {agency} --period {period} --until DAY --reason TEXT`.",
        roles.join("` or `")
    ))
}
