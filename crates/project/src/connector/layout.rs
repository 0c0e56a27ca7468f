//! Which folder of a file's path says what.

use std::fmt;

/// The folders below a source, from the top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Agency,
    Dataset,
    Period,
    Word(String),
}

/// What the folders of a file say, as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed<'n> {
    /// The agency.
    pub agency: Option<&'n str>,
    /// The dataset.
    pub dataset: Option<&'n str>,
    /// The period.
    pub period: Option<&'n str>,
}

const AGENCY: &str = "{agency}";
const DATASET: &str = "{dataset}";
const PERIOD: &str = "{period}";

impl Layout {
    /// Reads `{agency}/{dataset}/{period}`, in any order, with plain folder names among them.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        for word in text.split('/') {
            let part = match word {
                AGENCY => Part::Agency,
                DATASET => Part::Dataset,
                PERIOD => Part::Period,
                "" | "." | ".." => {
                    return Err(format!(
                        "`{text}` is no layout: `{word}` is no folder below"
                    ));
                }
                "done" | "refused" => {
                    return Err(format!("folder `{word}` is where files are put away"));
                }
                word if word.contains(['{', '}']) => {
                    return Err(format!(
                        "`{word}` is no part of a layout: known are `{AGENCY}`, `{DATASET}`, \
                         `{PERIOD}` and plain names of folders"
                    ));
                }
                word => Part::Word(word.to_owned()),
            };
            if !matches!(part, Part::Word(_)) && parts.contains(&part) {
                return Err(format!("`{word}` stands twice in the layout"));
            }
            parts.push(part);
        }
        Ok(Self(parts))
    }

    /// Whether a folder says the agency.
    pub fn has_agency(&self) -> bool {
        self.0.contains(&Part::Agency)
    }

    /// Whether a folder says the dataset.
    pub fn has_dataset(&self) -> bool {
        self.0.contains(&Part::Dataset)
    }

    /// Whether a folder says the period.
    pub fn has_period(&self) -> bool {
        self.0.contains(&Part::Period)
    }

    /// What the folders of the file `name` say, whose parts are joined by `/`; none if it does not
    /// lie where the layout has files.
    pub fn place<'n>(&self, name: &'n str) -> Option<Placed<'n>> {
        let mut words: Vec<&str> = name.split('/').collect();
        words.pop();
        if words.len() != self.0.len() {
            return None;
        }
        let mut placed = Placed::default();
        for (part, word) in self.0.iter().zip(words) {
            match part {
                Part::Agency => placed.agency = Some(word),
                Part::Dataset => placed.dataset = Some(word),
                Part::Period => placed.period = Some(word),
                Part::Word(expected) if expected == word => {}
                Part::Word(_) => return None,
            }
        }
        Some(placed)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            f.write_str(match part {
                Part::Agency => AGENCY,
                Part::Dataset => DATASET,
                Part::Period => PERIOD,
                Part::Word(word) => word,
            })?;
        }
        Ok(())
    }
}
