//! Extensions of deadlines, and what was handed in for a period.

use std::collections::BTreeMap;

use calendar::PeriodCode;
use chrono::NaiveDate;
use project::{AgencyCode, DatasetName};
use service::{Extension, HandedIn, ObligationKey};

use crate::codec::{Reader, micros};
use crate::statement::Statement;
use crate::{Books, BooksError, Result};

impl Books {
    /// Keeps an extension. Saying the same again is fine; another under its number is a conflict.
    pub async fn add_extension(&self, new: &Extension) -> Result<()> {
        const DOING: &str = "keep the extension";
        let statement = Statement::new(include_str!("../sql/add_extension.sql"))
            .text(new.of.dataset.as_str())
            .text(new.of.period.as_str())
            .text(new.of.agency.as_str())
            .number(i64::from(new.number))
            .text(new.before.to_string())
            .text(new.until.to_string())
            .text(&new.reason)
            .text(&new.principal)
            .number(micros(new.at));
        if !self.write(DOING, &statement).await?.is_empty() {
            return Ok(());
        }
        let there = self.extensions_of(&new.of).await?;
        let same = |is: &Extension| {
            let at = micros(is.at) == micros(new.at);
            at && is.number == new.number && is.until == new.until
        };
        if there.iter().any(same) {
            return Ok(());
        }
        let message = format!("cannot {DOING}: {} has another {}", new.of, new.number);
        Err(BooksError::Conflict { message })
    }

    /// The extensions of one obligation, in order.
    pub async fn extensions_of(&self, of: &ObligationKey) -> Result<Vec<Extension>> {
        let statement = Statement::new(include_str!("../sql/extensions_of.sql"))
            .text(of.dataset.as_str())
            .text(of.period.as_str())
            .text(of.agency.as_str());
        self.read_extensions(&statement).await
    }

    /// The extensions of a dataset's period, by agency and in order.
    pub async fn extensions(
        &self,
        dataset: &DatasetName,
        period: &PeriodCode,
    ) -> Result<Vec<Extension>> {
        let statement = Statement::new(include_str!("../sql/extensions.sql"))
            .text(dataset.as_str())
            .text(period.as_str());
        self.read_extensions(&statement).await
    }

    /// What each agency has handed in for a dataset's period: committed submissions that were
    /// neither replaced nor withdrawn.
    pub async fn handed_in(
        &self,
        dataset: &DatasetName,
        period: &PeriodCode,
    ) -> Result<BTreeMap<AgencyCode, HandedIn>> {
        let statement = Statement::new(include_str!("../sql/handed_in.sql"))
            .text(dataset.as_str())
            .text(period.as_str());
        let rows = self.read("read what was handed in", &statement).await?;
        let handed_in = rows.iter().map(|row| {
            let reader = self.reader(row);
            let counted = HandedIn {
                submissions: reader.count("submissions")?,
                first_received_at: reader.maybe_at("first_received_at")?,
            };
            Ok((reader.parse("agency")?, counted))
        });
        handed_in.collect()
    }

    async fn read_extensions(&self, statement: &Statement) -> Result<Vec<Extension>> {
        let rows = self.read("read the extensions", statement).await?;
        rows.iter()
            .map(|row| extension(&self.reader(row)))
            .collect()
    }
}

fn extension(reader: &Reader<'_>) -> Result<Extension> {
    let number = |number: i64| u32::try_from(number).ok();
    let day = |column| reader.parse::<NaiveDate>(column);
    Ok(Extension {
        of: ObligationKey {
            dataset: reader.parse("dataset")?,
            period: reader.parse("period")?,
            agency: reader.parse("agency")?,
        },
        number: number(reader.get("number")?).unwrap_or_default(),
        before: day("due_before")?,
        until: day("due_until")?,
        reason: reader.get("reason")?,
        principal: reader.get("principal")?,
        at: reader.at("extended_at")?,
    })
}
