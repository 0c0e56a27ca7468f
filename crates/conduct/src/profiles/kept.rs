//! `system.profiles`: what runs found in the columns of what they made.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, Utc};
use profile::{Bin, ColumnProfile, Kind, TopValue};
use project::DatasetName;
use serde_json::{Map, Value, json};
use service::{ErrorKind, Result, ServiceError};

use super::list;
use super::take::Profiled;
use crate::handles::Handles;
use crate::runs::RUN;
use crate::system::{self, own};

/// The kinds of values, by their words in the book.
const KINDS: [(&str, Kind); 6] = [
    ("number", Kind::Number),
    ("day", Kind::Day),
    ("instant", Kind::Instant),
    ("boolean", Kind::Boolean),
    ("text", Kind::Text),
    ("other", Kind::Other),
];

/// The profiles of a dataset that a run made.
pub(super) struct Lines {
    pub(super) dataset: DatasetName,
    pub(super) version: i64,
    /// The rows of each period, whether they were looked at or not.
    pub(super) counts: BTreeMap<Option<String>, u64>,
    pub(super) sampled: bool,
    pub(super) profiled_at: DateTime<Utc>,
    pub(super) taken: Vec<Profiled>,
}

/// A line with the dataset that it is of.
type Line<'a> = (&'a Lines, &'a Profiled);

/// Adds the profiles of a run.
pub(super) async fn append(handles: &Handles, run: &str, lines: &[Lines]) -> Result<()> {
    let batch = batch(run, lines).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write profiles").caused_by(error)
    })?;
    let info = Map::from_iter([(RUN.to_owned(), json!(run))]);
    own::append(handles, system::PROFILES, batch, "RECORD PROFILES", info).await
}

/// The profiles in the columns of the contract.
fn batch(run: &str, lines: &[Lines]) -> std::result::Result<RecordBatch, ArrowError> {
    let rows = lines.iter();
    let rows = rows.flat_map(|of| of.taken.iter().map(move |taken| (of, taken)));
    let rows: Vec<Line<'_>> = rows.collect();
    let mut columns = about(run, &rows);
    columns.extend(figures(&rows));
    let at = rows.iter();
    let at = at.map(|(of, _)| of.profiled_at.timestamp_micros());
    let at = TimestampMicrosecondArray::from_iter_values(at);
    columns.push(("profiled_at", Arc::new(at.with_timezone("UTC"))));
    RecordBatch::try_from_iter(columns)
}

/// What each line is about, and how much of it was looked at.
fn about(run: &str, rows: &[Line<'_>]) -> Vec<(&'static str, ArrayRef)> {
    let text = |of: &dyn Fn(&Line<'_>) -> Option<String>| texts(rows, of);
    let versions = rows.iter().map(|(of, _)| of.version);
    let all = rows.iter().map(|(of, taken)| {
        let rows = of.counts.get(&taken.period).copied();
        whole(rows.unwrap_or(taken.profile.rows))
    });
    let seen = rows.iter().map(|(_, taken)| whole(taken.profile.rows));
    let sampled: Vec<bool> = rows.iter().map(|(of, _)| of.sampled).collect();
    let name = |taken: &Profiled| Some(taken.profile.name.clone());
    let kind = |taken: &Profiled| Some(kind_word(taken.profile.kind).to_owned());
    vec![
        ("run_id", text(&|_| Some(run.to_owned()))),
        ("dataset", text(&|(of, _)| Some(of.dataset.to_string()))),
        ("version", Arc::new(Int64Array::from_iter_values(versions))),
        ("period", text(&|(_, taken)| taken.period.clone())),
        ("column_name", text(&|(_, taken)| name(taken))),
        ("kind", text(&|(_, taken)| kind(taken))),
        ("rows", Arc::new(Int64Array::from_iter_values(all))),
        ("seen_rows", Arc::new(Int64Array::from_iter_values(seen))),
        ("sampled", Arc::new(BooleanArray::from(sampled))),
    ]
}

/// What was found, and how far it is from before.
fn figures(rows: &[Line<'_>]) -> Vec<(&'static str, ArrayRef)> {
    let text = |of: &dyn Fn(&Profiled) -> Option<String>| texts(rows, &|(_, taken)| of(taken));
    let count = |of: &dyn Fn(&ColumnProfile) -> Option<u64>| -> ArrayRef {
        let counts = rows.iter();
        let counts = counts.map(|(_, taken)| of(&taken.profile).map(whole));
        Arc::new(counts.collect::<Int64Array>())
    };
    let number = |of: &dyn Fn(&Profiled) -> Option<f64>| -> ArrayRef {
        let numbers = rows.iter().map(|(_, taken)| of(taken));
        Arc::new(numbers.collect::<Float64Array>())
    };
    vec![
        ("null_rows", count(&|of| Some(of.nulls))),
        ("not_finite_rows", count(&|of| Some(of.not_finite))),
        ("distinct_values", count(&|of| of.distinct)),
        ("min_value", text(&|taken| taken.profile.min.clone())),
        ("max_value", text(&|taken| taken.profile.max.clone())),
        ("mean", number(&|taken| taken.profile.mean)),
        ("quantiles", text(&|taken| quantiles(&taken.profile))),
        ("top_values", text(&|taken| top(&taken.profile))),
        ("histogram", text(&|taken| histogram(&taken.profile))),
        (
            "hidden",
            text(&|taken| Some(taken.hidden?.as_str().to_owned())),
        ),
        ("psi", number(&|taken| taken.drift.psi)),
        (
            "null_share_change",
            number(&|taken| taken.drift.null_share_change),
        ),
        (
            "compared_run",
            text(&|taken| Some(taken.earlier.as_ref()?.run.clone())),
        ),
        (
            "compared_period",
            text(&|taken| taken.earlier.as_ref()?.period.clone()),
        ),
    ]
}

fn texts(rows: &[Line<'_>], of: &dyn Fn(&Line<'_>) -> Option<String>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn kind_word(kind: Kind) -> &'static str {
    let known = KINDS.iter().find(|(_, known)| *known == kind);
    known.map_or("other", |(word, _)| word)
}

fn quantiles(profile: &ColumnProfile) -> Option<String> {
    let quantiles = profile.quantiles?;
    let shown = quantiles.iter().map(|at| profile.kind.shown(*at));
    Some(json!(shown.collect::<Vec<_>>()).to_string())
}

fn top(profile: &ColumnProfile) -> Option<String> {
    let top = profile.top.iter();
    let top = top.map(|top| json!({ "value": top.value, "rows": top.rows }));
    let top: Vec<Value> = top.collect();
    (!top.is_empty()).then(|| json!(top).to_string())
}

fn histogram(profile: &ColumnProfile) -> Option<String> {
    let shown = |at: f64| profile.kind.shown(at);
    let bins = profile.histogram.iter();
    let bins =
        bins.map(|bin| json!({ "from": shown(bin.from), "to": shown(bin.to), "rows": bin.rows }));
    let bins: Vec<Value> = bins.collect();
    (!bins.is_empty()).then(|| json!(bins).to_string())
}

/// A profile that was kept, as another is held against it.
pub(super) struct Earlier {
    pub(super) run: String,
    pub(super) profile: ColumnProfile,
}

/// The newest profiles of the columns of a period, or of a table without periods.
pub(super) async fn newest(
    handles: &Handles,
    dataset: &DatasetName,
    period: Option<&str>,
) -> Result<Vec<Earlier>> {
    let kept = list::newest(handles, dataset, period).await?;
    Ok(kept.into_iter().map(earlier).collect())
}

/// What drift looks at; quantiles are not among it.
fn earlier(kept: service::ColumnProfile) -> Earlier {
    let kind = KINDS.iter().find(|(word, _)| *word == kept.kind);
    let kind = kind.map_or(Kind::Other, |(_, kind)| *kind);
    let bins = kept.histogram.iter().map(|bin| {
        Some(Bin {
            from: place(kind, &bin.from)?,
            to: place(kind, &bin.to)?,
            rows: bin.rows,
        })
    });
    let top = kept.top.into_iter().map(|top| TopValue {
        value: top.value,
        rows: top.rows,
    });
    Earlier {
        run: kept.run,
        profile: ColumnProfile {
            name: kept.column,
            kind,
            rows: kept.seen_rows,
            nulls: kept.null_rows.min(kept.seen_rows),
            not_finite: kept.not_finite_rows,
            distinct: kept.distinct_values,
            min: kept.min,
            max: kept.max,
            mean: kept.mean,
            quantiles: None,
            top: top.collect(),
            // A histogram of which an edge cannot be read is none.
            histogram: bins.collect::<Option<Vec<Bin>>>().unwrap_or_default(),
        },
    }
}

/// The place on the number line of a value that was shown.
fn place(kind: Kind, shown: &str) -> Option<f64> {
    match kind {
        Kind::Day => {
            let day: NaiveDate = shown.parse().ok()?;
            Some(day.signed_duration_since(NaiveDate::default()).num_days() as f64)
        }
        Kind::Instant => {
            let instant = DateTime::parse_from_rfc3339(shown).ok()?;
            Some(instant.timestamp_micros() as f64)
        }
        _ => shown.parse().ok(),
    }
}
