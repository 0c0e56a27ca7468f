//! Rows that one of them stands for: what a window function picks the newest of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BinaryArray, ListArray, RecordBatch};
use datafusion::arrow::datatypes::Fields;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, NullEquality};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    Expr, Filter, JoinType, LogicalPlan, LogicalPlanBuilder, Window, lit,
};
use project::DatasetName;

use super::annotate::{Annotator, Positions};
use super::{atoms, gather};
use crate::{EngineError, Planned, Result, Session};

/// The column of lists.
const ROWS: &str = "__trace_rows";

impl Session {
    /// The rows that share a partition of a window function with rows whose identity begins with
    /// one of the values, where the rows of the partition do not all begin with the same: were all
    /// rows with one such value away, another row would be picked.
    pub async fn rivals(
        &self,
        planned: &Planned,
        tables: &[(DatasetName, Fields)],
        values: &BTreeMap<DatasetName, Vec<String>>,
    ) -> Result<BTreeMap<DatasetName, Vec<RecordBatch>>> {
        let plan = self.analysed(planned)?;
        let mut windows = Vec::new();
        plan.apply(|node| {
            if let LogicalPlan::Window(window) = node {
                windows.push(window.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .map_err(EngineError::planning)?;
        let mut found: BTreeMap<DatasetName, Vec<RecordBatch>> = BTreeMap::new();
        for window in &windows {
            for keys in partitions(window) {
                let mut annotator = Annotator::new(tables);
                let Some(plan) = sharing(&mut annotator, window, &keys, values)
                    .map_err(EngineError::planning)?
                else {
                    continue;
                };
                for batch in self.collect(&Planned { plan }).await? {
                    let shared = differing(&batch, &annotator).map_err(EngineError::Failed)?;
                    for (scan, rows) in annotator.scans.iter().zip(shared) {
                        if let (Some(dataset), Some(rows)) = (annotator.table(scan), rows) {
                            found.entry(dataset.clone()).or_default().push(rows);
                        }
                    }
                }
            }
        }
        Ok(found)
    }
}

/// What rows have in common among which the window functions of a node pick.
fn partitions(window: &Window) -> Vec<Vec<Expr>> {
    let mut partitions: Vec<Vec<Expr>> = Vec::new();
    for expr in &window.window_expr {
        let Expr::WindowFunction(call) = expr.clone().unalias() else {
            continue;
        };
        let params = &call.params;
        let first = params.order_by.first().map(|key| &key.expr);
        let keys = if !params.partition_by.is_empty() {
            params.partition_by.clone()
        } else if matches!(call.fun.name(), "lag" | "lead") && params.args.first() == first {
            // Rows in one order, each compared with its neighbour: the key is what is compared.
            first.cloned().into_iter().collect()
        } else {
            continue;
        };
        if !keys.is_empty() && !partitions.contains(&keys) {
            partitions.push(keys);
        }
    }
    partitions
}

/// The lists of the partitions in which one of the rows is, one list each.
fn sharing(
    annotator: &mut Annotator<'_>,
    window: &Window,
    keys: &[Expr],
    values: &BTreeMap<DatasetName, Vec<String>>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let input = annotator.annotate(&window.input, &Positions::new())?;
    let tables = annotator
        .scans
        .iter()
        .filter_map(|scan| annotator.table(scan));
    let mut tables = tables.filter(|table| values.contains_key(*table));
    if input.rows.is_empty() || tables.next().is_none() {
        return Ok(None);
    }
    let names: Vec<String> = (0..keys.len())
        .map(|key| format!("__trace_key_{key}"))
        .collect();
    let named = keys.iter().zip(&names);
    let named: Vec<Expr> = named.map(|(key, name)| key.clone().alias(name)).collect();
    let mine = LogicalPlanBuilder::from(beginning(annotator, &window.input, values)?)
        .project(named.clone())?
        .alias("mine")?
        .build()?;
    let rows = gather::merged(input.all(&input.rows))?.alias(ROWS);
    let all = LogicalPlanBuilder::from(input.plan).project(named.into_iter().chain([rows]))?;
    let column = |of: &str, name: &str| Expr::Column(Column::new(Some(of), name));
    let columns = |of: &str| {
        names
            .iter()
            .map(|name| Column::new(Some(of), name))
            .collect()
    };
    let (left, right): (Vec<Column>, Vec<Column>) = (columns("theirs"), columns("mine"));
    let shared = all.alias("theirs")?.join_detailed(
        mine,
        JoinType::LeftSemi,
        (left, right),
        None,
        NullEquality::NullEqualsNull,
    )?;
    let union = atoms::union()
        .call(vec![column("theirs", ROWS)])
        .alias(ROWS);
    let keys = names.iter().map(|name| column("theirs", name));
    Ok(Some(shared.aggregate(keys, [union])?.build()?))
}

/// The plan over those rows of the tables whose identity begins with one of the values.
fn beginning(
    annotator: &Annotator<'_>,
    plan: &LogicalPlan,
    values: &BTreeMap<DatasetName, Vec<String>>,
) -> Result<LogicalPlan, DataFusionError> {
    let narrowed = plan.clone().transform_up(|node| {
        let LogicalPlan::TableScan(scan) = &node else {
            return Ok(Transformed::no(node));
        };
        let of = annotator.followed(scan);
        let first = of.and_then(|(dataset, fields)| Some((values.get(dataset)?, fields.first()?)));
        let Some((values, first)) = first else {
            return Ok(Transformed::no(node));
        };
        let column = Column::new(Some(scan.table_name.clone()), first.name());
        let values = values.iter().map(|value| lit(value.as_str())).collect();
        let one_of = Expr::Column(column).in_list(values, false);
        let filter = Filter::try_new(one_of, Arc::new(node))?;
        Ok(Transformed::yes(LogicalPlan::Filter(filter)))
    })?;
    Ok(narrowed.data)
}

/// The rows of those lists whose rows differ in the first column of their identity, by scan.
fn differing(
    batch: &RecordBatch,
    annotator: &Annotator<'_>,
) -> Result<Vec<Option<RecordBatch>>, DataFusionError> {
    let identities = annotator.identities();
    let lists = batch
        .column_by_name(ROWS)
        .and_then(|column| column.as_list_opt::<i32>());
    let Some(lists) = lists else {
        return Ok(vec![None; identities.len()]);
    };
    let mut kept: Vec<&[u8]> = Vec::new();
    let held: &ListArray = lists;
    let values: &BinaryArray = held.values().as_binary();
    for window in held.value_offsets().windows(2) {
        let &[from, to] = window else { continue };
        let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0);
        if range.len() < 2 {
            continue;
        }
        let atoms: Vec<&[u8]> = range.map(|at| values.value(at)).collect();
        if firsts(&atoms, &identities)? > 1 {
            kept.extend(atoms);
        }
    }
    atoms::rows(&BinaryArray::from_iter_values(kept), &identities)
}

/// How many values the first column of the identity has among the atoms.
fn firsts(atoms: &[&[u8]], identities: &[Fields]) -> Result<usize, DataFusionError> {
    let mut seen = BTreeSet::new();
    let list = BinaryArray::from_iter_values(atoms);
    for rows in atoms::rows(&list, identities)?.into_iter().flatten() {
        let Some(first) = rows.columns().first() else {
            continue;
        };
        let converter = RowConverter::new(vec![SortField::new(first.data_type().clone())])?;
        let encoded = converter.convert_columns(std::slice::from_ref(first))?;
        seen.extend(encoded.iter().map(|row| row.as_ref().to_vec()));
    }
    Ok(seen.len())
}
