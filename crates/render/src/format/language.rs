//! The languages of the system.

use std::str::FromStr;

/// A language that people read the system in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Vi, Self::En];

    /// The BCP 47 code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The one of two texts that is in this language.
    pub fn of(self, text: &project::Text) -> &str {
        match self {
            Self::Vi => &text.vi,
            Self::En => &text.en,
        }
    }
}

/// A code that is none of the languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the language `{0}` is not offered; ask for `vi` or `en`")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let known = Self::ALL
            .into_iter()
            .find(|language| language.as_str() == text);
        known.ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}
