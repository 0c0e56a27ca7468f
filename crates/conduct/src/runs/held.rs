//! The answer of a step held against its contract before any commit names it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use engine::{Planned, Session, Statement, Windows};
use futures::StreamExt;
use lake::{Snapshot, StagedFile, WriteSettings};
use project::Profiling;
use service::{ErrorKind, Result, ServiceError};

use super::part::Part;
use super::step::{Step, Work};
use crate::incremental::Replaced;
use crate::quality::{Case, ToJudge};
use crate::{failure, staging};

impl Work {
    pub(super) fn settings(&self) -> WriteSettings {
        // What is computed for the first time is about as large as what it is computed from.
        let there = self.table.snapshot().bytes();
        let read = self.snapshots.values().map(Snapshot::bytes).max();
        let bytes = if there > 0 { there } else { read.unwrap_or(0) };
        WriteSettings {
            sort_by: self.contract.sort_by.clone(),
            ..staging::settings(Some(&self.write), bytes)
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
        staged: ToJudge,
        aside: Option<String>,
    ) -> Result<Option<String>> {
        let case = self.case(work);
        let warned = self.judged.judge(self.handles, &case, staged);
        let warned = Part::Rules.timed(warned).await?;
        let told: Vec<String> = aside.into_iter().chain(warned).collect();
        Ok((!told.is_empty()).then(|| told.join("; ")))
    }

    /// Notes in which periods rows come and go, for profiles, where the windows do not say it.
    pub(super) async fn note_periods(
        &self,
        work: &Work,
        replaced: &Replaced,
        windows: &Windows,
    ) -> Result<()> {
        let contract = &work.contract;
        let Some(column) = contract.period_column() else {
            return Ok(());
        };
        let named = windows.boxes().iter().all(|of| of.contains_key(column));
        if named || contract.profile == Profiling::Nothing {
            return Ok(());
        }
        let come = work.table.staged_provider(&replaced.inside);
        let come = come.map_err(failure::lake)?;
        let mut periods = self.periods(work, column, come, None).await?;
        if replaced.holding.all.count() > 0 {
            let gone = replaced.holding.all.provider().map_err(failure::lake)?;
            periods.extend(self.periods(work, column, gone, Some(windows)).await?);
        }
        self.judged.in_periods(&contract.dataset, periods);
        Ok(())
    }

    /// The periods of rows, or of those of them that are inside the windows.
    async fn periods(
        &self,
        work: &Work,
        column: &str,
        rows: Arc<dyn TableProvider>,
        windows: Option<&Windows>,
    ) -> Result<BTreeSet<String>> {
        let dataset = &work.contract.dataset;
        let boxes = windows.iter().flat_map(|windows| windows.boxes());
        let mut columns: BTreeSet<&str> =
            boxes.flat_map(BTreeMap::keys).map(AsRef::as_ref).collect();
        columns.remove(column);
        let columns = [column].into_iter().chain(columns);
        let columns: Vec<String> = columns.map(|name| format!("\"{name}\"")).collect();
        let (layer, name) = (dataset.layer().as_str(), dataset.name());
        let sql = format!("select {} from \"{layer}\".\"{name}\"", columns.join(", "));
        let tables = BTreeMap::from([(dataset.clone(), rows)]);
        let session = self
            .handles
            .engine
            .session(tables, staging::limits(self.handles));
        let session = session.map_err(failure::engine)?;
        let statement = Statement::parse(&sql).map_err(failure::engine)?;
        let planned = session.plan(&statement, &BTreeMap::new()).await;
        let mut planned = planned.map_err(failure::engine)?;
        if let Some(windows) = windows {
            planned = session.inside(planned, windows).map_err(failure::engine)?;
        }
        let mut stream = session.run(&planned).await.map_err(failure::engine)?;
        let mut periods = BTreeSet::new();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(failure::engine)?;
            let codes = cast(batch.column(0), &DataType::Utf8).map_err(|error| {
                ServiceError::new(ErrorKind::Internal, "cannot read periods").caused_by(error)
            })?;
            for code in codes.as_string::<i32>().iter().flatten() {
                if !periods.contains(code) {
                    periods.insert(code.to_owned());
                }
            }
        }
        Ok(periods)
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
