//! The contract's rules over one value, applied to code lists: nobody submits them, so they are
//! judged here and not on landing. Rules in SQL stay with the engine.

use std::collections::{BTreeMap, HashMap, HashSet};

use regex::Regex;

use super::Table;
use crate::contract::{Bound, whole_value};
use crate::problem::Sink;
use crate::{Check, CodeList, Rule};

impl Table<'_> {
    /// Checks ranges, lengths, patterns and codes of other lists.
    pub(crate) fn check_rules(&self, lists: &BTreeMap<String, CodeList>, sink: &Sink<'_>) {
        for rule in &self.contract.rules {
            let column = rule.column.as_ref().and_then(|c| self.index(c));
            if let Some(column) = column {
                self.check_rule(rule, column, lists, sink);
            }
        }
        self.check_row_count(sink);
    }

    fn check_rule(
        &self,
        rule: &Rule,
        column: usize,
        lists: &BTreeMap<String, CodeList>,
        sink: &Sink<'_>,
    ) {
        let holds: Box<dyn Fn(&str) -> bool> = match &rule.check {
            Check::Range { min, max } => Box::new(|cell| {
                cell.parse()
                    .is_ok_and(|v| in_range(v, min.as_ref(), max.as_ref()))
            }),
            Check::Length { min, max } => Box::new(|cell| {
                let length = u64::try_from(cell.chars().count()).unwrap_or(u64::MAX);
                min.is_none_or(|m| length >= m) && max.is_none_or(|m| length <= m)
            }),
            Check::Pattern(pattern) => match Regex::new(&whole_value(pattern)) {
                Ok(regex) => Box::new(move |cell| regex.is_match(cell)),
                Err(_) => return,
            },
            Check::CodeList(list) => match lists.get(list) {
                Some(list) => {
                    let codes: HashSet<&str> = list.codes.iter().map(|c| c.code.as_str()).collect();
                    Box::new(move |cell| codes.contains(cell))
                }
                None => return,
            },
            _ => return,
        };
        // Few distinct values stand in many rows.
        let mut judged: HashMap<&str, bool> = HashMap::new();
        for row in &self.rows {
            let cell = row.cells[column].as_str();
            let kind = self.contract.columns[column].column_type;
            if cell.is_empty() || kind.check(cell).is_err() {
                continue;
            }
            if !*judged.entry(cell).or_insert_with(|| holds(cell)) {
                let message = format!("{}: `{cell}`", rule.message.en);
                sink.at(self.place(row, column), message);
            }
        }
    }

    fn check_row_count(&self, sink: &Sink<'_>) {
        for rule in &self.contract.rules {
            let Check::RowCount { min, max } = rule.check else {
                continue;
            };
            let count = u64::try_from(self.rows.len()).unwrap_or(u64::MAX);
            if min.is_some_and(|m| count < m) || max.is_some_and(|m| count > m) {
                let message = format!("{}: {count} rows", rule.message.en);
                sink.at(crate::problem::Mark::FILE, message);
            }
        }
    }
}

fn in_range(value: f64, min: Option<&Bound>, max: Option<&Bound>) -> bool {
    let number = |bound: &Bound| bound.value.parse::<f64>().unwrap_or(f64::NAN);
    let low = min.is_none_or(|b| value > number(b) || (!b.exclusive && value == number(b)));
    let high = max.is_none_or(|b| value < number(b) || (!b.exclusive && value == number(b)));
    low && high
}
