//! The names that travel as types.

use std::fmt;
use std::str::FromStr;

/// A name that does not have the form it must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not `layer.name`.
    #[error("`{0}` is no dataset name: expected `layer.name`, as in `raw.dossiers`")]
    Dataset(String),
    /// Not an agency code of QĐ 20/2020.
    #[error(
        "`{0}` is no agency code: expected a letter A–Y and two digits, then groups of \
         `0-9A-Z` after dots, at most 35 characters, as in `H26.01`"
    )]
    Agency(String),
}

/// The layers of the lake, in the order data flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Dated code lists.
    Codes,
    /// As received.
    Raw,
    /// As believed.
    Refined,
    /// As published.
    Served,
    /// Our own books.
    System,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 5] = [
        Self::Codes,
        Self::Raw,
        Self::Refined,
        Self::Served,
        Self::System,
    ];

    /// The layer's name, which is also its folder and its SQL schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Codes => "codes",
            Self::Raw => "raw",
            Self::Refined => "refined",
            Self::Served => "served",
            Self::System => "system",
        }
    }
}

/// `layer.name`: one name for the table, its contract, its SQL, its lineage and its test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetName {
    layer: Layer,
    full: String,
}

impl DatasetName {
    /// The layer.
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The part after the dot.
    pub fn name(&self) -> &str {
        &self.full[self.layer.as_str().len() + 1..]
    }

    /// `layer.name`.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// `layer/name`, the path without extension in every data room.
    pub fn path(&self) -> String {
        format!("{}/{}", self.layer.as_str(), self.name())
    }
}

impl FromStr for DatasetName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::Dataset(text.to_owned());
        let (layer, name) = text.split_once('.').ok_or_else(bad)?;
        let layer = Layer::ALL
            .into_iter()
            .find(|l| l.as_str() == layer)
            .ok_or_else(bad)?;
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if first && name.len() <= 60 && name.bytes().all(word) {
            Ok(Self {
                layer,
                full: text.to_owned(),
            })
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// An agency code by QĐ 20/2020: `H26`, `G06.12`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgencyCode(String);

impl AgencyCode {
    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this agency is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0
            .strip_prefix(&other.0)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl FromStr for AgencyCode {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let group = |g: &str| {
            !g.is_empty()
                && g.bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        };
        let head = text.split('.').next().unwrap_or_default().as_bytes();
        let first = matches!(head, [l @ b'A'..=b'Y', a, b]
            if l.is_ascii_uppercase() && a.is_ascii_digit() && b.is_ascii_digit());
        if first && text.len() <= 35 && text.split('.').all(group) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Agency(text.to_owned()))
        }
    }
}

impl fmt::Display for AgencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
