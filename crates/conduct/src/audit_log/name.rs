//! What the log of a node is called, and where it lies on the store.

use audit::log::{KeyKind, Result, VerifierKey};
use audit::seal::PublicKeys;
use serde_json::{Value, json};

/// Where the logs are, a folder for each node.
const FOLDER: &str = "audit";

/// The name of a node's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogName {
    node: String,
}

impl LogName {
    /// The log of the node of that name.
    pub fn of(node: &str) -> Self {
        Self {
            node: node.to_owned(),
        }
    }

    /// The origin in its checkpoints, which is also the name of its keys.
    pub fn origin(&self) -> String {
        format!("dtm/audit/{}", self.node)
    }

    /// The folder of its files on the store.
    pub fn folder(&self) -> String {
        format!("{FOLDER}/{}", self.node)
    }

    /// The keys that verify its checkpoints: those of the node under its origin.
    ///
    /// Errors: a name that no key can have.
    pub fn verifier_keys(&self, keys: &PublicKeys) -> Result<Vec<VerifierKey>> {
        let origin = self.origin();
        let keys = keys.iter();
        keys.map(|record| VerifierKey::new(&origin, KeyKind::Ed25519, record.key))
            .collect()
    }

    /// The keys of the node as a JWK Set, or a set that holds them, with a member `audit_log` that
    /// has the origin of the log and its keys as verifier keys.
    ///
    /// Errors: those of [`verifier_keys`](Self::verifier_keys).
    pub fn described(&self, mut set: Value, own: &PublicKeys) -> Result<Value> {
        let keys = self.verifier_keys(own)?;
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        if let Value::Object(members) = &mut set {
            let log = json!({ "origin": self.origin(), "vkeys": keys });
            members.insert("audit_log".to_owned(), log);
        }
        Ok(set)
    }
}
