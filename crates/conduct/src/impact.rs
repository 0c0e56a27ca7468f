//! What a change of the project means: whose columns differ, who reads them, what breaks.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, Schema};
use engine::Statement;
use lineage::Graph;
use project::{Contract, DatasetName, Layer, Project};
use service::{Impact, PlanItem, PlannedChange, Reader, Result, RetypedColumn};

use crate::check::report_columns;
use crate::handles::Handles;
use crate::{catalogue, failure, runs};

/// What changed of datasets that the lake has, with whoever reads them. A dataset that is new breaks
/// nobody, and other words in a contract change nothing.
pub(crate) async fn impacts(
    handles: &Handles,
    project: &Project,
    items: &[PlanItem],
) -> Result<Vec<Impact>> {
    let mut changed: BTreeMap<DatasetName, BTreeSet<&str>> = BTreeMap::new();
    for item in items {
        let what = match item.change {
            PlannedChange::Create | PlannedChange::Describe => continue,
            PlannedChange::LoadCodes => "codes",
            _ => "contract",
        };
        changed
            .entry(item.dataset.clone())
            .or_default()
            .insert(what);
    }
    for transformation in project.transformations.values() {
        if runs::edited(handles, transformation).await? {
            let dataset = transformation.dataset.clone();
            changed.entry(dataset).or_default().insert("sql");
        }
    }
    let mut impacts = Vec::new();
    let mut readers = None;
    for (dataset, what) in changed {
        // Our own books have no readers in a project.
        let Some(contract) = project.contracts.get(&dataset) else {
            continue;
        };
        let table = match handles.lake.table(&dataset).await {
            Ok(table) => table,
            Err(lake::LakeError::NotFound { .. }) => continue,
            Err(error) => return Err(failure::lake(error)),
        };
        let there = table.schema();
        let mut impact = differing(contract, &there, &what);
        if readers.is_none() {
            readers = Some(Readers::of(handles, project).await?);
        }
        if let Some(readers) = &readers {
            impact.readers = readers.of_dataset(project, &dataset);
            let narrower = narrowed(&contract.table_schema(), &there);
            impact.breaks = readers.breaks(&impact, &narrower);
        }
        impacts.push(impact);
    }
    Ok(impacts)
}

/// How the columns differ.
fn differing(contract: &Contract, there: &Schema, what: &BTreeSet<&str>) -> Impact {
    let wanted = contract.table_schema();
    let lacks = |schema: &Schema, name: &str| schema.field_with_name(name).is_err();
    let names = |of: &Schema, other: &Schema| -> Vec<String> {
        let fields = of.fields().iter();
        let fields = fields.filter(|field| lacks(other, field.name()));
        fields.map(|field| field.name().clone()).collect()
    };
    let retyped = wanted.fields().iter().filter_map(|field| {
        let old = there.field_with_name(field.name()).ok()?;
        (old.data_type() != field.data_type()).then(|| RetypedColumn {
            column: field.name().clone(),
            from: old.data_type().to_string(),
            to: field.data_type().to_string(),
        })
    });
    Impact {
        dataset: contract.dataset.clone(),
        owner: contract.owner.clone(),
        what: what.iter().map(|word| (*word).to_owned()).collect(),
        added: names(&wanted, there),
        removed: names(there, &wanted),
        retyped: retyped.collect(),
        readers: Vec::new(),
        breaks: Vec::new(),
    }
}

/// The columns whose new type does not hold every value of the old one.
fn narrowed(wanted: &Schema, there: &Schema) -> Vec<String> {
    let narrower = wanted.fields().iter().filter(|field| {
        let old = there.field_with_name(field.name());
        old.is_ok_and(|old| !holds(field.data_type(), old.data_type()))
    });
    narrower.map(|field| field.name().clone()).collect()
}

/// Whether every value of the one type is a value of the other.
fn holds(wider: &DataType, narrower: &DataType) -> bool {
    use DataType::{Decimal128, Int32, Int64};
    match (narrower, wider) {
        (Int32, Int64) => true,
        (Decimal128(p, s), Decimal128(q, t)) => {
            let whole = |p: u8, s: i8| i16::from(p) - i16::from(s);
            t >= s && whole(*q, *t) >= whole(*p, *s)
        }
        (from, to) => from == to,
    }
}

/// Who reads what, as the files say now and as the project in force does.
struct Readers {
    now: Graph,
    graphs: Vec<Graph>,
    reports: Vec<BTreeMap<String, BTreeSet<lineage::ColumnRef>>>,
}

impl Readers {
    async fn of(handles: &Handles, project: &Project) -> Result<Self> {
        let before = handles.project();
        let mut readers = Self {
            now: catalogue::graph(project)?,
            graphs: Vec::new(),
            reports: Vec::new(),
        };
        for project in [project, before.as_ref()] {
            readers.graphs.push(catalogue::graph(project)?);
            let columns = report_columns(project).await.map_err(failure::engine)?;
            readers.reports.push(columns);
        }
        Ok(readers)
    }

    /// Every dataset made of this one, and every report that reads any of them.
    fn of_dataset(&self, project: &Project, dataset: &DatasetName) -> Vec<Reader> {
        let below = self.now.down(dataset, None);
        let mut concerned: BTreeSet<&DatasetName> = below.datasets().collect();
        let owner = |dataset: &DatasetName| {
            let contract = project.contracts.get(dataset);
            contract.map(|contract| contract.owner.clone())
        };
        let datasets = concerned.iter().filter(|reader| **reader != dataset);
        let mut readers: Vec<Reader> = datasets
            .map(|reader| Reader {
                kind: "dataset".to_owned(),
                name: reader.to_string(),
                owners: owner(reader).into_iter().collect(),
            })
            .collect();
        concerned.insert(dataset);
        for report in project.reports.values() {
            let statements = report.queries.values().map(|sql| Statement::parse(sql));
            let read: BTreeSet<DatasetName> = statements
                .flatten()
                .flat_map(|statement| statement.inputs().clone())
                .collect();
            if read.iter().any(|input| concerned.contains(input)) {
                let owners: BTreeSet<String> = read.iter().filter_map(owner).collect();
                readers.push(Reader {
                    kind: "report".to_owned(),
                    name: report.name.clone(),
                    owners: owners.into_iter().collect(),
                });
            }
        }
        readers
    }

    /// A sentence for each column that is gone or narrower and that somebody reads.
    fn breaks(&self, impact: &Impact, narrower: &[String]) -> Vec<String> {
        let gone = impact.removed.iter().map(|column| (column, "is gone"));
        let narrower = narrower
            .iter()
            .map(|column| (column, "has a narrower type"));
        let mut breaks = Vec::new();
        for (column, how) in gone.chain(narrower) {
            let mut who = self.readers_of(&impact.dataset, column);
            if impact.dataset.layer() == Layer::Served {
                who.push("whoever queries what is published".to_owned());
            }
            if !who.is_empty() {
                breaks.push(format!(
                    "column `{column}` {how}, and it is read by {}",
                    who.join(", ")
                ));
            }
        }
        breaks
    }

    /// Who reads the column itself.
    fn readers_of(&self, dataset: &DatasetName, column: &str) -> Vec<String> {
        let is_it = |source: &lineage::ColumnRef| {
            source.dataset == *dataset && (source.column == column || source.column == "*")
        };
        let mut who = BTreeSet::new();
        for graph in &self.graphs {
            let edges = graph.edges().iter().filter(|edge| is_it(&edge.source));
            who.extend(edges.map(|edge| format!("dataset `{}`", edge.target.dataset)));
        }
        for reports in &self.reports {
            let reading = reports.iter().filter(|(_, read)| read.iter().any(is_it));
            who.extend(reading.map(|(name, _)| format!("report `{name}`")));
        }
        who.into_iter().collect()
    }
}
