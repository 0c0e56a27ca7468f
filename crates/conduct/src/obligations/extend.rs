//! Extending: a deadline moves to a later day, for a reason.

use std::sync::Arc;

use audit::Outcome;
use calendar::{DEADLINE_DAYS, Deadline, DeadlineRule, civil_day};
use chrono::{Days, NaiveDate, SubsecRound};
use serde_json::json;
use service::{
    Action, Call, ErrorKind, ExtendRequest, Extension, Obligation, Result, ServiceError,
};

use super::{kept, list};
use crate::failure;
use crate::handles::Handles;
use crate::perform::{About, Gate};
use crate::submit::{self, Terms};

/// The longest reason.
const REASON_CHARS: usize = 1000;
/// Tries while others extend the same deadline.
const TRIES: usize = 20;

/// Moves a deadline to a later day.
pub(crate) async fn extend(gate: &Gate, call: &Call, request: ExtendRequest) -> Result<Obligation> {
    let of = &request.of;
    let about = About::dataset(&of.dataset)
        .of_agency(Some(of.agency.clone()))
        .detail(json!({
            "period": of.period.as_str(),
            "until": request.until,
            "reason": request.reason,
        }));
    let acting = gate.begin(call, Action::ExtendDeadline, about).await?;
    let handles = Arc::clone(&acting.handles);
    let done = act(&handles, &acting.principal.name, &request).await;
    let (outcome, detail) = match &done {
        Ok((moved, _)) => (
            Outcome::Done,
            json!({ "number": moved.number, "before": moved.before, "after": moved.until }),
        ),
        Err(error) => (Outcome::Failed, json!({ "error": error.message })),
    };
    acting.end(outcome, detail).await?;
    done.map(|(_, obligation)| obligation)
}

async fn act(
    handles: &Handles,
    by: &str,
    request: &ExtendRequest,
) -> Result<(Extension, Obligation)> {
    let of = &request.of;
    let agency = Some(of.agency.clone());
    let terms = submit::terms(&handles.project(), &of.dataset, &of.period, agency)?;
    let Some(rule) = terms.contract.deadline.as_ref().map(|terms| terms.rule) else {
        let message = format!("dataset `{}` has no deadline to extend", of.dataset);
        return Err(ServiceError::new(ErrorKind::Conflict, message)
            .hint("Its data is taken at any time; a deadline stands in its contract."));
    };
    let request = ExtendRequest {
        reason: reason(&request.reason)?,
        ..request.clone()
    };
    last_day(handles, &terms, request.until)?;
    let moved = moved(handles, by, &request, (&terms, rule)).await?;
    let obligation = list::one(handles, &terms, rule).await?;
    Ok((moved, obligation))
}

fn reason(given: &str) -> Result<String> {
    let reason = given.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS {
        let message = "the extension gives no reason that can be kept";
        return Err(ServiceError::new(ErrorKind::Invalid, message)
            .hint(format!("Say why, in 1 to {REASON_CHARS} characters.")));
    }
    Ok(reason.to_owned())
}

/// Refuses a day that has passed, and one that can only be a slip: no extension is taken back.
fn last_day(handles: &Handles, terms: &Terms, until: NaiveDate) -> Result<()> {
    let today = civil_day(handles.now());
    let furthest = Days::new(u64::from(DEADLINE_DAYS));
    let furthest = terms.period.end_on.max(today).checked_add_days(furthest);
    let furthest = furthest.unwrap_or(NaiveDate::MAX);
    if (today..=furthest).contains(&until) {
        return Ok(());
    }
    let message = format!("a deadline cannot be extended until {until}");
    Err(ServiceError::new(ErrorKind::Invalid, message)
        .hint(format!("Give a day from {today} to {furthest}.")))
}

/// Keeps the extension, on the store first: of two at the same time one has the next number, and
/// the other sees it.
async fn moved(
    handles: &Handles,
    by: &str,
    request: &ExtendRequest,
    (terms, rule): (&Terms, DeadlineRule),
) -> Result<Extension> {
    let ExtendRequest { of, until, reason } = request;
    for _ in 0..TRIES {
        let made = handles.books.extensions_of(of).await;
        let last = made.map_err(failure::books)?.pop();
        let same = |last: &&Extension| last.until == *until && last.reason == *reason;
        if let Some(last) = last.as_ref().filter(same) {
            return Ok(last.clone());
        }
        let extended = last.as_ref().map(|last| last.until);
        let before = Deadline::new(&terms.period, rule, extended).due_on;
        if *until <= before {
            return Err(not_later(request, before));
        }
        let new = Extension {
            of: of.clone(),
            number: last.map_or(1, |last| last.number.saturating_add(1)),
            before,
            until: *until,
            reason: reason.clone(),
            principal: by.to_owned(),
            at: handles.now().trunc_subsecs(6),
        };
        let other = kept::put(handles, &new).await?;
        let there = other.as_ref().unwrap_or(&new);
        let added = handles.books.add_extension(there).await;
        added.map_err(failure::books)?;
        if other.is_none() {
            return Ok(new);
        }
    }
    let message = format!("the deadline of {of} was extended {TRIES} times meanwhile");
    Err(ServiceError::new(ErrorKind::Unavailable, message)
        .hint("Look at the obligation, and try again in a moment."))
}

fn not_later(request: &ExtendRequest, before: NaiveDate) -> ServiceError {
    let ExtendRequest { of, until, .. } = request;
    let message = format!("{of} is due on {before}, which {until} would not extend");
    ServiceError::new(ErrorKind::Conflict, message).hint(format!(
        "Give a day after {before}; a deadline is never shortened."
    ))
}
