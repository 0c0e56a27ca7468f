//! Control totals as the JSON text of a column.

use serde::{Deserialize, Serialize};
use service::ControlTotal;

#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    declared: String,
    found: Option<String>,
}

/// The text for the column.
pub(crate) fn written(totals: &[ControlTotal]) -> String {
    let stored: Vec<Stored> = totals
        .iter()
        .map(|total| Stored {
            name: total.name.clone(),
            declared: total.declared.clone(),
            found: total.found.clone(),
        })
        .collect();
    // Texts alone are always JSON.
    serde_json::to_string(&stored).unwrap_or_default()
}

/// The totals of a column's text, if it is one.
pub(crate) fn read(text: &str) -> Option<Vec<ControlTotal>> {
    let stored: Vec<Stored> = serde_json::from_str(text).ok()?;
    let total = |stored: Stored| ControlTotal {
        name: stored.name,
        declared: stored.declared,
        found: stored.found,
    };
    Some(stored.into_iter().map(total).collect())
}
