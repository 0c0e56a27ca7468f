//! The index of submissions: one row each, from durable to committed or refused.

use calendar::PeriodCode;
use chrono::{DateTime, Utc};
use project::{AgencyCode, DatasetName};
use service::{
    BodyType, ControlTotal, Ended, Page, Receipt, Relation, RowCounts, Submission, SubmissionId,
    SubmissionState, Superseded,
};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, Transaction};

use crate::codec::{Reader, micros};
use crate::{Books, BooksError, Result, totals};

/// How many submissions one answer holds at most.
const PAGE_LIMIT: u64 = 1000;

/// A submission whose evidence is durable and whose rows are not in the table yet.
#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// Its id.
    pub id: SubmissionId,
    /// The agency.
    pub agency: AgencyCode,
    /// The dataset.
    pub dataset: DatasetName,
    /// The period.
    pub period: PeriodCode,
    /// The contract's version that judges the rows.
    pub contract_version: String,
    /// How the body is written.
    pub format: BodyType,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// Who sends it.
    pub principal: String,
    /// The SHA-256 of the body in hex.
    pub evidence_sha256: String,
    /// The size of the body.
    pub evidence_size_bytes: u64,
    /// When the body was complete.
    pub received_at: DateTime<Utc>,
    /// What it does to an earlier one.
    pub relation: Option<Relation>,
    /// The totals that the sender declared.
    pub control_totals: Vec<ControlTotal>,
}

/// What becomes of a new submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is recorded; land it.
    New,
    /// The same body came with the same key before; answer as then. It may still be under way.
    Replay(Box<Submission>),
    /// Another body, period or format came with the same key before.
    OtherBody(SubmissionId),
}

impl Books {
    /// Records a submission as durable, unless its agency has used its key for the dataset before.
    /// Of two at once with one key, one is `New`.
    pub async fn claim(&self, new: &NewSubmission) -> Result<Claim> {
        const DOING: &str = "record the submission";
        let mut transaction = self.begin(DOING).await?;
        if let Some(key) = &new.key {
            let earlier = sqlx::query(include_str!("../sql/submission_of_key.sql"))
                .bind(new.agency.as_str())
                .bind(new.dataset.as_str())
                .bind(key)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(self.fault(DOING))?;
            if let Some(row) = earlier {
                return Ok(judge(new, self.read_submission(&row)?));
            }
        }
        sqlx::query(include_str!("../sql/add_submission.sql"))
            .bind(new.id.to_string())
            .bind(new.agency.as_str())
            .bind(new.dataset.as_str())
            .bind(new.period.as_str())
            .bind(&new.contract_version)
            .bind(new.format.to_string())
            .bind(&new.key)
            .bind(&new.principal)
            .bind(&new.evidence_sha256)
            .bind(new.evidence_size_bytes as i64)
            .bind(micros(new.received_at))
            .bind(new.relation.map(Relation::as_str))
            .bind(new.relation.map(|relation| relation.target().to_string()))
            .bind(totals::written(&new.control_totals))
            .execute(&mut *transaction)
            .await
            .map_err(self.fault(DOING))?;
        transaction.commit().await.map_err(self.fault(DOING))?;
        Ok(Claim::New)
    }

    /// Takes back a claim of which nothing else is kept.
    pub async fn forget(&self, id: SubmissionId) -> Result<()> {
        sqlx::query("delete from submissions where id = ?1 and state = 'durable'")
            .bind(id.to_string())
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("take back the submission"))
    }

    /// Records that the rows are in the receipt's version of the table, with the signed receipt.
    /// Saying the same again is fine, as after a crash; anything else said of a finished submission
    /// is a conflict.
    pub async fn commit_submission(&self, receipt: &Receipt, sealed: &str) -> Result<()> {
        let sql = include_str!("../sql/commit_submission.sql");
        let superseded = receipt.supersedes.map(|superseded| superseded.rows as i64);
        let statement = counted(sql, receipt.id, receipt.rows)
            .bind(receipt.table_version)
            .bind(receipt.committed_at.map(micros))
            .bind(receipt.contract_version.clone())
            .bind(superseded)
            .bind(totals::written(&receipt.control_totals))
            .bind(sealed.to_owned());
        let same = |is: &Submission| is.receipt.table_version == receipt.table_version;
        self.finish(receipt.id, statement, SubmissionState::Committed, same)
            .await
    }

    /// Records that a committed submission was replaced or withdrawn. The first time counts.
    pub async fn end_submission(&self, id: SubmissionId, ended: Ended) -> Result<()> {
        sqlx::query(include_str!("../sql/end_submission.sql"))
            .bind(id.to_string())
            .bind(ended.by.map(|by| by.to_string()))
            .bind(micros(ended.at))
            .execute(&self.writer)
            .await
            .map(|_| ())
            .map_err(self.fault("record the end of the submission"))
    }

    /// The committed submissions that correct another, oldest first.
    pub async fn corrections(&self, of: SubmissionId) -> Result<Vec<SubmissionId>> {
        let rows = sqlx::query(include_str!("../sql/corrections.sql"))
            .bind(of.to_string())
            .fetch_all(&self.readers)
            .await
            .map_err(self.fault("read the corrections"))?;
        let id = |row| {
            let reader = Reader {
                file: &self.file,
                row,
            };
            reader.parse("id")
        };
        rows.iter().map(id).collect()
    }

    /// Records that no row landed, and why. Refusing again is fine and keeps the first reason.
    pub async fn refuse_submission(
        &self,
        id: SubmissionId,
        rows: RowCounts,
        reason: &str,
    ) -> Result<()> {
        let statement =
            counted(include_str!("../sql/refuse_submission.sql"), id, rows).bind(reason.to_owned());
        self.finish(id, statement, SubmissionState::Refused, |_| true)
            .await
    }

    /// A submission.
    pub async fn submission(&self, id: SubmissionId) -> Result<Option<Submission>> {
        let row = sqlx::query("select * from submissions where id = ?1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(self.fault("read the submission"))?;
        row.map(|row| self.read_submission(&row)).transpose()
    }

    /// The submission that used that key.
    pub async fn submission_of_key(
        &self,
        agency: &AgencyCode,
        dataset: &DatasetName,
        key: &str,
    ) -> Result<Option<Submission>> {
        let row = sqlx::query(include_str!("../sql/submission_of_key.sql"))
            .bind(agency.as_str())
            .bind(dataset.as_str())
            .bind(key)
            .fetch_optional(&self.readers)
            .await
            .map_err(self.fault("read the submission"))?;
        row.map(|row| self.read_submission(&row)).transpose()
    }

    /// Submissions, newest first, at most 1,000; of that agency and those below, if one is given.
    pub async fn submissions(
        &self,
        page: Page,
        within: Option<&AgencyCode>,
    ) -> Result<Vec<Submission>> {
        let limit = page.limit.min(PAGE_LIMIT) as i64;
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let statement = match within {
            None => sqlx::query(include_str!("../sql/submissions.sql"))
                .bind(limit)
                .bind(offset),
            Some(agency) => sqlx::query(include_str!("../sql/submissions_within.sql"))
                .bind(limit)
                .bind(offset)
                .bind(agency.as_str().to_owned()),
        };
        self.read_submissions(statement).await
    }

    /// Submissions that a crash left durable and neither committed nor refused, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<Submission>> {
        self.read_submissions(sqlx::query(include_str!("../sql/unfinished.sql")))
            .await
    }

    async fn finish(
        &self,
        id: SubmissionId,
        statement: Statement,
        state: SubmissionState,
        same: impl Fn(&Submission) -> bool,
    ) -> Result<()> {
        const DOING: &str = "finish the submission";
        let mut transaction = self.begin(DOING).await?;
        let done = statement
            .execute(&mut *transaction)
            .await
            .map_err(self.fault(DOING))?;
        if done.rows_affected() == 0 {
            let is = self.submission_within(&mut transaction, id).await?;
            if is.state == state && same(&is) {
                return Ok(());
            }
            let (was, wanted) = (is.state.as_str(), state.as_str());
            let version = is.receipt.table_version;
            let version = version
                .map(|v| format!(" as version {v}"))
                .unwrap_or_default();
            let message =
                format!("submission `{id}` is {was}{version} already and cannot be {wanted} now");
            return Err(BooksError::Conflict { message });
        }
        transaction.commit().await.map_err(self.fault(DOING))
    }

    async fn submission_within(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        id: SubmissionId,
    ) -> Result<Submission> {
        let row = sqlx::query("select * from submissions where id = ?1")
            .bind(id.to_string())
            .fetch_optional(&mut **transaction)
            .await
            .map_err(self.fault("read the submission"))?;
        match row {
            Some(row) => self.read_submission(&row),
            None => Err(BooksError::NotFound {
                what: format!("submission `{id}`"),
            }),
        }
    }

    async fn read_submissions(&self, statement: Statement) -> Result<Vec<Submission>> {
        let rows = statement.fetch_all(&self.readers).await;
        let rows = rows.map_err(self.fault("read the submissions"))?;
        rows.iter().map(|row| self.read_submission(row)).collect()
    }

    fn read_submission(&self, row: &SqliteRow) -> Result<Submission> {
        let reader = Reader {
            file: &self.file,
            row,
        };
        let rows = RowCounts {
            received: reader.count("rows_received")?,
            landed: reader.count("rows_landed")?,
            quarantined: reader.count("rows_quarantined")?,
            warned: reader.count("rows_warned")?,
        };
        let receipt = Receipt {
            id: reader.parse("id")?,
            agency: reader.parse("agency")?,
            dataset: reader.parse("dataset")?,
            period: reader.parse("period")?,
            contract_version: reader.get("contract_version")?,
            evidence_sha256: reader.get("evidence_sha256")?,
            evidence_size_bytes: reader.count("evidence_size_bytes")?,
            rows,
            received_at: reader.at("received_at")?,
            table_version: reader.get("table_version")?,
            committed_at: reader.maybe_at("committed_at")?,
            supersedes: superseded(&reader)?,
            control_totals: reader.word("control_totals", totals::read)?,
        };
        let ended_by: Option<&str> = reader.get("ended_by")?;
        let ended_by = ended_by.map(|_| reader.parse("ended_by")).transpose()?;
        let ended = reader.maybe_at("ended_at")?;
        Ok(Submission {
            state: reader.word("state", state)?,
            receipt,
            principal: reader.get("principal")?,
            format: reader.word("format", BodyType::from_media_type)?,
            refusal: reader.get("refusal")?,
            key: reader.get("idempotency_key")?,
            ended: ended.map(|at| Ended { by: ended_by, at }),
            sealed: reader.get("sealed")?,
        })
    }
}

fn superseded(reader: &Reader<'_>) -> Result<Option<Superseded>> {
    let word: Option<&str> = reader.get("relation")?;
    if word.is_none() {
        return Ok(None);
    }
    let target = reader.parse("related_to")?;
    let rows: Option<i64> = reader.get("superseded_rows")?;
    Ok(Some(Superseded {
        relation: reader.word("relation", |word| Relation::new(word, target))?,
        rows: rows.unwrap_or_default().cast_unsigned(),
    }))
}

type Statement = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

fn counted(sql: &'static str, id: SubmissionId, rows: RowCounts) -> Statement {
    sqlx::query(sql)
        .bind(id.to_string())
        .bind(rows.received as i64)
        .bind(rows.landed as i64)
        .bind(rows.quarantined as i64)
        .bind(rows.warned as i64)
}

fn judge(new: &NewSubmission, earlier: Submission) -> Claim {
    let is = &earlier.receipt;
    let same = is.evidence_sha256 == new.evidence_sha256
        && is.period == new.period
        && earlier.format == new.format
        && is.supersedes.map(|superseded| superseded.relation) == new.relation;
    if same {
        Claim::Replay(Box::new(earlier))
    } else {
        Claim::OtherBody(is.id)
    }
}

fn state(word: &str) -> Option<SubmissionState> {
    use SubmissionState::{Committed, Durable, Refused};
    [Durable, Committed, Refused]
        .into_iter()
        .find(|state| state.as_str() == word)
}
