//! What a column's options and examples say about its values.

use super::column::implicit;
use super::quality::whole_value;
use super::{Bound, Check, ColumnType, Rule, Text, messages};
use crate::problem::{Mark, Sink, quoted};
use crate::yaml::{Map, Node, Value};

/// The rules that `logicalTypeOptions` make.
pub(super) fn rules(
    node: Option<&Node>,
    column_type: ColumnType,
    label: &Text,
    sink: &Sink<'_>,
) -> Vec<Rule> {
    let what = format!("logicalTypeOptions of a column of type `{column_type}`");
    let Some(mut map) = node.and_then(|node| Map::open(node, &what, sink)) else {
        return Vec::new();
    };
    let rules = match column_type {
        ColumnType::String => [
            length(&mut map, label, sink),
            pattern(&mut map, label, sink),
        ],
        ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64 | ColumnType::Decimal(..) => {
            [range(&mut map, column_type, label, sink), None]
        }
        ColumnType::Boolean | ColumnType::Date | ColumnType::Timestamp => [None, None],
    };
    map.close();
    rules.into_iter().flatten().collect()
}

fn length(map: &mut Map<'_, '_>, label: &Text, sink: &Sink<'_>) -> Option<Rule> {
    let (min, max) = (map.count_if("minLength"), map.count_if("maxLength"));
    if let (Some((low, _)), Some((high, at))) = (min, max)
        && low > high
    {
        sink.at(
            at,
            format!("no length is at least {low} and at most {high}"),
        );
    }
    let (min, max) = (min.map(|m| m.0), max.map(|m| m.0));
    let message = messages::length(label, min, max);
    min.or(max)
        .map(|_| implicit("length", Check::Length { min, max }, message))
}

fn pattern(map: &mut Map<'_, '_>, label: &Text, sink: &Sink<'_>) -> Option<Rule> {
    let pattern = map.text_if("pattern")?;
    let text = pattern.text;
    if let Err(error) = regex::Regex::new(&whole_value(text)) {
        // The last line says what is wrong; those above draw an arrow into the anchored pattern.
        let error = error.to_string();
        let reason = error
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        sink.at(
            pattern.at,
            format!("`{text}` is no regular expression: {reason}"),
        );
    }
    let message = messages::pattern(label, text);
    Some(implicit(
        "pattern",
        Check::Pattern(text.to_owned()),
        message,
    ))
}

fn range(
    map: &mut Map<'_, '_>,
    column_type: ColumnType,
    label: &Text,
    sink: &Sink<'_>,
) -> Option<Rule> {
    let min = bound(map, ["minimum", "exclusiveMinimum"], column_type, sink);
    let max = bound(map, ["maximum", "exclusiveMaximum"], column_type, sink);
    if let (Some((low, _)), Some((high, at))) = (&min, &max)
        && is_empty(low, high)
    {
        let (low, high) = (&low.value, &high.value);
        sink.at(*at, format!("no number lies between {low} and {high}"));
    }
    let (min, max) = (min.map(|m| m.0), max.map(|m| m.0));
    if min.is_none() && max.is_none() {
        return None;
    }
    let message = messages::range(label, min.as_ref(), max.as_ref());
    Some(implicit("range", Check::Range { min, max }, message))
}

fn bound(
    map: &mut Map<'_, '_>,
    [inclusive, exclusive]: [&'static str; 2],
    column_type: ColumnType,
    sink: &Sink<'_>,
) -> Option<(Bound, Mark)> {
    let (included, excluded) = (map.number_if(inclusive), map.number_if(exclusive));
    if let (Some(_), Some(second)) = (included, excluded) {
        let both = quoted(&[inclusive, exclusive]);
        sink.at(second.at, format!("only one of {both} can be given"));
    }
    let (word, exclusive) = match (included, excluded) {
        (Some(word), _) => (word, false),
        (None, Some(word)) => (word, true),
        (None, None) => return None,
    };
    if let Err(expected) = column_type.check(word.text) {
        let text = word.text;
        sink.at(
            word.at,
            format!("bound `{text}` is no `{column_type}`: expected {expected}"),
        );
        return None;
    }
    Some((
        Bound {
            value: word.text.to_owned(),
            exclusive,
        },
        word.at,
    ))
}

fn is_empty(low: &Bound, high: &Bound) -> bool {
    let number = |bound: &Bound| bound.value.parse::<f64>().ok();
    match (number(low), number(high)) {
        (Some(a), Some(b)) if low.exclusive || high.exclusive => a >= b,
        (Some(a), Some(b)) => a > b,
        _ => false,
    }
}

/// Examples are values of the column, written as its type is.
pub(super) fn check_examples(examples: &[Node], column_type: ColumnType, sink: &Sink<'_>) {
    for node in examples {
        let text = match &node.value {
            Value::Text(text) | Value::Number(text) => text.clone(),
            Value::Boolean(value) => value.to_string(),
            Value::Null | Value::List(_) | Value::Map(_) => {
                sink.at(
                    node.at,
                    format!("an example must be a value, found {}", node.describe()),
                );
                continue;
            }
        };
        if column_type == ColumnType::String && !matches!(node.value, Value::Text(_)) {
            sink.at(
                node.at,
                format!("example `{text}` must be text: put it in quotes"),
            );
        } else if let Err(expected) = column_type.check(&text) {
            let message = format!("example `{text}` is no `{column_type}`: expected {expected}");
            sink.at(node.at, message);
        }
    }
}
