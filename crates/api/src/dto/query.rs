//! Queries as JSON.

use std::collections::BTreeMap;

use project::{DatasetName, NameError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use service::{ErrorKind, QueryRequest, ServiceError, Value};
use utoipa::ToSchema;

/// The form of `at`, as errors state it.
pub const AT_FORM: &str = "an object of versions by dataset, such as `{\"served.daily\": 3}`";

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
    /// Versions to read instead of the newest, by dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, example = json!({"raw.dossiers": 3}))]
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
            at: dto.at.map(versions).transpose()?.unwrap_or_default(),
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
        let at = request
            .at
            .iter()
            .map(|(name, version)| (name.to_string(), (*version).into()));
        Self {
            sql: request.sql,
            params: request
                .params
                .into_iter()
                .map(|(name, v)| (name, json(v)))
                .collect(),
            at: (!request.at.is_empty()).then(|| Json::Object(at.collect())),
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

fn versions(at: Json) -> Result<BTreeMap<DatasetName, i64>, ServiceError> {
    let Json::Object(at) = at else {
        return Err(invalid(
            format!("`at` is `{at}`"),
            format!("Give {AT_FORM}."),
        ));
    };
    let version = |(name, version): (String, Json)| {
        let dataset = name.parse().map_err(|error: NameError| {
            invalid(
                format!("cannot read `at`: {error}"),
                format!("Give {AT_FORM}."),
            )
        })?;
        let number = version
            .as_i64()
            .filter(|version| *version >= 0)
            .ok_or_else(|| {
                let message = format!("cannot read `at`: `{version}` is no version of `{name}`");
                invalid(
                    message,
                    format!("`GET /api/v1/datasets/{name}/history` lists its versions."),
                )
            })?;
        Ok((dataset, number))
    };
    at.into_iter().map(version).collect()
}

fn invalid(message: String, hint: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, message).hint(hint)
}
