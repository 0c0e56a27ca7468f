//! The figures computed again, from some submissions and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use engine::{Session, Statement};
use project::{DatasetName, Layer};
use service::{ErrorKind, Result, ServiceError};

use super::node::{Node, Place};
use super::{Ids, SUBMISSION, Tracing, planned, wrong};
use crate::failure;

type Tables = BTreeMap<DatasetName, Arc<dyn TableProvider>>;

impl Tracing<'_> {
    /// Whether the figures come out the same from the kept submissions alone.
    pub(super) async fn is_same(&self, kept: &Ids, columns: &BTreeSet<String>) -> Result<bool> {
        let Some(target) = self.nodes.first() else {
            return Ok(true);
        };
        let names: Vec<&String> = target.contract.key.iter().chain(columns).collect();
        let was = if target.run.is_some() {
            let (dataset, version) = &target.place;
            let at = service::At::Version(*version);
            let published = self.handles.snapshots([dataset], &at).await?;
            self.handles.session(&published, self.limits())?
        } else {
            self.handles.session(&target.snapshots, self.limits())?
        };
        let was = self.figures(&was, target, &names).await?;
        let (again, _held) = self.again(target, kept).await?;
        Ok(was == self.figures(&again, target, &names).await?)
    }

    /// A session over the dataset as it would be, and those that answer for the memory of what is
    /// behind it.
    async fn again(&self, target: &Node, kept: &Ids) -> Result<(Session, Vec<Session>)> {
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

    /// What was received for a dataset, of the kept submissions.
    async fn kept(
        &self,
        node: &Node,
        dataset: &DatasetName,
        kept: &Ids,
    ) -> Result<Arc<dyn TableProvider>> {
        let session = self.handles.session(&node.snapshots, self.limits())?;
        let all = whole(&session, dataset).await?;
        let ids: Vec<String> = kept.get(dataset).into_iter().flatten().cloned().collect();
        let some = session
            .only(all, SUBMISSION, &ids)
            .map_err(failure::engine)?;
        Ok(session.view(&some))
    }

    fn session(&self, tables: Tables) -> Result<Session> {
        let limits = self.limits();
        self.handles
            .engine
            .session(tables, limits)
            .map_err(failure::engine)
    }

    /// The chosen rows as texts, in order.
    async fn figures(
        &self,
        session: &Session,
        target: &Node,
        names: &[&String],
    ) -> Result<Vec<Vec<String>>> {
        let all = whole(session, &target.place.0).await?;
        let chosen = session
            .those(all, &self.request.condition)
            .map_err(failure::engine)?;
        let mut rows = Vec::new();
        for batch in session.collect(&chosen).await.map_err(failure::engine)? {
            texts(&batch, names, &mut rows)?;
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
