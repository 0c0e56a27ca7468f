//! What the books know of evidence: which is restricted, which is shared, which is gone.

use chrono::{DateTime, Utc};
use service::{Erasure, Restriction, Submission, SubmissionId};

use crate::codec::micros;
use crate::statement::Statement;
use crate::{Books, Result};

/// Before when evidence must have been received to be past its retention; none is kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Evidence that is not restricted.
    pub before: Option<DateTime<Utc>>,
    /// Restricted evidence.
    pub restricted_before: Option<DateTime<Utc>>,
}

impl Retention {
    /// Whether the evidence of a submission is past it.
    pub fn is_over(&self, of: &Submission) -> bool {
        let before = match of.restricted {
            None => self.before,
            Some(_) => self.restricted_before,
        };
        before.is_some_and(|before| of.receipt.received_at < before)
    }
}

impl Books {
    /// Marks the evidence of a submission. The first reason counts.
    pub async fn restrict_submission(&self, id: SubmissionId, why: Restriction) -> Result<()> {
        let statement = Statement::new(include_str!("../sql/restrict_submission.sql"))
            .text(id.to_string())
            .text(why.as_str());
        self.write("mark the evidence of the submission", &statement)
            .await?;
        Ok(())
    }

    /// Every submission that brought these bytes, oldest first.
    pub async fn submissions_of_evidence(&self, sha256: &str) -> Result<Vec<Submission>> {
        let sql = include_str!("../sql/submissions_of_evidence.sql");
        self.read_submissions(&Statement::new(sql).text(sha256))
            .await
    }

    /// Records that the evidence of these submissions is gone, by the erasure of its bytes that has
    /// that number: of all of them or of none. The first time counts; one that the books do not know,
    /// or that brought other bytes, is passed over.
    pub async fn erase_submissions(
        &self,
        ids: &[SubmissionId],
        sha256: &str,
        number: u32,
        erasure: &Erasure,
    ) -> Result<()> {
        let statement = |id: &SubmissionId| {
            Statement::new(include_str!("../sql/erase_submission.sql"))
                .text(id.to_string())
                .text(sha256)
                .number(i64::from(number))
                .number(micros(erasure.at))
                .text(&erasure.principal)
                .text(&erasure.reason)
        };
        let statements: Vec<Statement> = ids.iter().map(statement).collect();
        let all: Vec<&Statement> = statements.iter().collect();
        if !all.is_empty() {
            self.write_all("record that evidence was erased", &all)
                .await?;
        }
        Ok(())
    }

    /// Whether the books know of that erasure of these bytes.
    pub async fn knows_erasure(&self, sha256: &str, number: u32) -> Result<bool> {
        let sql = "select id from submissions where evidence_sha256 = $1 and erasure = $2 limit 1";
        let statement = Statement::new(sql).text(sha256).number(i64::from(number));
        let known = self.read_one("look for the erasure", &statement).await?;
        Ok(known.is_some())
    }

    /// Submissions whose evidence is past its retention, oldest first, behind the one that is given.
    /// Those whose landing is not over have none.
    pub async fn past_retention(
        &self,
        of: Retention,
        behind: Option<(DateTime<Utc>, SubmissionId)>,
        limit: u64,
    ) -> Result<Vec<Submission>> {
        let (at, id) = match behind {
            Some((at, id)) => (micros(at), id.to_string()),
            None => (i64::MIN, String::new()),
        };
        let before = |before: Option<DateTime<Utc>>| before.map_or(i64::MIN, micros);
        let statement = Statement::new(include_str!("../sql/past_retention.sql"))
            .number(before(of.before))
            .number(before(of.restricted_before))
            .number(at)
            .text(id)
            .number(i64::try_from(limit).unwrap_or(i64::MAX));
        self.read_submissions(&statement).await
    }
}
