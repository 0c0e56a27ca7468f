//! Rules on how far a column is from its profile before.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use engine::RuleResult;
use profile::ColumnProfile;
use project::{Check, Contract, Missing, Profiling, Project, Rule, Statistic, Steadiness};
use service::{ErrorKind, Result, ServiceError};

use super::hidden;
use super::rows::{self, Source};
use super::take::{About, Profiled, take};
use crate::catalogue;
use crate::handles::Handles;

/// What rows say of a rule on profiles, and what shows how it is broken.
pub(crate) struct Drifted {
    pub(crate) result: RuleResult,
    pub(crate) shown: Option<RecordBatch>,
}

/// What is judged, by which run.
pub(crate) struct Drifting<'a> {
    pub(crate) project: &'a Project,
    pub(crate) contract: &'a Contract,
    pub(crate) run: &'a str,
}

/// A statistic of a period, beside the same before; what of it breaks a bound.
struct Compared {
    period: Option<String>,
    before: Option<f64>,
    now: Option<f64>,
    /// None if nothing could be said.
    broken: Option<bool>,
}

/// Asks the rules on profiles that are `wanted`. What they cannot be judged by is an error, and no
/// rule that was kept.
pub(crate) async fn judge(
    handles: &Handles,
    of: &Drifting<'_>,
    rows: &Arc<dyn TableProvider>,
    wanted: impl Fn(&Rule) -> bool + Send,
) -> Result<Vec<Drifted>> {
    let mut said = Vec::new();
    for rule in &of.contract.rules {
        if let Check::Drift(terms) = &rule.check
            && wanted(rule)
        {
            said.push(asked(handles, of, rows, (rule, terms)).await?);
        }
    }
    Ok(said)
}

async fn asked(
    handles: &Handles,
    of: &Drifting<'_>,
    provider: &Arc<dyn TableProvider>,
    (rule, terms): (&Rule, &Steadiness),
) -> Result<Drifted> {
    let graph = catalogue::graph(of.project)?;
    let hidden = hidden::declared(of.project, of.contract, &graph);
    let period = terms.period.as_deref();
    let mut columns = vec![terms.column.as_str()];
    columns.extend(period.filter(|period| *period != terms.column));
    let source = Source {
        handles,
        dataset: &of.contract.dataset,
        provider: Arc::clone(provider),
        key: &of.contract.key,
        columns,
        period,
    };
    let counts = source.counts().await?;
    let codes = rows::newest(&counts, &of.project.calendar);
    let total: u64 = codes.iter().filter_map(|code| counts.get(code)).sum();
    let wanted = match of.contract.profile {
        Profiling::Whole => None,
        Profiling::Sample(rows) => Some(rows),
        // What is not kept is judged all the same, where the rows hold the period before.
        Profiling::Nothing => match Profiling::default() {
            Profiling::Sample(rows) => Some(rows),
            _ => None,
        },
    };
    let rows = source.rows(&codes, (total, wanted)).await?;
    let about = About {
        handles,
        calendar: &of.project.calendar,
        dataset: &of.contract.dataset,
        run: of.run,
        hidden: &hidden,
    };
    let column = [terms.column.as_str()];
    let taken = take(&about, &rows, &column, (period, &codes)).await?;
    let compared: Vec<Compared> = taken.iter().map(|found| compared(terms, found)).collect();
    result(rule, terms, &compared, total).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot show how a rule is broken").caused_by(error)
    })
}

fn compared(terms: &Steadiness, found: &Profiled) -> Compared {
    let earlier = found.earlier.as_ref().map(|against| &against.profile);
    let (before, now, broken) = match terms.statistic {
        Statistic::Psi => (None, found.drift.psi, found.drift.psi),
        Statistic::NullShare => {
            let before = earlier.and_then(ColumnProfile::null_share);
            (
                before,
                found.profile.null_share(),
                found.drift.null_share_change,
            )
        }
        Statistic::Mean | Statistic::Distinct => {
            let figure = |profile: &ColumnProfile| match terms.statistic {
                Statistic::Mean => profile.mean,
                _ => profile.distinct.map(|count| count as f64),
            };
            let (before, now) = (earlier.and_then(figure), figure(&found.profile));
            return Compared {
                period: found.period.clone(),
                before,
                now,
                broken: before
                    .zip(now)
                    .and_then(|(before, now)| jumps(terms, before, now)),
            };
        }
    };
    let beyond = |distance: f64| terms.max.is_some_and(|most| distance.abs() > most);
    Compared {
        period: found.period.clone(),
        before,
        now,
        broken: broken.map(beyond),
    }
}

/// Whether the ratio is out of bounds. Below zero a ratio says nothing.
fn jumps(terms: &Steadiness, before: f64, now: f64) -> Option<bool> {
    if before < 0.0 || now < 0.0 {
        return None;
    }
    let too_low = terms.min.is_some_and(|least| now < before * least);
    let too_high = terms.max.is_some_and(|most| now > before * most);
    Some(too_low || too_high)
}

/// A rule by its periods: each that breaks it counts as one.
fn result(
    rule: &Rule,
    terms: &Steadiness,
    compared: &[Compared],
    rows: u64,
) -> std::result::Result<Drifted, ArrowError> {
    let breaks = |of: &&Compared| match of.broken {
        Some(broken) => broken,
        None => terms.missing == Missing::Fail,
    };
    let broken: Vec<&Compared> = compared.iter().filter(breaks).collect();
    let open = compared.iter().filter(|of| of.broken.is_none()).count();
    let is_open = terms.missing == Missing::Skip;
    let result = RuleResult {
        rule: rule.clone(),
        passed: broken.is_empty(),
        failed_rows: broken.len() as u64,
        checked_rows: rows,
        null_rows: Some(if is_open { open as u64 } else { 0 }),
    };
    let shown = (!broken.is_empty()).then(|| shown(terms, &broken));
    Ok(Drifted {
        result,
        shown: shown.transpose()?,
    })
}

fn shown(terms: &Steadiness, broken: &[&Compared]) -> std::result::Result<RecordBatch, ArrowError> {
    let same = |text: &str| -> ArrayRef {
        Arc::new(broken.iter().map(|_| Some(text)).collect::<StringArray>())
    };
    let periods = broken.iter().map(|of| of.period.as_deref());
    let number = |of: &dyn Fn(&Compared) -> Option<f64>| -> ArrayRef {
        Arc::new(
            broken
                .iter()
                .map(|found| of(found))
                .collect::<Float64Array>(),
        )
    };
    let columns: BTreeMap<&str, ArrayRef> = BTreeMap::from([
        ("column", same(&terms.column)),
        ("statistic", same(terms.statistic.as_str())),
        (
            "period",
            Arc::new(periods.collect::<StringArray>()) as ArrayRef,
        ),
        ("before", number(&|of| of.before)),
        ("now", number(&|of| of.now)),
    ]);
    RecordBatch::try_from_iter(columns)
}
