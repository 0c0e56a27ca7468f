//! The claim on the store: a submission's manifest, put once under its key.
//!
//! It is what "durable" means: body and manifest lie on the store. Whoever comes with the same key,
//! in this process or another, finds it; and the books can be made again from it.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use lake::{LakeError, PutOutcome, SegmentPlace};
use serde::{Deserialize, Serialize};
use service::{
    BodyType, ControlTotal, ErrorKind, Receipt, Relation, Restriction, Result, RowCounts,
    ServiceError, Submission, SubmissionState, Superseded,
};
use sha2::{Digest, Sha256};

use super::Terms;
use super::evidence::Kept;
use crate::failure;
use crate::handles::Handles;

/// Where manifests are kept.
const FOLDER: &str = "submissions";

/// A submission as its manifest tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    id: String,
    agency: String,
    dataset: String,
    period: String,
    contract_version: String,
    format: String,
    key: Option<String>,
    principal: String,
    evidence_sha256: String,
    evidence_size_bytes: u64,
    received_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_on: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relation: Option<Related>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    control_totals: BTreeMap<String, String>,
    /// Versions of tables, by dataset, at which nothing of it had landed.
    since: BTreeMap<String, i64>,
    /// Where the body lies, if not under its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<Segment>,
    /// How often the same bytes had been erased before, if the body lies under its hash.
    #[serde(default, skip_serializing_if = "is_zero")]
    erasures: u32,
    /// Why the evidence is restricted, whatever judging finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restricted: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Segment {
    path: String,
    offset: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Related {
    relation: String,
    submission: String,
}

/// Whose manifest lies under a key.
pub(crate) enum Claimed {
    Ours(Box<Manifest>),
    /// That of an earlier submission, from a process whose books are not ours.
    Earlier(Box<Submission>),
}

impl Manifest {
    pub(crate) fn new(submission: &Submission, since: BTreeMap<String, i64>, kept: Kept) -> Self {
        let receipt = &submission.receipt;
        let totals = receipt.control_totals.iter();
        Self {
            id: receipt.id.to_string(),
            agency: receipt.agency.to_string(),
            dataset: receipt.dataset.to_string(),
            period: receipt.period.to_string(),
            contract_version: receipt.contract_version.clone(),
            format: submission.format.to_string(),
            key: submission.key.clone(),
            principal: submission.principal.clone(),
            evidence_sha256: receipt.evidence_sha256.clone(),
            evidence_size_bytes: receipt.evidence_size_bytes,
            received_at: receipt.received_at,
            due_on: receipt.due_on,
            relation: receipt.supersedes.map(|superseded| Related {
                relation: superseded.relation.as_str().to_owned(),
                submission: superseded.relation.target().to_string(),
            }),
            control_totals: totals
                .map(|total| (total.name.clone(), total.declared.clone()))
                .collect(),
            since,
            segment: kept.segment.map(|place| Segment {
                path: place.path,
                offset: place.offset,
            }),
            erasures: kept.erasures,
            restricted: submission.restricted.map(|why| why.as_str().to_owned()),
        }
    }

    /// Where the body lies, if not under its hash.
    pub(crate) fn segment(self) -> Option<SegmentPlace> {
        self.segment.map(|segment| SegmentPlace {
            path: segment.path,
            offset: segment.offset,
        })
    }

    /// How often the same bytes had been erased when the body was kept.
    pub(crate) fn erasures(&self) -> u32 {
        self.erasures
    }

    /// The version of a table at which the submission had not landed.
    pub(crate) fn since(&self, dataset: &project::DatasetName) -> i64 {
        self.since.get(dataset.as_str()).copied().unwrap_or(-1)
    }

    /// The submission, durable.
    fn submission(&self, path: &str) -> Result<Submission> {
        let broken = |what: &str| {
            ServiceError::new(
                ErrorKind::Corrupt,
                format!("the manifest `{path}` of a submission holds no readable {what}"),
            )
            .hint("Restore the object from a copy of the store.")
        };
        let relation = match &self.relation {
            None => None,
            Some(related) => {
                let target = related.submission.parse().map_err(|_| broken("relation"))?;
                let relation = Relation::new(&related.relation, target);
                Some(relation.ok_or_else(|| broken("relation"))?)
            }
        };
        let total = |(name, declared): (&String, &String)| ControlTotal {
            name: name.clone(),
            declared: declared.clone(),
            found: None,
        };
        Ok(Submission {
            state: SubmissionState::Durable,
            receipt: Receipt {
                id: self.id.parse().map_err(|_| broken("id"))?,
                agency: self.agency.parse().map_err(|_| broken("agency"))?,
                dataset: self.dataset.parse().map_err(|_| broken("dataset"))?,
                period: self.period.parse().map_err(|_| broken("period"))?,
                contract_version: self.contract_version.clone(),
                evidence_sha256: self.evidence_sha256.clone(),
                evidence_size_bytes: self.evidence_size_bytes,
                rows: RowCounts::default(),
                received_at: self.received_at,
                due_on: self.due_on,
                table_version: None,
                committed_at: None,
                supersedes: relation.map(|relation| Superseded { relation, rows: 0 }),
                control_totals: self.control_totals.iter().map(total).collect(),
            },
            principal: self.principal.clone(),
            format: BodyType::from_media_type(&self.format).ok_or_else(|| broken("format"))?,
            refusal: None,
            key: self.key.clone(),
            ended: None,
            restricted: self.restricted.as_deref().and_then(Restriction::from_word),
            erased: None,
            sealed: None,
        })
    }
}

/// Puts the manifest, unless one lies there. Of many who claim a key at the same time, one has it.
pub(crate) async fn put(handles: &Handles, manifest: Manifest) -> Result<Claimed> {
    let path = path(&manifest);
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| {
        ServiceError::new(ErrorKind::Internal, "cannot write a manifest").caused_by(error)
    })?;
    let put = handles
        .lake
        .objects()
        .create(&path, Bytes::from(text))
        .await;
    match put {
        Ok(PutOutcome::Created | PutOutcome::AlreadyThere) => Ok(Claimed::Ours(Box::new(manifest))),
        Err(LakeError::Conflict(_)) => {
            let there = read(handles, &path).await?;
            let there = there.ok_or_else(|| {
                let message = format!("the manifest `{path}` was there and is gone");
                ServiceError::new(ErrorKind::Unavailable, message).hint("Send it again.")
            })?;
            if there.id == manifest.id {
                return Ok(Claimed::Ours(Box::new(there)));
            }
            there
                .submission(&path)
                .map(|earlier| Claimed::Earlier(Box::new(earlier)))
        }
        Err(error) => Err(failure::lake(error)),
    }
}

/// The submission that has the manifest's key, if there is one: nothing is put.
pub(crate) async fn earlier(
    handles: &Handles,
    manifest: &Manifest,
) -> Result<Option<Box<Submission>>> {
    let path = path(manifest);
    let there = read(handles, &path).await?;
    let earlier = there.map(|there| there.submission(&path).map(Box::new));
    earlier.transpose()
}

/// Whether a submission with that key was claimed, here or by another process.
pub(crate) async fn came_before(
    handles: &Handles,
    terms: &Terms,
    key: Option<&str>,
) -> Result<bool> {
    let Some(key) = key else { return Ok(false) };
    let (agency, dataset) = (&terms.agency, &terms.contract.dataset);
    let known = handles.books.submission_of_key(agency, dataset, key).await;
    if known.map_err(failure::books)?.is_some() {
        return Ok(true);
    }
    let path = path_of_key(agency.as_str(), dataset.as_str(), key);
    Ok(read(handles, &path).await?.is_some())
}

/// The manifest of a submission that the books know, if it was put.
pub(crate) async fn of(handles: &Handles, submission: &Submission) -> Result<Option<Manifest>> {
    let path = path(&Manifest::new(submission, BTreeMap::new(), Kept::default()));
    let there = read(handles, &path).await?;
    Ok(there.filter(|there| there.id == submission.receipt.id.to_string()))
}

async fn read(handles: &Handles, path: &str) -> Result<Option<Manifest>> {
    let text = match handles.lake.objects().get(path).await {
        Ok(text) => text,
        Err(LakeError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(failure::lake(error)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        ServiceError::new(
            ErrorKind::Corrupt,
            format!("the manifest `{path}` of a submission cannot be read"),
        )
        .hint("Restore the object from a copy of the store.")
        .caused_by(error)
    })
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn path(manifest: &Manifest) -> String {
    let Manifest {
        id,
        agency,
        dataset,
        ..
    } = manifest;
    match &manifest.key {
        None => format!("{FOLDER}/by-id/{id}.json"),
        Some(key) => path_of_key(agency, dataset, key),
    }
}

/// A key is hashed with whose it is, so that it can be any text and names one object.
fn path_of_key(agency: &str, dataset: &str, key: &str) -> String {
    let mut hash = Sha256::new();
    for part in [agency, dataset, key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hex::encode(hash.finalize());
    format!("{FOLDER}/by-key/{}/{hash}.json", &hash[..2])
}
