//! The close of a period: when everyone who owes its data has handed it in, or the cut-off passed.
//!
//! The datasets are those that a transformation reads, through others too, and that have a deadline;
//! the obligations are theirs. Figures are *final* once the share of obligations that are met
//! reaches the threshold, and *provisional* when every other deadline, extensions included, has
//! passed before. A provisional period is looked at again: late data may make it final.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Period, Standing, civil_day};
use chrono::Days;
use engine::Statement;
use project::{Contract, DatasetName, Layer, Project, Transformation};
use service::{ErrorKind, Result, ServiceError};

use super::due::Due;
use crate::handles::Handles;
use crate::{failure, obligations};

/// Days for which a period is looked at after its last day, if it was not closed by then.
const DAYS: u64 = 400;
/// The share of obligations that makes figures final, as a row of `codes.thresholds`; without it all
/// must be met.
const THRESHOLD: &str = "period_close_share";

const FINAL: &str = "final";
const PROVISIONAL: &str = "provisional";

/// How the periods are closed, by code.
type Marks = BTreeMap<String, String>;

/// The periods that are to be closed now, or closed anew, given what is kept of those before.
pub(super) async fn due(
    handles: &Handles,
    project: &Project,
    transformation: &Transformation,
    kept: Option<&str>,
) -> Result<Option<Due>> {
    let contracts = with_deadline(project, transformation)?;
    if contracts.is_empty() {
        tracing::warn!(
            dataset = %transformation.dataset,
            "refresh is at period close, and nothing that it reads has a deadline"
        );
        return Ok(None);
    }
    let mut marks = kept
        .map_or(Ok(Marks::new()), serde_json::from_str)
        .map_err(|error| {
            let message = format!(
                "what is kept of `{}` cannot be read",
                transformation.dataset
            );
            ServiceError::new(ErrorKind::Corrupt, message)
                .hint("Look at its `slot` among the `jobs` of the books.")
                .caused_by(error)
        })?;
    let today = civil_day(handles.now());
    let mut notes = Vec::new();
    for period in project.calendar.periods().filter(|p| p.end_on < today) {
        let code = period.code.to_string();
        let before = marks.get(&code).map(String::as_str);
        let last = period.end_on.checked_add_days(Days::new(DAYS));
        if before == Some(FINAL) || (before.is_none() && last.is_none_or(|last| last < today)) {
            continue;
        }
        let Some((mark, told)) = closed(handles, project, &contracts, period).await? else {
            continue;
        };
        if before != Some(mark) {
            notes.push(format!("period {code} is {mark}, {told}"));
            marks.insert(code, mark.to_owned());
        }
    }
    let slot = serde_json::to_string(&marks).unwrap_or_default();
    Ok((!notes.is_empty()).then(|| Due {
        slot: Some(slot),
        note: Some(format!("at period close: {}", notes.join("; "))),
        missed: 0,
    }))
}

/// How a period stands closed, and why; none while it is open, or nobody handed in anything.
async fn closed(
    handles: &Handles,
    project: &Project,
    contracts: &[&Contract],
    period: &Period,
) -> Result<Option<(&'static str, String)>> {
    let (mut owed, mut met, mut passed) = (0_u32, 0_u32, true);
    for contract in contracts {
        let Some(terms) = &contract.deadline else {
            continue;
        };
        let of = (*contract, terms.rule);
        for obligation in obligations::of_period(handles, project, of, period).await? {
            owed += 1;
            if obligation.handed_in.submissions > 0 {
                met += 1;
            } else {
                passed &= matches!(obligation.standing, Standing::Late | Standing::Locked);
            }
        }
    }
    if met == 0 {
        return Ok(None);
    }
    let told = format!("{met} of {owed} obligations met");
    let share = threshold(project, period)?;
    Ok(if f64::from(met) >= share * f64::from(owed) {
        Some((FINAL, told))
    } else if passed {
        Some((PROVISIONAL, format!("{told} at the cut-off")))
    } else {
        None
    })
}

/// The share that makes figures final, as it stands on the last day of the period.
fn threshold(project: &Project, period: &Period) -> Result<f64> {
    let list = project.code_lists.get("thresholds");
    let code = list.and_then(|list| {
        let mut codes = list.codes.iter().zip(&list.rows);
        codes
            .find(|(code, _)| code.code == THRESHOLD && code.overlaps(period.end_on, period.end_on))
    });
    let Some((_, row)) = code else {
        return Ok(1.0);
    };
    let contracts = project.contracts.iter();
    let mut contracts = contracts.filter(|(d, _)| d.as_str() == "codes.thresholds");
    let columns = contracts.next().map(|(_, contract)| &contract.columns);
    let at = columns.and_then(|columns| columns.iter().position(|c| c.name == "value"));
    let text = at.and_then(|at| row.get(at)).and_then(Option::as_deref);
    let share = text.and_then(|text| text.parse::<f64>().ok());
    share.filter(|s| *s > 0.0 && *s <= 1.0).ok_or_else(|| {
        let message = format!("the `value` of `{THRESHOLD}` in `codes.thresholds` is no share");
        ServiceError::new(ErrorKind::Invalid, message)
            .hint("Write a number above 0 and up to 1, such as 0.95.")
    })
}

/// The contracts with a deadline among what a transformation reads, through others too.
fn with_deadline<'p>(
    project: &'p Project,
    transformation: &Transformation,
) -> Result<Vec<&'p Contract>> {
    let mut seen: BTreeSet<DatasetName> = BTreeSet::new();
    let mut open = vec![transformation];
    while let Some(next) = open.pop() {
        let statement = Statement::parse(&next.sql).map_err(failure::engine)?;
        for input in statement.inputs() {
            if seen.insert(input.clone()) {
                open.extend(project.transformations.get(input));
            }
        }
    }
    let read = seen.iter().filter(|dataset| dataset.layer() == Layer::Raw);
    let read = read.filter_map(|dataset| project.contracts.get(dataset));
    Ok(read
        .filter(|contract| contract.deadline.is_some())
        .collect())
}
