//! Connectors: how far each has read, and the lease by which one process runs it at a time.

use chrono::{DateTime, Utc};
use project::{AgencyCode, DatasetName};
use service::{ErrorKind, Submission};

use crate::codec::micros;
use crate::place::Place;
use crate::statement::Statement;
use crate::{Books, Result};

/// A connector as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorRecord {
    /// The name.
    pub name: String,
    /// Who runs it, and until when that holds without being renewed.
    pub held: Option<(String, DateTime<Utc>)>,
    /// How far it has read.
    pub mark: Option<String>,
    /// When it was first looked for.
    pub known_at: DateTime<Utc>,
    /// When it last began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last came to its end.
    pub ended_at: Option<DateTime<Utc>>,
    /// Pieces of the last run that landed.
    pub landed: u64,
    /// Pieces of the last run that were refused.
    pub refused: u64,
    /// Runs that failed since the last one that did not.
    pub failures: u64,
    /// Why the last one failed.
    pub error: Option<String>,
    /// What is to be done about that; none where it was not kept.
    pub error_kind: Option<ErrorKind>,
}

/// The right to run a connector. Of two leases the one with the higher fence counts; whoever has
/// the lower one changes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The connector.
    pub name: String,
    /// The number of the lease.
    pub fence: i64,
    /// How far it was read when it was leased.
    pub mark: Option<String>,
    /// The key of the piece that the run before had in hand when it broke off.
    pub in_hand: Option<String>,
}

impl Books {
    /// Records that there is such a connector; the first time counts.
    pub async fn know_connector(&self, name: &str, known_at: DateTime<Utc>) -> Result<()> {
        let statement = Statement::new(include_str!("../sql/know_connector.sql"))
            .text(name)
            .number(micros(known_at));
        self.write("record the connector", &statement).await?;
        Ok(())
    }

    /// Leases a connector from `now` until then; none while another has it.
    pub async fn lease_connector(
        &self,
        name: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>> {
        let statement = Statement::new(include_str!("../sql/lease_connector.sql"))
            .text(name)
            .text(holder)
            .number(micros(until))
            .number(micros(now));
        let rows = self.write("lease the connector", &statement).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let reader = self.reader(row);
        Ok(Some(Lease {
            name: name.to_owned(),
            fence: reader.get("fence")?,
            mark: reader.get("mark")?,
            in_hand: reader.get("in_hand")?,
        }))
    }

    /// Makes the lease last until then; answers whether it still counts.
    pub async fn renew_connector(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        let statement = of(include_str!("../sql/renew_connector.sql"), lease).number(micros(until));
        self.counts("renew the lease of the connector", &statement)
            .await
    }

    /// Records the key of the piece that is to be submitted; answers whether the lease counts.
    pub async fn take_in_hand(
        &self,
        lease: &Lease,
        key: &str,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        let statement = of(include_str!("../sql/take_in_hand.sql"), lease)
            .text(key)
            .number(micros(until));
        self.counts("record what the connector has in hand", &statement)
            .await
    }

    /// Keeps how far the connector has read, with a piece that landed or was refused; answers
    /// whether the lease still counts.
    pub async fn keep_mark(
        &self,
        lease: &Lease,
        mark: &str,
        landed: bool,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        let statement = of(include_str!("../sql/keep_mark.sql"), lease)
            .text(mark)
            .number(i64::from(landed))
            .number(i64::from(!landed))
            .number(micros(until));
        self.counts("keep the mark of the connector", &statement)
            .await
    }

    /// Ends the lease with the run; `error` says what to do and why it failed, if it did.
    pub async fn release_connector(
        &self,
        lease: &Lease,
        ended_at: DateTime<Utc>,
        error: Option<(ErrorKind, &str)>,
    ) -> Result<bool> {
        let statement = of(include_str!("../sql/release_connector.sql"), lease)
            .number(micros(ended_at))
            .maybe_text(error.map(|(_, told)| told))
            .number(i64::from(error.is_some()))
            .maybe_text(error.map(|(kind, _)| kind.as_str()));
        self.counts("end the lease of the connector", &statement)
            .await
    }

    /// Ends the leases that a process left which had this home before: a file has one process.
    pub async fn free_connectors(&self) -> Result<()> {
        if matches!(self.place(), Place::File(_)) {
            let sql = "update connectors set held_by = null, held_until = null";
            self.write("free the connectors", &Statement::new(sql))
                .await?;
        }
        Ok(())
    }

    /// Every connector that was ever known, by name.
    pub async fn connectors(&self) -> Result<Vec<ConnectorRecord>> {
        let statement = Statement::new("select * from connectors order by name");
        let rows = self.read("read the connectors", &statement).await?;
        let mut records = Vec::new();
        for row in &rows {
            let reader = self.reader(row);
            let held_by: Option<String> = reader.get("held_by")?;
            let error_kind: Option<String> = reader.get("error_kind")?;
            records.push(ConnectorRecord {
                name: reader.get("name")?,
                held: held_by.zip(reader.maybe_at("held_until")?),
                mark: reader.get("mark")?,
                known_at: reader.at("known_at")?,
                started_at: reader.maybe_at("started_at")?,
                ended_at: reader.maybe_at("ended_at")?,
                landed: reader.count("landed")?,
                refused: reader.count("refused")?,
                failures: reader.count("failures")?,
                error: reader.get("error")?,
                error_kind: error_kind.as_deref().and_then(ErrorKind::of),
            });
        }
        Ok(records)
    }

    /// The newest submission of that sender that counts: committed, no correction, and neither
    /// replaced nor withdrawn.
    pub async fn standing_submission(
        &self,
        agency: &AgencyCode,
        dataset: &DatasetName,
        period: &str,
        principal: &str,
    ) -> Result<Option<Submission>> {
        let statement = Statement::new(include_str!("../sql/standing_submission.sql"))
            .text(agency.as_str())
            .text(dataset.as_str())
            .text(period)
            .text(principal);
        self.read_submission(&statement).await
    }

    async fn counts(&self, doing: &'static str, statement: &Statement) -> Result<bool> {
        Ok(!self.write(doing, statement).await?.is_empty())
    }
}

fn of(sql: &'static str, lease: &Lease) -> Statement {
    Statement::new(sql).text(&lease.name).number(lease.fence)
}
