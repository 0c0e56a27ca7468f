//! One plan in stages: what is behind the groups of an aggregate is asked when it is known which
//! groups matter, and of those alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Fields, Int64Type, Schema};
use datafusion::common::internal_err;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, lit};
use project::DatasetName;

use super::annotate::{Annotated, Annotator, Positions, Scan};
use super::{Behind, Sources, Wanted, atoms, gather, keys};
use crate::{EngineError, Planned, Result, Session};

/// What is asked about the groups of an aggregate.
#[derive(Default)]
struct Asked {
    /// Groups by their keys, by the columns whose values are asked about; none of them is the rows.
    value: BTreeMap<Positions, Vec<RecordBatch>>,
    /// Groups that are to be there.
    presence: Vec<RecordBatch>,
}

/// The aggregates that are still to be asked about.
type Open = Vec<(Box<Aggregate>, Asked)>;

/// One question.
struct Stage<'a> {
    plan: &'a LogicalPlan,
    need: &'a Positions,
    /// Whether what the rows are made of is asked, too.
    rows: bool,
    /// Whether it is asked what keeps the rows there, and nothing else.
    presence: bool,
    only: bool,
}

impl Session {
    /// Asks about a plan, and about the aggregates in it that come up by that.
    pub(super) async fn stages(
        &self,
        plan: LogicalPlan,
        need: Positions,
        wanted: &Wanted,
        tables: &[(DatasetName, Fields)],
    ) -> Result<Behind> {
        let (mut found, mut open) = (Behind::default(), Open::new());
        let first = Stage {
            plan: &plan,
            need: &need,
            rows: wanted.rows,
            presence: wanted.presence,
            only: false,
        };
        found.rows = self.stage(&first, tables, &mut found, &mut open).await?;
        while let Some((node, asked)) = highest(&mut open) {
            for (need, groups) in &asked.value {
                let plan = self.of_groups(&node, groups)?;
                let stage = Stage {
                    plan: &plan,
                    need,
                    rows: need.is_empty(),
                    presence: wanted.presence,
                    only: false,
                };
                self.stage(&stage, tables, &mut found, &mut open).await?;
            }
            if !asked.presence.is_empty() {
                let plan = self.of_groups(&node, &asked.presence)?;
                let stage = Stage {
                    plan: &plan,
                    need: &Positions::new(),
                    rows: false,
                    presence: true,
                    only: true,
                };
                self.stage(&stage, tables, &mut found, &mut open).await?;
            }
        }
        Ok(found)
    }

    /// The aggregate over the rows of these groups.
    fn of_groups(&self, node: &Aggregate, groups: &[RecordBatch]) -> Result<LogicalPlan> {
        let of = || {
            let schema = Arc::new(Schema::new(gather::keys(node)));
            let groups = concat_batches(&schema, groups)?;
            keys::among(node.input.as_ref().clone(), &node.group_expr, &groups)
        };
        let input = self.simplified(of().map_err(EngineError::planning)?)?;
        let (groups, calls) = (node.group_expr.clone(), node.aggr_expr.clone());
        Aggregate::try_new(Arc::new(input), groups, calls)
            .map(LogicalPlan::Aggregate)
            .map_err(EngineError::planning)
    }

    /// Asks one question. How many rows it was about.
    async fn stage(
        &self,
        stage: &Stage<'_>,
        tables: &[(DatasetName, Fields)],
        found: &mut Behind,
        open: &mut Open,
    ) -> Result<u64> {
        let mut annotator = Annotator::new(tables);
        let annotated = match stage.plan {
            LogicalPlan::Aggregate(node) => annotator.aggregate(node, stage.need),
            plan => annotator.annotate(plan, stage.need),
        };
        let annotated = annotated.map_err(EngineError::planning)?;
        let plan = gathered(stage, annotated).map_err(EngineError::planning)?;
        let batches = self.collect(&Planned { plan }).await.map_err(too_many)?;
        for (name, value) in [("value", true), ("presence", false)] {
            let rows = rows_of(&batches, name, &annotator).map_err(EngineError::Failed)?;
            for (scan, rows) in annotator.scans.iter().zip(rows) {
                if let Some(rows) = rows {
                    note(&annotator, scan, rows, value, found, open);
                }
            }
        }
        if !stage.only {
            found.stops.extend(annotator.stops);
            found.picks.extend(annotator.picks);
            found.picks_groups |= annotator.picks_groups;
        }
        found.whole.extend(annotator.whole);
        Ok(count_of(&batches))
    }
}

/// The lists of all rows, as one row.
fn gathered(stage: &Stage<'_>, annotated: Annotated) -> Result<LogicalPlan, DataFusionError> {
    let mut value: Positions = annotated.values.values().flatten().copied().collect();
    if stage.rows {
        value.extend(&annotated.rows);
    }
    let mut calls = vec![count(lit(1_i64)).alias("rows")];
    let none = Positions::new();
    let presence = if stage.presence {
        &annotated.rows
    } else {
        &none
    };
    for (lists, name) in [(&value, "value"), (presence, "presence")] {
        if !lists.is_empty() {
            calls.push(atoms::union().call(annotated.all(lists)).alias(name));
        }
    }
    let builder = LogicalPlanBuilder::from(annotated.plan);
    builder.aggregate(Vec::<Expr>::new(), calls)?.build()
}

/// Notes the rows of a scan: found, or asked about further.
fn note(
    annotator: &Annotator<'_>,
    scan: &Scan,
    rows: RecordBatch,
    value: bool,
    found: &mut Behind,
    open: &mut Open,
) {
    match scan {
        Scan::Table(table, columns) => {
            let Some((dataset, _)) = annotator.tables.get(*table) else {
                return;
            };
            let source = Sources {
                dataset: dataset.clone(),
                columns: columns.clone(),
                rows,
            };
            if value {
                found.value.push(source);
            } else {
                found.presence.push(source);
            }
        }
        Scan::Groups(node, columns) => {
            let known = open.iter().position(|(other, _)| other == node);
            let place = known.unwrap_or(open.len());
            if known.is_none() {
                open.push((node.clone(), Asked::default()));
            }
            let Some((_, asked)) = open.get_mut(place) else {
                return;
            };
            if value {
                asked.value.entry(columns.clone()).or_default().push(rows);
            } else {
                asked.presence.push(rows);
            }
        }
    }
}

/// Takes the aggregate that is above the others: what comes up by it may be among these.
fn highest(open: &mut Open) -> Option<(Box<Aggregate>, Asked)> {
    let heights = open.iter().map(|(node, _)| height(&node.input));
    let (place, _) = heights.enumerate().max_by_key(|(_, height)| *height)?;
    Some(open.swap_remove(place))
}

fn height(plan: &LogicalPlan) -> usize {
    let below = plan.inputs().into_iter().map(height).max();
    below.map_or(0, |below| below + 1)
}

fn too_many(error: EngineError) -> EngineError {
    if error.to_string().contains(atoms::TOO_MANY) {
        let message = format!(
            "more than {} rows of one dataset, or {} of one window function, are behind these figures",
            atoms::MOST,
            atoms::MOST_OF_WINDOW
        );
        return EngineError::invalid(message, "Choose fewer of them, by agency or period.");
    }
    error
}

fn count_of(batches: &[RecordBatch]) -> u64 {
    let column = batches.first();
    let column = column.and_then(|batch| batch.column_by_name("rows"));
    let count = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    count.map_or(0, |count| u64::try_from(count.value(0)).unwrap_or(0))
}

/// The rows of a list, by scan.
fn rows_of(
    batches: &[RecordBatch],
    name: &str,
    annotator: &Annotator<'_>,
) -> Result<Vec<Option<RecordBatch>>, DataFusionError> {
    let column = batches.first();
    let column = column.and_then(|batch| batch.column_by_name(name));
    let Some(column) = column.filter(|column| column.is_valid(0)) else {
        return Ok(Vec::new());
    };
    let Some(list) = column.as_list_opt::<i32>().map(|list| list.value(0)) else {
        return internal_err!("the list `{name}` is none");
    };
    atoms::rows(list.as_binary(), &annotator.identities())
}
