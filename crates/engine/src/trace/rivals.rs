//! Rows that one of them stands for: what a window function picks the newest of.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use datafusion::arrow::array::{Array, AsArray, BinaryArray, ListArray, RecordBatch};
use datafusion::arrow::datatypes::Fields;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, NullEquality};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, Window};
use project::DatasetName;

use super::annotate::{Annotator, Positions, merged};
use super::atoms;
use crate::{EngineError, Planned, Result, Session};

/// The column of lists.
const ROWS: &str = "__trace_rows";

impl Session {
    /// The rows that share a partition of a window function with one of the given rows, where the
    /// rows of the partition differ in the first column of their identity: were all rows with one
    /// such value away, another row would be picked.
    pub async fn rivals(
        &self,
        planned: &Planned,
        tables: &[(DatasetName, Fields)],
        rows: &BTreeMap<DatasetName, RecordBatch>,
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
                let Some(plan) =
                    sharing(&mut annotator, window, &keys, rows).map_err(EngineError::planning)?
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
    rows: &BTreeMap<DatasetName, RecordBatch>,
) -> Result<Option<LogicalPlan>, DataFusionError> {
    let input = annotator.annotate(&window.input, &Positions::new())?;
    if input.rows.is_empty() {
        return Ok(None);
    }
    let mut atoms = HashSet::new();
    for (number, scan) in annotator.scans.iter().enumerate() {
        let dataset = annotator.table(scan);
        if let Some(rows) = dataset.and_then(|dataset| rows.get(dataset)) {
            atoms.extend(atoms::of_rows(number, rows)?);
        }
    }
    let names: Vec<String> = (0..keys.len())
        .map(|key| format!("__trace_key_{key}"))
        .collect();
    let mut exprs: Vec<Expr> = keys
        .iter()
        .zip(&names)
        .map(|(key, name)| key.clone().alias(name))
        .collect();
    exprs.push(merged(input.all(&input.rows))?.alias(ROWS));
    let all = LogicalPlanBuilder::from(input.plan)
        .project(exprs)?
        .build()?;
    let column = |of: &str, name: &str| Expr::Column(Column::new(Some(of), name));
    let one_of = atoms::any_of(atoms).call(vec![column("mine", ROWS)]);
    let mine = LogicalPlanBuilder::from(all.clone())
        .alias("mine")?
        .filter(one_of)?
        .project(names.iter().map(|name| column("mine", name)))?
        .build()?;
    let columns = |of: &str| {
        names
            .iter()
            .map(|name| Column::new(Some(of), name))
            .collect()
    };
    let (left, right): (Vec<Column>, Vec<Column>) = (columns("theirs"), columns("mine"));
    let shared = LogicalPlanBuilder::from(all)
        .alias("theirs")?
        .join_detailed(
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
