//! The rules that a contract states.

mod drift;
mod whole;
mod within;

use super::{Check, Column, Missing, Rule, Severity, Text, messages};
use crate::problem::{Mark, Sink};
use crate::yaml::{Map, Node, Value, Word};
use crate::{DatasetName, Layer};

pub(super) use drift::misfit;

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

const SEVERITIES: [(&str, Severity); 3] = [
    ("error", Severity::Error),
    ("quarantine", Severity::Quarantine),
    ("warning", Severity::Warning),
];

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

/// What kind of rule an item states.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    CodeList,
    References,
    RowCount,
    Expression,
    Fresh,
    Steady,
    Drift,
    Query,
}

impl Form {
    /// Whether it looks at more than one row, or at another dataset.
    fn is_wide(self) -> bool {
        !matches!(self, Self::CodeList | Self::Expression)
    }

    /// Whether it says which rows break it.
    fn is_of_rows(self) -> bool {
        matches!(self, Self::CodeList | Self::Expression | Self::References)
    }
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
    let stated = missing(&mut custom, form, sink);
    custom.close();
    let form = form?;
    placed(form, column, dataset, severity, map.at(), sink)?;
    let check = match form {
        Form::CodeList => {
            let reference = within::code_list(&mut map, column, sink);
            references.extend(reference.clone());
            reference.map(|r| Check::CodeList(r.list))
        }
        Form::References => whole::references(&mut map, column, sink),
        Form::RowCount => whole::row_count(&mut map, sink),
        Form::Expression => within::expression(&mut map, stated.unwrap_or_default(), sink),
        Form::Fresh => whole::fresh(&mut map, sink),
        Form::Steady => whole::steady(&mut map, stated, sink),
        Form::Drift => drift::drift(&mut map, stated, sink),
        Form::Query => whole::query(&mut map, stated, sink),
    };
    let at = map.at();
    map.close();
    let fallback = match &check {
        Some(Check::CodeList(list)) => column.map(|c| messages::code_list(&c.label, list)),
        Some(Check::References {
            columns, dataset, ..
        }) => Some(messages::references(columns, dataset)),
        Some(Check::RowCount { min, max }) => Some(messages::row_count(*min, *max)),
        Some(_) => None,
        // The check itself could not be read; that is the problem to tell, not its texts.
        None => (form != Form::Expression).then(Text::default),
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

/// The form, by `type` and what it goes with.
fn form(map: &mut Map<'_, '_>) -> Option<Form> {
    #[derive(Clone, Copy)]
    enum Type {
        Library,
        Sql,
        Custom,
    }
    let types = [
        ("library", Type::Library),
        ("sql", Type::Sql),
        ("custom", Type::Custom),
    ];
    match map.choice("type", &types)? {
        Type::Library => {
            let count = map.choice("metric", &[("invalidValues", false), ("rowCount", true)])?;
            let to_dataset = |node: &Node| match &node.value {
                Value::Map(entries) => entries.iter().any(|entry| entry.key == "dataset"),
                _ => false,
            };
            Some(if count {
                Form::RowCount
            } else if map.take("arguments").is_some_and(to_dataset) {
                Form::References
            } else {
                Form::CodeList
            })
        }
        Type::Sql => Some(Form::Query),
        Type::Custom => match map.take("implementation").map(|node| &node.value) {
            Some(Value::Map(entries)) => Some(match entries.first().map(|e| e.key.as_str()) {
                Some("freshness") => Form::Fresh,
                Some("drift") => Form::Drift,
                _ => Form::Steady,
            }),
            _ => Some(Form::Expression),
        },
    }
}

/// Refuses a rule where it does not belong.
fn placed(
    form: Form,
    column: Option<&Column>,
    dataset: &DatasetName,
    severity: Severity,
    at: Mark,
    sink: &Sink<'_>,
) -> Option<()> {
    let what = match form {
        Form::CodeList => return Some(()),
        Form::References => "a reference to a dataset",
        Form::RowCount => "`rowCount`",
        Form::Expression => "an expression",
        Form::Fresh => "`freshness`",
        Form::Steady => "`jump`",
        Form::Drift => "`drift`",
        Form::Query => "a rule of type `sql`",
    };
    let computed = matches!(dataset.layer(), Layer::Refined | Layer::Served);
    let message = if form.is_wide() && column.is_some() && form != Form::References {
        format!("{what} belongs to the `quality` of the table, not of a column")
    } else if form == Form::RowCount && dataset.layer() == Layer::Raw {
        "`rowCount` is not for raw datasets: rows are judged one by one there".to_owned()
    } else if form.is_wide() && form != Form::RowCount && !computed {
        format!(
            "{what} is for datasets that a run computes, of the layers `refined` and `served`: \
             rows are judged one by one here"
        )
    } else if severity == Severity::Quarantine && !form.is_of_rows() {
        format!("{what} cannot set rows aside: its `severity` is `error` or `warning`")
    } else if severity == Severity::Quarantine && !computed {
        "`severity: quarantine` is for datasets that a run computes: rows of others are set aside \
         by `error`"
            .to_owned()
    } else {
        return Some(());
    };
    sink.at(at, message);
    None
}

/// What the rule is told to make of missing values.
fn missing(custom: &mut Map<'_, '_>, form: Option<Form>, sink: &Sink<'_>) -> Option<Missing> {
    let told = matches!(
        form,
        None | Some(Form::Expression | Form::Steady | Form::Drift | Form::Query)
    );
    if told {
        return custom.choice_if("missing", &MISSING);
    }
    if let Some(node) = custom.take("missing") {
        let message = "`missing` is for expressions, `jump`, `drift` and rules of type `sql`: a column that \
                       must have a value says `required: true`";
        sink.at(node.at, message);
    }
    None
}

fn rule_name(name: Option<Word<'_>>, form: Form, at: Mark, sink: &Sink<'_>) -> Option<String> {
    let Some(name) = name else {
        let of_type = match form {
            Form::CodeList => return Some("code_list".to_owned()),
            Form::References => return Some("references".to_owned()),
            Form::RowCount => return Some("row_count".to_owned()),
            Form::Expression | Form::Fresh | Form::Steady | Form::Drift => "custom",
            Form::Query => "sql",
        };
        sink.at(
            at,
            format!("key `name` is missing in a quality rule of type `{of_type}`"),
        );
        return None;
    };
    let text = name.text;
    let own = matches!((form, text), (Form::CodeList, "code_list"));
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

#[cfg(test)]
mod tests;
