//! The figures of a column.

use polars::prelude::{ChunkAgg, ChunkQuantile, QuantileMethod};

use crate::Result;
use crate::histogram::{Bin, histogram};
use crate::values::{Kind, Values};

/// The shares of the values below each quantile.
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// So many values are named that most rows have.
pub const TOP_VALUES: usize = 10;

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// The column.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Rows.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Rows whose number is NaN or infinite: they are in no quantile, mean or bin, nor are they the
    /// least or greatest.
    pub not_finite: u64,
    /// Different values, exact among the rows; none where values have no order.
    pub distinct: Option<u64>,
    /// The least value, exact; of texts the first by their bytes.
    pub min: Option<String>,
    /// The greatest value.
    pub max: Option<String>,
    /// The mean of numbers.
    pub mean: Option<f64>,
    /// Those of [`QUANTILES`] of numbers, between two values in proportion; of days and instants
    /// the value below. On the number line of the kind.
    pub quantiles: Option<[f64; 5]>,
    /// The values that most rows have, most first, equal ones in their order; at most
    /// [`TOP_VALUES`].
    pub top: Vec<TopValue>,
    /// Of numbers, days and instants.
    pub histogram: Vec<Bin>,
}

/// A value and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopValue {
    /// The value; of a long text the beginning.
    pub value: String,
    /// The rows.
    pub rows: u64,
}

impl ColumnProfile {
    /// Rows with a value.
    pub fn given(&self) -> u64 {
        self.rows - self.nulls
    }

    /// The part of the rows that has no value; none of no rows.
    pub fn null_share(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.nulls as f64 / self.rows as f64)
    }
}

impl Values {
    /// The figures.
    ///
    /// # Errors
    /// `Polars` when a figure cannot be computed.
    pub fn profile(&self) -> Result<ColumnProfile> {
        let ordered = self.kind != Kind::Other;
        let named = |run: Option<&crate::values::Run>| run.map(|run| run.shown.clone());
        let mut bounded = self.runs.iter();
        // The order of numbers ends with those that are not finite, and begins with one of them.
        let on_a_line = self.line.is_some();
        let (min, max) = if on_a_line {
            let finite = |run: &&crate::values::Run| run.at.is_some();
            let first = named(self.runs.iter().find(finite));
            (first, named(self.runs.iter().rev().find(finite)))
        } else {
            (named(bounded.clone().next()), named(bounded.next_back()))
        };
        Ok(ColumnProfile {
            name: self.name.clone(),
            kind: self.kind,
            rows: self.rows,
            nulls: self.nulls,
            not_finite: self.not_finite,
            distinct: ordered.then_some(self.runs.len() as u64),
            min,
            max,
            mean: self.mean(),
            quantiles: self.quantiles()?,
            top: self.top(),
            histogram: histogram(self),
        })
    }

    fn mean(&self) -> Option<f64> {
        let line = self.line.as_ref().filter(|_| self.kind == Kind::Number)?;
        line.mean().filter(|mean| mean.is_finite())
    }

    fn quantiles(&self) -> Result<Option<[f64; 5]>> {
        let Some(line) = self.line.as_ref().filter(|line| !line.is_empty()) else {
            return Ok(None);
        };
        let method = if self.kind.is_stepped() {
            QuantileMethod::Lower
        } else {
            QuantileMethod::Linear
        };
        let mut found = [0.0; QUANTILES.len()];
        for (place, share) in found.iter_mut().zip(QUANTILES) {
            let Some(at) = line.quantile(share, method)?.filter(|at| at.is_finite()) else {
                return Ok(None);
            };
            *place = at;
        }
        Ok(Some(found))
    }

    fn top(&self) -> Vec<TopValue> {
        let mut order: Vec<usize> = (0..self.runs.len()).collect();
        let most_first = |at: &usize| (std::cmp::Reverse(self.runs[*at].rows), *at);
        if order.len() > TOP_VALUES {
            order.select_nth_unstable_by_key(TOP_VALUES, most_first);
            order.truncate(TOP_VALUES);
        }
        order.sort_unstable_by_key(most_first);
        let named = order.into_iter().map(|at| &self.runs[at]);
        named
            .map(|run| TopValue {
                value: run.shown.clone(),
                rows: run.rows,
            })
            .collect()
    }
}
