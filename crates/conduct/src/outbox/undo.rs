//! What a run that was cut off had begun is told to be given up.

use std::collections::BTreeSet;

use calendar::civil;
use project::DatasetName;
use serde::{Deserialize, Serialize};
use service::Result;

use super::kept::{self, Kept, Numbers, When, put};
use crate::alone::Alone;
use crate::handles::Handles;

/// What a run notes of its events while it is open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noted {
    /// The newest published set when it began.
    #[serde(default)]
    pub since: u64,
    /// The transformations that it said it begins, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub started: Vec<Started>,
}

/// A transformation that a run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Started {
    /// What it makes.
    pub dataset: DatasetKey,
    /// Whether it is known that the event of its beginning was kept.
    pub kept: bool,
}

type DatasetKey = String;

/// Keeps an event of the end for each transformation of the run that has none. To be called while
/// the run is still open on the store: nothing that it kept has left but beginnings.
pub(crate) async fn aborted(
    handles: &Handles,
    alone: &Alone,
    run: &str,
    noted: &Noted,
) -> Result<()> {
    if noted.started.is_empty() {
        return Ok(());
    }
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for path in kept::list(handles).await? {
        if kept::run_of(&path) != Some(run) {
            continue;
        }
        let Some(found) = kept::get(handles, &path).await? else {
            continue;
        };
        let job = found.event["job"]["name"].as_str().unwrap_or_default();
        match found.when {
            When::Begun => begun.insert(job.to_owned()),
            When::Ended => ended.insert(job.to_owned()),
            When::Published => continue,
        };
    }
    let numbers = Numbers::of_undone(alone.fence(), run);
    let source = &handles.settings.lineage.source;
    let at = civil(handles.now()).to_rfc3339();
    let keep = |when: When, event| Kept {
        run: run.to_owned(),
        since: noted.since,
        when,
        event,
    };
    for started in &noted.started {
        let name = started.dataset.as_str();
        let Ok(dataset) = name.parse::<DatasetName>() else {
            continue;
        };
        if ended.contains(name) {
            continue;
        }
        if !started.kept && !begun.contains(name) {
            // It may never have been kept, or have left already: then it comes twice.
            let start = source.bare("START", run, name, &at);
            put(handles, &numbers.next(), &keep(When::Begun, start)).await?;
        }
        let abort = source.aborted(run, &dataset, &at);
        put(handles, &numbers.next(), &keep(When::Ended, abort)).await?;
    }
    handles.outbox.wake();
    Ok(())
}
