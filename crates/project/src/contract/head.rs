//! The metadata of a contract: everything but its table.

use super::deadline::{self, DeadlineTerms};
use super::profiling::{self, Profiling};
use super::table::Table;
use super::{Classification, Contract, Text, Version};
use crate::problem::Sink;
use crate::yaml::{Map, Word};
use crate::{DatasetName, Layer};

const CLASSIFICATIONS: [(&str, Classification); 3] = [
    ("public", Classification::Public),
    ("internal", Classification::Internal),
    ("restricted", Classification::Restricted),
];

const STATES: [(&str, ()); 5] = [
    ("proposed", ()),
    ("draft", ()),
    ("active", ()),
    ("deprecated", ()),
    ("retired", ()),
];

/// The metadata as read; what could not be read is absent, and a problem says so.
pub(super) struct Head<'n> {
    version: Option<Version>,
    title: [Option<Word<'n>>; 2],
    purpose: [Option<Word<'n>>; 2],
    limitations: [Option<Word<'n>>; 2],
    legal_basis: Option<Word<'n>>,
    deadline: Option<DeadlineTerms>,
    profile: Option<Profiling>,
    owner: Option<Word<'n>>,
    classification: Option<Classification>,
    partition_by: Option<Vec<Word<'n>>>,
    sort_by: Vec<Word<'n>>,
}

impl<'n> Head<'n> {
    /// Reads the keys of the contract, but not `schema`.
    pub(super) fn read(map: &mut Map<'n, '_>, dataset: &DatasetName, sink: &Sink<'_>) -> Self {
        map.choice("apiVersion", &[("v3.1.0", ())]);
        map.choice("kind", &[("DataContract", ())]);
        if let Some(id) = map.text("id").filter(|id| id.text != dataset.as_str()) {
            let found = id.text;
            let message = format!("`id` must be `{dataset}`, as the path says, found `{found}`");
            sink.at(id.at, message);
        }
        let title_vi = map.text("name");
        let version = map.text("version").and_then(|word| version(word, sink));
        map.choice("status", &STATES);
        map.text_if("domain");
        map.text_if("tenant");
        map.words_if("tags");
        let mut description = map.map("description");
        let purpose_en = description.as_mut().and_then(|d| d.text("purpose"));
        let limitations = description.as_mut().and_then(|d| d.text_if("limitations"));
        if let Some(mut description) = description {
            description.text_if("usage");
            description.close();
        }
        let owner = map.map("team").and_then(|mut team| {
            let name = team.text("name");
            team.close();
            name
        });
        let mut custom = map.properties();
        let head = Head {
            version,
            title: [title_vi, custom.text("name.en")],
            purpose: [custom.text("purpose.vi"), purpose_en],
            limitations: [custom.text_if("limitations.vi"), limitations],
            legal_basis: custom.text_if("legalBasis"),
            deadline: deadline::read(&mut custom, dataset, sink),
            profile: profiling::read(&mut custom, dataset, sink),
            owner,
            classification: custom.choice("classification", &CLASSIFICATIONS),
            partition_by: custom.words_if("partitionBy"),
            sort_by: custom.words_if("sortBy").unwrap_or_default(),
        };
        custom.text_if("usage.vi");
        custom.boolean_if("verified");
        custom.close();
        head
    }

    /// Puts metadata and table together.
    pub(super) fn with_table(
        self,
        dataset: DatasetName,
        table: Table,
        file: (&str, &str),
        sink: &Sink<'_>,
    ) -> Contract {
        let layer = dataset.layer();
        let partition_by = match self.partition_by {
            Some(words) => table.existing("partitionBy", words, layer, sink),
            None if layer == Layer::Raw => vec!["_period".to_owned()],
            None => Vec::new(),
        };
        let sort_by = table.existing("sortBy", self.sort_by, layer, sink);
        let blank = Version {
            major: 0,
            minor: 0,
            patch: 0,
        };
        let key = table.key(sink);
        let [limitations_vi, limitations] = self.limitations;
        Contract {
            dataset,
            version: self.version.unwrap_or(blank),
            title: bilingual(self.title),
            purpose: bilingual(self.purpose),
            limitations_vi: owned(limitations_vi),
            limitations: owned(limitations),
            legal_basis: owned(self.legal_basis),
            deadline: self.deadline,
            profile: self.profile.unwrap_or_default(),
            owner: owned(self.owner),
            // A classification that was not read must not open the dataset.
            classification: self.classification.unwrap_or(Classification::Restricted),
            rules: table.rules(&key),
            columns: table.columns.into_iter().map(|c| c.column).collect(),
            key,
            partition_by,
            sort_by,
            path: file.0.to_owned(),
            source: file.1.to_owned(),
        }
    }
}

fn bilingual([vi, en]: [Option<Word<'_>>; 2]) -> Text {
    Text {
        vi: owned(vi),
        en: owned(en),
    }
}

fn owned(word: Option<Word<'_>>) -> String {
    word.map(|w| w.text.to_owned()).unwrap_or_default()
}

fn version(word: Word<'_>, sink: &Sink<'_>) -> Option<Version> {
    let part = |p: &str| {
        let plain = p.bytes().all(|b| b.is_ascii_digit()) && (p == "0" || !p.starts_with('0'));
        p.parse::<u32>().ok().filter(|_| plain)
    };
    let parts: Option<Vec<u32>> = word.text.split('.').map(part).collect();
    let Some(&[major, minor, patch]) = parts.as_deref() else {
        let text = word.text;
        sink.at(
            word.at,
            format!("`{text}` is no version: expected three numbers as in `1.0.0`"),
        );
        return None;
    };
    Some(Version {
        major,
        minor,
        patch,
    })
}
