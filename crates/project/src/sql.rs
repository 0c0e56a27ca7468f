//! SQL as words: enough to keep clocks, dice and foreign parameters out, and no more. What a query
//! means is for the engine.

use crate::problem::{Mark, quoted};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Parameter,
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
    at: Mark,
}

/// A text of SQL cut into tokens, without comments.
pub(crate) struct Scan<'t> {
    tokens: Vec<Token<'t>>,
    unfinished: Option<(Mark, &'static str)>,
}

/// Functions whose answer is another one on every run.
const UNSTEADY: [&str; 6] = [
    "now",
    "random",
    "today",
    "uuid",
    "gen_random_uuid",
    "localtimestamp",
];
/// The same, called without parentheses.
const UNSTEADY_WORDS: [&str; 3] = ["current_date", "current_time", "current_timestamp"];

impl<'t> Scan<'t> {
    /// Cuts the text.
    pub(crate) fn new(text: &'t str) -> Self {
        let mut reader = Reader {
            rest: text,
            at: Mark { line: 1, column: 1 },
        };
        let mut scan = Scan {
            tokens: Vec::new(),
            unfinished: None,
        };
        while let Some(first) = reader.rest.chars().next() {
            let at = reader.at;
            if first.is_whitespace() {
                reader.take(first.len_utf8());
            } else if reader.rest.starts_with("--") {
                reader.take(reader.rest.find('\n').unwrap_or(reader.rest.len()));
            } else if reader.rest.starts_with("/*") {
                if !reader.take_through("*/", 2) {
                    scan.unfinished = Some((at, "comment"));
                }
            } else {
                let (kind, text) = match first {
                    '\'' | '"' => {
                        let start = reader.rest;
                        if !reader.take_through(if first == '"' { "\"" } else { "'" }, 1) {
                            scan.unfinished = Some((at, "quotation"));
                        }
                        (Kind::Other, &start[..start.len() - reader.rest.len()])
                    }
                    '$' => (Kind::Parameter, &reader.take_word(1)[1..]),
                    c if in_word(c) => (Kind::Word, reader.take_word(0)),
                    c => (Kind::Other, reader.take(c.len_utf8())),
                };
                scan.tokens.push(Token { kind, text, at });
            }
        }
        scan
    }

    /// Whether nothing stands there but comments.
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The text as far as the engine can tell it apart from another: words in lowercase, one space
    /// between tokens, no comments. None where quoting is meant that is not read here, so that
    /// nothing can be said but that the text is this one.
    pub(crate) fn meaning(&self) -> Option<String> {
        let mut text = String::new();
        let mut before: Option<&Token<'_>> = None;
        let end = self.tokens.iter().rposition(|t| t.text != ";");
        for token in &self.tokens[..end.map_or(0, |end| end + 1)] {
            let glued = before.is_some_and(|b| follows(b.text, token.text));
            let last = before.map(|b| b.text).unwrap_or_default();
            let prefixed = glued && is_quoted(token.text) && before.is_some_and(is_word);
            if prefixed || token.text == "`" {
                return None;
            }
            // Two quotations without a space are one with a quote inside; signs make one operator.
            let joined = is_quoted(last) && is_quoted(token.text);
            let one = joined || (is_sign(last) && is_sign(token.text));
            if !(text.is_empty() || glued && one) {
                text.push(' ');
            }
            match token.kind {
                Kind::Word => text.push_str(&token.text.to_ascii_lowercase()),
                Kind::Parameter => text.extend(["$", token.text]),
                Kind::Other => text.push_str(token.text),
            }
            before = Some(token);
        }
        Some(text)
    }

    /// The parameters with their places, without the `$`.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&'t str, Mark)> {
        self.tokens
            .iter()
            .filter(|t| t.kind == Kind::Parameter)
            .map(|t| (t.text, t.at))
    }

    /// What keeps the text from being one query that answers alike on every run.
    pub(crate) fn problems_of_a_query(&self, instead: &str) -> Vec<(Mark, String)> {
        let mut found = self.problems(instead);
        let word = |t: &&Token<'_>| t.text == "(" || is_one_of(t.text, &["select", "with"]);
        if let Some(first) = self.tokens.first().filter(|t| !word(t)) {
            let text = first.text;
            found.push((first.at, format!("expected one `select`, found `{text}`")));
        }
        let mut ends = self.tokens.iter().skip_while(|t| t.text != ";").skip(1);
        if let Some(next) = ends.next() {
            found.push((
                next.at,
                "a second statement begins: expected one `select`".to_owned(),
            ));
        }
        found
    }

    /// What keeps the text from being an expression that answers alike on every run.
    pub(crate) fn problems_of_an_expression(&self, instead: &str) -> Vec<(Mark, String)> {
        let mut found = self.problems(instead);
        for token in &self.tokens {
            if token.text == ";" || is_one_of(token.text, &["select"]) {
                let message = format!("expected a boolean expression, found `{}`", token.text);
                found.push((token.at, message));
            }
        }
        found
    }

    fn problems(&self, instead: &str) -> Vec<(Mark, String)> {
        let mut found = Vec::new();
        if let Some((at, what)) = self.unfinished {
            found.push((at, format!("the {what} that begins here does not end")));
        }
        for (i, token) in self.tokens.iter().enumerate() {
            let text_at = |i: usize| self.tokens.get(i).map_or("", |t| t.text);
            let of_a_table = i > 0 && text_at(i - 1) == ".";
            let called = text_at(i + 1) == "(" && is_one_of(token.text, &UNSTEADY);
            let bare = !of_a_table && is_one_of(token.text, &UNSTEADY_WORDS);
            if token.kind == Kind::Word && (called || bare) {
                let word = token.text;
                let message = format!("`{word}` answers differently on every run: {instead}");
                found.push((token.at, message));
            }
        }
        found
    }

    /// Parameters that are not among the given ones.
    pub(crate) fn foreign_parameters(&self, given: &[&str]) -> Vec<(Mark, String)> {
        let foreign = self.parameters().filter(|(name, _)| !given.contains(name));
        let message = |name: &str| match given {
            [] => format!("`${name}` is not given: no parameter is"),
            _ => {
                let given: Vec<String> = given.iter().map(|g| format!("${g}")).collect();
                let given: Vec<&str> = given.iter().map(String::as_str).collect();
                format!("`${name}` is not given: known are {}", quoted(&given))
            }
        };
        foreign.map(|(name, at)| (at, message(name))).collect()
    }
}

/// Whether the second text stands right behind the first; both are of one text.
fn follows(first: &str, second: &str) -> bool {
    std::ptr::eq(first.as_bytes().as_ptr_range().end, second.as_ptr())
}

fn is_word(token: &Token<'_>) -> bool {
    token.kind == Kind::Word
}

fn is_quoted(text: &str) -> bool {
    text.starts_with(['\'', '"'])
}

/// Whether it is part of an operator; a minus or plus may as well be the sign of a number.
fn is_sign(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| "<>=!|&~^@#*/%:?".contains(c))
}

fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| text.eq_ignore_ascii_case(w))
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Reader<'t> {
    rest: &'t str,
    at: Mark,
}

impl<'t> Reader<'t> {
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        for c in taken.chars() {
            if c == '\n' {
                self.at = Mark {
                    line: self.at.line + 1,
                    column: 1,
                };
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    /// Takes through the next `end` after the first `skip` bytes; false if there is none. A doubled
    /// quote inside a quotation reads as two quotations, which comes to the same here.
    fn take_through(&mut self, end: &str, skip: usize) -> bool {
        let found = self.rest[skip..].find(end).map(|i| skip + i + end.len());
        self.take(found.unwrap_or(self.rest.len()));
        found.is_some()
    }

    fn take_word(&mut self, skip: usize) -> &'t str {
        let rest = &self.rest[skip..];
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        self.take(skip + length)
    }
}

#[cfg(test)]
mod tests;
