//! What a result was made from.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use service::{QueryAnswer, QueryRequest, Value};
use sha2::{Digest, Sha256};

/// The question behind a result, and what was read for it.
pub(super) struct Origin {
    pub(super) sql: String,
    pub(super) sql_sha256: String,
    pub(super) params: BTreeMap<String, String>,
    pub(super) versions: BTreeMap<String, i64>,
    pub(super) read_at: DateTime<Utc>,
}

impl Origin {
    pub(super) fn new(asked: &QueryRequest, answer: &QueryAnswer) -> Self {
        let params = asked.params.iter();
        let versions = answer.versions.iter();
        Self {
            sql: asked.sql.clone(),
            sql_sha256: hex::encode(Sha256::digest(asked.sql.as_bytes())),
            params: params.map(|(k, v)| (k.clone(), shown(v))).collect(),
            versions: versions.map(|(d, v)| (d.to_string(), *v)).collect(),
            read_at: answer.read_at,
        }
    }

    /// The time in ISO 8601, as the other encodings write instants.
    pub(super) fn read_at(&self) -> String {
        self.read_at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(value) => value.clone(),
    }
}
