//! Reading what is declared of the bodies.

use std::collections::BTreeMap;

use super::model::SourceKind;
use super::read::Reader;
use crate::problem::{Mark, known, must_be};
use crate::yaml::{Map, Word};
use crate::{Adapter, AdapterFormat, DatasetName};

/// What is declared of bodies, with the words that are known; none where any is.
const BODY: [(&str, &[&str]); 7] = [
    (
        "format",
        &[
            "ndjson", "csv", "tsv", "json", "xml", "xlsx", "ods", "parquet", "arrows", "arrow",
        ],
    ),
    ("adapter", &[]),
    ("charset", &["utf-8", "utf-16", "windows-1258", "tcvn3"]),
    ("compression", &["gzip", "zstd"]),
    ("delimiter", &[",", ";", "tab", "|"]),
    ("quote", &["double", "single", "none"]),
    ("decimal", &["comma", "point"]),
];

/// What bodies of such a source are always written in; none where it may be anything.
fn own_format(source: &SourceKind) -> Option<AdapterFormat> {
    match source {
        SourceKind::Folder(_) | SourceKind::Objects(_) | SourceKind::Sftp(_) => None,
        SourceKind::Http(_) => Some(AdapterFormat::Json),
        SourceKind::Sql(_) => Some(AdapterFormat::Ndjson),
    }
}

impl Reader<'_, '_> {
    pub(super) fn body(
        &self,
        map: &mut Map<'_, '_>,
        dataset: Option<&DatasetName>,
        source: Option<&SourceKind>,
    ) -> BTreeMap<String, String> {
        let mut declared = BTreeMap::new();
        let Some(mut body) = map.map_if("body") else {
            return declared;
        };
        let own = source.and_then(own_format);
        for (key, words) in BODY {
            let Some(word) = body.text_if(key) else {
                continue;
            };
            if !words.is_empty() && !words.contains(&word.text) {
                self.sink.at(word.at, must_be(key, words, word.text));
                continue;
            }
            if let Some(own) = own {
                self.check_own(key, word, own);
            }
            if key == "adapter"
                && let Some(adapter) = self.adapter(word.text, word.at, dataset)
            {
                self.check_adapter(adapter, word.at, source);
            }
            declared.insert(key.to_owned(), word.text.to_owned());
        }
        body.close();
        declared
    }

    /// What comes from an API or a database is written in one way.
    fn check_own(&self, key: &str, word: Word<'_>, own: AdapterFormat) {
        let own = own.as_str();
        match key {
            "format" if word.text != own => self.sink.at(word.at, must_be(key, &[own], word.text)),
            "format" | "adapter" => {}
            key => {
                let message = format!("`{key}` has no use: bodies from there are plain `{own}`");
                self.sink.at(word.at, message);
            }
        }
    }

    fn adapter(&self, name: &str, at: Mark, dataset: Option<&DatasetName>) -> Option<&Adapter> {
        let Some(adapter) = self.known.adapters.get(name) else {
            let names: Vec<&str> = self.known.adapters.keys().map(String::as_str).collect();
            let hint = known(name, &names, "adapter");
            self.sink
                .at(at, format!("no adapter is named `{name}`: {hint}"));
            return None;
        };
        if let Some(dataset) = dataset.filter(|dataset| adapter.dataset != **dataset) {
            let message = format!(
                "adapter `{name}` gives rows of `{}`, and the connector is for `{dataset}`",
                adapter.dataset
            );
            self.sink.at(at, message);
        }
        Some(adapter)
    }

    /// Whether the adapter reads what the source hands on.
    fn check_adapter(&self, adapter: &Adapter, at: Mark, source: Option<&SourceKind>) {
        let (name, format) = (&adapter.name, adapter.format.as_str());
        let Some(own) = source.and_then(own_format) else {
            return;
        };
        if adapter.format != own {
            let own = own.as_str();
            let message =
                format!("adapter `{name}` reads `{format}`, and bodies from there are `{own}`");
            self.sink.at(at, message);
            return;
        }
        let Some(SourceKind::Http(http)) = source else {
            return;
        };
        let message = match (adapter.rows.is_empty(), http.whole_page) {
            (false, false) => format!(
                "adapter `{name}` reads rows at `{}` of a whole page: write `hand_on: page` in \
                 `source`",
                adapter.rows.join(".")
            ),
            (true, true) if !http.records.is_empty() => format!(
                "adapter `{name}` reads a list of rows, and `hand_on: page` gives what stands \
                 around it, too: leave that out"
            ),
            _ => return,
        };
        self.sink.at(at, message);
    }
}
