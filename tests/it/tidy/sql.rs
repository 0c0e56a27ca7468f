//! The style of `sql/`: what can be read off the text. What a plan knows, `dtm check` checks.

use super::rooms::columns;
use super::{must_be_none, sources};

const HEADER: [&str; 3] = ["-- why: ", "-- write: ", "-- refresh: "];
/// What makes two runs over the same versions differ; `$run_at` is given instead.
const NOT_REPEATABLE: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "now",
    "random",
    "today",
    "uuid",
];

struct Token {
    text: String,
    line: usize,
    /// How many brackets are open around it.
    depth: usize,
}

#[test]
fn a_transformation_says_why_how_it_writes_and_when_it_refreshes() {
    each_file(|text, breaches| {
        let header: Vec<_> = text
            .lines()
            .take_while(|line| line.starts_with("--"))
            .collect();
        for wanted in HEADER {
            if header
                .iter()
                .filter(|line| line.starts_with(wanted))
                .count()
                != 1
            {
                breaches.push((1, format!("the header needs one line `{wanted}…`")));
            }
        }
    });
}

#[test]
fn sql_is_lowercase() {
    each_file(|text, breaches| {
        for token in tokens(text) {
            let quoted = token.text.starts_with(['\'', '"']);
            if !quoted && token.text.chars().any(char::is_uppercase) {
                breaches.push((token.line, format!("`{}` in capitals", token.text)));
            }
        }
    });
}

#[test]
fn a_transformation_gives_the_same_rows_for_the_same_inputs() {
    each_file(|text, breaches| {
        let tokens = tokens(text);
        for (index, token) in tokens.iter().enumerate() {
            let called = tokens.get(index + 1).is_some_and(|next| next.text == "(");
            let bare = token.text.starts_with("current_");
            if NOT_REPEATABLE.contains(&token.text.as_str()) && (called || bare) {
                breaches.push((token.line, format!("`{}`: use `$run_at`", token.text)));
            }
        }
    });
}

#[test]
fn no_transformation_takes_all_columns() {
    each_file(|text, breaches| {
        let tokens = tokens(text);
        for pair in tokens.windows(2) {
            let opens = matches!(
                pair[0].text.as_str(),
                "select" | "distinct" | "all" | "," | "."
            );
            if opens && pair[1].text == "*" {
                breaches.push((pair[1].line, "name the columns".to_owned()));
            }
        }
    });
}

#[test]
fn a_file_is_one_select() {
    each_file(|text, breaches| {
        let tokens = tokens(text);
        match tokens.first().map(|token| token.text.as_str()) {
            Some("select" | "with") => {}
            other => breaches.push((1, format!("starts with {other:?}"))),
        }
        let ends = tokens.iter().filter(|token| token.text == ";");
        breaches.extend(ends.map(|token| (token.line, "`;`: a file is one select".to_owned())));
    });
}

#[test]
fn every_column_of_the_last_select_is_cast_and_named_in_the_order_of_the_contract() {
    let mut breaches = Vec::new();
    for file in sources("sql") {
        let Some(name) = file.path.strip_suffix(".sql") else {
            continue;
        };
        let tokens = tokens(&file.text);
        let mut names = Vec::new();
        let mut last_line = 0;
        for item in last_items(&tokens) {
            let (first, last) = (&item[0], &item[item.len() - 1]);
            let named = item.len() > 2 && item[item.len() - 2].text == "as";
            let cast = matches!(first.text.as_str(), "cast" | "arrow_cast");
            let place = format!("{}:{}", file.path, first.line);
            if !named || !cast {
                breaches.push(format!("{place}: write `cast(… as type) as name`"));
            }
            if first.line == last_line {
                breaches.push(format!("{place}: one column per line"));
            }
            last_line = last.line;
            names.push(last.text.clone());
        }
        let promised = columns(name.trim_start_matches("sql/"));
        if names != promised {
            breaches.push(format!(
                "{}: gives {names:?}, promised {promised:?}",
                file.path
            ));
        }
    }
    must_be_none(breaches);
}

fn each_file(check: impl Fn(&str, &mut Vec<(usize, String)>)) {
    let mut breaches = Vec::new();
    let files = sources("sql");
    for file in files.iter().filter(|file| file.path.ends_with(".sql")) {
        let mut found = Vec::new();
        check(&file.text, &mut found);
        let placed = found
            .into_iter()
            .map(|(line, text)| format!("{}:{line}: {text}", file.path));
        breaches.extend(placed);
    }
    must_be_none(breaches);
}

/// The columns of the last outermost `select`, each as its tokens.
fn last_items(tokens: &[Token]) -> Vec<&[Token]> {
    let outermost =
        |text: &'static str| move |token: &Token| token.depth == 0 && token.text == text;
    let Some(select) = tokens.iter().rposition(outermost("select")) else {
        return Vec::new();
    };
    let rest = &tokens[select + 1..];
    let end = rest
        .iter()
        .position(outermost("from"))
        .unwrap_or(rest.len());
    rest[..end]
        .split(outermost(","))
        .filter(|item| !item.is_empty())
        .collect()
}

/// Words, strings in their quotes, and single signs; comments are left out.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut depth = 0_usize;
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest, first);
        let (token, after) = rest.split_at(length);
        if first == ')' {
            depth = depth.saturating_sub(1);
        }
        if !first.is_whitespace() && !token.starts_with("--") {
            let text = token.to_owned();
            tokens.push(Token { text, line, depth });
        }
        if first == '(' {
            depth += 1;
        }
        line += token.matches('\n').count();
        rest = after;
    }
    tokens
}

fn token_length(rest: &str, first: char) -> usize {
    let of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if rest.starts_with("--") {
        rest.find('\n').unwrap_or(rest.len())
    } else if first == '\'' || first == '"' {
        // A doubled quote inside ends one string and starts the next: as good, for our questions.
        rest[1..].find(first).map_or(rest.len(), |at| at + 2)
    } else if of_word(first) {
        rest.find(|c| !of_word(c)).unwrap_or(rest.len())
    } else {
        first.len_utf8()
    }
}

#[test]
fn the_reader_of_sql_sees_words_strings_and_depth() {
    let read: Vec<_> = tokens("select cast('A;b' as int) -- Why\n from \"T\"")
        .into_iter()
        .map(|token| format!("{}@{}:{}", token.text, token.line, token.depth))
        .collect();
    let expected = "select@1:0 cast@1:0 (@1:0 'A;b'@1:1 as@1:1 int@1:1 )@1:0 from@2:0 \"T\"@2:0";
    assert_eq!(read.join(" "), expected);
}
