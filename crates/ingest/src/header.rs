//! A header against the contract: the whole body is refused, with every column named, because a
//! column in the wrong place would spoil every row.

use std::collections::HashSet;

use project::Contract;

use crate::{IngestError, Limits, mended, personal};

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
    let mut seen = HashSet::new();
    let twice: Vec<String> = names
        .iter()
        .filter(|name| !seen.insert(*name))
        .cloned()
        .collect();
    if !twice.is_empty() {
        let message = format!("the body has {} twice", list(&twice));
        let hint = "Give every column once.";
        return Err(IngestError::refused(
            "duplicate_column",
            twice,
            message,
            hint,
        ));
    }
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
