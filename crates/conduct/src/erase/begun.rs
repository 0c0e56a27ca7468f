//! Who is at an erasure: this process, another node, or nobody any more.

use std::collections::HashSet;

use books::Place;
use chrono::{SubsecRound, TimeDelta};
use service::{Erasure, ErrorKind, Result, ServiceError, Submission, SubmissionId};

use super::finish;
use super::kept::{self, State, Tombstone};
use crate::handles::Handles;

/// Longer than any node takes from a body to its manifest, or from a tombstone to its effect.
pub(super) const UNDER_WAY: TimeDelta = TimeDelta::minutes(10);
/// Tries while others erase the same bytes.
const TRIES: usize = 20;

/// The erasures that this process began and has not ended, by hash and number. What fails on the
/// way stays: whoever holds this knows that nobody here is at it.
#[derive(Debug, Default)]
pub(crate) struct Begun(HashSet<(String, u32)>);

/// What came of beginning.
#[derive(Debug)]
pub(crate) enum Entombed {
    /// To be finished by who asked.
    Ours(Tombstone),
    /// Another node has erased some of them, or is at it.
    Theirs(Tombstone),
}

impl Begun {
    /// Whether another node may be at it. It may still give it up, so nobody else may finish it.
    pub(super) fn is_theirs(&self, handles: &Handles, one: &Tombstone) -> bool {
        one.state == State::Pending && !self.0.contains(&place(one)) && may_be_at_it(handles, one)
    }

    /// Whether nothing stands in the way of one that is nobody else's; else it is void.
    pub(super) async fn stands(&mut self, handles: &Handles, one: &Tombstone) -> Result<bool> {
        if finish::in_the_way(handles, one).await?.is_none() {
            return Ok(true);
        }
        kept::put(handles, &one.to(State::Void)).await?;
        self.0.remove(&place(one));
        Ok(false)
    }

    /// They are done.
    pub(crate) fn end(&mut self, all: &[Tombstone]) {
        for one in all {
            self.0.remove(&place(one));
        }
    }
}

/// Whether another node may be at it: of books that several nodes share, and not for ever.
pub(super) fn may_be_at_it(handles: &Handles, one: &Tombstone) -> bool {
    let shared = matches!(handles.books.place(), Place::Server { .. });
    shared && handles.now() - one.at < UNDER_WAY
}

/// Puts the tombstone of the bytes that these submissions brought, and looks whether others came
/// with them meanwhile.
pub(crate) async fn entomb(
    handles: &Handles,
    begun: &mut Begun,
    (by, reason): (&str, &str),
    live: &[Submission],
) -> Result<Entombed> {
    let Some(first) = live.first() else {
        let message = "nothing was named that could be erased";
        return Err(ServiceError::new(ErrorKind::Internal, message));
    };
    let sha256 = &first.receipt.evidence_sha256;
    let erasure = Erasure {
        at: handles.now().trunc_subsecs(6),
        principal: by.to_owned(),
        reason: reason.to_owned(),
    };
    let ids: Vec<SubmissionId> = live.iter().map(|one| one.receipt.id).collect();
    for _ in 0..TRIES {
        // The next number is put once, so whoever gets it has seen every tombstone before it.
        let all = kept::all(handles, sha256).await?;
        let number = all.iter().map(|one| one.number).max().unwrap_or(0);
        let lists = |one: &Tombstone| ids.iter().any(|id| one.lists(*id));
        let mut known = all.into_iter();
        if let Some(one) = known.find(|one| one.state != State::Void && lists(one)) {
            if one.state == State::Done || begun.is_theirs(handles, &one) {
                return Ok(Entombed::Theirs(one));
            }
            if begun.stands(handles, &one).await? {
                return Ok(Entombed::Ours(one));
            }
            continue;
        }
        let named = (number.saturating_add(1), (handles.given.ids)().to_string());
        let one = Tombstone::new(&first.receipt, named, &ids, &erasure);
        // An answer that is lost must not make it another's.
        begun.0.insert(place(&one));
        if !kept::create(handles, &one).await? {
            begun.0.remove(&place(&one));
            continue;
        }
        if handles.keeping.holds(sha256) {
            kept::put(handles, &one.to(State::Void)).await?;
            begun.0.remove(&place(&one));
        } else if begun.stands(handles, &one).await? {
            return Ok(Entombed::Ours(one));
        }
        let message = format!("the bytes `{sha256}` came again while they were to be erased");
        return Err(ServiceError::new(ErrorKind::Conflict, message)
            .hint("Nothing was erased. Ask again in a moment: who brought them is then named."));
    }
    let message = format!("the bytes `{sha256}` are being erased by others");
    Err(ServiceError::new(ErrorKind::Unavailable, message).hint("Ask again in a moment."))
}

fn place(one: &Tombstone) -> (String, u32) {
    (one.sha256.clone(), one.number)
}
