//! Which rows were released: as the commits that landed them note it.

use lake::{CommitRecord, Table};
use serde_json::{Value, json};
use service::{Result, SubmissionId};

use super::Release;
use crate::failure;
use crate::handles::Handles;

/// The note of a release.
pub(crate) const NOTE: &str = "dtm.release";

/// Row numbers, as stretches of which each has its first and its last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rows(Vec<(u64, u64)>);

impl Rows {
    /// Adds a row behind all others.
    pub(crate) fn push(&mut self, row: u64) {
        match self.0.last_mut() {
            Some((_, last)) if row <= *last => {}
            Some((_, last)) if row == *last + 1 => *last = row,
            _ => self.0.push((row, row)),
        }
    }

    pub(crate) fn contains(&self, row: u64) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < row);
        self.0.get(at).is_some_and(|(first, _)| *first <= row)
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    fn read(note: &Value) -> Option<Self> {
        let stretch = |pair: &Value| Some((pair[0].as_u64()?, pair[1].as_u64()?));
        let stretches = note.as_array()?.iter().map(stretch);
        stretches.collect::<Option<_>>().map(Self)
    }

    fn note(&self) -> Value {
        json!(self.0)
    }
}

/// Rows of a submission that landed by a release.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub release: String,
    pub submission: SubmissionId,
    pub contract_version: String,
    pub by: String,
    pub rows: Rows,
    /// The version that holds them.
    pub version: i64,
}

impl Landed {
    /// What the commit notes.
    pub(crate) fn note(
        release: &Release,
        submission: SubmissionId,
        contract_version: &str,
        rows: &Rows,
    ) -> Value {
        json!({
            "id": release.id,
            "submission": submission.to_string(),
            "contract_version": contract_version,
            "principal": release.by,
            "rows": rows.note(),
        })
    }

    /// What a commit noted, if it was a release.
    pub(crate) fn of(record: &CommitRecord) -> Option<Self> {
        let note = record.info.get(NOTE)?;
        let text = |key: &str| note[key].as_str().map(str::to_owned);
        Some(Self {
            release: text("id")?,
            submission: text("submission")?.parse().ok()?,
            contract_version: text("contract_version")?,
            by: text("principal")?,
            rows: Rows::read(&note["rows"])?,
            version: record.version,
        })
    }
}

/// The releases of a table's rows since some of its submissions landed.
pub(crate) struct Noted {
    pub landed: Vec<Landed>,
}

impl Noted {
    pub(crate) async fn read(
        handles: &Handles,
        table: &Table,
        submissions: impl Iterator<Item = SubmissionId>,
    ) -> Result<Self> {
        let mut since: Option<i64> = None;
        for id in submissions {
            let found = handles.books.submission(id).await;
            let version = found.map_err(failure::books)?;
            let version = version.and_then(|found| found.receipt.table_version);
            since = match (since, version) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        let Some(since) = since else {
            return Ok(Self { landed: Vec::new() });
        };
        let records = table.noted_since(since, NOTE).await;
        let records = records.map_err(failure::lake)?;
        Ok(Self {
            landed: records.iter().filter_map(Landed::of).collect(),
        })
    }

    /// The rows of a submission that were not released.
    pub(crate) fn without_released(&self, id: SubmissionId, rows: Rows) -> Rows {
        let of: Vec<&Landed> = self.landed.iter().filter(|l| l.submission == id).collect();
        if of.is_empty() {
            return rows;
        }
        let mut left = Rows::default();
        for row in rows.iter() {
            if !of.iter().any(|landed| landed.rows.contains(row)) {
                left.push(row);
            }
        }
        left
    }
}
