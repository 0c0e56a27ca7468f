//! What follows a tombstone: the bytes go, then the books are told, then it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lake::SegmentPlace;
use service::{Result, Submission, SubmissionId, SubmissionState};

use super::begun::{UNDER_WAY, may_be_at_it};
use super::kept::{self, State, Tombstone};
use crate::failure;
use crate::handles::Handles;
use crate::submit::{Manifest, SMALL_BYTES, manifest_of};

/// Lets the bytes go that these tombstones are of. Done again, it does nothing more.
pub(crate) async fn finish(handles: &Handles, all: &[Tombstone]) -> Result<()> {
    let mut small = BTreeMap::new();
    for one in all {
        let of = handles.books.submissions_of_evidence(&one.sha256).await;
        let of = of.map_err(failure::books)?;
        let evidence = handles.lake.evidence();
        for erasures in 0..one.number {
            let deleted = evidence.clone().after(erasures).delete(&one.sha256).await;
            deleted.map_err(failure::lake)?;
        }
        for place in places(handles, of.iter().filter(|s| one.lists(s.receipt.id))).await? {
            let blanked = evidence.blank(&place.path, &one.sha256).await;
            blanked.map_err(failure::lake)?;
        }
        if (1..=SMALL_BYTES).contains(&one.size_bytes) {
            small.insert(one.sha256.clone(), of);
        }
    }
    blank_strays(handles, all, &small).await?;
    for one in all {
        let (ids, erasure) = (one.ids().collect::<Vec<_>>(), one.erasure());
        let told = handles
            .books
            .erase_submissions(&ids, &one.sha256, one.number, &erasure);
        told.await.map_err(failure::books)?;
        if one.state != State::Done {
            kept::put(handles, &one.to(State::Done)).await?;
            metrics::counter!("dtm_evidence_erasures_total").increment(1);
            metrics::counter!("dtm_evidence_erased_bytes_total").increment(one.size_bytes);
        }
    }
    Ok(())
}

/// Copies that no manifest names: of a body that was kept and whose claim never came. A young one
/// may be on its way.
async fn blank_strays(
    handles: &Handles,
    all: &[Tombstone],
    small: &BTreeMap<String, Vec<Submission>>,
) -> Result<()> {
    if small.is_empty() {
        return Ok(());
    }
    let evidence = handles.lake.evidence();
    let sha256s: BTreeSet<String> = small.keys().cloned().collect();
    let found = evidence.segments_with(&sha256s).await;
    let young = handles.now() - UNDER_WAY;
    for segment in found.map_err(failure::lake)? {
        if segment.modified_at > young {
            continue;
        }
        for sha256 in &segment.sha256s {
            let of = small.get(sha256).map(Vec::as_slice).unwrap_or_default();
            let listed = |id| all.iter().any(|one| one.sha256 == *sha256 && one.lists(id));
            let live = of.iter();
            let live = live.filter(|s| s.erased.is_none() && !listed(s.receipt.id));
            let live: Vec<&Submission> = live.collect();
            let places = places(handles, live.iter().copied()).await?;
            // One whose manifest is not put yet may be anywhere.
            let known = places.len() == live.len();
            if known && places.iter().all(|place| place.path != segment.path) {
                let blanked = evidence.blank(&segment.path, sha256).await;
                blanked.map_err(failure::lake)?;
            }
        }
    }
    Ok(())
}

/// Where the bodies of submissions lie that are in segments, as their manifests say.
async fn places(
    handles: &Handles,
    of: impl Iterator<Item = &Submission>,
) -> Result<Vec<SegmentPlace>> {
    let mut places = Vec::new();
    for submission in of {
        let manifest = manifest_of(handles, submission).await?;
        places.extend(manifest.and_then(Manifest::segment));
    }
    Ok(places)
}

/// A submission that the tombstone does not list and whose bytes it would take: it came before the
/// tombstone was seen.
pub(super) async fn in_the_way(handles: &Handles, one: &Tombstone) -> Result<Option<SubmissionId>> {
    let of = handles.books.submissions_of_evidence(&one.sha256).await;
    let of = of.map_err(failure::books)?;
    let (listed, others): (Vec<_>, Vec<_>) = of
        .into_iter()
        .filter(|submission| submission.erased.is_none())
        .partition(|submission| one.lists(submission.receipt.id));
    if others.is_empty() {
        return Ok(None);
    }
    let taken = places(handles, listed.iter()).await?;
    for other in others {
        let id = other.receipt.id;
        let manifest = manifest_of(handles, &other).await?;
        let is_claimed = manifest.is_some();
        let erasures = manifest.as_ref().map_or(0, Manifest::erasures);
        let is_hit = match manifest.and_then(Manifest::segment) {
            Some(place) => taken.contains(&place),
            None if is_claimed => erasures < one.number,
            None => other.state == SubmissionState::Durable || erasures < one.number,
        };
        if is_hit {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// On start: erasures that a crash cut off are finished. One that cannot be is logged and stays for
/// the next start: it must not keep the node from serving.
pub(crate) async fn recover(handles: &Arc<Handles>) -> Result<()> {
    let mut pending = Vec::new();
    for (path, sha256, number) in kept::listed(handles).await? {
        let known = handles.books.knows_erasure(&sha256, number).await;
        if known.map_err(failure::books)? {
            continue;
        }
        match resumed(handles, &path).await {
            Ok(one) => pending.extend(one),
            Err(error) => tracing::error!(%path, %error, "an erasure is not finished"),
        }
    }
    if pending.is_empty() {
        return Ok(());
    }
    match finish(handles, &pending).await {
        Ok(()) => tracing::info!(
            erasures = pending.len(),
            "unfinished erasures were finished"
        ),
        Err(error) => tracing::error!(%error, "erasures are not finished"),
    }
    Ok(())
}

/// The tombstone, if it is to be finished now.
async fn resumed(handles: &Handles, path: &str) -> Result<Option<Tombstone>> {
    let one = kept::read(handles, path).await?;
    if one.state != State::Pending {
        return Ok(None);
    }
    if may_be_at_it(handles, &one) {
        return Ok(None);
    }
    if in_the_way(handles, &one).await?.is_some() {
        kept::put(handles, &one.to(State::Void)).await?;
        return Ok(None);
    }
    Ok(Some(one))
}
