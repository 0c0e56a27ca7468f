//! Which file belongs where.

use crate::problem::known;

/// What a file of the data rooms is, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'p> {
    Contract,
    /// The cells of the code list of that name.
    CodeList(&'p str),
    Report,
    Adapter,
    Connector,
    Transformation,
    Lineage,
    /// For people, or for another reader.
    Other,
}

const LAYERS: [&str; 4] = ["codes", "raw", "refined", "served"];
const ROOMS: [&str; 8] = [
    "codes",
    "raw",
    "refined",
    "served",
    "reports",
    "adapters",
    "policies",
    "connectors",
];

/// Tells what the file is; a file that belongs nowhere is refused with what was expected.
pub(super) fn kind_of(path: &str) -> Result<Kind<'_>, String> {
    let parts: Vec<&str> = path.split('/').collect();
    let file = parts.last().copied().unwrap_or_default();
    match parts.as_slice() {
        ["lineage", "README.md"] => Ok(Kind::Lineage),
        _ if file == "README.md" => Ok(Kind::Other),
        ["warehouse" | "sql", _] if file.ends_with(".md") => Ok(Kind::Other),
        ["warehouse", "policies", ..] => Ok(Kind::Other),
        ["warehouse", "reports", _] if file.ends_with(".yaml") => Ok(Kind::Report),
        ["warehouse", "reports", ..] => Err(stray("`warehouse/reports/<name>.yaml`")),
        ["warehouse", "adapters", _] if file.ends_with(".yaml") => Ok(Kind::Adapter),
        ["warehouse", "adapters", ..] => Err(stray("`warehouse/adapters/<name>.yaml`")),
        ["warehouse", "connectors", _] if file.ends_with(".yaml") => Ok(Kind::Connector),
        ["warehouse", "connectors", ..] => Err(stray("`warehouse/connectors/<name>.yaml`")),
        ["warehouse", layer, _] if LAYERS.contains(layer) => warehouse(layer, file),
        ["warehouse", layer, _, ..] if LAYERS.contains(layer) => {
            Err(stray("a file directly in the folder of its layer"))
        }
        ["warehouse", room, _, ..] => {
            let hint = known(room, &ROOMS, "folder");
            Err(format!("`warehouse/` has no folder `{room}`: {hint}"))
        }
        ["sql", _, _] if file.ends_with(".sql") => Ok(Kind::Transformation),
        ["sql", ..] => Err(stray("`sql/<layer>/<name>.sql`")),
        ["lineage", _, _] if file.ends_with(".txt") => Ok(Kind::Lineage),
        ["lineage", ..] => Err(stray("`lineage/<layer>/<name>.txt`")),
        _ => Err(stray("`warehouse/<layer>/<name>.odcs.yaml`")),
    }
}

fn warehouse<'p>(layer: &str, file: &'p str) -> Result<Kind<'p>, String> {
    if file.ends_with(".odcs.yaml") {
        return Ok(Kind::Contract);
    }
    match (layer, file.strip_suffix(".csv")) {
        ("codes", Some(name)) => Ok(Kind::CodeList(name)),
        ("codes", None) => Err(stray("`<list>.odcs.yaml` and `<list>.csv`")),
        (_, Some(_)) => Err("no data lives here: submit the file with `dtm submit`".to_owned()),
        (_, None) => Err(stray("`<name>.odcs.yaml`")),
    }
}

fn stray(expected: &str) -> String {
    format!("the file does not belong here: expected {expected}")
}
