//! The moment of a query, as JSON and as the text of a form or a flag.

use std::collections::BTreeMap;

use calendar::civil_day_end;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use project::DatasetName;
use serde_json::Value as Json;
use service::{At, ErrorKind, ServiceError};

/// The forms of `at`, as errors state them.
const FORMS: &str = "Give a time such as `2026-10-14T17:00:00+07:00`, a day such as `2026-10-14` \
    (its end, in Vietnam), the id of a run, versions by dataset such as `{\"served.daily\": 3}`, \
    or the version of the one dataset that is read.";

/// Reads `at` as JSON.
pub(super) fn from_json(at: &Json) -> Result<At, ServiceError> {
    match at {
        Json::Null => Ok(At::Now),
        Json::Number(number) => version(number.as_i64()).map(At::Version),
        Json::String(text) => at_from_text(text),
        Json::Object(versions) => {
            let one = |(name, number): (&String, &Json)| {
                let dataset: DatasetName = name
                    .parse()
                    .map_err(|error| invalid(format!("cannot read `at`: {error}")))?;
                Ok((dataset, version(number.as_i64())?))
            };
            let versions = versions.iter().map(one);
            Ok(At::Versions(
                versions.collect::<Result<BTreeMap<_, _>, ServiceError>>()?,
            ))
        }
        other => Err(invalid(format!("`at` is `{other}`"))),
    }
}

/// Reads `at` as it is written in a form or after a flag; nothing is now.
pub fn at_from_text(text: &str) -> Result<At, ServiceError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(At::Now);
    }
    if let Ok(json @ (Json::Object(_) | Json::Number(_))) = serde_json::from_str(text) {
        return from_json(&json);
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(At::Instant(civil_day_end(day)));
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(At::Instant(instant.with_timezone(&Utc)));
    }
    if uuid::Uuid::try_parse(text).is_ok() {
        return Ok(At::Run(text.to_owned()));
    }
    Err(invalid(format!("`at` is `{text}`")))
}

pub(super) fn to_json(at: &At) -> Option<Json> {
    match at {
        At::Now => None,
        At::Instant(at) => Some(at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()),
        At::Run(run) => Some(run.clone().into()),
        At::Version(version) => Some((*version).into()),
        At::Versions(versions) => {
            let one = |(name, version): (&DatasetName, &i64)| (name.to_string(), (*version).into());
            Some(Json::Object(versions.iter().map(one).collect()))
        }
    }
}

fn version(number: Option<i64>) -> Result<i64, ServiceError> {
    let found = number.filter(|version| *version >= 0);
    found.ok_or_else(|| invalid("`at` names a version that is no whole number".to_owned()))
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::Invalid, message).hint(FORMS)
}
