//! Reading `columns`: what feeds each column of the contract.

use std::collections::{BTreeMap, BTreeSet};

use super::envelope::{GIVEN, Given};
use super::read::Reader;
use super::{AdaptedColumn, AdapterFormat, Aliases, ColumnSource, DateForm, Reading, Zone};
use crate::problem::known;
use crate::yaml::{Map, Node, Value, Word, word};
use crate::{Check, CodeList, Column, ColumnType};

const ZONES: [(&str, Zone); 2] = [
    ("Asia/Ho_Chi_Minh", Zone::AsiaHoChiMinh),
    ("UTC", Zone::Utc),
];

impl Reader<'_, '_> {
    pub(super) fn columns(&self, map: &mut Map<'_, '_>) -> Vec<AdaptedColumn> {
        let Some(columns) = map.map("columns") else {
            return Vec::new();
        };
        let at = columns.at();
        let entries = columns.entries();
        let fed: BTreeSet<&str> = entries.iter().map(|(name, _)| name.text).collect();
        let columns = entries
            .iter()
            .filter_map(|(name, node)| self.column(*name, node))
            .collect();
        let required = self.contract.iter().flat_map(|contract| &contract.columns);
        for column in required.filter(|c| c.required && !fed.contains(c.name.as_str())) {
            let name = &column.name;
            self.sink.at(
                at,
                format!("column `{name}` is required and nothing feeds it"),
            );
        }
        columns
    }

    fn column(&self, name: Word<'_>, node: &Node) -> Option<AdaptedColumn> {
        let mut map = Map::open(node, &format!("column `{}`", name.text), self.sink)?;
        let column = self.contract.and_then(|contract| {
            let column = contract.column(name.text);
            if column.is_none() {
                let names: Vec<&str> = contract.columns.iter().map(|c| c.name.as_str()).collect();
                let hint = known(name.text, &names, "column");
                let (dataset, name_text) = (&contract.dataset, name.text);
                let message = format!("`{dataset}` has no column `{name_text}`: {hint}");
                self.sink.at(name.at, message);
            }
            column
        });
        let given = map.choice_if("is", &GIVEN);
        let always = map.text_if("always");
        let names = self.names(&mut map);
        let reading = self.reading(&mut map, name, column);
        map.close();
        if names.is_none() && reading != Some(Reading::AsIs) {
            let message = format!("column `{}` has no `from`: nothing is read", name.text);
            self.sink.at(name.at, message);
        }
        let source = match (given, always, names) {
            (Some(given), None, None) => {
                if column.is_some_and(|c| c.column_type != ColumnType::String) {
                    let message = format!("column `{}` is no text: `is` gives a code", name.text);
                    self.sink.at(name.at, message);
                }
                match given {
                    Given::Agency => ColumnSource::Agency,
                    Given::Period => ColumnSource::Period,
                }
            }
            (None, Some(text), None) => {
                self.check_value(text, column);
                ColumnSource::Constant(text.text.to_owned())
            }
            (None, None, Some(names)) => ColumnSource::Fields {
                names,
                reading: reading?,
            },
            _ => {
                let message = format!(
                    "column `{}` says one of `is`, `always` and `from`",
                    name.text
                );
                self.sink.at(name.at, message);
                return None;
            }
        };
        Some(AdaptedColumn {
            column: name.text.to_owned(),
            source,
        })
    }

    /// `from`: a name or a list of names.
    fn names(&self, map: &mut Map<'_, '_>) -> Option<Vec<String>> {
        let node = map.take("from")?;
        let nodes = match &node.value {
            Value::List(nodes) => nodes.iter().collect(),
            _ => vec![node],
        };
        if nodes.is_empty() {
            self.sink.at(node.at, "`from` is empty");
        }
        let names = nodes
            .into_iter()
            .filter_map(|node| word(node, "from", self.sink));
        Some(names.map(|name| name.text.to_owned()).collect())
    }

    fn reading(
        &self,
        map: &mut Map<'_, '_>,
        name: Word<'_>,
        column: Option<&Column>,
    ) -> Option<Reading> {
        let date = map.text_if("date");
        let zone = map.choice_if("zone", &ZONES);
        let codes = map.map_if("codes");
        let sum = map.text_if("sum");
        let has_through = map.take("through").is_some();
        let ways = [date.is_some(), codes.is_some(), sum.is_some(), has_through];
        if ways.iter().filter(|way| **way).count() > 1 {
            let message = format!(
                "column `{}` says more than one of `date`, `codes`, `sum` and `through`",
                name.text
            );
            self.sink.at(name.at, message);
            return None;
        }
        if zone.is_some() && date.is_none() {
            let message = format!("column `{}` has a `zone` and no `date`", name.text);
            self.sink.at(name.at, message);
        }
        if let Some(date) = date {
            let of = column.map(|column| column.column_type);
            return match DateForm::read(date.text, zone.unwrap_or(Zone::AsiaHoChiMinh), of) {
                Ok(form) => Some(Reading::Date(form)),
                Err(message) => {
                    self.sink.at(date.at, message);
                    None
                }
            };
        }
        if let Some(codes) = codes {
            return Some(Reading::Codes(self.codes(codes, column)));
        }
        if let Some(sum) = sum {
            self.check_sum(sum, column);
            return Some(Reading::Sum(sum.text.to_owned()));
        }
        if has_through {
            return self.through(map, column).map(Reading::Through);
        }
        Some(Reading::AsIs)
    }

    fn codes(&self, codes: Map<'_, '_>, column: Option<&Column>) -> BTreeMap<String, String> {
        let mut table = BTreeMap::new();
        for (from, node) in codes.entries() {
            let Some(to) = word(node, from.text, self.sink) else {
                continue;
            };
            self.check_value(to, column);
            table.insert(from.text.to_owned(), to.text.to_owned());
        }
        table
    }

    /// A text that the adapter itself gives must be what the column takes.
    fn check_value(&self, value: Word<'_>, column: Option<&Column>) {
        let list = column.and_then(|column| self.code_list_of(column));
        if let Some(list) = list {
            self.check_code(value, list);
        } else if let Some(Err(expected)) = column.map(|c| c.column_type.check(value.text)) {
            let message = format!("`{}` must be {expected}", value.text);
            self.sink.at(value.at, message);
        }
    }

    fn check_code(&self, code: Word<'_>, list: &CodeList) {
        if !list.codes.iter().any(|known| known.code == code.text) {
            let message = format!("`{}` is no code of the list `{}`", code.text, list.name);
            self.sink.at(code.at, message);
        }
    }

    /// The code list that the contract holds the column to.
    fn code_list_of(&self, column: &Column) -> Option<&CodeList> {
        let rules = self.contract.iter().flat_map(|contract| &contract.rules);
        let mut lists = rules
            .filter(|rule| rule.column.as_ref() == Some(&column.name))
            .filter_map(|rule| match &rule.check {
                Check::CodeList(list) => self.known.code_lists.get(list),
                _ => None,
            });
        lists.next()
    }

    fn check_sum(&self, sum: Word<'_>, column: Option<&Column>) {
        let of = column.map(|column| column.column_type);
        let exact = |of| {
            matches!(
                of,
                ColumnType::Int32 | ColumnType::Int64 | ColumnType::Decimal(..)
            )
        };
        if let Some(of) = of.filter(|of| !exact(*of)) {
            let message = format!("`sum` adds whole and decimal numbers, the column is {of}");
            self.sink.at(sum.at, message);
        }
        if let Some(format @ (AdapterFormat::Xml | AdapterFormat::Csv)) = self.format {
            let format = format.as_str();
            let message = format!("`sum` adds over a list of JSON, the format is `{format}`");
            self.sink.at(sum.at, message);
        }
    }

    /// `through`: `<list>.<column>`, where the column holds other names of the list's codes. The
    /// codes must be of the list of `column`.
    pub(super) fn through(
        &self,
        map: &mut Map<'_, '_>,
        column: Option<&Column>,
    ) -> Option<Aliases> {
        let through = map.text_if("through")?;
        let aliases = self.aliases(through)?;
        if let Some(list) = column.and_then(|column| self.code_list_of(column)) {
            let strange = aliases
                .values()
                .find(|code| !list.codes.iter().any(|known| known.code == **code));
            if let Some(code) = strange {
                let at = through.at;
                self.check_code(Word { text: code, at }, list);
            }
        }
        Some(aliases)
    }

    fn aliases(&self, through: Word<'_>) -> Option<Aliases> {
        let found = through.text.split_once('.').and_then(|(list, column)| {
            let dataset = format!("codes.{list}").parse().ok()?;
            let contract = self.known.contracts.get(&dataset)?;
            let place = contract.columns.iter().position(|c| c.name == column)?;
            Some((self.known.code_lists.get(list)?, place))
        });
        let Some((list, place)) = found else {
            let message = format!(
                "`{}` is no column of a code list: expected `<list>.<column>`",
                through.text
            );
            self.sink.at(through.at, message);
            return None;
        };
        let mut aliases = Aliases::new();
        for (code, row) in list.codes.iter().zip(&list.rows) {
            let Some(Some(alias)) = row.get(place) else {
                continue;
            };
            let other = aliases.insert(alias.clone(), code.code.clone());
            if let Some(other) = other.filter(|other| *other != code.code) {
                let (list, code) = (&list.name, &code.code);
                let message = format!("`{alias}` names both `{other}` and `{code}` of `{list}`");
                self.sink.at(through.at, message);
            }
        }
        Some(aliases)
    }
}
