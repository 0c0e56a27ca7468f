//! From rows of an answer to the rows of the tables behind them.
//!
//! The statement is planned again and runs as it did, over the same versions, with lists of rows
//! beside its values ([`annotate`]): a filter on the answer finds its way down by the optimizer, as
//! in any query, and the lists come up. Nothing is stored while figures are computed.

mod annotate;
mod atoms;
mod gather;
mod keys;
mod rivals;
mod stages;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Fields;
use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::Column;
use datafusion::common::tree_node::TreeNode;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident, lit};
use datafusion::optimizer::decorrelate_lateral_join::DecorrelateLateralJoin;
use datafusion::optimizer::decorrelate_predicate_subquery::DecorrelatePredicateSubquery;
use datafusion::optimizer::eliminate_filter::EliminateFilter;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::propagate_empty_relation::PropagateEmptyRelation;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::replace_distinct_aggregate::ReplaceDistinctWithAggregate;
use datafusion::optimizer::scalar_subquery_to_join::ScalarSubqueryToJoin;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::sql::sqlparser::ast;
use project::DatasetName;

use annotate::Positions;

use crate::{EngineError, Planned, Result, Session};

/// The rows of an answer that are asked about.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// Those for which a condition over the answer's columns holds.
    Condition(String),
    /// Those whose columns have the values of one of these rows.
    Keys(RecordBatch),
    /// All.
    Everything,
}

/// What is asked about the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The columns whose values are asked about.
    pub columns: BTreeSet<String>,
    /// Whether it is asked, too, what the rows themselves are made of.
    pub rows: bool,
    /// Whether it is asked, too, without which rows they might not be there.
    pub presence: bool,
}

/// What is behind the rows.
#[derive(Debug, Default)]
pub struct Behind {
    /// How many rows of the answer were chosen.
    pub rows: u64,
    /// The rows behind the values.
    pub value: Vec<Sources>,
    /// Rows without which the chosen ones might not be there.
    pub presence: Vec<Sources>,
    /// Tables any row of which may be behind them.
    pub whole: BTreeSet<DatasetName>,
    /// What stopped the way back, in words.
    pub stops: BTreeSet<String>,
    /// The tables of whose rows a window function decides which there are.
    pub picks: BTreeSet<DatasetName>,
    /// Whether one decides which groups of rows there are.
    pub picks_groups: bool,
}

/// Rows of a table at one place where the statement reads it.
#[derive(Debug)]
pub struct Sources {
    /// The table.
    pub dataset: DatasetName,
    /// The columns whose values are taken from there; none if it is enough that the rows are there.
    pub columns: BTreeSet<String>,
    /// The rows, by the columns that identify them.
    pub rows: RecordBatch,
}

impl Session {
    /// What is behind the chosen rows, in the tables that are given with the columns that identify
    /// their rows.
    pub async fn behind(
        &self,
        planned: &Planned,
        tables: &[(DatasetName, Fields)],
        wanted: &Wanted,
        chosen: &Chosen,
    ) -> Result<Behind> {
        let plan = self.analysed(planned)?;
        let need = positions(&plan, &wanted.columns)?;
        let plan = self.narrowed(plan, chosen, &need)?;
        let need = (0..need.len()).collect();
        self.stages(plan, need, wanted, tables).await
    }

    /// The plan over the chosen rows, with the needed columns alone and what they take.
    fn narrowed(
        &self,
        plan: LogicalPlan,
        chosen: &Chosen,
        need: &Positions,
    ) -> Result<LogicalPlan> {
        let builder = LogicalPlanBuilder::from(plan.clone());
        let builder = match chosen {
            Chosen::Everything => Ok(builder),
            Chosen::Condition(text) => builder.filter(self.condition(text, &plan)?),
            Chosen::Keys(keys) => {
                keys::among(plan.clone(), &keys::named(keys), keys).map(LogicalPlanBuilder::from)
            }
        };
        // One at least: a plan of no columns is not expected everywhere.
        let columns = need.iter().chain(need.is_empty().then_some(&0));
        let columns = columns.map(|column| {
            let (qualifier, field) = plan.schema().qualified_field(*column);
            Expr::Column(Column::new(qualifier.cloned(), field.name()))
        });
        let columns: Vec<Expr> = columns.collect();
        let plan = builder
            .and_then(|builder| builder.project(columns))
            .and_then(LogicalPlanBuilder::build)
            .map_err(EngineError::planning)?;
        self.simplified(plan)
    }

    /// The plan with its filters brought down, without sub-queries in expressions and without what
    /// its columns do not take.
    fn simplified(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let mut state = self.context().state();
        // Those that are computed once for all rows are joined here, too: rows are followed in plans.
        let options = state.config_mut().options_mut();
        options
            .optimizer
            .enable_physical_uncorrelated_scalar_subquery = false;
        let plan = self.analysed(&Planned { plan })?;
        let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
            Arc::new(SimplifyExpressions::new()),
            Arc::new(ReplaceDistinctWithAggregate::new()),
            Arc::new(DecorrelatePredicateSubquery::new()),
            Arc::new(ScalarSubqueryToJoin::new()),
            Arc::new(DecorrelateLateralJoin::new()),
            Arc::new(EliminateFilter::new()),
            Arc::new(PropagateEmptyRelation::new()),
            Arc::new(PushDownFilter::new()),
            Arc::new(OptimizeProjections::new()),
        ];
        Optimizer::with_rules(rules)
            .optimize(plan, &state, |_, _| {})
            .map_err(EngineError::planning)
    }

    /// Whether the statement puts rows together, so that other columns may come from other rows.
    pub fn gathers(planned: &Planned) -> Result<bool> {
        let gathers = |node: &LogicalPlan| {
            Ok(matches!(
                node,
                LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_)
            ))
        };
        planned.plan.exists(gathers).map_err(EngineError::planning)
    }

    /// A table made of the statement's answer, computed where it is read.
    pub fn view(&self, planned: &Planned) -> Arc<dyn TableProvider> {
        Arc::new(ViewTable::new(planned.plan.clone(), None))
    }

    /// A table that holds the statement's answer, whose memory is the session's until it is dropped.
    pub async fn held(&self, planned: &Planned) -> Result<Arc<dyn TableProvider>> {
        let batches = self.collect(planned).await?;
        // Rows may be held otherwise than planned: a column without nulls says so, a text is a view.
        let schema = batches
            .first()
            .map_or_else(|| planned.schema(), RecordBatch::schema);
        let table = MemTable::try_new(schema, vec![batches]);
        Ok(Arc::new(table.map_err(EngineError::Failed)?))
    }

    /// The statement's rows whose column has one of the values.
    pub fn only(&self, planned: Planned, column: &str, values: &[String]) -> Result<Planned> {
        let values = values.iter().map(|value| lit(value.as_str())).collect();
        let plan = LogicalPlanBuilder::from(planned.plan)
            .filter(ident(column).in_list(values, false))
            .and_then(LogicalPlanBuilder::build)
            .map_err(EngineError::planning)?;
        Ok(Planned { plan })
    }

    /// The statement's rows whose column has another value, or none.
    pub fn except(&self, planned: Planned, column: &str, value: &str) -> Result<Planned> {
        let is = ident(column).eq(lit(value));
        let plan = LogicalPlanBuilder::from(planned.plan)
            .filter(is.is_not_true())
            .and_then(LogicalPlanBuilder::build)
            .map_err(EngineError::planning)?;
        Ok(Planned { plan })
    }

    /// The statement's rows whose columns have the values of one of the keys.
    pub fn with_keys(&self, planned: Planned, keys: &RecordBatch) -> Result<Planned> {
        let plan = keys::among(planned.plan, &keys::named(keys), keys);
        let plan = plan.map_err(EngineError::planning)?;
        Ok(Planned { plan })
    }

    /// The statement's rows for which a condition over its columns holds, as SQL.
    pub fn those(&self, planned: Planned, condition: &str) -> Result<Planned> {
        let expr = self.condition(condition, &planned.plan)?;
        let plan = LogicalPlanBuilder::from(planned.plan)
            .filter(expr)
            .and_then(LogicalPlanBuilder::build)
            .map_err(EngineError::planning)?;
        Ok(Planned { plan })
    }

    /// A condition over a plan's columns.
    fn condition(&self, text: &str, plan: &LogicalPlan) -> Result<Expr> {
        let state = self.context().state();
        let dialect = state.config_options().sql_parser.dialect;
        let parsed = state.sql_to_expr_with_alias(text, &dialect);
        let parsed = parsed.map_err(EngineError::planning)?;
        if ast::visit_expressions(&parsed.expr, reads).is_break() {
            return Err(EngineError::invalid(
                "the condition holds a query",
                "Write one expression over the dataset's columns, such as `period = '2026-09'`.",
            ));
        }
        state
            .create_logical_expr_from_sql_expr(parsed, plan.schema())
            .map_err(EngineError::planning)
    }
}

fn reads(expr: &ast::Expr) -> ControlFlow<()> {
    match expr {
        ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. } | ast::Expr::Subquery(_) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    }
}

fn positions(plan: &LogicalPlan, columns: &BTreeSet<String>) -> Result<Positions> {
    let position = |column: &String| {
        let fields = plan.schema().fields();
        fields
            .iter()
            .position(|field| field.name() == column)
            .ok_or_else(|| {
                let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
                EngineError::invalid(
                    format!(
                        "there is no column `{column}`; the columns are `{}`",
                        names.join("`, `")
                    ),
                    "Name one of them.",
                )
            })
    };
    columns.iter().map(position).collect()
}
