//! A header against the contract: the whole body is refused, with every column named, because a
//! column in the wrong place would spoil every row.

use std::collections::HashSet;

use project::Contract;

use crate::mapping::Feed;
use crate::{IngestError, Limits, Mapping, mended, personal};

/// For every name of a header, the place of its column in the contract; none for notes of a file of
/// refused rows.
pub(crate) fn noted_places(
    names: &[String],
    contract: &Contract,
    limits: &Limits,
) -> Result<Vec<Option<usize>>, IngestError> {
    let own = names.iter().filter(|name| !mended::is_note(name));
    let own: Vec<String> = own.cloned().collect();
    let mut places = places(&own, contract, limits)?.into_iter();
    let place = |name: &String| match mended::is_note(name) {
        true => None,
        false => places.next(),
    };
    Ok(names.iter().map(place).collect())
}

/// For every name of a header, the place of its column in the contract.
pub(crate) fn places(
    names: &[String],
    contract: &Contract,
    limits: &Limits,
) -> Result<Vec<usize>, IngestError> {
    if names.len() > limits.columns {
        return Err(IngestError::body_limit("columns", limits.columns as u64));
    }
    let mut places = Vec::with_capacity(names.len());
    let mut unknown = Vec::new();
    for name in names {
        match contract
            .columns
            .iter()
            .position(|column| column.name == *name)
        {
            Some(place) => places.push(place),
            None => unknown.push(personal::excerpt(name, false)),
        }
    }
    if !unknown.is_empty() {
        return Err(refuse_unknown(unknown, contract));
    }
    let seen = each_once(names)?;
    let required = contract.columns.iter().filter(|column| column.required);
    let missing = required.filter(|column| !seen.contains(&column.name));
    let missing: Vec<String> = missing.map(|column| column.name.clone()).collect();
    if missing.is_empty() {
        return Ok(places);
    }
    let message = format!("the body has no column {}", list(&missing));
    let hint = format!(
        "`{}` requires these columns in every row.",
        contract.dataset
    );
    Err(IngestError::refused(
        "missing_column",
        missing,
        message,
        hint,
    ))
}

/// The names, none of which may stand twice.
fn each_once(names: &[String]) -> Result<HashSet<&String>, IngestError> {
    let mut seen = HashSet::new();
    let twice: Vec<String> = names
        .iter()
        .filter(|name| !seen.insert(*name))
        .cloned()
        .collect();
    if twice.is_empty() {
        return Ok(seen);
    }
    let message = format!("the body has {} twice", list(&twice));
    let hint = "Give every column once.";
    let rule = "duplicate_column";
    Err(IngestError::refused(rule, twice, message, hint))
}

/// For every name of a foreign header, the place of its field among those that the mapping knows.
pub(crate) fn foreign_places(
    names: &[String],
    mapping: &Mapping<'_>,
    limits: &Limits,
) -> Result<Vec<usize>, IngestError> {
    if names.len() > limits.columns {
        return Err(IngestError::body_limit("columns", limits.columns as u64));
    }
    let adapter = &mapping.adapter().name;
    let known = mapping.names();
    let place = |name: &String| known.iter().position(|known| known == name);
    let (mut places, mut unknown) = (Vec::with_capacity(names.len()), Vec::new());
    for name in names {
        match place(name) {
            Some(place) => places.push(place),
            None => unknown.push(personal::excerpt(name, false)),
        }
    }
    if !unknown.is_empty() {
        let message = format!("adapter `{adapter}` does not know {}", list(&unknown));
        let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        let hint = format!(
            "It knows {}. Leave other columns out, or list them under `drop` in the adapter.",
            list(&known)
        );
        return Err(IngestError::refused(
            "unknown_column",
            unknown,
            message,
            hint,
        ));
    }
    each_once(names)?;
    let columns = mapping.contract().columns.iter().zip(mapping.feeds());
    let missing: Vec<(&str, Vec<String>)> = columns
        .filter(|(column, _)| column.required)
        .filter_map(|(column, feed)| match feed {
            Feed::Fields(fields, _) if fields.iter().all(|field| !places.contains(field)) => {
                let fields = fields.iter().map(|field| known[*field].to_owned());
                Some((column.name.as_str(), fields.collect()))
            }
            _ => None,
        })
        .collect();
    if missing.is_empty() {
        return Ok(places);
    }
    let columns: Vec<String> = missing.iter().map(|(name, _)| (*name).to_owned()).collect();
    let fields: Vec<String> = missing.into_iter().flat_map(|(_, fields)| fields).collect();
    let message = format!("the body has no column {}", list(&fields));
    let hint = format!(
        "Adapter `{adapter}` reads {} from it, which `{}` requires in every row.",
        list(&columns),
        mapping.contract().dataset
    );
    Err(IngestError::refused(
        "missing_column",
        fields,
        message,
        hint,
    ))
}

fn refuse_unknown(unknown: Vec<String>, contract: &Contract) -> IngestError {
    let message = format!("`{}` has no column {}", contract.dataset, list(&unknown));
    let known: Vec<_> = contract.columns.iter().map(|c| c.name.clone()).collect();
    let hint = format!("Its columns are {}.", list(&known));
    IngestError::refused("unknown_column", unknown, message, hint)
}

/// Names in backticks; a long list is cut.
pub(crate) fn list(names: &[String]) -> String {
    const SHOWN: usize = 30;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}
