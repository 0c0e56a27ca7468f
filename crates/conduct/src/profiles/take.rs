//! Profiles of the columns of rows, and how far they are from those before.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};
use calendar::Calendar;
use profile::{ColumnProfile, Drift, Values};
use project::DatasetName;
use service::{ErrorKind, Result, ServiceError};
use tokio::task::spawn_blocking;

use super::hidden::{self, Reason};
use super::kept::{self, Earlier};
use super::rows::{self, Rows, unprofiled};
use crate::handles::Handles;

/// A column of a period that was profiled.
#[derive(Debug, Clone)]
pub(super) struct Profiled {
    pub(super) period: Option<String>,
    pub(super) profile: ColumnProfile,
    pub(super) hidden: Option<Reason>,
    pub(super) drift: Drift,
    /// What it was held against.
    pub(super) earlier: Option<Against>,
}

/// An earlier profile of a column.
#[derive(Debug, Clone)]
pub(super) struct Against {
    /// The run that took it.
    pub(super) run: String,
    pub(super) period: Option<String>,
    pub(super) profile: ColumnProfile,
}

/// Of what profiles are taken, and by which run.
pub(super) struct About<'a> {
    pub(super) handles: &'a Handles,
    pub(super) calendar: &'a Calendar,
    pub(super) dataset: &'a DatasetName,
    pub(super) run: &'a str,
    /// Columns hidden whatever they hold.
    pub(super) hidden: &'a BTreeMap<String, Reason>,
}

/// Profiles the columns of each period, the oldest first: each is held against the period before as
/// it is in these rows, or else as its newest profile has it.
pub(super) async fn take(
    about: &About<'_>,
    rows: &Rows,
    columns: &[&str],
    (period, codes): (Option<&str>, &[Option<String>]),
) -> Result<Vec<Profiled>> {
    let mut taken: Vec<Profiled> = Vec::new();
    for code in codes {
        let before = match code {
            Some(code) => rows::before(about.calendar, code).map(Some),
            None => Some(None),
        };
        let earlier = match before {
            Some(before) => earlier(about, &taken, before).await?,
            None => BTreeMap::new(),
        };
        let batches = rows.of(period, code.as_deref())?;
        let mut of_period = Vec::new();
        for column in columns {
            let hidden = hidden::reason(about.hidden, column, &batches);
            let against = earlier.get(*column).cloned();
            let found = profiled(column, &batches, hidden, against);
            of_period.push(found.await?);
        }
        taken.extend(of_period.into_iter().map(|found| Profiled {
            period: code.clone(),
            ..found
        }));
    }
    Ok(taken)
}

/// The profiles of the columns of a period before: of this run if it took them, else the newest.
async fn earlier(
    about: &About<'_>,
    taken: &[Profiled],
    period: Option<String>,
) -> Result<BTreeMap<String, Against>> {
    let own = taken.iter().filter(|found| found.period == period);
    let own: BTreeMap<String, Against> = own
        .map(|found| {
            let against = Against {
                run: about.run.to_owned(),
                period: period.clone(),
                profile: found.profile.clone(),
            };
            (found.profile.name.clone(), against)
        })
        .collect();
    if !own.is_empty() {
        return Ok(own);
    }
    let newest = kept::newest(about.handles, about.dataset, period.as_deref()).await?;
    let against = newest.into_iter().map(|Earlier { run, profile }| {
        let name = profile.name.clone();
        let period = period.clone();
        let against = Against {
            run,
            period,
            profile,
        };
        (name, against)
    });
    Ok(against.collect())
}

/// One column. Sorting is work for a thread of its own.
async fn profiled(
    column: &str,
    batches: &[RecordBatch],
    hidden: Option<Reason>,
    against: Option<Against>,
) -> Result<Profiled> {
    let name = column.to_owned();
    let arrays = batches
        .iter()
        .filter_map(|batch| batch.column_by_name(column));
    let arrays: Vec<ArrayRef> = arrays.map(ArrayRef::clone).collect();
    let work = spawn_blocking(move || {
        let values = Values::of(&name, &arrays)?;
        let profile = values.profile()?;
        let drift = match &against {
            Some(against) => values.drift(&against.profile),
            None => Drift::default(),
        };
        Ok::<Profiled, profile::ProfileError>(Profiled {
            period: None,
            profile: match hidden {
                Some(_) => hidden::hide(profile),
                None => profile,
            },
            hidden,
            drift: match hidden {
                Some(_) => Drift { psi: None, ..drift },
                None => drift,
            },
            earlier: against,
        })
    });
    let done = work.await.map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "the profile of a column broke off").caused_by(error)
    })?;
    done.map_err(unprofiled)
}
