//! The index of submissions: one row each, from durable to committed or refused.

use calendar::PeriodCode;
use chrono::{DateTime, NaiveDate, Utc};
use project::{AgencyCode, DatasetName};
use service::{
    BodyType, ControlTotal, Ended, Erasure, Page, Receipt, Relation, Restriction, RowCounts,
    Submission, SubmissionId, SubmissionState, Superseded,
};

use crate::codec::{Reader, micros};
use crate::statement::{Row, Statement};
use crate::{Books, BooksError, Result, totals};

/// How many submissions one answer holds at most.
const PAGE_LIMIT: u64 = 1000;
/// How often a claim is tried whose key is taken and free again.
const CLAIMS: usize = 5;

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
    /// The format of the body.
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
    /// The day on which it was due; none if its dataset has no deadline.
    pub due_on: Option<NaiveDate>,
    /// What it does to an earlier one.
    pub relation: Option<Relation>,
    /// The totals that the sender declared.
    pub control_totals: Vec<ControlTotal>,
    /// Why its evidence is restricted, as far as that is known before it is judged.
    pub restricted: Option<Restriction>,
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
    /// Of two at once with one key, one is `New`. Saying the same again, as after an answer that was
    /// lost, is `New` again until the submission is settled.
    pub async fn claim(&self, new: &NewSubmission) -> Result<Claim> {
        const DOING: &str = "record the submission";
        let statement = Statement::new(include_str!("../sql/add_submission.sql"))
            .text(new.id.to_string())
            .text(new.agency.as_str())
            .text(new.dataset.as_str())
            .text(new.period.as_str())
            .text(&new.contract_version)
            .text(new.format.to_string())
            .maybe_text(new.key.as_deref())
            .text(&new.principal)
            .text(&new.evidence_sha256)
            .number(new.evidence_size_bytes as i64)
            .number(micros(new.received_at))
            .maybe_text(new.relation.map(Relation::as_str))
            .maybe_text(new.relation.map(|relation| relation.target().to_string()))
            .text(totals::written(&new.control_totals))
            .maybe_text(new.due_on.map(|day| day.to_string()))
            .maybe_text(new.restricted.map(Restriction::as_str))
            .shared(include_str!("../sql/add_submissions.sql"));
        for _ in 0..CLAIMS {
            if self.write_one(DOING, &statement).await? {
                return Ok(Claim::New);
            }
            if let Some(key) = &new.key {
                let (agency, dataset) = (&new.agency, &new.dataset);
                let earlier = self.submission_of_key(agency, dataset, key).await?;
                if let Some(earlier) = earlier {
                    return Ok(judge(new, earlier));
                }
            }
            if let Some(is) = self.submission(new.id).await? {
                return judge_own(new, is);
            }
            // What stood in the way was taken back in between.
        }
        Err(BooksError::Conflict {
            message: format!("cannot {DOING}: others with its key come and go"),
        })
    }

    /// What would become of a submission whose key its agency has used for the dataset before; none
    /// if it has not. Nothing is recorded.
    pub async fn claimed_before(&self, new: &NewSubmission) -> Result<Option<Claim>> {
        let Some(key) = &new.key else { return Ok(None) };
        let earlier = self
            .submission_of_key(&new.agency, &new.dataset, key)
            .await?;
        Ok(earlier.map(|earlier| judge(new, earlier)))
    }

    /// Takes back a claim of which nothing else is kept.
    pub async fn forget(&self, id: SubmissionId) -> Result<()> {
        let sql = "delete from submissions where id = $1 and state = 'durable'";
        let statement = Statement::new(sql).text(id.to_string());
        self.write("take back the submission", &statement).await?;
        Ok(())
    }

    /// Records that the rows are in the receipt's version of the table, with the signed receipt.
    /// Saying the same again is fine, as after a crash; anything else said of a finished submission
    /// is a conflict.
    pub async fn commit_submission(&self, receipt: &Receipt, sealed: &str) -> Result<()> {
        let sql = include_str!("../sql/commit_submission.sql");
        let superseded = receipt.supersedes.map(|superseded| superseded.rows as i64);
        let statement = counted(sql, receipt.id, receipt.rows)
            .maybe_number(receipt.table_version)
            .maybe_number(receipt.committed_at.map(micros))
            .text(&receipt.contract_version)
            .maybe_number(superseded)
            .text(totals::written(&receipt.control_totals))
            .text(sealed)
            .shared(include_str!("../sql/commit_submissions.sql"));
        let same = |is: &Submission| is.receipt.table_version == receipt.table_version;
        self.finish(receipt.id, &statement, SubmissionState::Committed, same)
            .await
    }

    /// Records that a committed submission was replaced or withdrawn. The first time counts.
    pub async fn end_submission(&self, id: SubmissionId, ended: Ended) -> Result<()> {
        let statement = Statement::new(include_str!("../sql/end_submission.sql"))
            .text(id.to_string())
            .maybe_text(ended.by.map(|by| by.to_string()))
            .number(micros(ended.at));
        self.write("record the end of the submission", &statement)
            .await?;
        Ok(())
    }

    /// The committed submissions that correct another, oldest first.
    pub async fn corrections(&self, of: SubmissionId) -> Result<Vec<SubmissionId>> {
        let statement = Statement::new(include_str!("../sql/corrections.sql")).text(of.to_string());
        let rows = self.read("read the corrections", &statement).await?;
        rows.iter()
            .map(|row| self.reader(row).parse("id"))
            .collect()
    }

    /// Records that no row landed, and why. Refusing again is fine and keeps the first reason.
    pub async fn refuse_submission(
        &self,
        id: SubmissionId,
        rows: RowCounts,
        reason: &str,
    ) -> Result<()> {
        let statement =
            counted(include_str!("../sql/refuse_submission.sql"), id, rows).text(reason);
        self.finish(id, &statement, SubmissionState::Refused, |_| true)
            .await
    }

    /// A submission.
    pub async fn submission(&self, id: SubmissionId) -> Result<Option<Submission>> {
        let statement =
            Statement::new("select * from submissions where id = $1").text(id.to_string());
        self.read_submission(&statement).await
    }

    /// The submission that used that key.
    pub async fn submission_of_key(
        &self,
        agency: &AgencyCode,
        dataset: &DatasetName,
        key: &str,
    ) -> Result<Option<Submission>> {
        let statement = Statement::new(include_str!("../sql/submission_of_key.sql"))
            .text(agency.as_str())
            .text(dataset.as_str())
            .text(key)
            .shared(include_str!("../sql/submissions_of_keys.sql"));
        self.read_submission(&statement).await
    }

    /// Submissions, newest first, at most 1,000; of that agency and those below, if one is given.
    pub async fn submissions(
        &self,
        page: Page,
        within: Option<&AgencyCode>,
    ) -> Result<Vec<Submission>> {
        let limit = page.limit.min(PAGE_LIMIT) as i64;
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        let listed = |sql| Statement::new(sql).number(limit).number(offset);
        let statement = match within {
            None => listed(include_str!("../sql/submissions.sql")),
            Some(agency) => {
                listed(include_str!("../sql/submissions_within.sql")).text(agency.as_str())
            }
        };
        self.read_submissions(&statement).await
    }

    /// Submissions that a crash left durable and neither committed nor refused, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<Submission>> {
        self.read_submissions(&Statement::new(include_str!("../sql/unfinished.sql")))
            .await
    }

    async fn finish(
        &self,
        id: SubmissionId,
        statement: &Statement,
        state: SubmissionState,
        same: impl Fn(&Submission) -> bool,
    ) -> Result<()> {
        if self.write_one("finish the submission", statement).await? {
            return Ok(());
        }
        // What is finished stays as it is, so it can be read afterwards.
        let Some(is) = self.submission(id).await? else {
            return Err(BooksError::NotFound {
                what: format!("submission `{id}`"),
            });
        };
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
        Err(BooksError::Conflict { message })
    }

    pub(crate) async fn read_submission(
        &self,
        statement: &Statement,
    ) -> Result<Option<Submission>> {
        let row = self.read_one("read the submission", statement).await?;
        row.map(|row| self.submission_of(&row)).transpose()
    }

    pub(crate) async fn read_submissions(&self, statement: &Statement) -> Result<Vec<Submission>> {
        let rows = self.read("read the submissions", statement).await?;
        rows.iter().map(|row| self.submission_of(row)).collect()
    }

    fn submission_of(&self, row: &Row) -> Result<Submission> {
        let reader = self.reader(row);
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
            due_on: reader.maybe_parse("due_on")?,
            table_version: reader.get("table_version")?,
            committed_at: reader.maybe_at("committed_at")?,
            supersedes: superseded(&reader)?,
            control_totals: reader.word("control_totals", totals::read)?,
        };
        let ended_by = reader.maybe_parse("ended_by")?;
        let ended = reader.maybe_at("ended_at")?;
        Ok(Submission {
            state: reader.word("state", state)?,
            receipt,
            principal: reader.get("principal")?,
            format: reader.word("format", BodyType::from_media_type)?,
            refusal: reader.get("refusal")?,
            key: reader.get("idempotency_key")?,
            ended: ended.map(|at| Ended { by: ended_by, at }),
            restricted: restricted(&reader)?,
            erased: erased(&reader)?,
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

fn restricted(reader: &Reader<'_>) -> Result<Option<Restriction>> {
    let word: Option<&str> = reader.get("restricted")?;
    word.map(|_| reader.word("restricted", Restriction::from_word))
        .transpose()
}

fn erased(reader: &Reader<'_>) -> Result<Option<Erasure>> {
    let Some(at) = reader.maybe_at("erased_at")? else {
        return Ok(None);
    };
    Ok(Some(Erasure {
        at,
        principal: reader.get("erased_by")?,
        reason: reader.get("erased_reason")?,
    }))
}

fn counted(sql: &'static str, id: SubmissionId, rows: RowCounts) -> Statement {
    Statement::new(sql)
        .text(id.to_string())
        .number(rows.received as i64)
        .number(rows.landed as i64)
        .number(rows.quarantined as i64)
        .number(rows.warned as i64)
}

/// What is kept under the id of `new` and not under its key; an id is used once.
fn judge_own(new: &NewSubmission, is: Submission) -> Result<Claim> {
    let receipt = &is.receipt;
    let same = receipt.agency == new.agency
        && receipt.dataset == new.dataset
        && is.key == new.key
        && is_repeated(new, &is);
    if same {
        return Ok(judge(new, is));
    }
    Err(BooksError::Conflict {
        message: "cannot record the submission: it is there already".to_owned(),
    })
}

fn judge(new: &NewSubmission, earlier: Submission) -> Claim {
    let is = &earlier.receipt;
    if !is_repeated(new, &earlier) {
        return Claim::OtherBody(is.id);
    }
    // Its own claim, whose answer was lost.
    if is.id == new.id && earlier.state == SubmissionState::Durable {
        return Claim::New;
    }
    Claim::Replay(Box::new(earlier))
}

fn is_repeated(new: &NewSubmission, earlier: &Submission) -> bool {
    let is = &earlier.receipt;
    is.evidence_sha256 == new.evidence_sha256
        && is.period == new.period
        && earlier.format == new.format
        && is.supersedes.map(|superseded| superseded.relation) == new.relation
}

fn state(word: &str) -> Option<SubmissionState> {
    use SubmissionState::{Committed, Durable, Refused};
    [Durable, Committed, Refused]
        .into_iter()
        .find(|state| state.as_str() == word)
}
