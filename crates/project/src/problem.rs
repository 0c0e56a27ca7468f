//! A problem in a project file, and where it stands.

use std::cell::RefCell;
use std::fmt;

/// A place in a file: lines and columns count from 1; 0 means the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the project, with `/`.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A problem: one sentence that names the thing, and where given the way out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

impl Problem {
    /// A problem at a place.
    pub fn at(file: &str, line: usize, column: usize, message: impl Into<String>) -> Self {
        let place = Place {
            file: file.to_owned(),
            line,
            column,
        };
        // What is quoted of a file meets terminals, where a control character is a command.
        let shown = |c: char| match c {
            '\n' => c,
            _ if c.is_control() => char::REPLACEMENT_CHARACTER,
            _ => c,
        };
        let message = message.into().chars().map(shown).collect();
        Self { place, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        if *line == 0 {
            write!(f, "{file}: {}", self.message)
        } else {
            write!(f, "{file}:{line}:{column}: {}", self.message)
        }
    }
}

/// A place within one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mark {
    /// The file as a whole.
    pub(crate) const FILE: Self = Self { line: 0, column: 0 };

    /// The place that a mark counted within a text has in the file, when the text starts at `self`
    /// and keeps its indentation on every line, as a literal block does.
    pub(crate) fn within(self, inner: Self) -> Self {
        Self {
            line: self.line + inner.line - 1,
            column: self.column + inner.column - 1,
        }
    }
}

/// Where the readers of one file put what they find, so that none stops at the first problem.
#[derive(Debug)]
pub(crate) struct Sink<'f> {
    file: &'f str,
    problems: RefCell<Vec<Problem>>,
}

impl<'f> Sink<'f> {
    /// An empty one.
    pub(crate) fn new(file: &'f str) -> Self {
        Self {
            file,
            problems: RefCell::default(),
        }
    }

    /// Notes a problem.
    pub(crate) fn at(&self, mark: Mark, message: impl Into<String>) {
        let problem = Problem::at(self.file, mark.line, mark.column, message);
        self.problems.borrow_mut().push(problem);
    }

    /// What was found.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// Words in backticks with commas.
pub(crate) fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|w| format!("`{w}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The message for a value that must be one of the given words.
pub(crate) fn must_be(key: &str, words: &[&str], found: &str) -> String {
    let one_of = if words.len() > 1 { "one of " } else { "" };
    format!("`{key}` must be {one_of}{}, found `{found}`", quoted(words))
}

/// The hint for a word that is not known: the nearest known one, or all of them.
pub(crate) fn known(word: &str, known: &[&str], noun: &str) -> String {
    let near = known.iter().map(|k| (distance(word, k), k)).min();
    match near {
        Some((steps, nearest)) if steps <= 1 + nearest.len() / 4 => {
            format!("did you mean `{nearest}`?")
        }
        Some(_) if known.len() == 1 => format!("the known {noun} is {}", quoted(known)),
        Some(_) => format!("known are {}", quoted(known)),
        None => format!("no {noun} is known here"),
    }
}

/// The number of letters to insert, delete or replace between two words.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests;
