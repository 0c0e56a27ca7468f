//! The answer of a step held against its contract before any commit names it.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use engine::{Planned, Session};
use lake::{StagedFile, WriteSettings};
use service::Result;

use super::part::Part;
use super::step::{Step, Work};
use crate::quality::Case;
use crate::{failure, staging};

impl Work {
    pub(super) fn settings(&self) -> WriteSettings {
        WriteSettings {
            sort_by: self.contract.sort_by.clone(),
            ..WriteSettings::default()
        }
    }

    /// The order in which rows that were written are written again.
    pub(super) fn order(&self) -> Vec<String> {
        let order = self.table.partition_by().into_iter();
        order.chain(self.contract.sort_by.iter().cloned()).collect()
    }
}

impl Step<'_> {
    /// The answer written, without the rows that its rules set aside, and what is said of those.
    pub(super) async fn stage(
        &self,
        session: &Session,
        planned: &Planned,
        work: &Work,
    ) -> Result<(Vec<StagedFile>, Option<String>)> {
        let settings = work.settings();
        let files = staging::staged(session, planned, &work.table, &settings);
        let files = Part::Compute.timed(files).await?;
        let case = self.case(work);
        let aside = self.judged.set_aside(self.handles, &case, &files);
        let aside = Part::Rules.timed(aside).await;
        let Some((kept, told)) = self.or_discard(work, aside, &files).await? else {
            return Ok((files, None));
        };
        let discarded = work.table.discard(files).await;
        self.or_discard(work, discarded.map_err(failure::lake), &kept)
            .await?;
        Ok((kept, Some(told)))
    }

    /// Refuses rows that break a rule of severity `error`; answers what else is to be said of them.
    pub(super) async fn judge(
        &self,
        work: &Work,
        staged: Arc<dyn TableProvider>,
        aside: Option<String>,
    ) -> Result<Option<String>> {
        let case = self.case(work);
        let warned = self.judged.judge(self.handles, &case, staged);
        let warned = Part::Rules.timed(warned).await?;
        let told: Vec<String> = aside.into_iter().chain(warned).collect();
        Ok((!told.is_empty()).then(|| told.join("; ")))
    }

    fn case<'w>(&'w self, work: &'w Work) -> Case<'w> {
        Case {
            project: self.project,
            contract: &work.contract,
            table: &work.table,
            beside: &work.beside,
            begun_at: self.started_at,
            order: work.order(),
            settings: work.settings(),
        }
    }
}
