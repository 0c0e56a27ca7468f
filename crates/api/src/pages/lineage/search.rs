//! Looking for a dataset or a column by its name or title.

use lineage::ColumnRef;
use render::Language;
use service::DatasetSummary;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Places that are shown at the most, of datasets and of columns.
const SHOWN: usize = 50;

/// What was looked for, and where it is.
pub(super) struct Search {
    pub(super) text: String,
    /// Datasets, then columns.
    pub(super) hits: [Hits; 2],
}

/// The first of the places that were found.
pub(super) struct Hits {
    /// What they are: a key of the texts.
    pub(super) title: &'static str,
    pub(super) shown: Vec<Hit>,
    /// How many there are that are not shown.
    pub(super) more: usize,
}

pub(super) struct Hit {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) title: String,
}

impl Hits {
    fn of(title: &'static str) -> Self {
        Self {
            title,
            shown: Vec::new(),
            more: 0,
        }
    }

    fn note(&mut self, hit: impl FnOnce() -> Hit) {
        if self.shown.len() < SHOWN {
            self.shown.push(hit());
        } else {
            self.more += 1;
        }
    }
}

impl Search {
    /// Looks for what all the words stand in the names and titles of, whatever their case and accents.
    pub(super) fn among(datasets: &[DatasetSummary], text: &str, language: Language) -> Self {
        let words: Vec<String> = text.split_whitespace().map(folded).collect();
        let all = |text: &str| words.iter().all(|word| text.contains(word.as_str()));
        let any = |text: &str| words.iter().any(|word| text.contains(word.as_str()));
        let (mut tables, mut columns) = (Hits::of("nav-datasets"), Hits::of("columns"));
        for contract in datasets.iter().map(|summary| &summary.contract) {
            let (name, title) = (contract.dataset.as_str(), language.of(&contract.title));
            if all(&folded(&format!("{name} {title}"))) {
                tables.note(|| Hit {
                    href: format!("/lineage/{name}"),
                    name: name.to_owned(),
                    title: title.to_owned(),
                });
            }
            for column in &contract.columns {
                let label = language.of(&column.label);
                let own = folded(&format!("{} {label}", column.name));
                // The table may be named with it, and is not what is looked for alone.
                let whole = format!("{name}.{} {title} {label}", column.name);
                if any(&own) && all(&folded(&whole)) {
                    let end = ColumnRef {
                        dataset: contract.dataset.clone(),
                        column: column.name.clone(),
                    };
                    columns.note(|| Hit {
                        href: format!("/lineage/{end}"),
                        name: end.to_string(),
                        title: label.to_owned(),
                    });
                }
            }
        }
        Self {
            text: text.to_owned(),
            hits: [tables, columns],
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hits.iter().all(|hits| hits.shown.is_empty())
    }
}

/// A text as people type it who leave accents out.
fn folded(text: &str) -> String {
    text.nfd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'đ' { 'd' } else { letter })
        .collect()
}
