//! Relationships: which part of an archive refers to which, and as what.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::super::package::Package;
use super::super::xml::attributes;
use crate::IngestError;

/// The parts that a part refers to.
pub(super) struct Parts {
    /// Kind and name by id.
    by_id: HashMap<String, (String, String)>,
}

impl Parts {
    /// The parts that `source` refers to; the archive itself is the source without a name.
    pub(super) fn of(package: &mut Package, source: &str) -> Result<Self, IngestError> {
        let (folder, file) = source.rsplit_once('/').unwrap_or(("", source));
        let relationships = resolved(folder, &format!("_rels/{file}.rels"));
        let mut by_id = HashMap::new();
        let Some(mut xml) = package.part(&relationships)? else {
            return Ok(Self { by_id });
        };
        loop {
            let event = xml.next()?;
            let start = match event {
                Event::Start(start) => start,
                Event::Eof => return Ok(Self { by_id }),
                _ => continue,
            };
            if start.local_name().into_inner() != "Relationship" {
                continue;
            }
            let (mut id, mut kind, mut target) = (String::new(), String::new(), String::new());
            let mut inside = true;
            attributes(&start, |key, value| match key {
                "Id" => id = value.into_owned(),
                // The name of a kind is a URL; its last word is the same in every edition.
                "Type" => kind = value.rsplit('/').next().unwrap_or_default().to_owned(),
                "Target" => target = value.into_owned(),
                "TargetMode" => inside = value != "External",
                _ => {}
            })?;
            if inside {
                by_id.insert(id, (kind, resolved(folder, &target)));
            }
        }
    }

    /// The kind and the name of the part with that id.
    pub(super) fn by_id(&self, id: &str) -> Option<(&str, &str)> {
        let (kind, part) = self.by_id.get(id)?;
        Some((kind, part))
    }

    /// A part of that kind, the same one every time.
    pub(super) fn of_kind(&self, kind: &str) -> Option<&str> {
        let parts = self.by_id.values().filter(|(of, _)| of == kind);
        parts.map(|(_, part)| part.as_str()).min()
    }
}

/// The name of a part that a part in `folder` calls `target`.
fn resolved(folder: &str, target: &str) -> String {
    let (from, target) = match target.strip_prefix('/') {
        Some(target) => ("", target),
        None => (folder, target),
    };
    let mut steps: Vec<&str> = from.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests;
