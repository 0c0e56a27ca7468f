//! Reading `sql/<layer>/<name>.sql`: the header, and that the body is one steady query.

use super::{Refresh, Transformation, Write};
use crate::problem::{Mark, Problem, Sink, known, must_be};
use crate::sql::Scan;
use crate::{DatasetName, Layer, Schedule, text};

const KEYS: [&str; 3] = ["why", "write", "refresh"];

/// The ways in which a run writes.
const WRITES: [&str; 4] = [
    "replace",
    "append",
    "merge on COLUMN, …",
    "replace window COLUMN, …",
];

/// The times at which it is due.
const REFRESHES: [&str; 3] = [
    "on change",
    "at period close",
    "cron MINUTE HOUR DAY MONTH WEEKDAY",
];

/// The parameters that a run hands in.
const GIVEN: [&str; 1] = ["run_at"];

/// Reads a file; none if its path names no target or its header lacks something.
pub(crate) fn read(path: &str, sql: &str, problems: &mut Vec<Problem>) -> Option<Transformation> {
    let sink = Sink::new(path);
    let dataset = dataset_of(path, &sink);
    let header = Header::read(sql, &sink);
    let why = header.value("why", &sink);
    let write = header.value("write", &sink);
    let write = write.and_then(|line| written(line, &sink));
    let refresh = header.value("refresh", &sink);
    let refresh = refresh.and_then(|line| refreshed(line, &sink));
    let scan = Scan::new(sql);
    if scan.is_empty() {
        sink.at(
            Mark::FILE,
            "the file holds no query: write one `select` below the header",
        );
    }
    let mut found = scan.problems_of_a_query("take the time of the run from `$run_at`");
    found.extend(scan.foreign_parameters(&GIVEN));
    for (at, message) in found {
        sink.at(at, message);
    }
    problems.extend(sink.into_problems());
    let write = write?;
    Some(Transformation {
        dataset: dataset?,
        why: why?.value.clone(),
        meaning: meaning(&write, &scan, sql),
        write,
        refresh: refresh?,
        sql: sql.to_owned(),
        sha256: text::sha256(sql.as_bytes()),
        path: path.to_owned(),
    })
}

/// When it is due, from the header's line.
fn refreshed(line: &Line<'_>, sink: &Sink<'_>) -> Option<Refresh> {
    match line.value.as_str() {
        "on change" => Some(Refresh::OnChange),
        "at period close" => Some(Refresh::AtPeriodClose),
        value => {
            let Some(times) = value.strip_prefix("cron ") else {
                sink.at(line.at, must_be(line.key, &REFRESHES, value));
                return None;
            };
            match Schedule::cron(times.trim()) {
                Ok(schedule) => Some(Refresh::Cron(schedule)),
                Err(message) => {
                    sink.at(line.at, format!("`refresh` is wrong: {message}"));
                    None
                }
            }
        }
    }
}

/// The digest of what the file means.
fn meaning(write: &Write, scan: &Scan<'_>, sql: &str) -> String {
    let query = scan.meaning().unwrap_or_else(|| sql.to_owned());
    let how = match write {
        Write::Replace => "replace",
        Write::Append => "append",
        Write::Window(_) => "window",
        Write::Merge(_) => "merge",
    };
    let columns = write.windows().join(", ");
    text::sha256(format!("{how} {columns}\n{query}").as_bytes())
}

/// How a run writes, from the header's line.
fn written(line: &Line<'_>, sink: &Sink<'_>) -> Option<Write> {
    let columns = |rest: &str| -> Vec<String> {
        let names = rest.split(',').map(|name| name.trim().to_owned());
        names.collect()
    };
    let write = match line.value.as_str() {
        "replace" => return Some(Write::Replace),
        "append" => return Some(Write::Append),
        value => {
            let window = value.strip_prefix("replace window ").map(columns);
            let merge = value.strip_prefix("merge on ").map(columns);
            match (window, merge) {
                (Some(columns), _) => Write::Window(columns),
                (_, Some(columns)) => Write::Merge(columns),
                _ => {
                    sink.at(line.at, must_be(line.key, &WRITES, value));
                    return None;
                }
            }
        }
    };
    let named = write.windows();
    for (at, column) in named.iter().enumerate() {
        if !is_name(column) {
            let message = format!(
                "`write` names the column `{column}`: expected names in lowercase letters, digits \
                 and `_`, with commas between them"
            );
            sink.at(line.at, message);
            return None;
        }
        if named[..at].contains(column) {
            sink.at(
                line.at,
                format!("`write` names the column `{column}` twice"),
            );
            return None;
        }
    }
    Some(write)
}

fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.chars().all(known)
}

fn dataset_of(path: &str, sink: &Sink<'_>) -> Option<DatasetName> {
    let name = path
        .strip_prefix("sql/")
        .and_then(|p| p.strip_suffix(".sql"));
    let dataset = name.and_then(|n| n.replacen('/', ".", 1).parse::<DatasetName>().ok());
    match dataset {
        Some(dataset) if matches!(dataset.layer(), Layer::Refined | Layer::Served) => Some(dataset),
        Some(dataset) => {
            let layer = dataset.layer().as_str();
            let message = format!(
                "no query makes the layer `{layer}`: expected `sql/refined/` or `sql/served/`"
            );
            sink.at(Mark::FILE, message);
            None
        }
        None => {
            let message = "the path names no dataset: expected `sql/<layer>/<name>.sql`, the name \
                           in lowercase letters, digits and `_`";
            sink.at(Mark::FILE, message);
            None
        }
    }
}

/// A key of the header with its value.
struct Line<'t> {
    key: &'t str,
    value: String,
    at: Mark,
}

/// The lines `-- key: value` at the top of the file.
struct Header<'t> {
    lines: Vec<Line<'t>>,
}

impl<'t> Header<'t> {
    fn read(sql: &'t str, sink: &Sink<'_>) -> Self {
        let mut lines: Vec<Line<'t>> = Vec::new();
        for (index, line) in sql.lines().enumerate() {
            let Some(comment) = line.strip_prefix("--") else {
                break;
            };
            let at = Mark {
                line: index + 1,
                column: 1,
            };
            // A deeper comment continues the value above it.
            if let (true, Some(above)) = (comment.starts_with("  "), lines.last_mut()) {
                above.value = format!("{} {}", above.value, comment.trim());
                continue;
            }
            let Some((key, value)) = comment.split_once(':') else {
                break;
            };
            let (key, value) = (key.trim(), value.trim().to_owned());
            // A sentence is no key: the header is over and a comment of the query begins.
            if key.contains(char::is_whitespace) {
                break;
            }
            if !KEYS.contains(&key) {
                let hint = known(key, &KEYS, "key");
                sink.at(at, format!("unknown key `{key}` in the header: {hint}"));
            } else if let Some(first) = lines.iter().find(|l| l.key == key) {
                let line = first.at.line;
                sink.at(
                    at,
                    format!("key `{key}` stands twice; first on line {line}"),
                );
                continue;
            }
            lines.push(Line { key, value, at });
        }
        Self { lines }
    }

    fn value(&self, key: &str, sink: &Sink<'_>) -> Option<&Line<'t>> {
        let line = self.lines.iter().find(|l| l.key == key);
        match line {
            None => {
                let message = format!("the header lacks `-- {key}: …`");
                sink.at(Mark { line: 1, column: 1 }, message);
                None
            }
            Some(line) if line.value.is_empty() => {
                sink.at(line.at, format!("`{key}` is empty"));
                None
            }
            Some(line) => Some(line),
        }
    }
}
