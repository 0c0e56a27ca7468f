//! The receipt as it is stored and signed: what an agency can show years later, without us.

use audit::seal::{KeyRecord, Sealed};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use service::{ControlTotal, ErrorKind, Receipt, Result, RowCounts, ServiceError, Timeliness};

use crate::failure;
use crate::handles::Handles;

/// The receipt's members, as the API shows them.
#[derive(Serialize)]
struct Stored<'a> {
    id: String,
    agency: &'a str,
    dataset: &'a str,
    period: &'a str,
    contract_version: &'a str,
    evidence: Evidence<'a>,
    rows: Rows,
    received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeliness: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_on: Option<String>,
    table_version: Option<i64>,
    committed_at: Option<String>,
    supersedes: Option<Supersedes>,
    control_totals: Vec<Total<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    sha256: &'a str,
    size_bytes: u64,
}

#[derive(Serialize)]
struct Rows {
    received: u64,
    landed: u64,
    quarantined: u64,
    warned: u64,
}

#[derive(Serialize)]
struct Supersedes {
    relation: &'static str,
    submission: String,
    rows: u64,
}

#[derive(Serialize)]
struct Total<'a> {
    name: &'a str,
    declared: &'a str,
    found: Option<&'a str>,
}

/// Signs the receipt; the same receipt is the same text.
pub(crate) fn seal(handles: &Handles, receipt: &Receipt) -> Result<String> {
    let unsigned = |error: Box<dyn std::error::Error + Send + Sync>| {
        ServiceError::new(ErrorKind::Internal, "cannot sign the receipt").caused_by(error)
    };
    let text = serde_json::to_string(&stored(receipt)).map_err(|e| unsigned(e.into()))?;
    let seal = handles.keys.sign(text.as_bytes());
    let sealed = Sealed::new(text, seal).map_err(|e| unsigned(e.into()))?;
    Ok(sealed.to_json())
}

/// Where public keys are kept: every node that signs for this store puts its own here.
const KEYS: &str = "keys";

/// Puts the public keys of this node on the store, where those of the others lie.
pub(crate) async fn publish_keys(handles: &Handles) -> Result<()> {
    let objects = handles.lake.objects();
    for record in handles.keys.public_keys().iter() {
        let path = format!("{KEYS}/{}.jwk", record.key.id());
        let text = record.to_jwk().to_string();
        let there = objects.get(&path).await.ok();
        if there.is_none_or(|there| there != text.as_bytes()) {
            let put = objects.put(&path, text.into()).await;
            put.map_err(failure::lake)?;
        }
    }
    Ok(())
}

/// The public keys of every node that ever signed for this store, as a JWK Set; with the verifier
/// keys of this node's audit log, where it has one.
pub(crate) async fn keys(handles: &Handles) -> Result<String> {
    let objects = handles.lake.objects();
    let mut keys = handles.keys.public_keys();
    for path in objects.list(KEYS).await.map_err(failure::lake)? {
        let text = objects.get(&path).await.map_err(failure::lake)?;
        let text = String::from_utf8_lossy(&text);
        let record = KeyRecord::from_jwk(&text).map_err(|error| {
            ServiceError::new(ErrorKind::Corrupt, format!("`{path}` is no public key"))
                .hint("Restore the object from a copy of the store.")
                .caused_by(error)
        })?;
        if keys.get(record.key.id()).is_none() {
            keys.add(record);
        }
    }
    let set = keys.to_jwks();
    let set = match handles.log.get() {
        Some(log) => log.name.described(set, &handles.keys.public_keys()),
        None => Ok(set),
    };
    Ok(set.map_err(failure::log)?.to_string())
}

fn stored(receipt: &Receipt) -> Stored<'_> {
    let RowCounts {
        received,
        landed,
        quarantined,
        warned,
    } = receipt.rows;
    Stored {
        id: receipt.id.to_string(),
        agency: receipt.agency.as_str(),
        dataset: receipt.dataset.as_str(),
        period: receipt.period.as_str(),
        contract_version: &receipt.contract_version,
        evidence: Evidence {
            sha256: &receipt.evidence_sha256,
            size_bytes: receipt.evidence_size_bytes,
        },
        rows: Rows {
            received,
            landed,
            quarantined,
            warned,
        },
        received_at: instant(receipt.received_at),
        timeliness: receipt.timeliness().map(Timeliness::as_str),
        due_on: receipt.due_on.map(|day| day.to_string()),
        table_version: receipt.table_version,
        committed_at: receipt.committed_at.map(instant),
        supersedes: receipt.supersedes.map(|superseded| Supersedes {
            relation: superseded.relation.as_str(),
            submission: superseded.relation.target().to_string(),
            rows: superseded.rows,
        }),
        control_totals: receipt.control_totals.iter().map(total).collect(),
    }
}

fn total(total: &ControlTotal) -> Total<'_> {
    Total {
        name: &total.name,
        declared: &total.declared,
        found: total.found.as_deref(),
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
