//! Windows: which rows of an answer are computed anew.

use std::collections::BTreeMap;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ident, lit};
use project::DatasetName;

use super::set::within;
use crate::{EngineError, Planned, Result, Session};

/// So many values of a column or fewer are written out, and each is compared with the bounds of files
/// and row groups; of more it is their own bounds.
const FEW: usize = 20;
/// So many values of a column are told to people.
const TOLD: usize = 3;

/// For each column its values; a row is inside if each of its columns has one of them. Never null.
pub type WindowBox = BTreeMap<String, Vec<ScalarValue>>;

/// The rows that are inside one of the boxes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Windows {
    boxes: Vec<WindowBox>,
}

impl Windows {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether no row can be inside.
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// The boxes. No two of them are about the same columns.
    pub fn boxes(&self) -> &[WindowBox] {
        &self.boxes
    }

    /// These and those of `other`. Boxes about the same columns become one that holds both.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        for more in other.boxes {
            let same = |known: &&mut WindowBox| known.keys().eq(more.keys());
            match self.boxes.iter_mut().find(same) {
                None => self.boxes.push(more),
                Some(known) => {
                    for (values, more) in known.values_mut().zip(more.into_values()) {
                        values.extend(more);
                        sort(values);
                    }
                }
            }
        }
        self
    }

    /// One box.
    pub(super) fn of(mut values: WindowBox) -> Self {
        values.values_mut().for_each(sort);
        Self {
            boxes: vec![values],
        }
    }

    /// Which rows they are, for people: `period 2026-09 and agency_code H26`.
    pub fn told(&self) -> String {
        let boxes = self.boxes.iter().map(|values| {
            let columns: Vec<String> = values.iter().map(|(c, v)| column_told(c, v)).collect();
            columns.join(" and ")
        });
        boxes.collect::<Vec<_>>().join("; ")
    }

    /// The condition that a row is inside.
    fn inside(&self) -> Result<Option<Expr>> {
        let mut boxes = Vec::new();
        for values in &self.boxes {
            let columns = values.iter().map(|(column, values)| among(column, values));
            boxes.extend(conjunction(columns.collect::<Result<Vec<_>>>()?));
        }
        Ok(disjunction(boxes))
    }
}

fn sort(values: &mut Vec<ScalarValue>) {
    values.sort_by(|one, other| {
        let order = one.partial_cmp(other);
        order.unwrap_or(std::cmp::Ordering::Equal)
    });
    values.dedup();
}

fn column_told(column: &str, values: &[ScalarValue]) -> String {
    let shown: Vec<String> = values.iter().take(TOLD).map(ToString::to_string).collect();
    let more = match values.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{column} {}{more}", shown.join(", "))
}

fn among(column: &str, values: &[ScalarValue]) -> Result<Expr> {
    match (values.first(), values.last()) {
        (Some(low), Some(high)) if values.len() > FEW => {
            let bounds = ident(column).between(lit(low.clone()), lit(high.clone()));
            Ok(bounds.and(within(ident(column), values)?))
        }
        _ => {
            let list = values.iter().cloned().map(lit).collect();
            Ok(ident(column).in_list(list, false))
        }
    }
}

impl Session {
    /// The rows of an answer that are inside the windows.
    ///
    /// # Errors
    /// `Invalid` when a window is about a column that the answer does not have.
    pub fn inside(&self, planned: Planned, windows: &Windows) -> Result<Planned> {
        let condition = windows.inside()?.unwrap_or_else(|| lit(false));
        let plan = LogicalPlanBuilder::from(planned.plan)
            .filter(condition)
            .and_then(LogicalPlanBuilder::build);
        Ok(Planned {
            plan: plan.map_err(EngineError::planning)?,
        })
    }

    /// The rows of a dataset that are outside of the windows, in the order of `columns`.
    ///
    /// # Errors
    /// `Invalid` when a column is not there.
    pub async fn outside(
        &self,
        dataset: &DatasetName,
        windows: &Windows,
        columns: &[String],
    ) -> Result<Planned> {
        let frame = self.context().table(dataset.as_str()).await;
        let mut frame = frame.map_err(EngineError::Failed)?;
        if let Some(inside) = windows.inside()? {
            let outside = inside.is_not_true();
            frame = frame.filter(outside).map_err(EngineError::planning)?;
        }
        if !columns.is_empty() {
            let order = columns.iter().map(|c| ident(c).sort(true, false));
            frame = frame.sort(order.collect()).map_err(EngineError::planning)?;
        }
        Ok(Planned::of(frame))
    }
}
