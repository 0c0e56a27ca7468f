//! Contract rules over a table that is staged and not yet visible.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Int64Array};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, ExprFunctionExt, ident, lit};
use datafusion::prelude::DataFrame;
use project::{Check, CodeList, Contract, Rule};

use super::expression::{Given, holds};
use crate::{Engine, EngineError, Planned, QueryLimits, Result, Session};

/// What a table says of a rule.
#[derive(Debug, Clone)]
pub struct RuleResult {
    /// The rule.
    pub rule: Rule,
    /// Whether it holds.
    pub passed: bool,
    /// The rows that break it; for a rule on the number of rows, that number if it is out of
    /// bounds.
    pub failed_rows: u64,
    /// The rows of the table.
    pub checked_rows: u64,
    /// The rows that keep it only because a missing value leaves the answer open; none for rules
    /// that are not SQL, whose answer about a missing value is fixed.
    pub null_rows: Option<u64>,
}

/// A rule that does not hold, and on how many rows.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// The rows that break it; for a rule on the number of rows, that number.
    pub rows: u64,
}

impl Finding {
    /// The rules among the results that do not hold.
    pub fn among(results: &[RuleResult]) -> Vec<Self> {
        let broken = results.iter().filter(|result| !result.passed);
        let finding = |result: &RuleResult| Self {
            rule: result.rule.clone(),
            rows: result.failed_rows,
        };
        broken.map(finding).collect()
    }
}

/// How a rule is answered.
enum Asked {
    /// By a question of its own: the rows that break it.
    Alone(u64),
    /// By columns of the question for all: the rows that break it, and those that leave it open.
    Together { broken: usize, open: Option<usize> },
    /// By the number of rows, which lies within these bounds.
    Total { min: Option<u64>, max: Option<u64> },
}

/// What the table says of every rule of the contract, in the contract's order: one scan for all
/// rules on single rows, and one for each key. Personal data is not looked for.
pub async fn table_results<'a>(
    engine: &Engine,
    limits: QueryLimits,
    contract: &Contract,
    table: Arc<dyn TableProvider>,
    code_list: &(dyn Fn(&str) -> Option<&'a CodeList> + Sync),
) -> Result<Vec<RuleResult>> {
    let session = engine.session(BTreeMap::from([(contract.dataset.clone(), table)]), limits)?;
    let context = session.context();
    // Two counts ask the same of a row. What the engine would compute once for both it takes for never
    // null where it was `coalesce`, and then refuses its own plan.
    context.remove_optimizer_rule("common_sub_expression_eliminate");
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
    let mut asked: Vec<(&Rule, Asked)> = Vec::new();
    let mut aggregates = vec![count(lit(1_i64)).alias("rows")];
    for rule in &contract.rules {
        let how = match &rule.check {
            Check::Unique(key) => {
                let doubled = doubled(frame.clone(), key).map_err(run)?;
                Asked::Alone(cell(&answer(&session, doubled).await?, 0))
            }
            Check::RowCount { min, max } => Asked::Total {
                min: *min,
                max: *max,
            },
            check => {
                let Some(expr) = holds(&state, frame.schema(), contract, rule, &given)? else {
                    continue;
                };
                let is_sql = matches!(check, Check::Expression { .. });
                together(expr, is_sql, &mut aggregates).map_err(run)?
            }
        };
        asked.push((rule, how));
    }
    let counts = frame.aggregate(vec![], aggregates).map_err(run)?;
    let counts = answer(&session, counts).await?;
    let results = asked.into_iter();
    Ok(results
        .map(|(rule, how)| result(rule, &how, &counts))
        .collect())
}

/// Adds what counts the rows that break the rule; of a rule in SQL also those that leave it open.
fn together(
    expr: Expr,
    is_sql: bool,
    aggregates: &mut Vec<Expr>,
) -> datafusion::error::Result<Asked> {
    let mut counted = |condition: Expr| {
        let column = aggregates.len();
        let rows = count(lit(1_i64)).filter(condition).build()?;
        aggregates.push(rows.alias(format!("r{column}")));
        Ok::<_, DataFusionError>(column)
    };
    let broken = counted(expr.clone().is_false())?;
    let open = if is_sql {
        Some(counted(expr.is_null())?)
    } else {
        None
    };
    Ok(Asked::Together { broken, open })
}

fn result(rule: &Rule, how: &Asked, counts: &[RecordBatch]) -> RuleResult {
    let checked_rows = cell(counts, 0);
    let (failed_rows, null_rows) = match *how {
        Asked::Alone(rows) => (rows, None),
        Asked::Together { broken, open } => {
            let open = open.map(|column| cell(counts, column));
            (cell(counts, broken), open)
        }
        Asked::Total { min, max } => {
            let too_few = min.is_some_and(|m| checked_rows < m);
            let too_many = max.is_some_and(|m| checked_rows > m);
            let passed = !too_few && !too_many;
            return RuleResult {
                rule: rule.clone(),
                passed,
                failed_rows: if passed { 0 } else { checked_rows },
                checked_rows,
                null_rows: None,
            };
        }
    };
    RuleResult {
        rule: rule.clone(),
        passed: failed_rows == 0,
        failed_rows,
        checked_rows,
        null_rows,
    }
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
