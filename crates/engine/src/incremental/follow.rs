//! How far the windows of an answer can be followed down to its inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{Session as Planner, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result as PlanResult, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TableProviderFilterPushDown, TableScan, TableType, Volatility, cast,
    ident,
};
use datafusion::physical_plan::ExecutionPlan;
use project::{Contract, DatasetName};

use crate::statement::dataset;
use crate::{Engine, EngineError, Param, QueryLimits, Result, Statement};

/// One reading of an input by a transformation.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The input.
    pub dataset: DatasetName,
    /// The columns of the input that matter.
    pub columns: BTreeSet<String>,
    /// The conditions that the statement makes of a row of the input by itself.
    pub(super) conditions: Vec<Expr>,
    /// For each window column that is followed to here, what its value is in a row of the input.
    pub(super) carriers: BTreeMap<String, Expr>,
}

impl Followed {
    /// The window columns that are followed to this reading.
    pub fn windows(&self) -> impl Iterator<Item = &str> {
        self.carriers.keys().map(String::as_str)
    }
}

impl Engine {
    /// Every reading of an input by the statement, and which of the columns `windows` of its answer
    /// are followed to it. `schemas` are the columns of the inputs.
    ///
    /// # Errors
    /// `Invalid` when the statement cannot be planned over these columns.
    pub async fn follow(
        &self,
        limits: QueryLimits,
        schemas: &BTreeMap<DatasetName, SchemaRef>,
        (statement, params): (&Statement, &BTreeMap<String, Param>),
        contract: &Contract,
        windows: &[String],
    ) -> Result<Vec<Followed>> {
        let tables = schemas.iter().map(|(dataset, schema)| {
            let table: Arc<dyn TableProvider> = Arc::new(Described(Arc::clone(schema)));
            (dataset.clone(), table)
        });
        let session = self.session(tables.collect(), limits)?;
        let planned = session.plan(statement, params).await?;
        let plan = session.under_contract(planned, contract)?.plan;
        let state = session.context().state();
        let readings = |plan: &LogicalPlan| {
            let optimised = state.optimize(plan).map_err(EngineError::planning)?;
            readings(&optimised)
        };
        let mut followed = Vec::new();
        for scan in readings(&plan)? {
            let conditions = scan.filters.iter().cloned().map(unqualified);
            let conditions = conditions.collect::<PlanResult<_>>();
            followed.push(Followed {
                dataset: dataset(&scan.table_name)?,
                columns: columns(&scan),
                conditions: conditions.map_err(EngineError::planning)?,
                carriers: BTreeMap::new(),
            });
        }
        for window in windows {
            let marked = marked(&plan, window).map_err(EngineError::planning)?;
            let scans = readings(&marked)?;
            let names = scans.iter().map(|scan| dataset(&scan.table_name));
            let names: Vec<DatasetName> = names.collect::<Result<_>>()?;
            // The condition may have made the plan another one: then it says nothing of this one.
            if !names.iter().eq(followed.iter().map(|f| &f.dataset)) {
                continue;
            }
            for (scan, followed) in scans.iter().zip(&mut followed) {
                let carrier = scan.filters.iter().find_map(carried);
                if let Some(carrier) = carrier {
                    let carrier = unqualified(carrier).map_err(EngineError::planning)?;
                    // As the contract has it, and so the table.
                    let carrier = match contract.arrow_schema().field_with_name(window) {
                        Ok(field) => cast(carrier, field.data_type().clone()),
                        Err(_) => carrier,
                    };
                    followed.carriers.insert(window.clone(), carrier);
                }
            }
        }
        Ok(followed)
    }
}

/// Every scan of a plan, those of its sub-queries among them, in one order.
fn readings(plan: &LogicalPlan) -> Result<Vec<TableScan>> {
    let mut scans = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            scans.push(scan.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(EngineError::planning)?;
    Ok(scans)
}

/// The columns that a scan gives or decides by.
fn columns(scan: &TableScan) -> BTreeSet<String> {
    let given = scan.projected_schema.fields().iter();
    let mut columns: BTreeSet<String> = given.map(|field| field.name().clone()).collect();
    for filter in &scan.filters {
        columns.extend(filter.column_refs().iter().map(|c| c.name.clone()));
    }
    columns
}

/// The plan under a condition on one column of its answer.
fn marked(plan: &LogicalPlan, window: &str) -> PlanResult<LogicalPlan> {
    let marker = ScalarUDF::from(Marker {
        signature: Signature::any(1, Volatility::Immutable),
    });
    LogicalPlanBuilder::from(plan.clone())
        .filter(marker.call(vec![ident(window)]))?
        .build()
}

/// What the condition is about, where it arrived.
fn carried(filter: &Expr) -> Option<Expr> {
    let Expr::ScalarFunction(call) = filter else {
        return None;
    };
    let marks = call.func.name() == MARKER;
    marks.then(|| call.args.first().cloned()).flatten()
}

fn unqualified(expr: Expr) -> PlanResult<Expr> {
    let plain = expr.transform(|part| {
        Ok(match part {
            Expr::Column(column) if column.relation.is_some() => {
                Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(plain.data)
}

const MARKER: &str = "dtm_window";

/// A condition of which only its column is known, and that null does not fulfil it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Marker {
    signature: Signature,
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        MARKER
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let [value] = &args.args[..] else {
            return exec_err!("`{MARKER}` takes one value");
        };
        let null = match value {
            ColumnarValue::Scalar(value) => value.is_null(),
            ColumnarValue::Array(values) => values.logical_null_count() == values.len(),
        };
        if !null {
            return exec_err!("`{MARKER}` is never run");
        }
        Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(false))))
    }
}

/// A table of which the columns are known and that takes every condition.
#[derive(Debug)]
struct Described(SchemaRef);

#[async_trait]
impl TableProvider for Described {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        _: &dyn Planner,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        exec_err!("a described table has no rows to read")
    }
}
