//! The table of a contract: its columns, its key and its rules.

use super::column::{self, ReadColumn};
use super::quality::{self, Reference};
use super::{Check, ColumnType, ENVELOPE, Rule, Severity, Text, messages};
use crate::problem::{Sink, known};
use crate::yaml::{Map, Node, Value, Word};
use crate::{DatasetName, Layer};

/// The one table of `schema`, as read.
pub(super) struct Table {
    pub(super) columns: Vec<ReadColumn>,
    /// The rules that `quality` of the table states.
    stated: Vec<Rule>,
    pub(super) references: Vec<Reference>,
}

impl Table {
    /// Reads `schema`; none if it holds no table whose columns could all be read.
    pub(super) fn read(
        map: &mut Map<'_, '_>,
        dataset: &DatasetName,
        sink: &Sink<'_>,
    ) -> Option<Self> {
        let schema = map.need("schema")?;
        let tables = match &schema.value {
            Value::List(tables) => tables.as_slice(),
            _ => &[],
        };
        let [table] = tables else {
            let found = match tables {
                [] => schema.describe(),
                _ => format!("{} of them", tables.len()),
            };
            sink.at(
                schema.at,
                format!("`schema` must be a list of one table, found {found}"),
            );
            return None;
        };
        let mut map = Map::open(table, "the table", sink)?;
        if let Some(name) = map.text("name").filter(|n| n.text != dataset.name()) {
            let (expected, found) = (dataset.name(), name.text);
            let message = format!("the table must be named `{expected}`, found `{found}`");
            sink.at(name.at, message);
        }
        map.choice("physicalType", &[("table", ())]);
        let nodes = map.list("properties");
        let mut table = Self {
            columns: Vec::new(),
            stated: Vec::new(),
            references: Vec::new(),
        };
        for node in nodes {
            let column = column::read(node, dataset, &mut table.references, sink);
            if let Some(column) = column {
                table.add(column, sink);
            }
        }
        for node in map.list_if("quality").unwrap_or_default() {
            let rule = quality::read(node, None, dataset, &mut table.references, sink);
            table.check_drift(rule.as_ref(), node, sink);
            quality::add(&mut table.stated, rule, node, sink);
        }
        map.close();
        if dataset.layer() == Layer::Codes {
            table.check_codes(sink);
        }
        // A column that could not be read would make every row of a code list look wrong.
        (!nodes.is_empty() && table.columns.len() == nodes.len()).then_some(table)
    }

    fn add(&mut self, column: ReadColumn, sink: &Sink<'_>) {
        let name = &column.column.name;
        match self.columns.iter().find(|c| c.column.name == *name) {
            Some(first) => {
                let line = first.at.line;
                let message = format!("column `{name}` stands twice; first on line {line}");
                sink.at(column.at, message);
            }
            None => self.columns.push(column),
        }
    }

    /// What a rule on profiles names must be there; the query engine never sees it.
    fn check_drift(&self, rule: Option<&Rule>, node: &Node, sink: &Sink<'_>) {
        let Some(Check::Drift(terms)) = rule.map(|rule| &rule.check) else {
            return;
        };
        let column = |name: &str| self.columns.iter().find(|c| c.column.name == name);
        let type_of = |name: &str| column(name).map(|found| found.column.column_type);
        if let Some(message) = quality::misfit(terms, &type_of) {
            sink.at(node.at, message);
        }
    }

    fn check_codes(&self, sink: &Sink<'_>) {
        let Some(first) = self.columns.first() else {
            return;
        };
        let code = &first.column;
        if code.name != "code" || code.column_type != ColumnType::String || !code.required {
            let message = format!(
                "the first column of a code list must be `code`, a required `string`, found `{}`",
                code.name
            );
            sink.at(first.at, message);
        }
        for read in &self.columns {
            let (name, found) = (&read.column.name, read.column.column_type);
            if matches!(name.as_str(), "valid_from" | "valid_to") && found != ColumnType::Date {
                let message =
                    format!("column `{name}` of a code list must be `date`, not `{found}`");
                sink.at(read.at, message);
            }
        }
    }

    /// Those of the words that name a column, each once.
    pub(super) fn existing(
        &self,
        property: &str,
        words: Vec<Word<'_>>,
        layer: Layer,
        sink: &Sink<'_>,
    ) -> Vec<String> {
        let mut all: Vec<&str> = self
            .columns
            .iter()
            .map(|c| c.column.name.as_str())
            .collect();
        if layer == Layer::Raw {
            all.extend(ENVELOPE.iter().map(|e| e.0));
        }
        let mut found: Vec<String> = Vec::new();
        for word in words {
            let text = word.text;
            if !all.contains(&text) {
                let hint = known(text, &all, "column");
                sink.at(
                    word.at,
                    format!("`{property}` names no column `{text}`: {hint}"),
                );
            } else if found.iter().any(|f| f == text) {
                sink.at(word.at, format!("`{property}` names column `{text}` twice"));
            } else {
                found.push(text.to_owned());
            }
        }
        found
    }

    /// The columns of the primary key in order.
    pub(super) fn key(&self, sink: &Sink<'_>) -> Vec<String> {
        let mut parts: Vec<(Option<u64>, &ReadColumn)> = self
            .columns
            .iter()
            .filter_map(|c| c.key.map(|position| (position, c)))
            .collect();
        parts.sort_by_key(|(position, _)| *position);
        let alone = parts.len() == 1;
        for (expected, (position, column)) in (1..).zip(&parts) {
            let name = &column.column.name;
            let message = match position {
                Some(position) if *position != expected => format!(
                    "`primaryKeyPosition` of column `{name}` is {position}, but the positions \
                     count 1, 2, … without gap; expected {expected}"
                ),
                None if !alone => {
                    format!("column `{name}` of the primary key needs its `primaryKeyPosition`")
                }
                _ => continue,
            };
            sink.at(column.at, message);
        }
        parts
            .into_iter()
            .map(|(_, c)| c.column.name.clone())
            .collect()
    }

    /// Every rule: those of the columns, the key's, then those of the table.
    pub(super) fn rules(&self, key: &[String]) -> Vec<Rule> {
        let mut rules: Vec<Rule> = self
            .columns
            .iter()
            .flat_map(|c| c.rules.iter().cloned())
            .collect();
        if !key.is_empty() {
            let column = |name: &String| self.columns.iter().find(|c| c.column.name == *name);
            let labels: Vec<&Text> = key
                .iter()
                .filter_map(column)
                .map(|c| &c.column.label)
                .collect();
            rules.push(Rule {
                name: "unique".to_owned(),
                column: None,
                check: Check::Unique(key.to_vec()),
                severity: Severity::Error,
                message: messages::unique(&labels),
            });
        }
        rules.extend(self.stated.iter().cloned());
        rules
    }
}
