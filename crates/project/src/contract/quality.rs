//! The rules that a contract states: code lists, row counts and SQL expressions.

use super::{Check, Column, ColumnType, Missing, Rule, Severity, Text, messages};
use crate::problem::{Mark, Sink, quoted};
use crate::sql::Scan;
use crate::yaml::{Map, Node, Word};
use crate::{DatasetName, Layer};

/// A code list that a rule speaks of, and where.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) list: String,
    pub(crate) at: Mark,
}

/// Names of the rules that follow from the declaration of a column.
const IMPLICIT: [&str; 9] = [
    "type",
    "required",
    "unique",
    "range",
    "length",
    "pattern",
    "code_list",
    "personal_data",
    "unknown_column",
];

const SEVERITIES: [(&str, Severity); 2] =
    [("error", Severity::Error), ("warning", Severity::Warning)];

const MISSING: [(&str, Missing); 3] = [
    ("skip", Missing::Skip),
    ("zero", Missing::Zero),
    ("fail", Missing::Fail),
];

/// The pattern as it is matched: against the whole value.
pub(crate) fn whole_value(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// Adds a rule that was read from `node`; its name must be new among those that stand beside it.
pub(super) fn add(rules: &mut Vec<Rule>, rule: Option<Rule>, node: &Node, sink: &Sink<'_>) {
    let Some(rule) = rule else { return };
    if rules.iter().any(|r| r.name == rule.name) {
        let message = format!(
            "a rule named `{}` stands here already: choose another name",
            rule.name
        );
        sink.at(node.at, message);
    }
    rules.push(rule);
}

#[derive(Clone, Copy)]
enum Form {
    CodeList,
    RowCount,
    Expression,
}

/// Reads one item of `quality`, of a column or of the table.
pub(super) fn read(
    node: &Node,
    column: Option<&Column>,
    dataset: &DatasetName,
    references: &mut Vec<Reference>,
    sink: &Sink<'_>,
) -> Option<Rule> {
    let mut map = Map::open(node, "a quality rule", sink)?;
    let name = map.text_if("name");
    if let Some(name) = name {
        map.call(format!("quality rule `{}`", name.text));
    }
    let severity = map
        .choice_if("severity", &SEVERITIES)
        .unwrap_or(Severity::Error);
    let form = form(&mut map);
    let en = map.text_if("description");
    let mut custom = map.properties();
    let vi = custom.text_if("description.vi");
    let missing = missing(&mut custom, form, sink);
    custom.close();
    let check = match form {
        Some(Form::CodeList) => {
            let reference = code_list(&mut map, column, sink);
            references.extend(reference.clone());
            reference.map(|r| Check::CodeList(r.list))
        }
        Some(Form::RowCount) => row_count(&mut map, column, dataset, sink),
        Some(Form::Expression) => expression(&mut map, missing, sink),
        None => return None,
    };
    let at = map.at();
    map.close();
    let fallback = match (form, &check) {
        (Some(Form::Expression) | None, _) => None,
        (_, Some(Check::CodeList(list))) => column.map(|c| messages::code_list(&c.label, list)),
        (_, Some(Check::RowCount { min, max })) => Some(messages::row_count(*min, *max)),
        // The check itself could not be read; that is the problem to tell, not its texts.
        _ => Some(Text::default()),
    };
    let message = message(en, vi, fallback, at, sink);
    let name = rule_name(name, form, at, sink);
    Some(Rule {
        name: name?,
        column: None,
        check: check?,
        severity,
        message: message?,
    })
}

fn form(map: &mut Map<'_, '_>) -> Option<Form> {
    let library = map.choice("type", &[("library", true), ("custom", false)])?;
    if library {
        map.choice(
            "metric",
            &[
                ("invalidValues", Form::CodeList),
                ("rowCount", Form::RowCount),
            ],
        )
    } else {
        Some(Form::Expression)
    }
}

/// What the rule makes of missing values. Only an expression can be told.
fn missing(custom: &mut Map<'_, '_>, form: Option<Form>, sink: &Sink<'_>) -> Missing {
    if matches!(form, Some(Form::CodeList | Form::RowCount)) {
        if let Some(node) = custom.take("missing") {
            let message = "`missing` is for rules of type `custom`: a column that must have a \
                           value says `required: true`";
            sink.at(node.at, message);
        }
        return Missing::default();
    }
    let stated = custom.choice_if("missing", &MISSING);
    stated.unwrap_or_default()
}

fn rule_name(
    name: Option<Word<'_>>,
    form: Option<Form>,
    at: Mark,
    sink: &Sink<'_>,
) -> Option<String> {
    let Some(name) = name else {
        return match form? {
            Form::CodeList => Some("code_list".to_owned()),
            Form::RowCount => Some("row_count".to_owned()),
            Form::Expression => {
                sink.at(
                    at,
                    "key `name` is missing in a quality rule of type `custom`",
                );
                None
            }
        };
    };
    let text = name.text;
    let own = matches!((form, text), (Some(Form::CodeList), "code_list"));
    if IMPLICIT.contains(&text) && !own {
        sink.at(
            name.at,
            format!("rule name `{text}` is taken by the rule of that name"),
        );
    }
    Some(text.to_owned())
}

fn message(
    en: Option<Word<'_>>,
    vi: Option<Word<'_>>,
    fallback: Option<Text>,
    at: Mark,
    sink: &Sink<'_>,
) -> Option<Text> {
    match (en, vi, fallback) {
        (Some(en), Some(vi), _) => Some(Text {
            vi: vi.text.to_owned(),
            en: en.text.to_owned(),
        }),
        (None, None, Some(fallback)) => Some(fallback),
        (en, _, _) => {
            let (missing, place) = match en {
                Some(_) => ("custom property `description.vi`", "Vietnamese"),
                None => ("key `description`", "English"),
            };
            sink.at(
                at,
                format!("{missing} is missing in a quality rule: it tells people in {place}"),
            );
            None
        }
    }
}

fn code_list(map: &mut Map<'_, '_>, column: Option<&Column>, sink: &Sink<'_>) -> Option<Reference> {
    let must_be = map.need("mustBe");
    if let Some(node) = must_be.filter(|n| n.describe() != "the number `0`") {
        let found = node.describe();
        sink.at(
            node.at,
            format!("`mustBe` of `invalidValues` can only be 0, found {found}"),
        );
    }
    map.choice_if("unit", &[("rows", ())]);
    let mut arguments = map.map("arguments")?;
    let list = arguments.text("codeList");
    arguments.close();
    let list = list?;
    let Some(column) = column else {
        sink.at(
            map.at(),
            "`invalidValues` belongs to the `quality` of a column",
        );
        return None;
    };
    if column.column_type != ColumnType::String {
        let (name, found) = (&column.name, column.column_type);
        sink.at(
            list.at,
            format!("codes are text, but column `{name}` is `{found}`"),
        );
    }
    Some(Reference {
        list: list.text.to_owned(),
        at: list.at,
    })
}

/// The bounds that ODCS has for a count, with what each adds to make it inclusive.
fn row_count(
    map: &mut Map<'_, '_>,
    column: Option<&Column>,
    dataset: &DatasetName,
    sink: &Sink<'_>,
) -> Option<Check> {
    map.choice_if("unit", &[("rows", ())]);
    let exactly = map.count_if("mustBe").map(|c| c.0);
    let above = map
        .count_if("mustBeGreaterThan")
        .map(|c| c.0.saturating_add(1));
    let at_least = map.count_if("mustBeGreaterOrEqualTo").map(|c| c.0);
    let below = map
        .count_if("mustBeLessThan")
        .map(|c| c.0.saturating_sub(1));
    let at_most = map.count_if("mustBeLessOrEqualTo").map(|c| c.0);
    let min = exactly.or(at_least).or(above);
    let max = exactly.or(at_most).or(below);
    if column.is_some() {
        sink.at(
            map.at(),
            "`rowCount` belongs to the `quality` of the table, not of a column",
        );
    } else if dataset.layer() == Layer::Raw {
        sink.at(
            map.at(),
            "`rowCount` is not for raw datasets: rows are judged one by one there",
        );
    } else if min.is_none() && max.is_none() {
        let bounds = [
            "mustBe",
            "mustBeGreaterThan",
            "mustBeGreaterOrEqualTo",
            "mustBeLessThan",
            "mustBeLessOrEqualTo",
        ];
        sink.at(
            map.at(),
            format!("`rowCount` needs a bound: one of {}", quoted(&bounds)),
        );
    } else if min.zip(max).is_some_and(|(min, max)| min > max) {
        sink.at(map.at(), "no row count lies within these bounds");
    } else {
        return Some(Check::RowCount { min, max });
    }
    None
}

fn expression(map: &mut Map<'_, '_>, missing: Missing, sink: &Sink<'_>) -> Option<Check> {
    map.choice("engine", &[("dtm", ())]);
    let implementation = map.text("implementation")?;
    let scan = Scan::new(implementation.text);
    let instead = "compare with columns of the row";
    let mut found = scan.problems_of_an_expression(instead);
    found.extend(scan.foreign_parameters(&[]));
    for (at, message) in &found {
        sink.at(implementation.at.within(*at), message.as_str());
    }
    if scan.is_empty() {
        sink.at(implementation.at, "`implementation` holds no expression");
    }
    Some(Check::Expression {
        sql: implementation.text.to_owned(),
        missing,
    })
}
