//! A column of a contract, with the rules that follow from how it is declared.

use super::quality::{self, Reference};
use super::{Check, Column, ColumnType, Rule, Severity, Text, messages, options};
use crate::problem::{Mark, Sink};
use crate::yaml::{Map, Node, Value, Word};
use crate::{DatasetName, Layer};

/// A column as read.
pub(super) struct ReadColumn {
    pub(super) at: Mark,
    pub(super) column: Column,
    /// Present if the column belongs to the primary key; the position if one is given.
    pub(super) key: Option<Option<u64>>,
    pub(super) rules: Vec<Rule>,
}

/// Reads one item of `properties`; none if its name or type cannot be told.
pub(super) fn read(
    node: &Node,
    dataset: &DatasetName,
    references: &mut Vec<Reference>,
    sink: &Sink<'_>,
) -> Option<ReadColumn> {
    let mut map = Map::open(node, "a column", sink)?;
    let name = map.text("name");
    if let Some(name) = name {
        map.call(format!("column `{}`", name.text));
        check_name(name, sink);
    }
    let label_vi = map.text("businessName");
    let description = map.text("description");
    let column_type = column_type(&mut map, sink);
    let required = required(&mut map);
    let key = key(&mut map, required, sink);
    let required = required.unwrap_or(false);
    let mut custom = map.properties();
    let label = Text {
        vi: owned(label_vi),
        en: owned(custom.text("businessName.en")),
    };
    let description_vi = custom.text_if("description.vi");
    let personal_data = custom.take("personalData");
    custom.close();
    let examples = map.list_if("examples").unwrap_or_default();
    let options = map.take("logicalTypeOptions");
    let quality = map.list_if("quality").unwrap_or_default();
    map.close();

    let string = column_type.is_none_or(|t| t == ColumnType::String);
    let checked = dataset.layer() == Layer::Raw && string;
    let allowed = allows_personal_data(personal_data, checked, sink);
    let (name, column_type) = (name?, column_type?);
    options::check_examples(examples, column_type, sink);
    let mut rules = options::rules(options, column_type, &label, sink);
    if required {
        let message = messages::required(&label);
        rules.insert(0, implicit("required", Check::Required, message));
    }
    if checked && !allowed {
        let message = messages::personal_data(&label);
        rules.push(implicit("personal_data", Check::PersonalData, message));
    }
    let column = Column {
        name: name.text.to_owned(),
        column_type,
        required,
        label,
        description: owned(description),
        description_vi: owned(description_vi),
    };
    for node in quality {
        let rule = quality::read(node, Some(&column), dataset, references, sink);
        quality::add(&mut rules, rule, node, sink);
    }
    for rule in &mut rules {
        rule.column = Some(column.name.clone());
    }
    Some(ReadColumn {
        at: name.at,
        column,
        key,
        rules,
    })
}

/// A rule that follows from how the column is declared.
pub(super) fn implicit(name: &str, check: Check, message: Text) -> Rule {
    Rule {
        name: name.to_owned(),
        column: None,
        check,
        severity: Severity::Error,
        message,
    }
}

/// None if the key is there but cannot be read, so that nothing more is said about it.
fn required(map: &mut Map<'_, '_>) -> Option<bool> {
    match map.take("required") {
        Some(_) => map.boolean_if("required"),
        None => Some(false),
    }
}

fn key(map: &mut Map<'_, '_>, required: Option<bool>, sink: &Sink<'_>) -> Option<Option<u64>> {
    let primary = map.boolean_if("primaryKey").unwrap_or(false);
    let position = map.count_if("primaryKeyPosition");
    if let Some((_, at)) = position.filter(|_| !primary) {
        sink.at(
            at,
            "`primaryKeyPosition` needs `primaryKey: true` beside it",
        );
    }
    if primary && required == Some(false) {
        sink.at(
            map.at(),
            "a column of the primary key needs `required: true`",
        );
    }
    primary.then_some(position.map(|(position, _)| position))
}

fn owned(word: Option<Word<'_>>) -> String {
    word.map(|w| w.text.to_owned()).unwrap_or_default()
}

fn check_name(name: Word<'_>, sink: &Sink<'_>) {
    let text = name.text;
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if text.starts_with('_') {
        let message = format!(
            "column name `{text}` is reserved: names that begin with `_` are added on landing"
        );
        sink.at(name.at, message);
    } else if !first || !rest || text.len() > 60 {
        let message = format!(
            "`{text}` is no column name: expected lowercase letters, digits and `_`, a letter \
             first, at most 60"
        );
        sink.at(name.at, message);
    }
}

fn column_type(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Option<ColumnType> {
    let logical = map.text("logicalType");
    let physical = map.text("physicalType")?;
    let column_type: ColumnType = match physical.text.parse() {
        Ok(column_type) => column_type,
        Err(message) => {
            sink.at(physical.at, message);
            return None;
        }
    };
    if let Some(logical) = logical.filter(|l| l.text != column_type.logical()) {
        let (found, expected) = (logical.text, column_type.logical());
        sink.at(
            logical.at,
            format!("`logicalType` beside `{column_type}` must be `{expected}`, found `{found}`"),
        );
    }
    Some(column_type)
}

fn allows_personal_data(node: Option<&Node>, checked: bool, sink: &Sink<'_>) -> bool {
    let Some(node) = node else { return false };
    if !matches!(&node.value, Value::Text(text) if text == "allowed") {
        let found = node.describe();
        sink.at(
            node.at,
            format!("`personalData` can only be `allowed`, found {found}"),
        );
    } else if !checked {
        let message = "`personalData` has no effect here: only string columns of raw datasets are \
                       looked through for personal data";
        sink.at(node.at, message);
    }
    true
}
