//! Reading a contract file.

use super::Contract;
use super::head::Head;
use super::quality::Reference;
use super::table::Table;
use crate::problem::{Mark, Problem, Sink};
use crate::yaml::{self, Map, Node};
use crate::{DatasetName, Layer};

impl Contract {
    /// Reads one contract file by itself; `path` is `warehouse/<layer>/<name>.odcs.yaml`. Refuses
    /// it with every problem that the file shows. What other files say is for [`crate::Project`].
    pub fn read(path: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        match read(path, text, &mut problems) {
            Some((contract, _)) if problems.is_empty() => Ok(contract),
            _ => {
                problems.sort();
                Err(problems)
            }
        }
    }
}

impl Contract {
    /// The SHA-256, in hex, of what the file says, whatever its comments, its layout and the order
    /// of its keys.
    pub fn meaning(&self) -> String {
        let root = yaml::parse(&self.source, &Sink::new(&self.path));
        let said = root.map_or_else(|| self.source.clone(), |root| root.meaning());
        crate::text::sha256(said.as_bytes())
    }
}

/// Reads a contract as far as it can be read: where metadata is wrong the contract stands in with
/// blanks, so that the files beside it are checked in the same pass; the problems say so.
pub(crate) fn read(
    path: &str,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Option<(Contract, Vec<Reference>)> {
    let sink = Sink::new(path);
    let contract = dataset_of(path, &sink)
        .zip(yaml::parse(text, &sink))
        .and_then(|(dataset, root)| read_root(path, text, dataset, &root, &sink));
    problems.extend(sink.into_problems());
    contract
}

fn dataset_of(path: &str, sink: &Sink<'_>) -> Option<DatasetName> {
    let in_room = path.strip_prefix("warehouse/");
    let name = in_room.unwrap_or(path).strip_suffix(".odcs.yaml");
    let dataset = name.and_then(|n| n.replacen('/', ".", 1).parse::<DatasetName>().ok());
    match dataset {
        // Our own books are promised by contracts that the binary carries, outside of any room.
        Some(dataset) if (dataset.layer() == Layer::System) != in_room.is_some() => Some(dataset),
        Some(_) => {
            sink.at(
                Mark::FILE,
                "datasets of the layer `system` have no contract file",
            );
            None
        }
        None => {
            let message = "the path names no dataset: expected \
                           `warehouse/<layer>/<name>.odcs.yaml`, the name in lowercase letters, \
                           digits and `_`";
            sink.at(Mark::FILE, message);
            None
        }
    }
}

fn read_root(
    path: &str,
    text: &str,
    dataset: DatasetName,
    root: &Node,
    sink: &Sink<'_>,
) -> Option<(Contract, Vec<Reference>)> {
    let mut map = Map::open(root, "the contract", sink)?;
    let head = Head::read(&mut map, &dataset, sink);
    let table = Table::read(&mut map, &dataset, sink);
    map.close();
    let mut table = table?;
    let references = std::mem::take(&mut table.references);
    Some((
        head.with_table(dataset, table, (path, text), sink),
        references,
    ))
}
