//! Reading `warehouse/reports/<name>.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use calendar::PeriodCode;

use super::layout::block;
use super::{LANGUAGE, Parameter, ParameterType, ReportDefinition};
use crate::contract::day;
use crate::problem::{Mark, Problem, Sink};
use crate::sql::Scan;
use crate::yaml::{self, Map, Node, Value, Word, word};
use crate::{Text, text};

const TYPES: [(&str, ParameterType); 4] = [
    ("string", ParameterType::String),
    ("period", ParameterType::Period),
    ("integer", ParameterType::Integer),
    ("date", ParameterType::Date),
];

/// Reads a definition; none if the file is no mapping or its path names no report. Parts with a
/// problem are left out of what is returned.
pub(crate) fn read(
    path: &str,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Option<ReportDefinition> {
    let sink = Sink::new(path);
    let report = name_of(path, &sink)
        .zip(yaml::parse(text, &sink))
        .and_then(|(name, root)| read_root(path, text, name, &root, &sink));
    problems.extend(sink.into_problems());
    report
}

fn name_of<'p>(path: &'p str, sink: &Sink<'_>) -> Option<&'p str> {
    let name = path
        .strip_prefix("warehouse/reports/")
        .and_then(|p| p.strip_suffix(".yaml"));
    let plain = |n: &&str| {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        n.starts_with(|c: char| c.is_ascii_lowercase()) && n.bytes().all(word)
    };
    let name = name.filter(plain);
    if name.is_none() {
        let message = "the path names no report: expected `warehouse/reports/<name>.yaml`, the \
                       name in lowercase letters, digits and `-`";
        sink.at(Mark::FILE, message);
    }
    name
}

fn read_root(
    path: &str,
    text: &str,
    name: &str,
    root: &Node,
    sink: &Sink<'_>,
) -> Option<ReportDefinition> {
    let mut map = Map::open(root, "the report", sink)?;
    if let Some(found) = map.text("name").filter(|n| n.text != name) {
        let other = found.text;
        sink.at(
            found.at,
            format!("`name` must be `{name}`, as the path says, found `{other}`"),
        );
    }
    let title = bilingual(map.map("title"));
    let description = bilingual(map.map("description"));
    let parameters = parameters(&mut map, sink);
    let queries = map.map("queries").map(Map::entries).unwrap_or_default();
    let names: Vec<&str> = queries.iter().map(|q| q.0.text).collect();
    let queries = read_queries(queries, &parameters, sink);
    let mut used = BTreeSet::new();
    let nodes = map.list("layout");
    let layout = nodes
        .iter()
        .filter_map(|node| block(node, &names, &mut used, sink))
        .collect::<Vec<_>>();
    for (query, at) in &queries {
        if !used.contains(query.as_str()) {
            sink.at(
                at.1,
                format!("query `{query}` is shown by no block of the layout"),
            );
        }
    }
    map.close();
    Some(ReportDefinition {
        name: name.to_owned(),
        title,
        description,
        parameters: parameters.into_iter().map(|p| p.0).collect(),
        queries: queries
            .into_iter()
            .map(|(name, (sql, _))| (name, sql))
            .collect(),
        layout,
        sha256: text::sha256(text.as_bytes()),
        path: path.to_owned(),
    })
}

/// A text in both languages; what is missing is blank, and a problem says so.
pub(crate) fn bilingual(map: Option<Map<'_, '_>>) -> Text {
    let Some(mut map) = map else {
        return Text::default();
    };
    let owned = |word: Option<Word<'_>>| word.map(|w| w.text.to_owned()).unwrap_or_default();
    let text = Text {
        vi: owned(map.text("vi")),
        en: owned(map.text("en")),
    };
    map.close();
    text
}

fn parameters(map: &mut Map<'_, '_>, sink: &Sink<'_>) -> Vec<(Parameter, Mark)> {
    let mut parameters: Vec<(Parameter, Mark)> = Vec::new();
    for node in map.list_if("parameters").unwrap_or_default() {
        let Some(mut map) = Map::open(node, "a parameter", sink) else {
            continue;
        };
        let name = map.text("name");
        if let Some(name) = name {
            map.call(format!("parameter `{}`", name.text));
            check_name("parameter", name, sink);
            if name.text == LANGUAGE {
                sink.at(
                    name.at,
                    format!("parameter `{LANGUAGE}` is given to every query as it is"),
                );
            }
        }
        let parameter_type = map.choice("type", &TYPES);
        let required = map.boolean_if("required").unwrap_or(false);
        let default = map.take("default");
        let label = bilingual(map.map("label"));
        map.close();
        let (Some(name), Some(parameter_type)) = (name, parameter_type) else {
            continue;
        };
        if let Some(default) = default.filter(|_| required) {
            let name = name.text;
            sink.at(
                default.at,
                format!("parameter `{name}` is required: its default has no use"),
            );
        }
        let default = default.and_then(|node| default_of(node, parameter_type, sink));
        if let Some((_, first)) = parameters.iter().find(|(p, _)| p.name == name.text) {
            let (name, line) = (name.text, first.line);
            sink.at(
                node.at,
                format!("parameter `{name}` stands twice; first on line {line}"),
            );
            continue;
        }
        let name_at = name.at;
        let name = name.text.to_owned();
        parameters.push((
            Parameter {
                name,
                parameter_type,
                required,
                default,
                label,
            },
            name_at,
        ));
    }
    parameters
}

fn check_name(what: &str, name: Word<'_>, sink: &Sink<'_>) {
    let text = name.text;
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.bytes().all(word) {
        let message = format!(
            "`{text}` is no {what} name: expected lowercase letters, digits and `_`, a letter first"
        );
        sink.at(name.at, message);
    }
}

fn default_of(node: &Node, parameter_type: ParameterType, sink: &Sink<'_>) -> Option<String> {
    let text = match &node.value {
        Value::Number(text) | Value::Text(text) => text.as_str(),
        _ => "",
    };
    let (good, expected) = match parameter_type {
        ParameterType::String => (!text.is_empty(), "text"),
        ParameterType::Period => (
            text.parse::<PeriodCode>().is_ok(),
            "a period like `2026-09`",
        ),
        ParameterType::Integer => (text.parse::<i64>().is_ok(), "a whole number"),
        ParameterType::Date => (day(text).is_some(), "a day like `2026-08-31`"),
    };
    if !good {
        sink.at(
            node.at,
            format!("`default` must be {expected}, found {}", node.describe()),
        );
    }
    good.then(|| text.to_owned())
}

type Queries = BTreeMap<String, (String, Mark)>;

fn read_queries(
    entries: Vec<(Word<'_>, &Node)>,
    parameters: &[(Parameter, Mark)],
    sink: &Sink<'_>,
) -> Queries {
    let declared = parameters.iter().map(|(p, _)| p.name.as_str());
    let given: Vec<&str> = declared.chain([LANGUAGE]).collect();
    let mut used = BTreeSet::new();
    let mut queries = BTreeMap::new();
    for (name, node) in entries {
        check_name("query", name, sink);
        let Some(sql) = word(node, name.text, sink) else {
            continue;
        };
        let scan = Scan::new(sql.text);
        let mut found = scan.problems_of_a_query("take what varies as a parameter");
        found.extend(scan.foreign_parameters(&given));
        for (at, message) in found {
            sink.at(sql.at.within(at), message);
        }
        if scan.is_empty() {
            sink.at(sql.at, format!("query `{}` holds no `select`", name.text));
        }
        used.extend(scan.parameters().map(|p| p.0.to_owned()));
        queries.insert(name.text.to_owned(), (sql.text.to_owned(), name.at));
    }
    for (parameter, at) in parameters {
        if !used.contains(&parameter.name) {
            sink.at(
                *at,
                format!("parameter `{}` is used by no query", parameter.name),
            );
        }
    }
    queries
}
