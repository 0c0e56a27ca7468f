//! Reading `warehouse/adapters/<name>.yaml` against the contracts and code lists beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::{AdaptedColumn, Adapter, AdapterFormat, ColumnSource, CsvForm};
use crate::problem::{Mark, Problem, Sink, known};
use crate::report::bilingual;
use crate::yaml::{self, Map, Node, Word};
use crate::{CodeList, Contract, DatasetName, Layer, text};

const FORMATS: [(&str, AdapterFormat); 4] = [
    ("json", AdapterFormat::Json),
    ("xml", AdapterFormat::Xml),
    ("ndjson", AdapterFormat::Ndjson),
    ("csv", AdapterFormat::Csv),
];

const DELIMITERS: [(&str, char); 4] = [
    ("comma", ','),
    ("semicolon", ';'),
    ("tab", '\t'),
    ("pipe", '|'),
];

const DECIMALS: [(&str, bool); 2] = [("comma", true), ("point", false)];

/// What other files say.
pub(crate) struct Known<'p> {
    pub(crate) contracts: &'p BTreeMap<DatasetName, Contract>,
    pub(crate) code_lists: &'p BTreeMap<String, CodeList>,
    /// Every dataset that has a contract file, whether it could be read or not.
    pub(crate) datasets: &'p [&'p str],
}

/// Reads an adapter; none if it lacks what an adapter cannot be without. Parts with a problem are
/// left out of what is returned.
pub(crate) fn read(
    path: &str,
    text: &str,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Adapter> {
    let sink = Sink::new(path);
    let adapter = name_of(path, &sink)
        .zip(yaml::parse(text, &sink))
        .and_then(|(name, root)| read_root(path, text, name, &root, known, &sink));
    problems.extend(sink.into_problems());
    adapter
}

fn name_of<'p>(path: &'p str, sink: &Sink<'_>) -> Option<&'p str> {
    let name = path
        .strip_prefix("warehouse/adapters/")
        .and_then(|p| p.strip_suffix(".yaml"));
    let plain = |n: &&str| {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        n.starts_with(|c: char| c.is_ascii_lowercase()) && n.bytes().all(word)
    };
    let name = name.filter(plain);
    if name.is_none() {
        let message = "the path names no adapter: expected `warehouse/adapters/<name>.yaml`, the \
                       name in lowercase letters, digits and `-`";
        sink.at(Mark::FILE, message);
    }
    name
}

/// What the parts of one adapter are read with.
pub(super) struct Reader<'p, 's> {
    pub(super) known: &'p Known<'p>,
    pub(super) contract: Option<&'p Contract>,
    pub(super) format: Option<AdapterFormat>,
    pub(super) sink: &'s Sink<'s>,
}

fn read_root(
    path: &str,
    text: &str,
    name: &str,
    root: &Node,
    known: &Known<'_>,
    sink: &Sink<'_>,
) -> Option<Adapter> {
    let mut map = Map::open(root, "the adapter", sink)?;
    if let Some(found) = map.text("name").filter(|n| n.text != name) {
        let other = found.text;
        sink.at(
            found.at,
            format!("`name` must be `{name}`, as the path says, found `{other}`"),
        );
    }
    let title = bilingual(map.map("title"));
    let dataset = map
        .text("dataset")
        .and_then(|word| dataset(word, known, sink));
    let format = map.choice("format", &FORMATS);
    let reader = Reader {
        known,
        contract: dataset
            .as_ref()
            .filter(|name| name.layer() == Layer::Raw)
            .and_then(|name| known.contracts.get(name)),
        format,
        sink,
    };
    let csv = reader.csv_form(&mut map);
    let rows = reader.rows(&mut map);
    let envelope = reader.envelope(&mut map, &rows);
    let columns = reader.columns(&mut map);
    let drop = reader.drop(&mut map, &columns);
    map.close();
    Some(Adapter {
        name: name.to_owned(),
        title,
        dataset: dataset?,
        format: format?,
        csv,
        rows,
        envelope,
        columns,
        drop,
        sha256: text::sha256(text.as_bytes()),
        path: path.to_owned(),
    })
}

fn dataset(word: Word<'_>, others: &Known<'_>, sink: &Sink<'_>) -> Option<DatasetName> {
    let name = match word.text.parse::<DatasetName>() {
        Ok(name) => name,
        Err(error) => {
            sink.at(word.at, error.to_string());
            return None;
        }
    };
    if name.layer() != Layer::Raw {
        let message = format!("`{name}` is not submitted: expected a dataset of the layer `raw`");
        sink.at(word.at, message);
    } else if !others.datasets.contains(&name.as_str()) {
        let raw = others.datasets.iter().filter(|d| d.starts_with("raw."));
        let hint = known(name.as_str(), &raw.copied().collect::<Vec<_>>(), "dataset");
        sink.at(word.at, format!("no dataset is named `{name}`: {hint}"));
    }
    Some(name)
}

impl Reader<'_, '_> {
    pub(super) fn separator(&self) -> char {
        self.format.unwrap_or(AdapterFormat::Json).separator()
    }

    fn csv_form(&self, map: &mut Map<'_, '_>) -> CsvForm {
        let at = map.at();
        let form = CsvForm {
            delimiter: map.choice_if("delimiter", &DELIMITERS),
            decimal_comma: map.choice_if("decimal", &DECIMALS),
        };
        if let Some(format) = self.format.filter(|format| *format != AdapterFormat::Csv)
            && form != CsvForm::default()
        {
            let format = format.as_str();
            let message =
                format!("`delimiter` and `decimal` are of `csv`, the format is `{format}`");
            self.sink.at(at, message);
        }
        form
    }

    fn rows(&self, map: &mut Map<'_, '_>) -> Vec<String> {
        let at = map.at();
        let Some(rows) = map.text_if("rows") else {
            if self.format == Some(AdapterFormat::Xml) {
                self.sink.at(
                    at,
                    "key `rows` is missing: in XML it names the element of a row",
                );
            }
            return Vec::new();
        };
        let names: Vec<&str> = rows.text.split(self.separator()).collect();
        if names.iter().any(|name| name.is_empty()) {
            let message = format!("`{}` is no path: a name is empty", rows.text);
            self.sink.at(rows.at, message);
        }
        match self.format {
            Some(AdapterFormat::Ndjson | AdapterFormat::Csv) => {
                self.sink
                    .at(rows.at, "`rows` has no use: every line is a row");
            }
            Some(AdapterFormat::Xml) if names.len() < 2 => {
                let message = "`rows` must lead from the root to the row, as in `packet/data/row`";
                self.sink.at(rows.at, message);
            }
            _ => {}
        }
        names.into_iter().map(str::to_owned).collect()
    }

    fn drop(&self, map: &mut Map<'_, '_>, columns: &[AdaptedColumn]) -> Vec<String> {
        let taken: BTreeSet<&str> = columns
            .iter()
            .filter_map(|column| match &column.source {
                ColumnSource::Fields { names, .. } => Some(names),
                ColumnSource::Agency | ColumnSource::Period | ColumnSource::Constant(_) => None,
            })
            .flatten()
            .map(String::as_str)
            .collect();
        let mut dropped: Vec<String> = Vec::new();
        for word in map.words_if("drop").unwrap_or_default() {
            let name = word.text;
            if taken.contains(name) {
                self.sink
                    .at(word.at, format!("field `{name}` is taken and dropped"));
            }
            if dropped.iter().any(|other| other == name) {
                self.sink
                    .at(word.at, format!("field `{name}` stands twice in `drop`"));
                continue;
            }
            dropped.push(name.to_owned());
        }
        dropped
    }
}
