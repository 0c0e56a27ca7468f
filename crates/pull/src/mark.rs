//! Marks as JSON of their source's own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Mark, PullError, Result};

const LONGEST_BYTES: usize = 4096;

pub(crate) fn write(place: &impl Serialize) -> Result<Mark> {
    let text = serde_json::to_string(place).map_err(|error| {
        PullError::Limit(format!(
            "the place that was reached cannot be written: {error}"
        ))
    })?;
    match text.len() <= LONGEST_BYTES {
        true => Ok(Mark(text)),
        false => Err(PullError::Limit(format!(
            "the place that was reached takes {} bytes to write down, at most {LONGEST_BYTES}",
            text.len()
        ))),
    }
}

/// A mark of another kind of source, or of an older declaration, is refused.
pub(crate) fn read<T: DeserializeOwned>(mark: &Mark) -> Result<T> {
    serde_json::from_str(&mark.0).map_err(|_| {
        PullError::Mark("the mark that is kept was made by another kind of source".to_owned())
    })
}
