//! Secrets by reference: a declaration names where a secret is, never what it is.

use std::fmt;

use crate::{PullError, Result};

#[cfg(test)]
mod tests;

/// Where a secret is: `env:NAME`, a variable of the environment, or `file:NAME`, a file in the
/// folder of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// The name of a variable: letters, digits and `_`, not beginning with a digit.
    Env(String),
    /// The name of a file, which is not a path: letters, digits, `.`, `-` and `_`, not beginning
    /// with `.`.
    File(String),
}

/// A secret. Neither `Debug` nor a message shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Whoever can look secrets up. It is asked when a source is opened.
pub trait Secrets: Send + Sync {
    /// The secret there. Of a file, the line break at its end is no part of it.
    ///
    /// # Errors
    /// [`PullError::Declared`] when nothing is there; the message names the reference.
    fn get(&self, at: &SecretRef) -> Result<Secret>;
}

impl SecretRef {
    /// Reads `env:NAME` or `file:NAME`.
    ///
    /// # Errors
    /// [`PullError::Declared`] for anything else. It does not show what stands there, for that may
    /// be the secret itself.
    pub fn parse(text: &str) -> Result<Self> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match text.split_once(':') {
            Some(("env", name))
                if name.chars().all(word)
                    && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') =>
            {
                Ok(Self::Env(name.to_owned()))
            }
            Some(("file", name))
                if name.chars().all(|c| word(c) || c == '.' || c == '-')
                    && !name.is_empty()
                    && !name.starts_with('.') =>
            {
                Ok(Self::File(name.to_owned()))
            }
            _ => Err(PullError::Declared(
                "a secret is declared by where it is, as `env:NAME` or `file:NAME`; what stands \
                 there is neither and is not shown"
                    .to_owned(),
            )),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(name) => write!(f, "file:{name}"),
        }
    }
}

impl Secret {
    /// Takes care of a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, to be handed to the other system and to nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
