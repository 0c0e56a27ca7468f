//! Which windows the changed files of an input touch.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, ident, lit};
use foldhash::quality::FixedState;
use futures::StreamExt as _;
use project::DatasetName;

use super::Followed;
use super::windows::{WindowBox, Windows};
use crate::{Engine, EngineError, Planned, QueryLimits, Result, Session};

/// Distinct values of window columns that are told apart at the most.
const TUPLES: usize = 1_000_000;
/// Values of one window column beyond which windows are no help.
const VALUES: usize = 500_000;
/// The names under which the two sides are read.
const SIDES: [&str; 2] = ["system.before", "system.after"];

/// The files by which two versions of an input differ; a side without files is none.
#[derive(Clone, Default)]
pub struct Difference {
    /// Those that went.
    pub before: Option<Arc<dyn TableProvider>>,
    /// Those that came.
    pub after: Option<Arc<dyn TableProvider>>,
}

/// What a change of an input touches.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// Rows inside these windows alone; none if no row that matters is another.
    Inside(Windows),
    /// Any row, and why that is.
    Anything(String),
}

impl Engine {
    /// The windows that the difference touches by this reading. Rows that only moved from one file to
    /// another touch nothing.
    ///
    /// # Errors
    /// `Failed` when the files cannot be read.
    pub async fn changed(
        &self,
        limits: QueryLimits,
        followed: &Followed,
        difference: Difference,
    ) -> Result<Changed> {
        let sides = SIDES.into_iter().zip([difference.before, difference.after]);
        let mut tables = BTreeMap::new();
        let mut given = Vec::new();
        for ((side, table), sign) in sides.zip([-1, 1]) {
            let Some(table) = table else { continue };
            let name: DatasetName = side
                .parse()
                .map_err(|error: project::NameError| EngineError::invalid(error.to_string(), ""))?;
            tables.insert(name, table);
            given.push((side, sign));
        }
        let session = self.session(tables, limits)?;
        // Where rows only came, each of them is a change.
        let whole = given.len() > 1;
        let mut tally = Tally::default();
        for (side, sign) in given {
            let frame = reading(&session, side, followed, whole).await?;
            let mut batches = session.run(&frame).await?;
            while let Some(batch) = batches.next().await {
                if !tally.add(&batch?, followed.carriers.len() + 1, sign)? {
                    return Ok(Changed::Anything(format!(
                        "more than {TUPLES} windows of `{}` changed",
                        followed.dataset
                    )));
                }
            }
        }
        tally.ended(followed)
    }
}

/// One side: a column that all rows have in common, the window columns, and every column that matters.
async fn reading(
    session: &Session,
    side: &str,
    followed: &Followed,
    whole: bool,
) -> Result<Planned> {
    let frame = session.context().table(side).await;
    let mut frame = frame.map_err(EngineError::Failed)?;
    // A row that they exclude was in no answer, and is in none.
    if let Some(condition) = conjunction(followed.conditions.iter().cloned()) {
        frame = frame.filter(condition).map_err(EngineError::planning)?;
    }
    let windows = followed.carriers.iter();
    let windows = windows.map(|(name, carrier)| carrier.clone().alias(format!("window {name}")));
    let mut columns: Vec<Expr> = vec![lit(0_i64).alias("of all rows")];
    columns.extend(windows);
    if whole {
        columns.extend(followed.columns.iter().map(ident));
    }
    let frame = frame.select(columns).map_err(EngineError::planning)?;
    Ok(Planned::of(frame))
}

/// Of each window how many rows and which rows, as two sums of their hashes.
#[derive(Default)]
struct Tally {
    converters: Option<(RowConverter, RowConverter)>,
    windows: HashMap<OwnedRow, Sums>,
}

#[derive(Default, PartialEq)]
struct Sums {
    rows: i64,
    hashes: [u64; 2],
}

impl Tally {
    /// Whether there was room for the batch, whose first `keys` columns are the window's.
    fn add(&mut self, batch: &RecordBatch, keys: usize, sign: i64) -> Result<bool> {
        let failed = |error: arrow::error::ArrowError| EngineError::Failed(error.into());
        let rows = batch.columns();
        let (windows, _) = rows.split_at(keys);
        if self.converters.is_none() {
            let made = (converter(windows), converter(rows));
            self.converters = Some((made.0.map_err(failed)?, made.1.map_err(failed)?));
        }
        let Some((of_windows, of_rows)) = &self.converters else {
            return Ok(false);
        };
        let seeds = [FixedState::with_seed(83), FixedState::with_seed(8191)];
        let windows = of_windows.convert_columns(windows).map_err(failed)?;
        let rows = of_rows.convert_columns(rows).map_err(failed)?;
        for at in 0..batch.num_rows() {
            let row = rows.row(at);
            let window = windows.row(at);
            let sums = self.windows.entry(window.owned()).or_default();
            sums.rows += sign;
            for (sum, seed) in sums.hashes.iter_mut().zip(&seeds) {
                let hash = seed.hash_one(row.as_ref());
                *sum = if sign < 0 {
                    sum.wrapping_sub(hash)
                } else {
                    sum.wrapping_add(hash)
                };
            }
        }
        Ok(self.windows.len() <= TUPLES)
    }

    fn ended(self, followed: &Followed) -> Result<Changed> {
        let failed = |error: arrow::error::ArrowError| EngineError::Failed(error.into());
        let changed = self.windows.iter();
        let changed = changed.filter(|(_, sums)| **sums != Sums::default());
        let changed: Vec<_> = changed.map(|(window, _)| window.row()).collect();
        let Some((converter, _)) = self.converters.filter(|_| !changed.is_empty()) else {
            return Ok(Changed::Inside(Windows::none()));
        };
        let dataset = &followed.dataset;
        if followed.carriers.is_empty() {
            return Ok(Changed::Anything(format!(
                "`{dataset}` changed, and any row may depend on any row of it"
            )));
        }
        let columns = converter.convert_rows(changed).map_err(failed)?;
        let mut values = WindowBox::new();
        for (window, column) in followed.carriers.keys().zip(columns.into_iter().skip(1)) {
            let Some(distinct) = distinct(&column)? else {
                return Ok(Changed::Anything(format!(
                    "a changed row of `{dataset}` has no value for `{window}`"
                )));
            };
            if distinct.len() > VALUES {
                return Ok(Changed::Anything(format!(
                    "rows of `{dataset}` changed for more than {VALUES} values of `{window}`"
                )));
            }
            values.insert(window.clone(), distinct);
        }
        Ok(Changed::Inside(Windows::of(values)))
    }
}

/// Every value of a column once; none if one of them is null.
fn distinct(column: &ArrayRef) -> Result<Option<Vec<ScalarValue>>> {
    let mut values = HashSet::new();
    for row in 0..column.len() {
        let value = ScalarValue::try_from_array(column, row).map_err(EngineError::Failed)?;
        if value.is_null() {
            return Ok(None);
        }
        values.insert(value);
    }
    Ok(Some(values.into_iter().collect()))
}

fn converter(columns: &[ArrayRef]) -> arrow::error::Result<RowConverter> {
    let fields = columns.iter();
    let fields = fields.map(|column| SortField::new(column.data_type().clone()));
    RowConverter::new(fields.collect())
}
