//! Who cited the figures that would change.

use std::collections::{BTreeMap, BTreeSet};

use project::DatasetName;
use service::{CitingRendition, Restatement, Result};

use super::work::Work;
use crate::failure;
use crate::superseded::{self, Made};

/// Renditions that are named.
const NAMED: usize = 100;
/// Reports with their parameters that are made again at the most.
const MADE: usize = 100;

/// Finds the renditions that would show other figures. They are named to those who may read them.
pub(super) async fn cited(work: &Work<'_>, named: bool, to: &mut Restatement) -> Result<()> {
    let handles = work.handles;
    let records = handles.books.standing_renditions().await;
    let moved: BTreeSet<&DatasetName> = work.moved.keys().collect();
    let mut groups: Vec<Vec<Made>> = Vec::new();
    for record in records.map_err(failure::books)? {
        let Some(made) = Made::of(record, work.project) else {
            to.renditions_unknown += 1;
            continue;
        };
        if !made.reads().iter().any(|dataset| moved.contains(dataset)) {
            continue;
        }
        match groups
            .iter_mut()
            .find(|group| group.iter().any(|of| of.is_like(&made)))
        {
            Some(group) => group.push(made),
            None => groups.push(vec![made]),
        }
    }
    let unmade = groups.iter().skip(MADE).map(|group| group.len() as u64);
    to.renditions_unknown += unmade.sum::<u64>();
    groups.truncate(MADE);
    for group in groups {
        let Some(first) = group.first() else { continue };
        let mut tables = BTreeMap::new();
        for dataset in first.reads() {
            tables.insert(dataset.clone(), work.given(dataset).await?);
        }
        let Ok(after) = superseded::shown(handles, first, tables).await else {
            to.renditions_unknown += group.len() as u64;
            continue;
        };
        for made in group {
            match superseded::own(handles, &made).await {
                Ok(before) if before != after => {
                    to.renditions_total += 1;
                    if named && to.renditions.len() < NAMED {
                        to.renditions.push(citing(made));
                    }
                }
                Ok(_) => {}
                Err(_) => to.renditions_unknown += 1,
            }
        }
    }
    Ok(())
}

fn citing(made: Made) -> CitingRendition {
    CitingRendition {
        id: made.id,
        report: made.report,
        params: made.params.into_iter().collect(),
        rendered_at: made.rendered_at,
    }
}
