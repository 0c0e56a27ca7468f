//! The catalogue of `tests/hostile`: every body is sent through the HTTP door of a real house, and
//! the whole answer is what is kept beside it.
//!
//! `UPDATE_EXPECT=1 cargo test --test it -- hostile` writes the answers and the last column of the
//! catalogue; what holds of every answer is asked all the same.

pub mod recipes;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use project::{Project, Sources};
use serde_json::{Value, json};

use crate::home::{Fixture, Setup};
use crate::http::{Answer, Door};
use recipes::{RECIPES, SYSTEMS};

/// The most that this house takes of a body; more than any of the catalogue has.
const BODY_BYTES: u64 = 64 << 20;

/// What the bodies hold of persons, and no answer may.
const PERSONAL: [&str; 6] = [
    "001099012345",
    "0912345678",
    "a.nguyen@example.vn",
    "Nguyễn Văn A",
    "Nguyen Van A",
    "root:",
];

/// A line of the catalogue.
struct Case<'c> {
    file: &'c str,
    dataset: &'c str,
    media_type: &'c str,
    /// Parameters `name=value`, and headers `Name:value`.
    said: &'c str,
    wrong: &'c str,
    outcome: &'c str,
}

impl<'c> Case<'c> {
    fn read(line: &'c str) -> Self {
        let mut cells = line.split('\t');
        let mut next = || {
            cells
                .next()
                .unwrap_or_else(|| panic!("`{line}` lacks a cell"))
        };
        Self {
            file: next(),
            dataset: next(),
            media_type: next(),
            said: next(),
            wrong: next(),
            outcome: next(),
        }
    }

    fn body(&self) -> Vec<u8> {
        let recipe = RECIPES.iter().find(|(name, _)| *name == self.file);
        match recipe {
            Some((_, make)) => make(SYSTEMS),
            None => std::fs::read(room().join("bodies").join(self.file)).unwrap(),
        }
    }

    async fn sent(&self, door: &Door) -> Answer {
        let (headers, parameters): (Vec<_>, Vec<_>) = self
            .said
            .split_ascii_whitespace()
            .partition(|said| said.contains(':') && !said.contains('='));
        let mut path = format!("/api/v1/datasets/{}/submissions?", self.dataset);
        for usual in ["period=2026-09", "agency=H26"] {
            let (name, _) = usual.split_once('=').unwrap();
            if !parameters.iter().any(|said| said.starts_with(name)) {
                path += &format!("{usual}&");
            }
        }
        path += &parameters.join("&");
        let mut all = vec![("Content-Type", self.media_type)];
        all.extend(headers.iter().map(|said| said.split_once(':').unwrap()));
        door.post_with(&path, &all, self.body()).await
    }

    fn line(&self, outcome: &str) -> String {
        let Self {
            file,
            dataset,
            media_type,
            said,
            wrong,
            ..
        } = self;
        format!("{file}\t{dataset}\t{media_type}\t{said}\t{wrong}\t{outcome}\n")
    }
}

fn room() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hostile")
}

fn catalogue() -> String {
    std::fs::read_to_string(room().join("catalogue.tsv")).unwrap()
}

fn cases(catalogue: &str) -> Vec<Case<'_>> {
    catalogue.lines().skip(1).map(Case::read).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch that accepts what came out"
)]
fn accepts() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

fn shipped() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Sources::from_folder(&root).unwrap()
}

/// A door over the shipped project, which takes bodies of that size.
async fn door() -> Door {
    let setup = Setup {
        sources: shipped(),
        ..Setup::default()
    };
    let fixture = Fixture::with(setup).await;
    let fixture = fixture
        .reopened_with(|settings| settings.body_bytes = BODY_BYTES)
        .await;
    Door::taking(fixture, BODY_BYTES)
}

/// The answer without what is another each time.
fn kept(answer: &Answer) -> Value {
    let mut value = answer.json();
    let text = ["id", "submission"]
        .iter()
        .find_map(|name| value[*name].as_str());
    if let Some(id) = text {
        value = serde_json::from_str(&answer.text.replace(id, "…")).unwrap();
    }
    for name in [
        "id",
        "submission",
        "correlation_id",
        "proof",
        "table_version",
    ] {
        if let Some(member) = value.get_mut(name).filter(|member| !member.is_null()) {
            *member = "…".into();
        }
    }
    json!({ "status": answer.status.as_u16(), "answer": value })
}

/// An answer in a line: its status, what landed or what kind of problem it is, and the rules.
fn outcome(answer: &Answer) -> String {
    let value = answer.json();
    let mut line = answer.status.as_u16().to_string();
    match value.get("rows") {
        Some(rows) => write!(line, " landed {} of {}", rows["landed"], rows["received"]).unwrap(),
        None => {
            let kind = value["type"].as_str().unwrap();
            write!(line, " {}", kind.rsplit(':').next().unwrap()).unwrap();
        }
    }
    let errors = value["errors"].as_array().cloned().unwrap_or_default();
    let rules: BTreeSet<&str> = errors.iter().filter_map(|e| e["rule"].as_str()).collect();
    if !rules.is_empty() {
        line += ": ";
        line += &rules.into_iter().collect::<Vec<_>>().join(", ");
    }
    line
}

/// What an answer lacks that every answer must have.
fn lacks(answer: &Answer, of_rows: &BTreeSet<String>) -> Vec<String> {
    let value = answer.json();
    let mut lacking = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            lacking.push(format!("{what}: {}", answer.text));
        }
    };
    let says = |of: &Value, name: &str| of[name].as_str().is_some_and(|said| !said.is_empty());
    must(answer.status.as_u16() < 500, "it is no fault of the server");
    if answer.status.is_client_error() {
        must(says(&value, "detail"), "it says what is wrong");
        // What is expected of a code or a period is the way out.
        let expected = value["detail"].to_string().contains("expected");
        must(expected || says(&value, "hint"), "it says the way out");
    }
    for error in value["errors"].as_array().into_iter().flatten() {
        must(error["row"].is_u64(), "an error names its row");
        must(says(error, "rule"), "an error names its rule");
        must(says(error, "message"), "an error says what is wrong");
        let rule = error["rule"].as_str().unwrap_or_default();
        let of_whole = error["row"] == 0 || of_rows.contains(rule);
        must(
            of_whole || says(error, "column"),
            "an error names its column",
        );
    }
    for personal in PERSONAL {
        must(!answer.text.contains(personal), "nothing personal is told");
    }
    let is_plain = |c: char| !c.is_control() && !('\u{202a}'..='\u{202e}').contains(&c);
    must(
        answer.text.chars().all(is_plain),
        "it holds no control characters",
    );
    must(answer.text.len() < 64 << 10, "it is short");
    lacking
}

/// The rules that speak of a row and of none of its columns.
fn rules_of_rows() -> BTreeSet<String> {
    let (project, _) = Project::read(&shipped());
    let rules = project
        .contracts
        .values()
        .flat_map(|contract| &contract.rules);
    let of_rows = rules.filter(|rule| rule.column.is_none());
    let mut names: BTreeSet<String> = of_rows.map(|rule| rule.name.clone()).collect();
    names.extend(["malformed".to_owned(), "unique".to_owned()]);
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_of_the_catalogue_is_answered_as_it_is_kept() {
    let (door, of_rows) = (door().await, rules_of_rows());
    let (catalogue, accepts) = (catalogue(), accepts());
    let mut failures = Vec::new();
    let mut lines = catalogue.lines().next().unwrap().to_owned() + "\n";
    for case in cases(&catalogue) {
        let answer = case.sent(&door).await;
        failures.extend(
            lacks(&answer, &of_rows)
                .iter()
                .map(|what| format!("{}: {what}", case.file)),
        );
        let (found, line) = (kept(&answer), outcome(&answer));
        lines += &case.line(&line);
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        let file = room().join(format!("answers/{}.json", case.file));
        if accepts {
            std::fs::write(&file, &text).unwrap();
            continue;
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != text {
            failures.push(format!("{}: the answer is now {text}", case.file));
        }
        if case.outcome != line {
            failures.push(format!("{}: the outcome is now `{line}`", case.file));
        }
    }
    if accepts {
        std::fs::write(room().join("catalogue.tsv"), lines).unwrap();
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // After all of it the house answers as before.
    let rows = door.query("select count(*) as n from raw.systems").await;
    assert_eq!(rows.status.as_u16(), 200, "{}", rows.text);
}

#[test]
fn the_catalogue_names_every_body_and_every_answer_once() {
    let catalogue = catalogue();
    let cases = cases(&catalogue);
    let made = RECIPES.iter().map(|(name, _)| (*name).to_owned());
    let names = |folder: &str| -> BTreeSet<String> {
        let files = std::fs::read_dir(room().join(folder)).unwrap().flatten();
        files
            .map(|file| file.file_name().into_string().unwrap())
            .collect()
    };
    let named: BTreeSet<String> = cases.iter().map(|case| case.file.to_owned()).collect();
    assert_eq!(named.len(), cases.len(), "a body is named twice");
    assert!(named.len() >= 200, "only {}", named.len());
    let mut bodies = names("bodies");
    bodies.extend(made);
    assert_eq!(bodies, named);
    let answers: BTreeSet<String> = named.iter().map(|name| format!("{name}.json")).collect();
    assert_eq!(names("answers"), answers);
    for case in &cases {
        assert!(
            case.wrong.len() > 5,
            "`{}` says nothing is wrong",
            case.file
        );
    }
    for name in names("bodies") {
        let bytes = std::fs::metadata(room().join("bodies").join(&name))
            .unwrap()
            .len();
        assert!(
            bytes < 100_000,
            "`{name}` has {bytes} bytes: make it by a recipe"
        );
    }
}
