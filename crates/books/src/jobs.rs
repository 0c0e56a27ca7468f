//! Jobs: what one process does at a time, and how far what has a schedule is done.
//!
//! A lease is a conditional update, and its fence rises with each. What is said under a lease that
//! another has taken since is passed over.

use chrono::{DateTime, Utc};

use crate::codec::micros;
use crate::place::Place;
use crate::statement::Statement;
use crate::{Books, Result};

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// The name.
    pub name: String,
    /// The number of its last lease; 0 before the first.
    pub fence: i64,
    /// Who has the lease.
    pub held: Option<Held>,
    /// When it was first heard of.
    pub known_at: DateTime<Utc>,
    /// The last slot that is done, in the words of its schedule.
    pub slot: Option<String>,
    /// When it last came to an end.
    pub ended_at: Option<DateTime<Utc>>,
    /// Times that it failed since it last went well.
    pub failures: u64,
    /// Why the last one did.
    pub error: Option<String>,
}

/// Who has a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The holder, as it called itself.
    pub by: String,
    /// When it took the lease.
    pub since: DateTime<Utc>,
    /// Until when it holds without being renewed.
    pub until: DateTime<Utc>,
}

/// The right to do a job. Of two the one with the higher fence counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLease {
    /// The job.
    pub name: String,
    /// The number of the lease.
    pub fence: i64,
    /// Whether the holder before let its lease run out: it may still be there, and wake up.
    pub taken_over: bool,
}

/// What came of a job that was done under the lease of another.
#[derive(Debug, Clone, Copy)]
pub struct JobEnd<'a> {
    /// The job.
    pub name: &'a str,
    /// The slot that is done by it; none leaves the one that is kept.
    pub slot: Option<&'a str>,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Why it failed, if it did.
    pub error: Option<&'a str>,
}

impl Books {
    /// Records that there is such a job; the first time counts.
    pub async fn know_job(&self, name: &str, known_at: DateTime<Utc>) -> Result<()> {
        let statement = Statement::new(include_str!("../sql/know_job.sql"))
            .text(name)
            .number(micros(known_at));
        self.write("record the job", &statement).await?;
        Ok(())
    }

    /// Leases a job from `now` until then, unless another has it. The fence is above every one
    /// before, and at least `fence`.
    pub async fn lease_job(
        &self,
        name: &str,
        holder: &str,
        (now, until): (DateTime<Utc>, DateTime<Utc>),
        fence: i64,
    ) -> Result<Option<JobLease>> {
        let statement = Statement::new(include_str!("../sql/lease_job.sql"))
            .text(name)
            .text(holder)
            .number(micros(until))
            .number(micros(now))
            .number(fence);
        let rows = self.write("lease the job", &statement).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let reader = self.reader(row);
        Ok(Some(JobLease {
            name: name.to_owned(),
            fence: reader.get("fence")?,
            taken_over: reader.count("taken_over")? > 0,
        }))
    }

    /// Makes the lease last until then; answers whether it still counts.
    pub async fn renew_job(&self, lease: &JobLease, until: DateTime<Utc>) -> Result<bool> {
        let statement = of(include_str!("../sql/renew_job.sql"), lease).number(micros(until));
        let rows = self.write("renew the lease of the job", &statement).await?;
        Ok(!rows.is_empty())
    }

    /// Ends the lease; `error` is why the job failed, if it did. Answers whether it still counted.
    pub async fn release_job(
        &self,
        lease: &JobLease,
        ended_at: DateTime<Utc>,
        error: Option<&str>,
    ) -> Result<bool> {
        let statement = of(include_str!("../sql/release_job.sql"), lease)
            .number(micros(ended_at))
            .maybe_text(error)
            .number(i64::from(error.is_some()));
        let rows = self.write("end the lease of the job", &statement).await?;
        Ok(!rows.is_empty())
    }

    /// Records what came of a job that was done under the lease; answers whether that still counts.
    pub async fn finish_job(&self, lease: &JobLease, end: JobEnd<'_>) -> Result<bool> {
        let statement = of(include_str!("../sql/finish_job.sql"), lease)
            .text(end.name)
            .maybe_text(end.slot)
            .number(micros(end.at))
            .maybe_text(end.error)
            .number(i64::from(end.error.is_some()));
        let rows = self
            .write("record what came of the job", &statement)
            .await?;
        Ok(!rows.is_empty())
    }

    /// Ends the leases that a process left which had this home before: a file has one process.
    pub async fn free_jobs(&self) -> Result<()> {
        if matches!(self.place(), Place::File(_)) {
            let sql = "update jobs set held_by = null, held_since = null, held_until = null";
            self.write("free the jobs", &Statement::new(sql)).await?;
        }
        Ok(())
    }

    /// Every job that was ever known, by name.
    pub async fn jobs(&self) -> Result<Vec<JobRecord>> {
        let statement = Statement::new("select * from jobs order by name");
        let rows = self.read("read the jobs", &statement).await?;
        let mut records = Vec::new();
        for row in &rows {
            let reader = self.reader(row);
            let by: Option<String> = reader.get("held_by")?;
            let span = reader
                .maybe_at("held_since")?
                .zip(reader.maybe_at("held_until")?);
            records.push(JobRecord {
                name: reader.get("name")?,
                fence: reader.get("fence")?,
                held: by
                    .zip(span)
                    .map(|(by, (since, until))| Held { by, since, until }),
                known_at: reader.at("known_at")?,
                slot: reader.get("slot")?,
                ended_at: reader.maybe_at("ended_at")?,
                failures: reader.count("failures")?,
                error: reader.get("error")?,
            });
        }
        Ok(records)
    }
}

fn of(sql: &'static str, lease: &JobLease) -> Statement {
    Statement::new(sql).text(&lease.name).number(lease.fence)
}
