//! Contract rules over a table that is staged and not yet visible.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Int64Array};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, ExprFunctionExt, ident, lit};
use datafusion::prelude::DataFrame;
use project::{Check, CodeList, Contract, Rule};

use super::expression::{Given, holds};
use crate::{Engine, EngineError, Planned, QueryLimits, Result, Session};

/// A rule that does not hold, and on how many rows.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The rows that break it; for a rule on the number of rows, that number.
    pub rows: u64,
}

/// Every rule of the contract that the table breaks.
pub async fn table_findings<'a>(
    engine: &Engine,
    limits: QueryLimits,
    contract: &Contract,
    table: Arc<dyn TableProvider>,
    code_list: &(dyn Fn(&str) -> Option<&'a CodeList> + Sync),
) -> Result<Vec<Finding>> {
    let session = engine.session(BTreeMap::from([(contract.dataset.clone(), table)]), limits)?;
    let context = session.context();
    let frame = context
        .table(contract.dataset.as_str())
        .await
        .map_err(EngineError::Failed)?;
    let run = |e| EngineError::running(e, &limits);
    let state = context.state();
    let codes = |list: &str| {
        let mut codes: Vec<String> = code_list(list).map_or_else(Vec::new, |l| {
            l.codes.iter().map(|c| c.code.clone()).collect()
        });
        codes.sort_unstable();
        codes.dedup();
        codes
    };
    // Personal data is refused at the door; a table made of accepted rows is not searched again.
    let given = Given {
        looks_personal: None,
        codes: &codes,
    };
    let mut counted: Vec<&Rule> = Vec::new();
    let mut aggregates = vec![count(lit(1_i64)).alias("rows")];
    let mut findings = Vec::new();
    for rule in &contract.rules {
        if let Check::Unique(key) = &rule.check {
            let doubled = doubled(frame.clone(), key).map_err(run)?;
            let rows = cell(&answer(&session, doubled).await?, 0);
            if rows > 0 {
                findings.push(Finding {
                    rule: rule.clone(),
                    rows,
                });
            }
        } else if let Some(expr) = holds(&state, frame.schema(), contract, rule, &given)? {
            let broken = count(lit(1_i64))
                .filter(expr.is_false())
                .build()
                .map_err(run)?
                .alias(format!("r{}", counted.len()));
            counted.push(rule);
            aggregates.push(broken);
        }
    }
    let counts = frame.aggregate(vec![], aggregates).map_err(run)?;
    let answer = answer(&session, counts).await?;
    let total = cell(&answer, 0);
    for (i, rule) in counted.into_iter().enumerate() {
        let rows = cell(&answer, i + 1);
        if rows > 0 {
            findings.push(Finding {
                rule: rule.clone(),
                rows,
            });
        }
    }
    findings.extend(wrong_counts(contract, total));
    Ok(findings)
}

/// The rules on the number of rows that `total` breaks.
fn wrong_counts(contract: &Contract, total: u64) -> impl Iterator<Item = Finding> {
    let broken = move |rule: &&Rule| {
        matches!(rule.check, Check::RowCount { min, max }
            if min.is_some_and(|m| total < m) || max.is_some_and(|m| total > m))
    };
    let finding = move |rule: &Rule| Finding {
        rule: rule.clone(),
        rows: total,
    };
    contract.rules.iter().filter(broken).map(finding)
}

async fn answer(session: &Session, frame: DataFrame) -> Result<Vec<RecordBatch>> {
    session.collect(&Planned::of(frame)).await
}

/// Counts the rows beyond the first of each key.
fn doubled(frame: DataFrame, key: &[String]) -> datafusion::error::Result<DataFrame> {
    let columns: Vec<Expr> = key.iter().map(ident).collect();
    let beyond = sum(ident("_n") - lit(1_i64)).alias("_n");
    frame
        .aggregate(columns, vec![count(lit(1_i64)).alias("_n")])?
        .filter(ident("_n").gt(lit(1_i64)))?
        .aggregate(vec![], vec![beyond])
}

fn cell(answer: &[RecordBatch], column: usize) -> u64 {
    let value = answer.iter().find(|b| b.num_rows() > 0).and_then(|b| {
        let array: &Int64Array = b.column(column).as_primitive_opt()?;
        (!array.is_null(0)).then(|| array.value(0))
    });
    u64::try_from(value.unwrap_or(0)).unwrap_or(0)
}
