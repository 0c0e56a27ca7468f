//! Reading a mapping: typed getters that report what is wrong and go on.

use super::tree::{Node, Value};
use crate::problem::{Mark, Sink, known, must_be};

/// A text and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'n> {
    pub(crate) text: &'n str,
    pub(crate) at: Mark,
}

/// A mapping under the reader. Whatever was never asked for is unknown when it is closed, so the
/// list of known keys is not written a second time.
pub(crate) struct Map<'n, 's> {
    what: String,
    noun: &'static str,
    at: Mark,
    entries: Vec<(&'n str, Mark, &'n Node)>,
    asked: Vec<&'static str>,
    sink: &'s Sink<'s>,
}

impl<'n, 's> Map<'n, 's> {
    /// Opens a node that must be a mapping. `what` names it in messages.
    pub(crate) fn open(node: &'n Node, what: &str, sink: &'s Sink<'s>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            sink.at(
                node.at,
                format!("{what} must be a mapping, found {}", node.describe()),
            );
            return None;
        };
        let entries = entries
            .iter()
            .map(|e| (e.key.as_str(), e.at, &e.value))
            .collect();
        let asked = Vec::new();
        Some(Self {
            what: what.to_owned(),
            noun: "key",
            at: node.at,
            entries,
            asked,
            sink,
        })
    }

    /// Opens `customProperties`: a list of `property` and `value` that is read like a mapping.
    pub(crate) fn properties(&mut self) -> Map<'n, 's> {
        let sink = self.sink;
        let what = format!("customProperties of {}", self.what);
        let mut found: Vec<(&'n str, Mark, &'n Node)> = Vec::new();
        let mut at = self.at;
        if let Some(node) = self.take("customProperties") {
            at = node.at;
            for item in list(node, "customProperties", sink) {
                let Some(mut map) = Map::open(item, "a custom property", sink) else {
                    continue;
                };
                let property = map.text("property");
                let value = map.need("value");
                map.close();
                let (Some(property), Some(value)) = (property, value) else {
                    continue;
                };
                if let Some((_, first, _)) = found.iter().find(|f| f.0 == property.text) {
                    let (name, line) = (property.text, first.line);
                    sink.at(
                        property.at,
                        format!("property `{name}` stands twice; first on line {line}"),
                    );
                } else {
                    found.push((property.text, property.at, value));
                }
            }
        }
        Map {
            what,
            noun: "property",
            at,
            entries: found,
            asked: Vec::new(),
            sink,
        }
    }

    /// Gives the mapping the name by which messages speak of it.
    pub(crate) fn call(&mut self, what: String) {
        self.what = what;
    }

    /// Where the mapping stands.
    pub(crate) fn at(&self) -> Mark {
        self.at
    }

    /// The value, if the key is there.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.entries.iter().find(|e| e.0 == key).map(|e| e.2)
    }

    /// The value; a missing key is a problem.
    pub(crate) fn need(&mut self, key: &'static str) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            self.sink.at(
                self.at,
                format!("{} `{key}` is missing in {}", self.noun, self.what),
            );
        }
        found
    }

    /// Text that must be there.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<Word<'n>> {
        self.need(key).and_then(|node| word(node, key, self.sink))
    }

    /// Text that may be there.
    pub(crate) fn text_if(&mut self, key: &'static str) -> Option<Word<'n>> {
        self.take(key).and_then(|node| word(node, key, self.sink))
    }

    /// A boolean that may be there.
    pub(crate) fn boolean_if(&mut self, key: &'static str) -> Option<bool> {
        let node = self.take(key)?;
        let Value::Boolean(value) = node.value else {
            self.wrong(key, "`true` or `false`", node);
            return None;
        };
        Some(value)
    }

    /// A whole number from zero up that may be there.
    pub(crate) fn count_if(&mut self, key: &'static str) -> Option<(u64, Mark)> {
        let node = self.take(key)?;
        count(node, key, self.sink).map(|count| (count, node.at))
    }

    /// A number as written that may be there.
    pub(crate) fn number_if(&mut self, key: &'static str) -> Option<Word<'n>> {
        let node = self.take(key)?;
        let Value::Number(text) = &node.value else {
            self.wrong(key, "a number", node);
            return None;
        };
        Some(Word { text, at: node.at })
    }

    /// A list that must be there and hold something.
    pub(crate) fn list(&mut self, key: &'static str) -> &'n [Node] {
        let Some(node) = self.need(key) else {
            return &[];
        };
        if matches!(&node.value, Value::List(items) if items.is_empty()) {
            self.sink.at(node.at, format!("`{key}` is empty"));
        }
        list(node, key, self.sink)
    }

    /// A list that may be there.
    pub(crate) fn list_if(&mut self, key: &'static str) -> Option<&'n [Node]> {
        self.take(key).map(|node| list(node, key, self.sink))
    }

    /// A list of texts that may be there.
    pub(crate) fn words_if(&mut self, key: &'static str) -> Option<Vec<Word<'n>>> {
        let item = format!("an item of `{key}`");
        let words = self
            .list_if(key)?
            .iter()
            .filter_map(|node| text_of(node, &item, self.sink));
        Some(words.collect())
    }

    /// A mapping that must be there.
    pub(crate) fn map(&mut self, key: &'static str) -> Option<Map<'n, 's>> {
        let what = format!("`{key}` of {}", self.what);
        self.need(key)
            .and_then(|node| Map::open(node, &what, self.sink))
    }

    /// A mapping that may be there.
    pub(crate) fn map_if(&mut self, key: &'static str) -> Option<Map<'n, 's>> {
        let what = format!("`{key}` of {}", self.what);
        self.take(key)
            .and_then(|node| Map::open(node, &what, self.sink))
    }

    /// One of the given words, which must be there.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        self.text(key)
            .and_then(|word| choose(word, key, words, self.sink))
    }

    /// One of the given words, which may be there.
    pub(crate) fn choice_if<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        self.text_if(key)
            .and_then(|word| choose(word, key, words, self.sink))
    }

    /// Every entry, whatever its key: for mappings whose keys are names.
    pub(crate) fn entries(self) -> Vec<(Word<'n>, &'n Node)> {
        self.entries
            .into_iter()
            .map(|(text, at, node)| (Word { text, at }, node))
            .collect()
    }

    /// Reports every key that was never asked for.
    pub(crate) fn close(self) {
        for (key, at, _) in &self.entries {
            // An empty key stands for one that was no text, which is reported already.
            if !key.is_empty() && !self.asked.contains(key) {
                let known = known(key, &self.asked, self.noun);
                self.sink.at(
                    *at,
                    format!("unknown {} `{key}` in {}: {known}", self.noun, self.what),
                );
            }
        }
    }

    fn wrong(&self, key: &str, expected: &str, node: &Node) {
        let found = node.describe();
        self.sink.at(
            node.at,
            format!("`{key}` must be {expected}, found {found}"),
        );
    }
}

/// A node that must be text and not blank.
pub(crate) fn word<'n>(node: &'n Node, key: &str, sink: &Sink<'_>) -> Option<Word<'n>> {
    text_of(node, &format!("`{key}`"), sink)
}

fn text_of<'n>(node: &'n Node, what: &str, sink: &Sink<'_>) -> Option<Word<'n>> {
    match &node.value {
        Value::Text(text) if text.trim().is_empty() => {
            sink.at(node.at, format!("{what} is empty"));
            None
        }
        Value::Text(text) => Some(Word {
            text: text.trim(),
            at: node.at,
        }),
        Value::Number(_) | Value::Boolean(_) => {
            let found = node.describe();
            sink.at(
                node.at,
                format!("{what} must be text, found {found}: put it in quotes"),
            );
            None
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            sink.at(
                node.at,
                format!("{what} must be text, found {}", node.describe()),
            );
            None
        }
    }
}

pub(super) fn list<'n>(node: &'n Node, key: &str, sink: &Sink<'_>) -> &'n [Node] {
    match &node.value {
        Value::List(items) => items,
        _ => {
            sink.at(
                node.at,
                format!("`{key}` must be a list, found {}", node.describe()),
            );
            &[]
        }
    }
}

fn count(node: &Node, key: &str, sink: &Sink<'_>) -> Option<u64> {
    let count = match &node.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    };
    if count.is_none() {
        let found = node.describe();
        sink.at(
            node.at,
            format!("`{key}` must be a whole number from 0 up, found {found}"),
        );
    }
    count
}

fn choose<T: Copy>(
    word: Word<'_>,
    key: &str,
    words: &[(&'static str, T)],
    sink: &Sink<'_>,
) -> Option<T> {
    let found = words.iter().find(|w| w.0 == word.text).map(|w| w.1);
    if found.is_none() {
        let all: Vec<&str> = words.iter().map(|w| w.0).collect();
        sink.at(word.at, must_be(key, &all, word.text));
    }
    found
}
