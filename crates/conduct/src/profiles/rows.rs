//! The rows that are profiled: all of them, or a sample that is the same each time.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use calendar::{Calendar, PeriodCode};
use datafusion::catalog::TableProvider;
use engine::{EngineError, Param, QueryLimits, Session, Statement};
use futures::StreamExt;
use profile::Sample;
use project::DatasetName;
use service::{ErrorKind, Result, ServiceError};

use crate::handles::Handles;
use crate::{failure, staging};

/// So many periods of a dataset are profiled in a run: the newest of those that it touched.
const PERIODS: usize = 24;
/// Rows of a sample where every row was asked for, and they do not fit.
const FALLBACK: u64 = 100_000;
/// Of the memory of a run, the part that the rows of a profile may take. Polars holds one column of
/// them once more, and sorts it.
const PART_OF_MEMORY: u64 = 4;

/// Where rows are read, and what of them is wanted.
pub(super) struct Source<'a> {
    pub(super) handles: &'a Handles,
    pub(super) dataset: &'a DatasetName,
    pub(super) provider: Arc<dyn TableProvider>,
    /// The columns that no two rows share, by which a sample is taken; none if there are none.
    pub(super) key: &'a [String],
    /// The columns to read, that of the period among them.
    pub(super) columns: Vec<&'a str>,
    pub(super) period: Option<&'a str>,
}

/// Rows that were read.
pub(super) struct Rows {
    pub(super) batches: Vec<RecordBatch>,
    /// Whether there are others.
    pub(super) sampled: bool,
}

impl Source<'_> {
    /// The rows of each period, or of the whole under no period.
    pub(super) async fn counts(&self) -> Result<BTreeMap<Option<String>, u64>> {
        let (table, period) = (self.table(), self.period.map(quoted));
        let sql = match &period {
            Some(period) => format!(
                "select {period}, count(*) from {table} where {period} is not null group by {period}"
            ),
            None => format!("select cast(null as varchar), count(*) from {table}"),
        };
        let session = self.session(staging::limits(self.handles))?;
        let planned = planned(&session, &sql, BTreeMap::new()).await?;
        let batches = session.collect(&planned).await.map_err(failure::engine)?;
        let mut counts = BTreeMap::new();
        for batch in &batches {
            let codes = cast(batch.column(0), &DataType::Utf8).map_err(unread)?;
            let rows = batch.column(1).as_primitive::<Int64Type>().values().iter();
            for (code, rows) in codes.as_string::<i32>().iter().zip(rows) {
                let rows = u64::try_from(*rows).unwrap_or(0);
                counts.insert(code.map(str::to_owned), rows);
            }
        }
        Ok(counts)
    }

    /// The rows of those periods, of which there are `total`: every one up to `wanted`, or where
    /// there is no such bound as long as they fit into memory; else a sample.
    pub(super) async fn rows(
        &self,
        periods: &[Option<String>],
        (total, wanted): (u64, Option<u64>),
    ) -> Result<Rows> {
        if wanted.is_none_or(|wanted| total <= wanted)
            && let Some(batches) = self.all(periods).await?
        {
            let sampled = false;
            return Ok(Rows { batches, sampled });
        }
        let wanted = wanted.unwrap_or(FALLBACK).min(total);
        Ok(Rows {
            batches: self.sample(periods, (total, wanted)).await?,
            sampled: wanted < total,
        })
    }

    /// Every row; none where they do not fit.
    async fn all(&self, periods: &[Option<String>]) -> Result<Option<Vec<RecordBatch>>> {
        let limits = QueryLimits {
            bytes: self.bytes(),
            ..staging::limits(self.handles)
        };
        let session = self.session(limits)?;
        let (sql, params) = self.selected(&[], periods);
        let planned = planned(&session, &sql, params).await?;
        match session.collect(&planned).await {
            Ok(batches) => Ok(Some(batches)),
            Err(EngineError::Limit { .. }) => Ok(None),
            Err(error) => Err(failure::engine(error)),
        }
    }

    async fn sample(
        &self,
        periods: &[Option<String>],
        (total, wanted): (u64, u64),
    ) -> Result<Vec<RecordBatch>> {
        let session = self.session(staging::limits(self.handles))?;
        let (sql, params) = self.selected(self.key, periods);
        let planned = planned(&session, &sql, params).await?;
        let mut stream = session.run(&planned).await.map_err(failure::engine)?;
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let mut sample = Sample::new(wanted, total, self.key);
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(failure::engine)?;
            sample.show(&batch).map_err(unprofiled)?;
            if sample.bytes() > self.bytes() {
                let (dataset, bytes) = (self.dataset, self.bytes());
                let message = format!(
                    "a sample of {wanted} rows of dataset `{dataset}` takes more than {bytes} \
                     bytes, a quarter of `run.memory_bytes`"
                );
                let hint = "Let the contract's property `profile` ask for fewer rows.";
                return Err(ServiceError::new(ErrorKind::LimitExceeded, message).hint(hint));
            }
        }
        let rows = sample.into_rows().map_err(unprofiled)?;
        Ok(rows.into_iter().collect())
    }

    fn bytes(&self) -> u64 {
        self.handles.settings.run_memory_bytes / PART_OF_MEMORY
    }

    fn session(&self, limits: QueryLimits) -> Result<Session> {
        let tables = BTreeMap::from([(self.dataset.clone(), Arc::clone(&self.provider))]);
        let session = self.handles.engine.session(tables, limits);
        session.map_err(failure::engine)
    }

    fn table(&self) -> String {
        let (layer, name) = (self.dataset.layer().as_str(), self.dataset.name());
        format!("{}.{}", quoted(layer), quoted(name))
    }

    /// The question for the rows of those periods, with `more` columns.
    fn selected(
        &self,
        more: &[String],
        periods: &[Option<String>],
    ) -> (String, BTreeMap<String, Param>) {
        let more = more.iter().map(String::as_str);
        let more = more.filter(|name| !self.columns.contains(name));
        let columns = self.columns.iter().copied().chain(more);
        let columns: Vec<String> = columns.map(quoted).collect();
        let sql = format!("select {} from {}", columns.join(", "), self.table());
        let Some(period) = self.period else {
            return (sql, BTreeMap::new());
        };
        let codes = periods.iter().flatten().enumerate();
        let params: BTreeMap<String, Param> = codes
            .map(|(place, code)| (format!("p{place}"), Param::Text(code.clone())))
            .collect();
        let names: Vec<String> = params.keys().map(|name| format!("${name}")).collect();
        let inside = if names.is_empty() {
            "false".to_owned()
        } else {
            format!("{} in ({})", quoted(period), names.join(", "))
        };
        (format!("{sql} where {inside}"), params)
    }
}

impl Rows {
    /// The rows of a period; every row under no period.
    pub(super) fn of(&self, column: Option<&str>, code: Option<&str>) -> Result<Vec<RecordBatch>> {
        let (Some(column), Some(code)) = (column, code) else {
            return Ok(self.batches.clone());
        };
        let inside = |batch: &RecordBatch| {
            let Some(codes) = batch.column_by_name(column) else {
                return Ok(batch.clone());
            };
            let codes = cast(codes, &DataType::Utf8)?;
            let codes = codes.as_string::<i32>().iter();
            let inside: BooleanArray = codes.map(|found| Some(found == Some(code))).collect();
            filter_record_batch(batch, &inside)
        };
        let batches: std::result::Result<Vec<RecordBatch>, _> =
            self.batches.iter().map(inside).collect();
        batches.map_err(unread)
    }
}

/// The newest of the periods, the oldest first.
pub(super) fn newest(
    counts: &BTreeMap<Option<String>, u64>,
    calendar: &Calendar,
) -> Vec<Option<String>> {
    let mut codes: Vec<&Option<String>> = counts.keys().collect();
    codes.sort_by_cached_key(|code| {
        let code = code.as_deref().unwrap_or_default();
        let known = code.parse::<PeriodCode>().ok();
        let begins = known.and_then(|known| calendar.get(&known).ok());
        (begins.map(|period| period.start_on), code.to_owned())
    });
    let older = codes.len().saturating_sub(PERIODS);
    codes.into_iter().skip(older).cloned().collect()
}

/// The period of the same kind before that one, by the calendar.
pub(super) fn before(calendar: &Calendar, code: &str) -> Option<String> {
    let code: PeriodCode = code.parse().ok()?;
    let begins = calendar.get(&code).ok()?.start_on;
    let earlier = calendar.periods();
    let earlier = earlier.filter(|p| p.code.kind() == code.kind() && p.start_on < begins);
    let last = earlier.max_by_key(|period| period.start_on)?;
    Some(last.code.to_string())
}

async fn planned(
    session: &Session,
    sql: &str,
    params: BTreeMap<String, Param>,
) -> Result<engine::Planned> {
    let statement = Statement::parse(sql).map_err(failure::engine)?;
    let planned = session.plan(&statement, &params).await;
    planned.map_err(failure::engine)
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

pub(super) fn unprofiled(error: profile::ProfileError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, error.to_string()).caused_by(error)
}

fn unread(error: arrow::error::ArrowError) -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "cannot read rows to profile them").caused_by(error)
}
