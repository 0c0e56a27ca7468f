//! Contract rules over a table that is staged and not yet visible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::Calendar;
use datafusion::arrow::array::{Array, AsArray, Int64Array};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, ExprFunctionExt, ident, lit};
use datafusion::prelude::DataFrame;
use futures::stream::BoxStream;
use project::{Check, CodeList, Contract, DatasetName, Rule, Severity};

use super::expression::{Given, holds};
use super::wide::{self, Wide};
use crate::{Engine, EngineError, Planned, QueryLimits, Result, Session, Statement};

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

/// Rows to judge, and what their contract's rules hold them against.
pub struct Subject<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The rows.
    pub table: Arc<dyn TableProvider>,
    /// What [`reads`] names.
    pub others: BTreeMap<DatasetName, Arc<dyn TableProvider>>,
    /// The code list of that name.
    pub code_list: &'a (dyn Fn(&str) -> Option<&'a CodeList> + Sync),
    /// Which period comes before which.
    pub calendar: &'a Calendar,
    /// When the run began, in microseconds.
    pub begun_at_micros: i64,
}

/// The datasets that the contract's rules look at, besides its own.
///
/// # Errors
/// `Invalid` when the query of a rule cannot be read.
pub fn reads(contract: &Contract) -> Result<BTreeSet<DatasetName>> {
    let mut found = BTreeSet::new();
    for rule in &contract.rules {
        match &rule.check {
            Check::References { dataset, .. } => {
                found.insert(dataset.clone());
            }
            Check::Query { sql, .. } => {
                let statement = Statement::parse(sql);
                let statement = statement.map_err(|e| wide::unplanned(contract, rule, &e))?;
                found.extend(statement.inputs().iter().cloned());
            }
            _ => {}
        }
    }
    found.remove(&contract.dataset);
    Ok(found)
}

/// A contract's rules over rows that are there.
pub struct TableRules<'a> {
    subject: Subject<'a>,
    session: Session,
    limits: QueryLimits,
    /// The rows, with what references find beside them.
    frame: DataFrame,
}

/// How a rule is answered.
enum Asked {
    /// By questions of its own: the rows that break it, and what leaves it open.
    Alone { broken: u64, open: Option<u64> },
    /// By columns of the question for all: the rows that break it, and those that leave it open.
    Together { broken: usize, open: Option<usize> },
    /// By the number of rows, which lies within these bounds.
    Total { min: Option<u64>, max: Option<u64> },
}

impl<'a> TableRules<'a> {
    /// The rules over those rows. Personal data is not looked for.
    ///
    /// # Errors
    /// `Invalid` when a rule names a column or a dataset that is not there.
    pub async fn new(
        engine: &Engine,
        limits: QueryLimits,
        mut subject: Subject<'a>,
    ) -> Result<Self> {
        let mut tables = std::mem::take(&mut subject.others);
        tables.insert(subject.contract.dataset.clone(), Arc::clone(&subject.table));
        let session = engine.session(tables, limits)?;
        let context = session.context();
        // Two counts ask the same of a row. What the engine would compute once for both it takes for
        // never null where it was `coalesce`, and then refuses its own plan.
        context.remove_optimizer_rule("common_sub_expression_eliminate");
        let mut frame = context
            .table(subject.contract.dataset.as_str())
            .await
            .map_err(EngineError::Failed)?;
        for (place, rule) in subject.contract.rules.iter().enumerate() {
            if let Check::References { .. } = &rule.check {
                let beside = wide::beside(context, frame, place, rule).await;
                frame = beside.map_err(|e| wide::unplanned(subject.contract, rule, &e))?;
            }
        }
        Ok(Self {
            subject,
            session,
            limits,
            frame,
        })
    }

    /// What the table says of every rule that is `wanted`, in the contract's order: one scan for all
    /// rules on single rows, and one for each other.
    ///
    /// # Errors
    /// `Invalid` for a rule that cannot be planned; else those of a query.
    pub async fn results(&self, wanted: impl Fn(&Rule) -> bool + Send) -> Result<Vec<RuleResult>> {
        let run = |e| EngineError::running(e, &self.limits);
        let mut asked: Vec<(&Rule, Asked)> = Vec::new();
        let mut aggregates = vec![count(lit(1_i64)).alias("rows")];
        for (place, rule) in self.subject.contract.rules.iter().enumerate() {
            if !wanted(rule) {
                continue;
            }
            let how = if let Check::RowCount { min, max } = &rule.check {
                Asked::Total {
                    min: *min,
                    max: *max,
                }
            } else if let Some(expr) = self.holds(place, rule)? {
                let is_sql = matches!(rule.check, Check::Expression { .. });
                together(expr, is_sql, &mut aggregates).map_err(run)?
            } else if let Some(wide) = self.wide(rule).await? {
                self.alone(wide).await?
            } else {
                continue;
            };
            asked.push((rule, how));
        }
        let counts = self.frame.clone().aggregate(vec![], aggregates);
        let counts = self.answer(counts.map_err(run)?).await?;
        let results = asked.into_iter();
        Ok(results
            .map(|(rule, how)| result(rule, &how, &counts))
            .collect())
    }

    /// Plans every rule and runs none.
    ///
    /// # Errors
    /// `Invalid` for the first rule that cannot be planned.
    pub async fn plan(&self) -> Result<()> {
        let contract = self.subject.contract;
        for (place, rule) in contract.rules.iter().enumerate() {
            let rows = match self.holds(place, rule)? {
                Some(expr) => self.frame.clone().filter(expr.is_false()),
                None => match self.wide(rule).await? {
                    Some(wide) => Ok(wide.rows),
                    None => continue,
                },
            };
            let rows = rows.map_err(EngineError::planning);
            let planned = rows.map(Planned::of);
            let analysed = planned.and_then(|planned| self.session.analysed(&planned));
            analysed.map_err(|e| wide::unplanned(contract, rule, &e))?;
        }
        Ok(())
    }

    /// At most `limit` of the rows that break the rule, or what shows how it is broken; none for a
    /// rule on the number of rows.
    ///
    /// # Errors
    /// Those of a query.
    pub async fn breaking(
        &self,
        rule: &Rule,
        limit: Option<usize>,
    ) -> Result<Option<BoxStream<'static, Result<RecordBatch>>>> {
        let rules = &self.subject.contract.rules;
        let place = rules.iter().position(|r| r == rule).unwrap_or(0);
        let rows = if let Some(expr) = self.holds(place, rule)? {
            let rows = self.frame.clone().filter(expr.is_false());
            rows.and_then(|rows| self.own_columns(rows))
        } else {
            match self.wide(rule).await? {
                Some(wide) => Ok(wide.rows),
                None => return Ok(None),
            }
        };
        let rows = rows.and_then(|rows| match limit {
            Some(limit) => rows.limit(0, Some(limit)),
            None => Ok(rows),
        });
        let rows = rows.map_err(|e| EngineError::running(e, &self.limits))?;
        Ok(Some(self.session.run(&Planned::of(rows)).await?))
    }

    /// The rows that break no rule of severity `quarantine`, in the order of `columns`.
    ///
    /// # Errors
    /// `Invalid` for a rule that cannot be planned.
    pub fn keeping(&self, columns: &[String]) -> Result<Planned> {
        let mut frame = self.frame.clone();
        for (place, rule) in self.subject.contract.rules.iter().enumerate() {
            if rule.severity == Severity::Quarantine
                && let Some(expr) = self.holds(place, rule)?
            {
                let kept = frame.filter(expr.is_not_false());
                frame = kept.map_err(EngineError::planning)?;
            }
        }
        let mut frame = self.own_columns(frame).map_err(EngineError::planning)?;
        if !columns.is_empty() {
            let order = columns.iter().map(|c| ident(c).sort(true, false));
            frame = frame.sort(order.collect()).map_err(EngineError::planning)?;
        }
        Ok(Planned::of(frame))
    }

    /// The session that [`Self::keeping`] is planned in.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The rule as an expression over the rows and what stands beside them.
    fn holds(&self, place: usize, rule: &Rule) -> Result<Option<Expr>> {
        if let Check::References { columns, .. } = &rule.check {
            return Ok(Some(wide::found(place, columns)));
        }
        let codes = |list: &str| {
            let list = (self.subject.code_list)(list);
            let mut codes: Vec<String> = list.map_or_else(Vec::new, |l| {
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
        let state = self.session.context().state();
        let schema = self.frame.schema();
        holds(&state, schema, self.subject.contract, rule, &given)
    }

    /// The rule as questions of its own.
    async fn wide(&self, rule: &Rule) -> Result<Option<Wide>> {
        let wide = wide::asked(&self.session, &self.frame, &self.subject, rule).await;
        wide.map_err(|e| wide::unplanned(self.subject.contract, rule, &e))
    }

    async fn alone(&self, wide: Wide) -> Result<Asked> {
        let broken = cell(&self.answer(wide.broken).await?, 0);
        let open = match wide.open {
            Some(open) => Some(cell(&self.answer(open).await?, 0)),
            None => None,
        };
        Ok(Asked::Alone { broken, open })
    }

    fn own_columns(&self, frame: DataFrame) -> datafusion::error::Result<DataFrame> {
        let schema = self.subject.table.schema();
        let columns = schema.fields().iter().map(|field| ident(field.name()));
        frame.select(columns.collect::<Vec<Expr>>())
    }

    async fn answer(&self, frame: DataFrame) -> Result<Vec<RecordBatch>> {
        self.session.collect(&Planned::of(frame)).await
    }
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
        Asked::Alone { broken, open } => (broken, open),
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

fn cell(answer: &[RecordBatch], column: usize) -> u64 {
    let value = answer.iter().find(|b| b.num_rows() > 0).and_then(|b| {
        let array: &Int64Array = b.column(column).as_primitive_opt()?;
        (!array.is_null(0)).then(|| array.value(0))
    });
    u64::try_from(value.unwrap_or(0)).unwrap_or(0)
}
