//! Answers as tables: computed when they are read, and kept nowhere.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, ident, lit};
use project::DatasetName;

use crate::{EngineError, Planned, Result, Session};

impl Planned {
    /// The answer as a table of other sessions, under their limits. Whoever reads it computes it.
    pub fn view(&self) -> Arc<dyn TableProvider> {
        Arc::new(ViewTable::new(self.plan.clone(), None))
    }
}

impl Session {
    /// The rows of a table of the session, in the answer's columns, and the answer's behind them.
    pub async fn appended(&self, dataset: &DatasetName, answer: &Planned) -> Result<Planned> {
        let table = self.context().table(dataset.as_str()).await;
        let there = table.map_err(EngineError::planning)?;
        let schema = answer.schema();
        let columns = schema.fields().iter().map(|field| ident(field.name()));
        let plan = LogicalPlanBuilder::from(there.into_unoptimized_plan())
            .project(columns)
            .and_then(|there| there.union(answer.plan.clone()))
            .and_then(LogicalPlanBuilder::build)
            .map_err(EngineError::planning)?;
        Ok(Planned { plan })
    }
}

/// The table with every one of those columns: where it has none of that name, no row has a value.
pub fn with_columns(
    table: Arc<dyn TableProvider>,
    wanted: &Schema,
) -> Result<Arc<dyn TableProvider>> {
    let there = table.schema();
    let has = |name: &str| there.field_with_name(name).is_ok();
    if wanted.fields().iter().all(|field| has(field.name())) {
        return Ok(table);
    }
    let columns = wanted.fields().iter().map(|field| -> Expr {
        if has(field.name()) {
            return ident(field.name());
        }
        let missing = cast(lit(ScalarValue::Null), field.data_type().clone());
        missing.alias(field.name())
    });
    let plan = LogicalPlanBuilder::scan("there", provider_as_source(table), None)
        .and_then(|scan| scan.project(columns.collect::<Vec<_>>()))
        .and_then(LogicalPlanBuilder::build)
        .map_err(EngineError::planning)?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
