//! The way down: what is asked about each dataset, and the rows of submissions that it ends at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Fields, Int64Type, Schema};
use engine::{Chosen, Session, Statement, Wanted};
use project::{DatasetName, Layer};
use service::{ErrorKind, Result, ServiceError};

use super::node::{Node, Place};
use super::{AGENCY, Ids, PERIOD, PICKED, ROW, SUBMISSION, Tracing, planned, wrong};
use crate::failure;

/// The rows found of each submission, by what it was submitted for.
pub(super) type Found = BTreeMap<DatasetName, BTreeMap<String, BTreeSet<i64>>>;

/// One way down: what is still to be asked about, and what was found.
#[derive(Default)]
pub(super) struct Way {
    demands: BTreeMap<Place, Demand>,
    pub found: Found,
}

/// What is asked about a dataset.
#[derive(Default)]
struct Demand {
    /// Rows by their keys, by the columns of them that are asked about.
    keys: BTreeMap<BTreeSet<String>, Vec<RecordBatch>>,
    everything: bool,
}

impl Demand {
    /// The questions that it comes to. A dataset that puts rows together is asked about different
    /// columns one by one, because they may come from different rows.
    fn questions(&self, gathers: bool, presence: bool) -> Result<Vec<(Wanted, Chosen)>> {
        if self.everything {
            let columns = self.keys.keys().flatten().cloned().collect();
            let wanted = Wanted {
                columns,
                rows: true,
                presence,
            };
            return Ok(vec![(wanted, Chosen::Everything)]);
        }
        let mut questions: Vec<(Wanted, RecordBatch)> = Vec::new();
        for (columns, keys) in &self.keys {
            let keys = concatenated(keys)?;
            let wanted = Wanted {
                columns: columns.clone(),
                rows: columns.is_empty(),
                presence,
            };
            let alike = questions.iter_mut().find(|(_, k)| !gathers || *k == keys);
            let Some((asked, all)) = alike else {
                questions.push((wanted, keys));
                continue;
            };
            asked.columns.extend(wanted.columns);
            asked.rows |= wanted.rows;
            if *all != keys {
                *all = concatenated(&[all.clone(), keys])?;
            }
        }
        let chosen = |(wanted, keys)| (wanted, Chosen::Keys(keys));
        Ok(questions.into_iter().map(chosen).collect())
    }
}

fn concatenated(batches: &[RecordBatch]) -> Result<RecordBatch> {
    match batches {
        [] => Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))),
        [one] => Ok(one.clone()),
        [first, ..] => concat_batches(first.schema_ref(), batches).map_err(wrong),
    }
}

impl Tracing<'_> {
    /// Asks until nothing is left to be asked about.
    pub(super) async fn follow(&mut self, way: &mut Way, presence: &mut Way) -> Result<()> {
        for node in self.nodes.clone() {
            let Some(demand) = way.demands.remove(&node.place) else {
                continue;
            };
            let session = self.handles.session(&node.snapshots, self.limits())?;
            let statement = planned(&session, &node).await?;
            let gathers = Session::gathers(&statement).map_err(failure::engine)?;
            for (wanted, chosen) in demand.questions(gathers, self.presence)? {
                self.step(&node, &wanted, &chosen, way, presence).await?;
            }
        }
        Ok(())
    }

    /// Asks one dataset what is behind rows of it, and notes what follows for its inputs. How many
    /// rows it was asked about.
    pub(super) async fn step(
        &mut self,
        node: &Node,
        wanted: &Wanted,
        chosen: &Chosen,
        way: &mut Way,
        presence: &mut Way,
    ) -> Result<u64> {
        let started = Instant::now();
        let session = self.handles.session(&node.snapshots, self.limits())?;
        let planned = planned(&session, node).await?;
        let behind = session.behind(&planned, &node.followed, wanted, chosen);
        let behind = behind.await.map_err(failure::engine)?;
        tracing::debug!(
            dataset = %node.place.0,
            rows = behind.rows,
            seconds = started.elapsed().as_secs_f64(),
            "rows followed"
        );
        for operator in &behind.stops {
            self.stop(&node.place.0, operator);
        }
        // Of what was received it is looked whether they do (`check_each`).
        let mut picks = behind.picks.iter();
        if behind.picks_groups || picks.any(|dataset| dataset.layer() != Layer::Raw) {
            self.stop(&node.place.0, PICKED);
        }
        for dataset in &node.keyless {
            let operator = format!("`{dataset}`, which has no primary key");
            self.stop(&node.place.0, &operator);
        }
        for (way, sources) in [(&mut *way, behind.value), (presence, behind.presence)] {
            for source in sources {
                if source.dataset.layer() == Layer::Raw {
                    note(&mut way.found, &source.dataset, &source.rows)?;
                } else {
                    let demand = way.demands.entry(node.input(&source.dataset));
                    let keys = &mut demand.or_default().keys;
                    keys.entry(source.columns).or_default().push(source.rows);
                }
            }
        }
        for dataset in behind.whole.iter().chain(&node.keyless) {
            if dataset.layer() == Layer::Raw {
                let all = self.received(node, dataset, None).await?;
                way.found.entry(dataset.clone()).or_default().extend(all);
            } else {
                let demand = way.demands.entry(node.input(dataset)).or_default();
                demand.everything = true;
            }
        }
        Ok(behind.rows)
    }

    /// The rows that stand beside rows of the submissions where a dataset picks one of several, by
    /// that dataset.
    pub(super) async fn beside(&self, named: &Ids) -> Result<BTreeMap<DatasetName, Found>> {
        let mut beside = BTreeMap::new();
        for node in self.nodes.iter().filter(|node| node.run.is_some()) {
            let given = received(node).filter_map(|(dataset, _)| {
                let ids = named.get(dataset).filter(|ids| !ids.is_empty())?;
                Some((dataset.clone(), ids.iter().cloned().collect()))
            });
            let given: BTreeMap<DatasetName, Vec<String>> = given.collect();
            if given.is_empty() {
                continue;
            }
            let started = Instant::now();
            let session = self.handles.session(&node.snapshots, self.limits())?;
            let planned = planned(&session, node).await?;
            let shared = session.rivals(&planned, &node.followed, &given).await;
            let mut rivals = Found::new();
            for (dataset, batches) in shared.map_err(failure::engine)? {
                for batch in batches.iter().filter(|_| dataset.layer() == Layer::Raw) {
                    note(&mut rivals, &dataset, batch)?;
                }
            }
            let seconds = started.elapsed().as_secs_f64();
            tracing::debug!(dataset = %node.place.0, seconds, "rows beside them looked for");
            if !rivals.is_empty() {
                beside.insert(node.place.0.clone(), rivals);
            }
        }
        Ok(beside)
    }

    /// The rows that were received for a dataset at the version that a node read; with these
    /// submissions, if they are given.
    async fn received(
        &self,
        node: &Node,
        dataset: &DatasetName,
        ids: Option<&BTreeSet<String>>,
    ) -> Result<BTreeMap<String, BTreeSet<i64>>> {
        let session = self.handles.session(&node.snapshots, self.limits())?;
        let sql = format!("select {SUBMISSION}, {ROW}, {AGENCY}, {PERIOD} from {dataset}");
        let statement = Statement::parse(&sql).map_err(failure::engine)?;
        let planned = session.plan(&statement, &BTreeMap::new()).await;
        let mut planned = planned.map_err(failure::engine)?;
        if let Some(ids) = ids {
            let ids: Vec<String> = ids.iter().cloned().collect();
            let near = self.near(&session, planned, ids.iter()).await?;
            let some = session.only(near, SUBMISSION, &ids);
            planned = some.map_err(failure::engine)?;
        }
        let mut found = Found::new();
        for batch in session.collect(&planned).await.map_err(failure::engine)? {
            note(&mut found, dataset, &batch)?;
        }
        Ok(found.remove(dataset).unwrap_or_default())
    }

    /// Every row that was received for what is behind the figure; with these submissions, if they
    /// are given.
    pub(super) async fn all_received(&self, of: Option<&Ids>) -> Result<Found> {
        let (mut found, none) = (Found::new(), BTreeSet::new());
        for node in &self.nodes {
            for (dataset, _) in received(node) {
                if !found.contains_key(dataset) {
                    let ids = of.map(|ids| ids.get(dataset).unwrap_or(&none));
                    let rows = self.received(node, dataset, ids).await?;
                    found.insert(dataset.clone(), rows);
                }
            }
        }
        Ok(found)
    }
}

/// Puts rows to rows.
pub(super) fn add(into: &mut Found, more: &Found) {
    for (dataset, submissions) in more {
        let of = into.entry(dataset.clone()).or_default();
        for (id, rows) in submissions {
            of.entry(id.clone()).or_default().extend(rows);
        }
    }
}

/// The inputs of a node that submissions are for.
fn received(node: &Node) -> impl Iterator<Item = &(DatasetName, Fields)> {
    let followed = node.followed.iter();
    followed.filter(|(dataset, _)| dataset.layer() == Layer::Raw)
}

/// Notes rows of submissions.
fn note(found: &mut Found, dataset: &DatasetName, rows: &RecordBatch) -> Result<()> {
    let column = |name: &str, wanted: &DataType| {
        let column = rows.column_by_name(name).ok_or_else(|| {
            let message = format!("the rows of dataset `{dataset}` have no `{name}`");
            ServiceError::new(ErrorKind::Internal, message)
        })?;
        cast(column, wanted).map_err(wrong)
    };
    let ids = column(SUBMISSION, &DataType::Utf8)?;
    let numbers = column(ROW, &DataType::Int64)?;
    let of = found.entry(dataset.clone()).or_default();
    let rows = ids.as_string::<i32>().iter();
    for (id, number) in rows.zip(numbers.as_primitive::<Int64Type>()) {
        if let (Some(id), Some(number)) = (id, number) {
            of.entry(id.to_owned()).or_default().insert(number);
        }
    }
    Ok(())
}

/// Rows of submissions by their identity.
pub(super) fn batch(
    identity: &Fields,
    rows: &BTreeMap<String, BTreeSet<i64>>,
) -> Result<RecordBatch> {
    let each = rows.iter();
    let each = each.flat_map(|(id, rows)| rows.iter().map(move |row| (id.as_str(), *row)));
    let (ids, numbers): (Vec<&str>, Vec<i64>) = each.unzip();
    let ids: ArrayRef = Arc::new(StringArray::from(ids));
    let numbers: ArrayRef = Arc::new(Int64Array::from(numbers));
    let columns = [ids, numbers].into_iter().zip(identity);
    let columns = columns.map(|(column, field)| cast(&column, field.data_type()).map_err(wrong));
    let schema = Arc::new(Schema::new(identity.clone()));
    RecordBatch::try_new(schema, columns.collect::<Result<_>>()?).map_err(wrong)
}
