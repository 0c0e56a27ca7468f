//! Lineage through recursive queries, and through what is scanned and is no dataset.

use ::lineage::EdgeKind;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::datasource::source_as_provider;
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::{RecursiveQuery, TableScan};

use super::expr::Around;
use super::plan::{empty, trace};
use super::{Sources, Traced, through};
use crate::Result;

/// Goes round until nothing is added: there are only so many columns, and nothing is taken away.
pub(super) fn query(node: &RecursiveQuery, outer: Around<'_>) -> Result<Traced> {
    let mut known = trace(&node.static_term, outer)?;
    loop {
        let mut working = outer.working.to_vec();
        working.push((node.name.as_str(), &known));
        let around = Around {
            scopes: outer.scopes,
            working: &working,
        };
        let round = trace(&node.recursive_term, around)?;
        let mut more = known.clone();
        for (column, found) in more.columns.iter_mut().zip(round.columns) {
            column.extend(found);
        }
        more.rows.extend(round.rows);
        // A later round may make the struct of other values.
        more.fields.clear();
        if more == known {
            break;
        }
        known = more;
    }
    if node.is_distinct {
        let all: Sources = known.columns.iter().flatten().cloned().collect();
        known.rows.extend(through(&all, EdgeKind::GroupBy));
    }
    Ok(known)
}

/// What a scan of a recursive query's own rows, or of numbers counted out, is made of. Known by what
/// is scanned and not by its name, which a dataset may have as well.
pub(super) fn no_dataset(scan: &TableScan, outer: Around<'_>) -> Option<Traced> {
    let provider = source_as_provider(&scan.source).ok()?;
    if provider.downcast_ref::<GenerateSeriesTable>().is_some() {
        return Some(empty(scan.projected_schema.fields().len()));
    }
    let own = provider.downcast_ref::<CteWorkTable>()?;
    let mut around = outer.working.iter().rev();
    let (_, traced) = around.find(|(name, _)| *name == own.name())?;
    let columns = match &scan.projection {
        None => traced.columns.clone(),
        Some(kept) => kept
            .iter()
            .map(|at| traced.columns.get(*at).cloned().unwrap_or_default())
            .collect(),
    };
    Some(Traced {
        columns,
        rows: traced.rows.clone(),
        ..Traced::default()
    })
}
