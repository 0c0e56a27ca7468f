//! Column lineage: edges as OpenLineage has them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::facets::facet;
use crate::{ColumnRef, Edge, EdgeKind};

/// The columns that a column comes from, each with how.
type Sources<'a> = BTreeMap<&'a ColumnRef, Vec<Value>>;

/// What each column comes from, and what decides over the rows as a whole; none if nothing is
/// known. Of an edge that no plan tells there is nothing to say: a field has a name.
pub(super) fn lineage(namespace: &str, edges: &[Edge]) -> Option<Value> {
    let mut fields: BTreeMap<&str, Sources<'_>> = BTreeMap::new();
    let mut whole = Sources::new();
    for edge in edges {
        let Some(way) = way(edge.kind) else { continue };
        let sources = match edge.target.column.as_str() {
            "*" => &mut whole,
            column => fields.entry(column).or_default(),
        };
        sources.entry(&edge.source).or_default().push(way);
    }
    if fields.is_empty() && whole.is_empty() {
        return None;
    }
    let listed = |sources: &Sources<'_>| -> Value {
        let one = |(source, ways): (&&ColumnRef, &Vec<Value>)| {
            json!({
                "namespace": namespace,
                "name": source.dataset.as_str(),
                "field": source.column,
                "transformations": ways,
            })
        };
        sources.iter().map(one).collect()
    };
    let fields: BTreeMap<&str, Value> = fields
        .iter()
        .map(|(column, sources)| (*column, json!({ "inputFields": listed(sources) })))
        .collect();
    let body = json!({ "fields": fields, "dataset": listed(&whole) });
    Some(facet("ColumnLineageDatasetFacet", "1-2-0", body))
}

fn way(kind: EdgeKind) -> Option<Value> {
    let (class, word) = match kind {
        EdgeKind::Identity => ("DIRECT", "IDENTITY"),
        EdgeKind::Transformation => ("DIRECT", "TRANSFORMATION"),
        EdgeKind::Aggregation => ("DIRECT", "AGGREGATION"),
        EdgeKind::Join => ("INDIRECT", "JOIN"),
        EdgeKind::Filter => ("INDIRECT", "FILTER"),
        EdgeKind::GroupBy => ("INDIRECT", "GROUP_BY"),
        EdgeKind::Sort => ("INDIRECT", "SORT"),
        EdgeKind::Window => ("INDIRECT", "WINDOW"),
        EdgeKind::Conditional => ("INDIRECT", "CONDITIONAL"),
        EdgeKind::Opaque => return None,
    };
    Some(json!({ "type": class, "subtype": word, "masking": false }))
}
