//! The rooms: what each says of itself, and that a path is a name in all of them.

use std::collections::BTreeSet;

use super::{must_be_none, root, sources};

const HEADINGS: [&str; 4] = [
    "what is here",
    "what is never here",
    "how it is checked",
    "where to go next",
];
const LONGEST_README: usize = 60;

/// Rooms with a README under the rule. `crates/README.md` is a map and longer than a page.
const ROOMS: [&str; 6] = [
    "warehouse",
    "sql",
    "lineage",
    "tests",
    "benches",
    "examples",
];
/// Computed layers: a dataset of theirs has a view in each of four rooms.
const COMPUTED: [&str; 2] = ["refined", "served"];

#[test]
fn every_room_says_what_is_here_and_what_is_not_within_a_page() {
    let mut breaches = Vec::new();
    for room in ROOMS.iter().filter(|room| root().join(room).is_dir()) {
        let path = format!("{room}/README.md");
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else {
            breaches.push(format!("{path} is missing"));
            continue;
        };
        let headings: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with('#') || line.starts_with("**"))
            .map(str::to_lowercase)
            .collect();
        for wanted in HEADINGS {
            if !headings.iter().any(|heading| heading.contains(wanted)) {
                breaches.push(format!("{path}: the heading `{wanted}` is missing"));
            }
        }
        let lines = lines_outside_drawings(&text);
        if lines > LONGEST_README {
            breaches.push(format!("{path}: {lines} lines, at most {LONGEST_README}"));
        }
    }
    must_be_none(breaches);
}

/// A drawn graph grows with what it draws; the words around it need not.
fn lines_outside_drawings(text: &str) -> usize {
    let mut drawing = false;
    let mut count = 0;
    for line in text.lines() {
        if line.starts_with("```mermaid") {
            drawing = true;
        } else if drawing && line.starts_with("```") {
            drawing = false;
        } else if !drawing {
            count += 1;
        }
    }
    count
}

#[test]
fn every_crate_says_what_is_here_and_what_is_not() {
    let mut breaches = Vec::new();
    let files = sources("crates");
    for file in files
        .iter()
        .filter(|file| file.path.ends_with("/src/lib.rs"))
    {
        let doc: Vec<_> = file
            .text
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .collect();
        let words = doc.join(" ").to_lowercase();
        for wanted in HEADINGS {
            if !words.contains(wanted) {
                breaches.push(format!("{}: `//!` does not say `{wanted}`", file.path));
            }
        }
        if doc.len() > LONGEST_README {
            breaches.push(format!("{}: `//!` is longer than a page", file.path));
        }
    }
    must_be_none(breaches);
}

#[test]
fn a_computed_dataset_has_a_view_in_all_four_rooms() {
    let rooms = [
        ("sql", ".sql"),
        ("warehouse", ".odcs.yaml"),
        ("lineage", ".txt"),
        ("tests/sql", ".slt"),
    ];
    let mut breaches = Vec::new();
    for layer in COMPUTED {
        let views = rooms.map(|(room, suffix)| (room, suffix, names(room, layer, suffix)));
        let all: BTreeSet<_> = views.iter().flat_map(|(_, _, names)| names).collect();
        assert!(!all.is_empty(), "layer `{layer}` is empty");
        for (room, suffix, names) in &views {
            let missing = all.iter().filter(|name| !names.contains(**name));
            breaches
                .extend(missing.map(|name| format!("{room}/{layer}/{name}{suffix} is missing")));
        }
    }
    must_be_none(breaches);
}

#[test]
fn only_computed_layers_have_sql_and_lineage() {
    let mut breaches = Vec::new();
    for room in ["sql", "lineage", "tests/sql"] {
        for file in sources(room) {
            let inside = file.path[room.len() + 1..].split_once('/');
            let layer = inside.map_or("", |(layer, _)| layer);
            if inside.is_some() && !COMPUTED.contains(&layer) {
                breaches.push(format!("{}: layer `{layer}` is not computed", file.path));
            }
        }
    }
    must_be_none(breaches);
}

#[test]
fn every_received_dataset_has_a_contract_and_no_sql() {
    let raw = names("warehouse", "raw", ".odcs.yaml");
    assert!(!raw.is_empty(), "no dataset is received");
    assert!(
        names("sql", "raw", ".sql").is_empty(),
        "raw is as received, not computed"
    );
}

#[test]
fn every_code_list_has_a_contract_with_its_columns() {
    let lists = names("warehouse", "codes", ".csv");
    let contracts = names("warehouse", "codes", ".odcs.yaml");
    assert!(!lists.is_empty(), "there are no code lists");
    let mut breaches: Vec<_> = lists
        .symmetric_difference(&contracts)
        .map(|name| format!("warehouse/codes/{name} lacks its list or its contract"))
        .collect();
    for name in lists.intersection(&contracts) {
        let path = root().join(format!("warehouse/codes/{name}.csv"));
        let list = std::fs::read_to_string(path).expect("it was listed");
        let header: Vec<_> = list.lines().next().unwrap_or_default().split(',').collect();
        let promised = columns(&format!("codes/{name}"));
        if header != promised {
            breaches.push(format!(
                "{name}.csv has {header:?}, its contract {promised:?}"
            ));
        }
    }
    must_be_none(breaches);
}

/// Names of the files `<room>/<layer>/<name><suffix>`.
fn names(room: &str, layer: &str, suffix: &str) -> BTreeSet<String> {
    let folder = format!("{room}/{layer}/");
    sources(&folder)
        .iter()
        .filter_map(|file| file.path.strip_prefix(&folder)?.strip_suffix(suffix))
        .map(str::to_owned)
        .collect()
}

/// Column names in the order of the contract `warehouse/<dataset>.odcs.yaml`, none if there is no
/// such contract. Read by their indentation, which is the same in every contract.
pub(super) fn columns(dataset: &str) -> Vec<String> {
    let path = root().join(format!("warehouse/{dataset}.odcs.yaml"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let properties = text.split("\n    properties:\n").nth(1).unwrap_or_default();
    let own = properties
        .lines()
        .take_while(|line| line.starts_with("      ") || line.is_empty());
    own.filter_map(|line| line.strip_prefix("      - name: "))
        .map(|name| name.trim().to_owned())
        .collect()
}
