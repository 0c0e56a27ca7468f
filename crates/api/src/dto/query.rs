//! Queries as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::{ErrorKind, QueryRequest, ServiceError, Value};
use utoipa::ToSchema;

use super::at;

/// A read-only query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryDto {
    /// One `select`; parameters stand as `$name`.
    #[schema(example = "select count(*) as rows from raw.dossiers where _period = $period")]
    pub sql: String,
    /// The parameters by name, without `$`: texts, numbers, booleans, null.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"period": "2026-09"}))]
    pub params: BTreeMap<String, Json>,
    /// The moment to read at instead of now: a time, a day (its end, in Vietnam), the id of a
    /// run, versions by dataset, or the version of the one dataset that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, example = json!("2026-10-14T17:00:00+07:00"))]
    pub at: Option<Json>,
}

impl TryFrom<QueryDto> for QueryRequest {
    type Error = ServiceError;

    fn try_from(dto: QueryDto) -> Result<Self, ServiceError> {
        let params = dto
            .params
            .into_iter()
            .map(|(name, value)| match parameter(&value) {
                Some(value) => Ok((name, value)),
                None => {
                    let message =
                        format!("parameter `{name}` is neither text, number, boolean nor null");
                    Err(invalid(message, "Give each parameter one plain value."))
                }
            });
        Ok(Self {
            sql: dto.sql,
            params: params.collect::<Result<_, _>>()?,
            at: dto
                .at
                .as_ref()
                .map(at::from_json)
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

impl From<QueryRequest> for QueryDto {
    fn from(request: QueryRequest) -> Self {
        let json = |value| match value {
            Value::Null => Json::Null,
            Value::Boolean(value) => value.into(),
            Value::Integer(value) => value.into(),
            Value::Number(value) => value.into(),
            Value::Text(value) => value.into(),
        };
        let at = at::to_json(&request.at);
        Self {
            sql: request.sql,
            params: request
                .params
                .into_iter()
                .map(|(name, v)| (name, json(v)))
                .collect(),
            at,
        }
    }
}

fn parameter(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(*value),
        Json::String(value) => Value::Text(value.clone()),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Integer(value),
            None => Value::Number(number.as_f64()?),
        },
        Json::Array(_) | Json::Object(_) => return None,
    })
}

fn invalid(message: String, hint: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, message).hint(hint)
}
