//! The way in: a seat for a body while it is in work, and a turn for what is done with it.

use access::{Bound, Closed, Place, Refusal, Seat, Work};
use project::AgencyCode;
use service::{Door, ErrorKind, Principal, Result, ServiceError};

use super::Terms;
use crate::handles::Handles;

/// What a submission costs beside its bytes: a file of evidence, a claim, staged files.
const FIXED_COST: u64 = 64 << 10;

/// A seat for a body, from its first byte until it is landed or given up. Refuses, with nothing
/// kept, when there is too much in work or the caller comes too often.
pub(crate) fn seat(
    handles: &Handles,
    door: Door,
    principal: &Principal,
    agency: &AgencyCode,
) -> Result<Seat> {
    let line = line(principal, agency);
    match door {
        // Who is at this machine, or fetches for it, is bounded by himself.
        Door::Cli | Door::Connector => Ok(handles.admission.guest(line)),
        Door::Http | Door::Page => {
            let seat = handles.admission.enter(&principal.name, line);
            seat.map_err(|refusal| refused(handles, refusal, principal, line))
        }
    }
}

/// A seat for the next part of a body whose first was admitted.
pub(crate) fn seat_again(
    handles: &Handles,
    principal: &Principal,
    agency: &AgencyCode,
) -> Result<Seat> {
    let line = line(principal, agency);
    let seat = handles.admission.again(line);
    seat.map_err(|refusal| refused(handles, refusal, principal, line))
}

/// A turn for a body of that size. A wide one is decoded by every core.
pub(crate) async fn turn(seat: &Seat, size_bytes: u64, wide: bool) -> Result<Place> {
    let _waiting = InWork::of("waiting");
    let cost = size_bytes.saturating_add(FIXED_COST);
    let place = seat.turn(Work { cost, wide }).await;
    place.map_err(|Closed| closed())
}

/// A seat and a turn for work of the house itself on a body of that size.
pub(crate) async fn guest(
    handles: &Handles,
    terms: &Terms,
    size_bytes: u64,
) -> Result<(Seat, Place)> {
    let seat = handles.admission.guest(&terms.agency);
    let place = turn(&seat, size_bytes, false).await?;
    Ok((seat, place))
}

/// Whose flood it would be: that of the agency that the caller is bound to, whatever agencies below
/// it the data is of.
pub(crate) fn line<'a>(principal: &'a Principal, agency: &'a AgencyCode) -> &'a AgencyCode {
    principal.agency.as_ref().unwrap_or(agency)
}

fn refused(
    handles: &Handles,
    refusal: Refusal,
    principal: &Principal,
    line: &AgencyCode,
) -> ServiceError {
    let settings = &handles.settings;
    let wait = refusal.retry_after_s;
    let (limit, message, less) = match refusal.bound {
        Bound::Seats => (
            "submission.bodies_at_once",
            format!(
                "the submission met the limit `submission.bodies_at_once` of {}: so many are \
                 received, checked and landed now",
                settings.bodies_at_once
            ),
            "",
        ),
        Bound::SeatsPerAgency => (
            "submission.bodies_per_agency",
            format!(
                "the submission met the limit `submission.bodies_per_agency` of {}: so many of \
                 agency `{line}` are received, checked and landed now",
                settings.bodies_per_agency
            ),
            ", and fewer at the same time",
        ),
        Bound::ClientPerSecond => (
            "submission.client_per_second",
            format!(
                "`{}` met the limit `submission.client_per_second` of {}",
                principal.name, settings.client_per_second
            ),
            ", and put more rows into one body",
        ),
    };
    metrics::counter!("dtm_submissions_turned_away_total", "limit" => limit).increment(1);
    ServiceError::new(ErrorKind::Busy, message)
        .hint(format!(
            "Nothing of it was kept. Send it again in {wait} s{less}."
        ))
        .retry_after(wait)
}

/// The error of whoever comes to a house that is closed.
fn closed() -> ServiceError {
    ServiceError::new(
        ErrorKind::Unavailable,
        "the node is stopping and takes no new work",
    )
    .hint("Send it again in a moment; nothing of it was kept.")
}

/// A submission that is counted in one state of its way, until dropped.
pub(crate) struct InWork {
    state: &'static str,
}

impl InWork {
    pub(crate) fn of(state: &'static str) -> Self {
        metrics::gauge!("dtm_submissions_in_work", "state" => state).increment(1.0);
        Self { state }
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        metrics::gauge!("dtm_submissions_in_work", "state" => self.state).decrement(1.0);
    }
}
