//! Numbers, days and times as people of each language write them.

mod language;

pub use language::{Language, UnknownLanguage};
