//! Renditions whose figures are not those that are published any more.
//!
//! Each published set is held once against the renditions that nothing has superseded: what a
//! rendition asked is asked again over the set, and where the rows are others it is marked. Its
//! bytes and its manifest stay. A rollback ends the marks of the sets that it takes back. Marks,
//! and up to which set they are known, go into the books in one step; what was cut off before it
//! is done by the next run, or on start.

mod list;
mod made;

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::{Entry, Outcome, Phase};
use books::{Judgement, RenditionRecord, SupersessionRecord};
use lake::LakeError;
use project::DatasetName;
use serde_json::json;
use service::{Action, Door, ErrorKind, Result};

use crate::failure;
use crate::handles::Handles;
use crate::published::PublishedSet;

pub(crate) use list::{listed, whether};
pub(crate) use made::{Made, fingerprint, own, shown};

/// Sets that are held against renditions at the most when that was not done for long. What an older
/// set changed is found in the first of these, and named after its run.
const SETS: u64 = 64;

/// Marks what was published since that was done last. What fails is logged and tried again by the
/// next run: what is published stands.
pub(crate) async fn catch_up(handles: &Handles) {
    if let Err(error) = caught_up(handles).await {
        tracing::error!(%error, "superseded renditions could not be marked");
    }
}

async fn caught_up(handles: &Handles) -> Result<()> {
    let newest = handles.published.newest_known().sequence;
    let judged = handles.books.judged_set().await.map_err(failure::books)?;
    let first = judged.unwrap_or(0).max(newest.saturating_sub(SETS)) + 1;
    for sequence in first..=newest {
        let judgement = judgement(handles, sequence, None).await?;
        keep(handles, &judgement).await?;
    }
    Ok(())
}

/// Marks a rendition that was made over a set which is not the newest any more.
pub(crate) async fn of_late(
    handles: &Handles,
    record: &RenditionRecord,
    made_of: u64,
) -> Result<()> {
    for sequence in made_of + 1..=handles.published.newest().await?.sequence {
        let mut judgement = judgement(handles, sequence, Some(record)).await?;
        if !judgement.marked.is_empty() {
            // The others are not looked at by it.
            judgement.set = 0;
            judgement.lifted = None;
            return keep(handles, &judgement).await;
        }
    }
    Ok(())
}

/// What the set of that sequence says of renditions, or of the one.
async fn judgement(
    handles: &Handles,
    sequence: u64,
    one: Option<&RenditionRecord>,
) -> Result<Judgement> {
    let set = handles.published.set(sequence).await?;
    let lifted = set.restores.as_ref().map(|of| (of.set, set.published_at));
    let mut judgement = Judgement {
        set: sequence,
        lifted,
        marked: Vec::new(),
    };
    let candidates = match one {
        Some(record) => vec![record.clone()],
        None => handles
            .books
            .standing_renditions()
            .await
            .map_err(failure::books)?,
    };
    if candidates.is_empty() {
        return Ok(judgement);
    }
    let changed = changed(handles, &set).await?;
    let project = handles.project();
    let made = candidates
        .into_iter()
        .filter_map(|record| Made::of(record, &project));
    let is_touched = |made: &Made| {
        made.reads().iter().any(|dataset| {
            let newer = changed.get(dataset);
            let read = made.input_versions.get(dataset.as_str());
            newer.is_some_and(|version| read.is_none_or(|read| read < version))
        })
    };
    let mut known: Vec<(Made, Option<String>)> = Vec::new();
    let touched: Vec<Made> = made.filter(is_touched).collect();
    for made in touched {
        let like = known.iter().find(|(of, _)| of.is_like(&made));
        let now = match like {
            Some((_, now)) => now.clone(),
            None => told(made::shown_at(handles, &made, &set.versions).await, &made)?,
        };
        let then = match &now {
            Some(_) => told(own(handles, &made).await, &made)?,
            None => None,
        };
        if then.is_some() && then != now {
            judgement.marked.push(SupersessionRecord {
                rendition: made.id.clone(),
                set: sequence,
                run: set.run.clone(),
                at: set.published_at,
            });
        }
        known.push((made, now));
    }
    Ok(judgement)
}

/// What cannot be made again, because its columns are gone or it takes too much, is left as it is.
fn told(shown: Result<String>, made: &Made) -> Result<Option<String>> {
    match shown {
        Ok(sha256) => Ok(Some(sha256)),
        Err(error) if error.kind == ErrorKind::Unavailable => Err(error),
        Err(error) => {
            tracing::warn!(
                rendition = %made.id,
                report = %made.report,
                %error,
                "whether other figures are published cannot be seen"
            );
            Ok(None)
        }
    }
}

/// The datasets of which the set shows other rows than the one before, with their versions.
async fn changed(handles: &Handles, set: &Arc<PublishedSet>) -> Result<BTreeMap<DatasetName, i64>> {
    let before = handles.published.set(set.sequence - 1).await?;
    let mut changed = BTreeMap::new();
    for (name, version) in &set.versions {
        let Ok(dataset) = name.parse::<DatasetName>() else {
            continue;
        };
        let Some(old) = before.versions.get(name) else {
            changed.insert(dataset, *version);
            continue;
        };
        let same = match handles.lake.table(&dataset).await {
            Ok(table) => table.same_rows(*old, *version).await,
            Err(LakeError::NotFound(_)) => Ok(true),
            Err(error) => Err(error),
        };
        if !same.map_err(failure::lake)? {
            changed.insert(dataset, *version);
        }
    }
    Ok(changed)
}

/// First the journal, then the books: after a crash between them an entry is written once more, and
/// no mark is without one.
async fn keep(handles: &Handles, judgement: &Judgement) -> Result<()> {
    if let Some((since, _)) = judgement.lifted {
        let lifted = handles
            .books
            .supersessions_between(since, judgement.set)
            .await;
        for mark in lifted.map_err(failure::books)? {
            note(handles, (Action::Rollback, "restored"), &mark).await?;
        }
    }
    for mark in &judgement.marked {
        let action = match mark.run {
            Some(_) => Action::Run,
            None if judgement.lifted.is_some() => Action::Rollback,
            None => Action::Apply,
        };
        note(handles, (action, "superseded"), mark).await?;
        tracing::info!(
            rendition = %mark.rendition,
            run = mark.run.as_deref().unwrap_or_default(),
            "superseded"
        );
    }
    let kept = handles.books.keep_judgement(judgement).await;
    kept.map_err(failure::books)
}

async fn note(
    handles: &Handles,
    (action, word): (Action, &str),
    mark: &SupersessionRecord,
) -> Result<()> {
    let entry = Entry {
        phase: Phase::Effect,
        action,
        resource: format!("rendition `{}`", mark.rendition),
        principal: "system".to_owned(),
        door: Door::Connector,
        peer: None,
        outcome: Outcome::Done,
        detail: json!({ "rendition": word, "run": mark.run, "set": mark.set }).to_string(),
        correlation_id: format!("set {}", mark.set),
    };
    let noted = handles.journal.append(entry).await;
    noted.map(drop).map_err(failure::audit)
}
