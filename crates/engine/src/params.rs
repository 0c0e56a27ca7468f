//! Parameters: `$name` in the SQL, a typed value outside it.

use std::collections::{BTreeMap, HashMap};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::logical_expr::LogicalPlan;

use crate::{EngineError, Result};

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// null
    Null,
    /// true or false
    Boolean(bool),
    /// a whole number
    Integer(i64),
    /// another number
    Number(f64),
    /// text; read as the type the statement compares it with
    Text(String),
    /// an instant in microseconds since 1970, UTC
    Instant(i64),
}

impl Param {
    fn scalar(&self) -> ScalarValue {
        match self {
            Self::Null => ScalarValue::Null,
            Self::Boolean(value) => ScalarValue::Boolean(Some(*value)),
            Self::Integer(value) => ScalarValue::Int64(Some(*value)),
            Self::Number(value) => ScalarValue::Float64(Some(*value)),
            Self::Text(value) => ScalarValue::Utf8(Some(value.clone())),
            Self::Instant(micros) => {
                ScalarValue::TimestampMicrosecond(Some(*micros), Some("UTC".into()))
            }
        }
    }
}

/// The plan with every parameter replaced. Refuses a missing parameter, one that the statement
/// does not have, and one whose value cannot be read as the type the statement wants.
pub(crate) fn bind(plan: LogicalPlan, params: &BTreeMap<String, Param>) -> Result<LogicalPlan> {
    let wanted = plan.get_parameter_types().map_err(EngineError::planning)?;
    let mut missing: Vec<&str> = wanted
        .keys()
        .map(|id| id.trim_start_matches('$'))
        .filter(|name| !params.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        missing.sort_unstable();
        return Err(EngineError::invalid(
            format!(
                "the statement needs the parameter `{}`",
                missing.join("`, `")
            ),
            "Give every `$name` a value: `--param name=value`, or `params` in the request.",
        ));
    }
    if let Some(extra) = params
        .keys()
        .find(|name| !wanted.contains_key(&format!("${name}")))
    {
        return Err(EngineError::invalid(
            format!("the statement has no parameter `${extra}`"),
            "Leave the parameter out, or use it as `$name` in the SQL.",
        ));
    }
    if wanted.is_empty() {
        return Ok(plan);
    }
    let mut values = HashMap::new();
    for (id, data_type) in &wanted {
        let name = id.trim_start_matches('$');
        if let Some(param) = params.get(name) {
            values.insert(
                name.to_owned(),
                ScalarAndMetadata::from(typed(name, param, data_type)?),
            );
        }
    }
    plan.with_param_values(ParamValues::Map(values))
        .map_err(EngineError::planning)
}

fn typed(name: &str, param: &Param, data_type: &Option<DataType>) -> Result<ScalarValue> {
    let scalar = param.scalar();
    match data_type {
        None | Some(DataType::Null) => Ok(scalar),
        Some(wanted) => scalar.cast_to(wanted).map_err(|_| {
            EngineError::invalid(
                format!("the parameter `{name}` is `{scalar}`, and the statement wants `{wanted}`"),
                "Give a value of that type.",
            )
        }),
    }
}
