//! Reading `envelope`: the fields around the rows.

use super::read::Reader;
use super::{OuterField, OuterMeaning};
use crate::yaml::{Map, Node, Word};

/// What a value that is given with the submission is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    Agency,
    Period,
}

pub(super) const GIVEN: [(&str, Given); 2] = [("agency", Given::Agency), ("period", Given::Period)];

impl Reader<'_, '_> {
    pub(super) fn envelope(&self, map: &mut Map<'_, '_>, rows: &[String]) -> Vec<OuterField> {
        let at = map.at();
        let Some(envelope) = map.map_if("envelope") else {
            return Vec::new();
        };
        if rows.is_empty() {
            let message = "`envelope` needs `rows`: without it nothing stands around the rows";
            self.sink.at(at, message);
        }
        let entries = envelope.entries();
        for (path, _) in &entries {
            let outer = entries.iter().find(|(other, _)| {
                let below = path.text.strip_prefix(other.text);
                below.is_some_and(|rest| rest.starts_with(self.separator()))
            });
            if let Some((outer, _)) = outer {
                let (inner, outer) = (path.text, outer.text);
                let message = format!("field `{inner}` lies within field `{outer}`");
                self.sink.at(path.at, message);
            }
        }
        let entries = entries.into_iter();
        entries
            .filter_map(|(path, node)| self.outer_field(path, node, rows))
            .collect()
    }

    fn outer_field(&self, path: Word<'_>, node: &Node, rows: &[String]) -> Option<OuterField> {
        let what = format!("field `{}` of the envelope", path.text);
        let mut map = Map::open(node, &what, self.sink)?;
        let given = map.choice_if("is", &GIVEN);
        let constant = map.text_if("must_be");
        let drop = map.boolean_if("drop") == Some(true);
        let aliases = self.through(&mut map, None);
        if aliases.is_some() && given.is_none() {
            let message = format!("{what} has `through` and no `is`");
            self.sink.at(path.at, message);
        }
        map.close();
        self.check_outer_path(path, rows);
        let meaning = match (given, constant, drop) {
            (Some(Given::Agency), None, false) => OuterMeaning::Agency(aliases.unwrap_or_default()),
            (Some(Given::Period), None, false) => OuterMeaning::Period(aliases.unwrap_or_default()),
            (None, Some(text), false) => OuterMeaning::Constant(text.text.to_owned()),
            (None, None, true) => OuterMeaning::Drop,
            _ => {
                let message = format!("{what} says one of `is`, `must_be` and `drop: true`");
                self.sink.at(path.at, message);
                return None;
            }
        };
        Some(OuterField {
            path: path.text.to_owned(),
            meaning,
        })
    }

    /// A field on the way to the rows, or within them, is none around them.
    fn check_outer_path(&self, path: Word<'_>, rows: &[String]) {
        let names: Vec<&str> = path.text.split(self.separator()).collect();
        if names.iter().any(|name| name.is_empty() || *name == "@") {
            let message = format!("`{}` is no path: a name is empty", path.text);
            self.sink.at(path.at, message);
        }
        let common = names.iter().zip(rows).take_while(|(a, b)| a == b).count();
        if !rows.is_empty() && (common == names.len() || common == rows.len()) {
            let message = format!(
                "field `{}` of the envelope lies on the way to the rows",
                path.text
            );
            self.sink.at(path.at, message);
        }
    }
}
