//! Row predicates: a contract's rules over batches that are not a table yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use calendar::Period;
use chrono::NaiveDate;
use datafusion::arrow::array::{Array, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DFSchema, cast::as_boolean_array};
use datafusion::execution::SessionStateBuilder;
use datafusion::physical_expr::PhysicalExpr;
use project::{Check, CodeList, Contract, DatasetName, Rule};

use super::LooksPersonal;
use super::expression::{Given, holds};
use crate::{EngineError, Result, functions};

/// Evaluates to null or true where a row keeps the rule.
pub type Predicate = Arc<dyn Fn(&RecordBatch) -> Result<BooleanArray, ArrowError> + Send + Sync>;

/// Compiles the rules of contracts, and keeps what it compiled.
pub struct RowRules {
    looks_personal: LooksPersonal,
    compiled: Mutex<HashMap<(DatasetName, String), (Basis, Compiled)>>,
}

type Compiled = Arc<Vec<(Rule, Predicate)>>;

/// Everything that compiled rules hold of a project: another project's are other rules, under
/// whatever version.
#[derive(PartialEq, Eq)]
struct Basis {
    contract: String,
    days: (NaiveDate, NaiveDate),
    /// Each code list with the hash of its rows.
    lists: Vec<(String, Option<String>)>,
}

impl RowRules {
    /// A compiler that is told what looks like personal data.
    pub fn new(looks_personal: LooksPersonal) -> Self {
        Self {
            looks_personal,
            compiled: Mutex::default(),
        }
    }

    /// The contract's row rules for a period, over the contract's columns, the envelope and
    /// `_period_start`, `_period_end`. Codes are those valid on some day of the period.
    pub fn compile<'a>(
        &self,
        contract: &Contract,
        period: &Period,
        code_list: &(dyn Fn(&str) -> Option<&'a CodeList> + Sync),
    ) -> Result<Compiled> {
        let key = (contract.dataset.clone(), period.code.to_string());
        let basis = basis(contract, period, code_list);
        let mut cache = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((from, found)) = cache.get(&key)
            && *from == basis
        {
            return Ok(Arc::clone(found));
        }
        let codes = |list: &str| {
            code_list(list).map_or_else(Vec::new, |list| {
                let codes = list.valid_codes(period.start_on, period.end_on);
                codes.into_iter().map(str::to_owned).collect()
            })
        };
        let given = Given {
            looks_personal: Some(self.looks_personal),
            codes: &codes,
        };
        let compiled = Arc::new(compile(contract, &given)?);
        cache.insert(key, (basis, Arc::clone(&compiled)));
        Ok(compiled)
    }
}

fn basis<'a>(
    contract: &Contract,
    period: &Period,
    code_list: &(dyn Fn(&str) -> Option<&'a CodeList> + Sync),
) -> Basis {
    let lists = contract.rules.iter().filter_map(|rule| match &rule.check {
        Check::CodeList(list) => Some((list.clone(), code_list(list).map(|l| l.sha256.clone()))),
        _ => None,
    });
    Basis {
        contract: contract.source.clone(),
        days: (period.start_on, period.end_on),
        lists: lists.collect(),
    }
}

fn compile(contract: &Contract, given: &Given<'_>) -> Result<Vec<(Rule, Predicate)>> {
    let mut fields: Vec<Field> = contract
        .table_schema()
        .fields()
        .iter()
        .map(|f| f.as_ref().clone())
        .collect();
    // A row may lack what is required: that is what the rules are to find.
    for field in &mut fields {
        field.set_nullable(true);
    }
    fields.push(Field::new("_period_start", DataType::Date32, false));
    fields.push(Field::new("_period_end", DataType::Date32, false));
    let schema = DFSchema::try_from(Schema::new(fields)).map_err(EngineError::Failed)?;
    let state = SessionStateBuilder::new_with_default_features().build();
    let state = functions::with_functions(state).map_err(EngineError::Failed)?;
    let mut compiled = Vec::new();
    for rule in &contract.rules {
        let Some(expr) = holds(&state, &schema, contract, rule, given)? else {
            continue;
        };
        let physical = state.create_physical_expr(expr, &schema).map_err(|error| {
            EngineError::invalid(
                format!(
                    "rule `{}` of dataset `{}` cannot be planned: {}",
                    rule.name,
                    contract.dataset,
                    error.strip_backtrace()
                ),
                "Mend the rule in the contract.",
            )
        })?;
        compiled.push((rule.clone(), predicate(physical)));
    }
    Ok(compiled)
}

fn predicate(expr: Arc<dyn PhysicalExpr>) -> Predicate {
    Arc::new(move |batch| {
        let value = expr
            .evaluate(batch)
            .and_then(|v| v.into_array(batch.num_rows()));
        let array = value.map_err(|error| ArrowError::ComputeError(error.strip_backtrace()))?;
        if array.data_type() == &DataType::Null {
            return Ok(BooleanArray::new_null(array.len()));
        }
        as_boolean_array(&array)
            .cloned()
            .map_err(|error| ArrowError::ComputeError(error.strip_backtrace()))
    })
}
