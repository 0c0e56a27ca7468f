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

/// What came of a rule.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The rows that break it, none if it holds; for a rule on the number of rows, that number.
    pub rows: u64,
    /// The rows that were held against it.
    pub checked: u64,
    /// The rows of which it cannot be told, for a value is missing; they count as held. Known of
    /// expressions alone: of other rules a missing value is no fault, but for `required`.
    pub unknown: Option<u64>,
}

impl Finding {
    /// Whether the rule holds.
    pub fn holds(&self) -> bool {
        self.rows == 0
    }
}

/// What comes of every rule of the contract over the table.
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
    let mut doubles: Vec<(&Rule, u64)> = Vec::new();
    let number = |of: Expr, name: String| {
        let rows = count(lit(1_i64)).filter(of).build();
        rows.map(|rows| rows.alias(name)).map_err(run)
    };
    for rule in &contract.rules {
        if let Check::Unique(key) = &rule.check {
            let doubled = doubled(frame.clone(), key).map_err(run)?;
            doubles.push((rule, cell(&answer(&session, doubled).await?, 0)));
        } else if let Some(expr) = holds(&state, frame.schema(), contract, rule, &given)? {
            let at = counted.len();
            aggregates.push(number(expr.clone().is_false(), format!("r{at}"))?);
            aggregates.push(number(expr.is_null(), format!("n{at}"))?);
            counted.push(rule);
        }
    }
    let counts = frame.aggregate(vec![], aggregates).map_err(run)?;
    let answer = answer(&session, counts).await?;
    let checked = cell(&answer, 0);
    let found = |rule: &Rule, rows: u64, unknown: Option<u64>| Finding {
        rule: rule.clone(),
        rows,
        checked,
        unknown,
    };
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(
        doubles
            .into_iter()
            .map(|(rule, rows)| found(rule, rows, None)),
    );
    for (i, rule) in counted.into_iter().enumerate() {
        let unknown = matches!(rule.check, Check::Expression(_)).then(|| cell(&answer, 2 * i + 2));
        findings.push(found(rule, cell(&answer, 2 * i + 1), unknown));
    }
    for rule in &contract.rules {
        if let Check::RowCount { min, max } = rule.check {
            let within = min.is_none_or(|m| checked >= m) && max.is_none_or(|m| checked <= m);
            // That there is none is a fault, too.
            let rows = if within { 0 } else { checked.max(1) };
            findings.push(found(rule, rows, None));
        }
    }
    Ok(findings)
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
