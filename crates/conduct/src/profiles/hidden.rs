//! Columns whose profile tells how many and never what.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ingest::looks_personal;
use lineage::{ColumnRef, Edge, EdgeKind, Graph};
use profile::ColumnProfile;
use project::{Check, Classification, ColumnType, Contract, DatasetName, Layer, Project};

/// Why the values of a column are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The dataset is for named people, and profiles are not.
    Restricted,
    /// It is made from a column that may hold personal data.
    FromPersonal,
    /// A value looks like personal data.
    LooksPersonal,
}

impl Reason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::FromPersonal => "from_personal",
            Self::LooksPersonal => "looks_personal",
        }
    }
}

/// The columns of a dataset that are hidden whatever they hold.
pub(super) fn declared(
    project: &Project,
    contract: &Contract,
    graph: &Graph,
) -> BTreeMap<String, Reason> {
    let columns = contract.columns.iter().map(|column| column.name.clone());
    if contract.classification == Classification::Restricted {
        return columns.map(|name| (name, Reason::Restricted)).collect();
    }
    let personal = |name: &String| comes_from_personal(project, graph, &contract.dataset, name);
    let personal = columns.filter(personal);
    personal.map(|name| (name, Reason::FromPersonal)).collect()
}

/// Whether a value of the column may be, or be computed from, one of a received text that is allowed
/// to hold personal data. What only decides over rows does not count.
fn comes_from_personal(
    project: &Project,
    graph: &Graph,
    dataset: &DatasetName,
    column: &str,
) -> bool {
    let start = ColumnRef {
        dataset: dataset.clone(),
        column: column.to_owned(),
    };
    let mut seen = BTreeSet::from([start.clone()]);
    let mut next = vec![start];
    while let Some(target) = next.pop() {
        let edges = graph.edges_of(&target.dataset).iter();
        for edge in edges.filter(|edge| carries(edge, &target)) {
            let source = project.contracts.get(&edge.source.dataset);
            if source.is_some_and(|source| holds_personal(source, &edge.source.column)) {
                return true;
            }
            if seen.insert(edge.source.clone()) {
                next.push(edge.source.clone());
            }
        }
    }
    false
}

/// Stands for every column, where a plan does not tell.
const EVERY: &str = "*";

/// Whether values of the source may be in the target.
fn carries(edge: &Edge, target: &ColumnRef) -> bool {
    let direct = matches!(
        edge.kind,
        EdgeKind::Identity | EdgeKind::Transformation | EdgeKind::Aggregation
    );
    let meant = target.column == EVERY || edge.target == *target;
    edge.kind == EdgeKind::Opaque || (direct && meant)
}

/// Whether a column, or any of them all, may be personal.
fn holds_personal(contract: &Contract, column: &str) -> bool {
    let mut meant = contract.columns.iter();
    meant.any(|c| (column == EVERY || c.name == column) && may_be_personal(contract, &c.name))
}

/// Whether a column of a received dataset is let hold personal data.
fn may_be_personal(contract: &Contract, column: &str) -> bool {
    let looked_through = |rule: &project::Rule| {
        rule.column.as_deref() == Some(column) && rule.check == Check::PersonalData
    };
    let text = |found: &project::Column| found.column_type == ColumnType::String;
    contract.dataset.layer() == Layer::Raw
        && contract.column(column).is_some_and(text)
        && !contract.rules.iter().any(looked_through)
}

/// Why the values of a column are hidden, of rows that were read.
pub(super) fn reason(
    declared: &BTreeMap<String, Reason>,
    name: &str,
    batches: &[RecordBatch],
) -> Option<Reason> {
    declared.get(name).copied().or_else(|| {
        let columns = batches
            .iter()
            .filter_map(|batch| batch.column_by_name(name));
        let mut texts = columns.filter(|column| column.data_type().is_string());
        let personal = texts.any(|column| match cast(column, &DataType::LargeUtf8) {
            Ok(texts) => texts
                .as_string::<i64>()
                .iter()
                .flatten()
                .any(looks_personal),
            // What cannot be looked through is not shown.
            Err(_) => true,
        });
        personal.then_some(Reason::LooksPersonal)
    })
}

/// The profile without what its values are.
pub(super) fn hide(profile: ColumnProfile) -> ColumnProfile {
    ColumnProfile {
        min: None,
        max: None,
        mean: None,
        quantiles: None,
        top: Vec::new(),
        histogram: Vec::new(),
        ..profile
    }
}
