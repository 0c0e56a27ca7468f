//! The envelope of a document: what stands around its rows, held to what the adapter says of it.

use project::{Aliases, OuterField, OuterMeaning};

use crate::cell::Cell;
use crate::fields::Terms;
use crate::{IngestError, json, personal};

/// The most bytes of an envelope, keys among them.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// An envelope being read.
pub(super) struct Outer<'a> {
    terms: Terms<'a>,
    fields: &'a [OuterField],
    /// Which of the fields were given.
    given: Vec<bool>,
    left: usize,
    personal: bool,
}

impl<'a> Outer<'a> {
    pub(super) fn new(terms: Terms<'a>) -> Self {
        let fields: &[OuterField] = terms
            .mapping
            .map_or(&[], |mapping| &mapping.adapter().envelope);
        Self {
            terms,
            fields,
            given: vec![false; fields.len()],
            left: ENVELOPE_BYTES,
            personal: false,
        }
    }

    /// How many bytes may still come.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Counts bytes that came.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), IngestError> {
        self.left = self.left.checked_sub(bytes).ok_or_else(Self::too_large)?;
        Ok(())
    }

    /// The refusal of an envelope with too many bytes.
    pub(super) fn too_large() -> IngestError {
        IngestError::body_limit("envelope_bytes", ENVELOPE_BYTES as u64)
    }

    /// Whether the field is named by the adapter.
    pub(super) fn knows(&self, path: &str) -> bool {
        self.fields.iter().any(|field| field.path == path)
    }

    /// Whether the field is not taken, whatever it holds.
    pub(super) fn drops(&self, path: &str) -> bool {
        let drops = |field: &OuterField| field.meaning == OuterMeaning::Drop;
        self.fields.iter().any(|f| f.path == path && drops(f))
    }

    /// Looks at what is not taken: whether it is personal is to be known all the same.
    pub(super) fn pass_over(&mut self, text: &str) {
        self.personal |= personal::looks_personal(text);
    }

    /// Whether something that was passed over looks personal.
    pub(super) fn passed_over_personal(&self) -> bool {
        self.personal
    }

    /// Takes a field, or the fields of the object that it is.
    pub(super) fn take(&mut self, path: &str, value: &Cell<'_>) -> Result<(), IngestError> {
        let Some(place) = self.fields.iter().position(|field| field.path == path) else {
            return self.take_within(path, value);
        };
        let field = &self.fields[place];
        if std::mem::replace(&mut self.given[place], true) {
            let message = format!("the envelope gives `{path}` twice");
            let hint = "Give every field once.";
            return Err(refused("malformed", path, message, hint));
        }
        let envelope = self.terms.envelope;
        match &field.meaning {
            OuterMeaning::Drop => {
                self.pass_over(value.shown().unwrap_or_default());
                Ok(())
            }
            OuterMeaning::Constant(text) if value.shown() == Some(text) => Ok(()),
            OuterMeaning::Constant(text) => {
                let found = found(value);
                let message = format!("`{path}` of the envelope must be `{text}`, found {found}");
                let hint = "Name the adapter that is made for this document.";
                Err(refused("wrong_envelope", path, message, hint))
            }
            OuterMeaning::Agency(aliases) if says(value, aliases, &envelope.agency) => Ok(()),
            OuterMeaning::Agency(_) => {
                let (agency, found) = (&envelope.agency, found(value));
                let message = format!(
                    "`{path}` of the envelope says {found}, the submission is of the agency \
                     `{agency}`"
                );
                let hint = "Submit the document for the agency that it speaks of.";
                Err(refused("wrong_agency", path, message, hint))
            }
            OuterMeaning::Period(aliases) if says(value, aliases, &envelope.period) => Ok(()),
            OuterMeaning::Period(_) => {
                let (period, found) = (&envelope.period, found(value));
                let message = format!(
                    "`{path}` of the envelope says {found}, the submission is for the period \
                     `{period}`"
                );
                let hint = "Submit the document for the period that it speaks of.";
                Err(refused("wrong_period", path, message, hint))
            }
        }
    }

    /// A field that is not named may be an object whose fields are.
    fn take_within(&mut self, path: &str, value: &Cell<'_>) -> Result<(), IngestError> {
        let mut members = Vec::new();
        let mut is_known = false;
        if let Cell::Nested(object) = value
            && object.starts_with('{')
        {
            // One without members may lack the very field that is missed in the end.
            let below = format!("{path}.");
            is_known = self.fields.iter().any(|f| f.path.starts_with(&below));
            // It could be read before.
            let _read = json::object(object, self.terms.limits.nesting, |key, value| {
                members.push((key, value));
                Ok(())
            });
        }
        if members.is_empty() && !is_known {
            return Err(self.unknown(path));
        }
        for (key, value) in members {
            self.take(&format!("{path}.{key}"), &value)?;
        }
        Ok(())
    }

    /// The refusal of a field that the adapter does not name.
    pub(super) fn unknown(&self, path: &str) -> IngestError {
        let path = personal::excerpt(path, false);
        let message = match self.terms.mapping {
            Some(mapping) => {
                let name = &mapping.adapter().name;
                format!("adapter `{name}` does not know `{path}` of the envelope")
            }
            None => format!("nothing says what `{path}` of the envelope means"),
        };
        let hint = "Leave the field out, or say in an adapter what it means.";
        refused("unknown_column", &path, message, hint)
    }

    /// Ends the envelope: what is held to something must have been given.
    pub(super) fn finish(&self) -> Result<(), IngestError> {
        let missing = self
            .fields
            .iter()
            .zip(&self.given)
            .find_map(|(field, given)| {
                let rule = match field.meaning {
                    OuterMeaning::Drop => return None,
                    OuterMeaning::Constant(_) => "wrong_envelope",
                    OuterMeaning::Agency(_) => "wrong_agency",
                    OuterMeaning::Period(_) => "wrong_period",
                };
                (!given).then_some((field, rule))
            });
        let Some((field, rule)) = missing else {
            return Ok(());
        };
        let message = format!("the envelope lacks `{}`", field.path);
        let hint = "Send the whole envelope with the rows.";
        Err(refused(rule, &field.path, message, hint))
    }
}

fn says(value: &Cell<'_>, aliases: &Aliases, expected: &str) -> bool {
    let said = match value {
        Cell::Nested(_) => None,
        _ => value.shown(),
    };
    said.is_some_and(|said| aliases.get(said).map_or(said, String::as_str) == expected)
}

fn found(value: &Cell<'_>) -> String {
    match value.shown() {
        Some(value) => format!("`{}`", personal::excerpt(value, false)),
        None => "nothing".to_owned(),
    }
}

fn refused(rule: &'static str, path: &str, message: String, hint: &str) -> IngestError {
    IngestError::refused(rule, vec![path.to_owned()], message, hint)
}
