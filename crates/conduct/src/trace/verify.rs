//! The figures computed again, from some submissions and no others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use engine::{Session, Statement, Wanted};
use project::{DatasetName, Layer};
use service::{At, ErrorKind, Result, ServiceError};

use super::node::{Node, Place};
use super::way::{Found, batch};
use super::{Ids, SUBMISSION, Tracing, planned, wrong};
use crate::failure;

type Tables = BTreeMap<DatasetName, Arc<dyn TableProvider>>;

/// The chosen rows, as texts and in order.
pub(super) type Figures = Vec<Vec<String>>;

/// What is left of what was received.
pub(super) enum Kept<'a> {
    /// All rows of these submissions.
    All(&'a Ids),
    /// All rows but those of this submission for a dataset.
    AllBut(&'a DatasetName, &'a str),
    /// These rows.
    Rows(&'a Found),
}

impl Tracing<'_> {
    /// The figures as they are.
    pub(super) async fn published(&self, target: &Node, wanted: &Wanted) -> Result<Figures> {
        let (dataset, version) = &target.place;
        let at = At::Version(*version);
        let snapshots = self.handles.snapshots([dataset], &at).await?;
        let session = self.handles.session(&snapshots, self.limits())?;
        self.figures(&session, target, wanted).await
    }

    /// The figures computed again from what is kept.
    pub(super) async fn from(&self, kept: &Kept<'_>, wanted: &Wanted) -> Result<Figures> {
        let Some(target) = self.nodes.first() else {
            return Ok(Figures::new());
        };
        let started = Instant::now();
        let (session, _held) = self.again(target, kept).await?;
        let figures = self.figures(&session, target, wanted).await?;
        let seconds = started.elapsed().as_secs_f64();
        tracing::debug!(dataset = %target.place.0, seconds, "figures computed again");
        Ok(figures)
    }

    /// A session over the dataset as it would be, and those that answer for the memory of what is
    /// behind it.
    async fn again(&self, target: &Node, kept: &Kept<'_>) -> Result<(Session, Vec<Session>)> {
        let mut computed: BTreeMap<Place, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut sessions = Vec::new();
        // What is read comes before who reads it.
        for node in self.nodes.iter().rev() {
            let mut tables = Tables::new();
            for (dataset, snapshot) in &node.snapshots {
                let table = if dataset.layer() == Layer::Raw {
                    self.kept(node, dataset, kept).await?
                } else if let Some(table) = computed.get(&node.input(dataset)) {
                    Arc::clone(table)
                } else {
                    snapshot.provider().map_err(failure::lake)?
                };
                tables.insert(dataset.clone(), table);
            }
            let session = self.session(tables)?;
            let planned = planned(&session, node).await?;
            if node.place == target.place {
                let table = session.view(&planned);
                let tables = Tables::from([(target.place.0.clone(), table)]);
                sessions.push(session);
                return Ok((self.session(tables)?, sessions));
            }
            let table = session.held(&planned).await.map_err(failure::engine)?;
            computed.insert(node.place.clone(), table);
            sessions.push(session);
        }
        Err(ServiceError::new(
            ErrorKind::Internal,
            "the figures were not planned again",
        ))
    }

    /// What was received for a dataset, as far as it is kept.
    async fn kept(
        &self,
        node: &Node,
        dataset: &DatasetName,
        kept: &Kept<'_>,
    ) -> Result<Arc<dyn TableProvider>> {
        let session = self.handles.session(&node.snapshots, self.limits())?;
        let all = whole(&session, dataset).await?;
        let some = match kept {
            Kept::All(ids) => {
                let ids: Vec<String> = ids.get(dataset).into_iter().flatten().cloned().collect();
                let near = self.near(&session, all, ids.iter()).await?;
                session.only(near, SUBMISSION, &ids)
            }
            Kept::AllBut(of, _) if *of != dataset => Ok(all),
            Kept::AllBut(_, id) => session.except(all, SUBMISSION, id),
            Kept::Rows(found) => {
                let none = BTreeMap::new();
                let identity = node.followed.iter().find(|(d, _)| d == dataset);
                let identity = identity
                    .map(|(_, fields)| fields.clone())
                    .unwrap_or_default();
                let found = found.get(dataset).unwrap_or(&none);
                let rows = batch(&identity, found)?;
                let near = self.near(&session, all, found.keys()).await?;
                session.with_keys(near, &rows)
            }
        };
        Ok(session.view(&some.map_err(failure::engine)?))
    }

    fn session(&self, tables: Tables) -> Result<Session> {
        let limits = self.limits();
        self.handles
            .engine
            .session(tables, limits)
            .map_err(failure::engine)
    }

    async fn figures(&self, session: &Session, target: &Node, wanted: &Wanted) -> Result<Figures> {
        let names: Vec<&String> = target.contract.key.iter().chain(&wanted.columns).collect();
        let all = whole(session, &target.place.0).await?;
        let chosen = session
            .those(all, &self.request.condition)
            .map_err(failure::engine)?;
        let mut rows = Figures::new();
        for batch in session.collect(&chosen).await.map_err(failure::engine)? {
            texts(&batch, &names, &mut rows)?;
        }
        rows.sort_unstable();
        Ok(rows)
    }
}

async fn whole(session: &Session, dataset: &DatasetName) -> Result<engine::Planned> {
    let statement = Statement::parse(&format!("select * from {dataset}"));
    let statement = statement.map_err(failure::engine)?;
    let planned = session.plan(&statement, &BTreeMap::new()).await;
    planned.map_err(failure::engine)
}

fn texts(batch: &RecordBatch, names: &[&String], rows: &mut Vec<Vec<String>>) -> Result<()> {
    let first = rows.len();
    rows.resize(first + batch.num_rows(), Vec::new());
    let options = FormatOptions::default();
    for name in names {
        let Some(column) = batch.column_by_name(name) else {
            continue;
        };
        let exact = ArrayFormatter::try_new(column.as_ref(), &options).map_err(wrong)?;
        for (row, texts) in rows.iter_mut().skip(first).enumerate() {
            texts.push(if column.is_null(row) {
                "null".to_owned()
            } else if *column.data_type() == DataType::Float64 {
                // Sums of such numbers depend on the order of the rows.
                format!("{:.9e}", column.as_primitive::<Float64Type>().value(row))
            } else {
                format!("= {}", exact.value(row))
            });
        }
    }
    Ok(())
}
