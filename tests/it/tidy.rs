//! The rules of style that a machine can keep. Each test reports every breach, with its place.

mod rooms;
mod sql;

use std::fs;
use std::path::{Path, PathBuf};

/// Files above the limit, with their length. The list may only shrink: a file that got shorter
/// needs a lower number here, and a file below the limit leaves. Nothing rewrites it.
const LONG_FILES: &[(&str, usize)] = &[];
const LONGEST_FILE: usize = 500;

const BANNED_MODULES: &[&str] = &[
    "common", "helper", "helpers", "misc", "prelude", "util", "utils",
];

/// Where nothing is ours: built, fetched or made by a run.
const NOT_OURS: &[&str] = &[".git", "dtm-home", "node_modules", "target"];

/// A text file of the repository.
struct Source {
    /// From the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        self.path.ends_with("/tests.rs") || parts.any(|part| part == "tests" || part == "benches")
    }

    /// `path:line` and the line without its indentation.
    fn lines(&self) -> impl Iterator<Item = (String, &str)> {
        let numbered = self.text.lines().enumerate();
        numbered.map(|(index, line)| (format!("{}:{}", self.path, index + 1), line.trim()))
    }
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize()
        .expect("the repository is where it was compiled")
}

/// Every text file below `folder`, which is given from the root; none if it does not exist.
fn sources(folder: &str) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    collect(&root, &root.join(folder), &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry
            .expect("a folder of the repository can be listed")
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if NOT_OURS.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path
                .strip_prefix(root)
                .expect("it was found below the root");
            let path = relative.to_string_lossy().replace('\\', "/");
            found.push(Source { path, text });
        }
    }
}

fn rust() -> Vec<Source> {
    let mut found = sources("crates");
    found.extend(sources("tests"));
    found.extend(sources("benches"));
    found.retain(Source::is_rust);
    assert!(
        !found.is_empty(),
        "no Rust was found: the test looks in the wrong place"
    );
    found
}

fn must_be_none(breaches: Vec<String>) {
    let count = breaches.len();
    assert!(
        breaches.is_empty(),
        "{count} to mend:\n{}",
        breaches.join("\n")
    );
}

#[test]
fn no_file_grows_above_the_limit_and_the_exceptions_only_shrink() {
    let mut breaches = Vec::new();
    let mut listed: Vec<_> = LONG_FILES.iter().map(|(path, _)| *path).collect();
    for file in rust().iter().filter(|file| !file.is_test()) {
        let lines = file.text.lines().count();
        let allowed = LONG_FILES.iter().find(|(path, _)| *path == file.path);
        listed.retain(|path| *path != file.path);
        let breach = match allowed {
            None if lines > LONGEST_FILE => "is too long: split it by what it knows".to_owned(),
            Some(_) if lines <= LONGEST_FILE => "is short enough: take it off the list".to_owned(),
            Some((_, most)) if lines != *most => format!("was listed with {most}; shrink only"),
            _ => continue,
        };
        breaches.push(format!("{} ({lines} lines) {breach}", file.path));
    }
    breaches.extend(
        listed
            .iter()
            .map(|path| format!("{path} is listed and does not exist")),
    );
    must_be_none(breaches);
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let mut breaches = Vec::new();
    for file in rust() {
        let path = file.path.trim_end_matches(".rs");
        if path.split('/').any(|part| BANNED_MODULES.contains(&part)) {
            breaches.push(format!("{}: name it after what it knows", file.path));
        }
        for (place, line) in file.lines() {
            let words: Vec<_> = line.split([' ', ';', '{']).collect();
            let at = words.iter().position(|word| *word == "mod");
            // Only a visibility may stand before it; else it is a word of a sentence.
            let name = at
                .filter(|at| words[..*at].iter().all(|word| word.starts_with("pub")))
                .and_then(|at| words.get(at + 1));
            if name.is_some_and(|name| BANNED_MODULES.contains(name)) {
                breaches.push(format!("{place}: name the module after what it knows"));
            }
        }
    }
    must_be_none(breaches);
}

#[test]
fn unit_tests_live_in_a_file_named_tests() {
    let mut breaches = Vec::new();
    for file in rust().iter().filter(|file| !file.is_test()) {
        let mut in_test_config = false;
        for (place, line) in file.lines() {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                breaches.push(format!("{place}: a test outside of a `tests.rs`"));
            }
            if in_test_config && line.contains("mod ") && line.ends_with('{') {
                breaches.push(format!(
                    "{place}: write `mod tests;` and put the body in its file"
                ));
            }
            // Further attributes may stand between the configuration and the module.
            in_test_config = line == "#[cfg(test)]" || in_test_config && line.starts_with("#[");
        }
    }
    must_be_none(breaches);
}

#[test]
fn no_lint_is_allowed_and_no_test_is_ignored() {
    let banned = [
        ("#[allow(", "write `#[expect(…, reason = \"…\")]`"),
        ("#![allow(", "write `#![expect(…, reason = \"…\")]`"),
        ("#[ignore", "mend the test or take it out"),
    ];
    let mut breaches = Vec::new();
    for file in rust() {
        for (place, line) in file.lines() {
            let hits = banned.iter().filter(|(start, _)| line.starts_with(start));
            breaches.extend(hits.map(|(_, advice)| format!("{place}: {advice}")));
        }
    }
    must_be_none(breaches);
}

#[test]
fn every_expected_lint_says_why() {
    let mut breaches = Vec::new();
    for file in rust() {
        for (at, _) in file.text.match_indices("[expect(") {
            let opening = file.text[..at].ends_with(['#', '!']);
            let body = file.text[at..].split(")]").next().unwrap_or_default();
            if opening && !body.contains("reason =") && !file.path.ends_with("tidy.rs") {
                let line = file.text[..at].lines().count();
                breaches.push(format!("{}:{line}: give the reason", file.path));
            }
        }
    }
    must_be_none(breaches);
}

#[test]
fn no_test_sleeps() {
    // In two pieces, so that this file does not find itself.
    let sleep = concat!("sle", "ep(");
    let mut breaches = Vec::new();
    for file in rust().iter().filter(|file| file.is_test()) {
        for (place, line) in file.lines() {
            if line.contains(sleep) {
                breaches.push(format!("{place}: wait for the event, or step the clock"));
            }
        }
    }
    must_be_none(breaches);
}

#[test]
fn no_file_names_the_place_where_it_was_written() {
    let workplaces = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/tmp/", "brief"),
    ];
    let mut breaches = Vec::new();
    for file in sources("") {
        for (place, line) in file.lines() {
            let found = workplaces.iter().any(|workplace| {
                line.match_indices(workplace)
                    .any(|(at, _)| starts_a_path(&line[..at]))
            });
            if found {
                breaches.push(format!("{place}: an absolute path of some machine"));
            }
        }
    }
    must_be_none(breaches);
}

/// An absolute path is one of some machine; the same letters within a URL or a path are not.
fn starts_a_path(before: &str) -> bool {
    !before.ends_with(|last: char| last.is_alphanumeric() || "_-.}/*>".contains(last))
}

#[test]
fn every_crate_takes_versions_and_lints_from_the_workspace() {
    let mut breaches = Vec::new();
    let manifests = sources("crates");
    for file in manifests
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
    {
        let manifest: toml::Table = file.text.parse().expect("cargo reads it, so it is TOML");
        let inherits = |value: Option<&toml::Value>| {
            let workspace = value.and_then(|value| value.get("workspace"));
            workspace.and_then(toml::Value::as_bool) == Some(true)
        };
        if !inherits(manifest.get("lints")) {
            breaches.push(format!(
                "{}: `[lints] workspace = true` is missing",
                file.path
            ));
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = manifest.get(section).and_then(toml::Value::as_table);
            for (name, value) in table.into_iter().flatten() {
                if !inherits(Some(value)) {
                    breaches.push(format!("{}: `{name}.workspace = true`", file.path));
                }
            }
        }
    }
    must_be_none(breaches);
}

#[test]
fn both_languages_have_the_same_messages() {
    let mut keys = ["vi", "en"].map(|language| {
        let path = root().join(format!("crates/api/locales/{language}.ftl"));
        let text = fs::read_to_string(path).expect("both languages have a file of messages");
        let keys: Vec<_> = text
            .lines()
            .filter_map(message_key)
            .map(str::to_owned)
            .collect();
        (language, keys)
    });
    let mut breaches = Vec::new();
    for (language, keys) in &mut keys {
        keys.sort();
        let twice = keys.windows(2).filter(|pair| pair[0] == pair[1]);
        breaches.extend(twice.map(|pair| format!("{language}.ftl: `{}` twice", pair[0])));
    }
    let [(_, vietnamese), (_, english)] = &keys;
    let only_in = |one: &[String], other: &[String], missing: &str| -> Vec<String> {
        let lonely = one.iter().filter(|key| !other.contains(key));
        lonely
            .map(|key| format!("{missing}.ftl: `{key}` is missing"))
            .collect()
    };
    breaches.extend(only_in(vietnamese, english, "en"));
    breaches.extend(only_in(english, vietnamese, "vi"));
    must_be_none(breaches);
}

/// `key = text`, at the start of a line; attributes and continuations are indented.
fn message_key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim_end();
    let name = key.strip_prefix('-').unwrap_or(key);
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    (starts && plain).then_some(key)
}
