//! Dated code lists, read from `warehouse/codes/<list>.csv` under the contract beside it.

use chrono::NaiveDate;

/// A code with the days on which it is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// First valid day; none means from ever.
    pub valid_from: Option<NaiveDate>,
    /// Last valid day; none means open.
    pub valid_to: Option<NaiveDate>,
}

impl Code {
    /// Whether the code is valid on some day of the span.
    pub fn overlaps(&self, start_on: NaiveDate, end_on: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= end_on)
            && self.valid_to.is_none_or(|to| to >= start_on)
    }
}

/// A code list: its codes, and its rows as text in the contract's column order.
#[derive(Debug, Clone)]
pub struct CodeList {
    /// The list's name; the dataset is `codes.<name>`.
    pub name: String,
    /// The codes in file order; a code may stand more than once with different days.
    pub codes: Vec<Code>,
    /// The rows' cells in the contract's column order; an empty cell is null.
    pub rows: Vec<Vec<Option<String>>>,
    /// The SHA-256 of the file in hex.
    pub sha256: String,
    /// The file, relative to the project.
    pub path: String,
}

impl CodeList {
    /// The distinct codes valid on some day of the span, in file order.
    pub fn valid_codes(&self, start_on: NaiveDate, end_on: NaiveDate) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        self.codes
            .iter()
            .filter(|c| c.overlaps(start_on, end_on))
            .map(|c| c.code.as_str())
            .filter(|c| seen.insert(*c))
            .collect()
    }
}
