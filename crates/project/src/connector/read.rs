//! Reading `warehouse/connectors/<name>.yaml` against what it speaks of.

use std::collections::BTreeMap;

use calendar::Calendar;

use super::model::Connector;
use super::source::{kind, source};
use crate::problem::{Mark, Problem, Sink};
use crate::report::bilingual;
use crate::yaml::{self, Map, Node};
use crate::{Adapter, CodeList, Contract, DatasetName, text};

/// What other files say.
pub(crate) struct Known<'p> {
    pub(crate) contracts: &'p BTreeMap<DatasetName, Contract>,
    pub(crate) code_lists: &'p BTreeMap<String, CodeList>,
    pub(crate) adapters: &'p BTreeMap<String, Adapter>,
    pub(crate) calendar: &'p Calendar,
    /// Every dataset that has a contract file, whether it could be read or not.
    pub(crate) datasets: &'p [&'p str],
}

/// What the parts of one connector are read with.
pub(super) struct Reader<'p, 's> {
    pub(super) known: &'p Known<'p>,
    pub(super) sink: &'s Sink<'s>,
}

/// Reads a connector; none if it lacks what a connector cannot be without.
pub(crate) fn read(
    path: &str,
    text: &str,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Connector> {
    let sink = Sink::new(path);
    let connector = name_of(path, &sink)
        .zip(yaml::parse(text, &sink))
        .and_then(|(name, root)| read_root(path, text, name, &root, known, &sink));
    problems.extend(sink.into_problems());
    connector
}

fn name_of<'p>(path: &'p str, sink: &Sink<'_>) -> Option<&'p str> {
    let name = path
        .strip_prefix("warehouse/connectors/")
        .and_then(|p| p.strip_suffix(".yaml"));
    let plain = |n: &&str| {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        n.len() <= 60 && n.starts_with(|c: char| c.is_ascii_lowercase()) && n.bytes().all(word)
    };
    let name = name.filter(plain);
    if name.is_none() {
        let message = "the path names no connector: expected `warehouse/connectors/<name>.yaml`, \
                       the name in at most 60 lowercase letters, digits and `-`";
        sink.at(Mark::FILE, message);
    }
    name
}

fn read_root(
    path: &str,
    text: &str,
    name: &str,
    root: &Node,
    known: &Known<'_>,
    sink: &Sink<'_>,
) -> Option<Connector> {
    let mut map = Map::open(root, "the connector", sink)?;
    if let Some(found) = map.text("name").filter(|n| n.text != name) {
        let other = found.text;
        sink.at(
            found.at,
            format!("`name` must be `{name}`, as the path says, found `{other}`"),
        );
    }
    let reader = Reader { known, sink };
    let title = bilingual(map.map("title"));
    let kind = kind(&mut map, sink);
    let (source, allow_addresses) = source(&mut map, kind, sink).unzip();
    let layout = reader.layout(&mut map, kind);
    let dataset = reader.dataset(&mut map, &layout);
    let agency = reader.agency(&mut map, &layout);
    let period = reader.period(&mut map, &layout);
    let body = reader.body(&mut map, dataset.as_ref(), source.as_ref());
    let schedule = reader.schedule(&mut map);
    let repeated = reader.repeated(&mut map, dataset.as_ref(), source.as_ref());
    let limits = reader.limits(&mut map);
    let enabled = map.boolean_if("enabled").unwrap_or(true);
    map.close();
    Some(Connector {
        name: name.to_owned(),
        title,
        source: source?,
        allow_addresses: allow_addresses.unwrap_or_default(),
        layout,
        dataset,
        agency,
        period: period?,
        body,
        schedule: schedule?,
        repeated: repeated?,
        limits,
        enabled,
        sha256: text::sha256(text.as_bytes()),
        path: path.to_owned(),
    })
}
