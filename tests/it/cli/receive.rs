//! `dtm generate` and `dtm submit`, with the built binary: file endings, keys, dry runs.

use std::path::Path;

use serde_json::Value;
use testkit::TestHome;

use super::{Server, bare, done, fails, filled, json};
use crate::home::VISITS;

const TO: [&str; 4] = ["--agency", "H26", "--period", "2026-09"];

/// Runs a command on the shipped project; gives what it answered and what it told.
#[track_caller]
fn shipped(home: &TestHome, args: &[&str]) -> (String, String) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = bare(home)
        .args(args)
        .arg("--project")
        .arg(project)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {told}");
    (String::from_utf8(output.stdout).unwrap(), told)
}

/// Generates so many dossiers and submits them. Gives how many are said to be spoiled, and the
/// receipt.
fn generated(home: &TestHome, ending: &str, spoil: &str) -> (u64, Value) {
    let file = home.root().join(format!("d.{ending}"));
    let file = file.to_str().unwrap();
    let (_, told) = shipped(
        home,
        &[
            "generate",
            "raw.dossiers",
            "--period",
            "2026-09",
            "--agency",
            "H26",
            "--rows",
            "200",
            "--spoil",
            spoil,
            "--out",
            file,
        ],
    );
    let spoiled = told.trim().strip_suffix(" of them spoiled").unwrap();
    let spoiled = spoiled.rsplit(' ').next().unwrap().parse().unwrap();
    let submit = [
        &["submit", "raw.dossiers", file, "--format", "json"][..],
        &TO,
    ]
    .concat();
    let (receipt, _) = shipped(home, &submit);
    (spoiled, json(&receipt)[0].clone())
}

#[test]
fn what_is_generated_lands_from_each_file_ending_and_what_is_spoiled_is_found() {
    let home = TestHome::new();
    shipped(&home, &["init"]);
    shipped(&home, &["apply"]);
    let mut landed = 0;
    for ending in ["ndjson", "csv", "parquet"] {
        let (spoiled, receipt) = generated(&home, ending, "0");
        assert_eq!(spoiled, 0);
        let rows = &receipt["rows"];
        assert_eq!(
            (&rows["landed"], &rows["warned"]),
            (&200.into(), &0.into()),
            "{receipt}"
        );
        assert_eq!(receipt["errors_total"], 0, "{receipt}");

        let (spoiled, receipt) = generated(&home, ending, "0.3");
        assert!(spoiled > 20, "{ending}: {spoiled}");
        let count = |name: &str| receipt["rows"][name].as_u64().unwrap();
        assert_eq!(count("received"), 200);
        assert_eq!(count("landed") + count("quarantined"), 200);
        assert_eq!(count("quarantined") + count("warned"), spoiled, "{receipt}");
        landed += 200 + count("landed");
    }
    let sql = "select count(*) as n from raw.dossiers";
    let (rows, _) = shipped(&home, &["query", sql, "--format", "json"]);
    assert_eq!(json(&rows)[0]["n"], landed);

    let unknown = [
        "generate",
        "raw.dossiers",
        "--period",
        "2026-09",
        "--out",
        "d.txt",
    ];
    let output = bare(&home).args(unknown).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("`d.txt`") && told.contains("`.parquet`"),
        "{told}"
    );
}

fn visits(home: &TestHome, args: &[&str]) -> Value {
    let submit = ["submit", "raw.visits", "--format", "json"];
    json(&done(home, &[&submit[..], &TO, args].concat()))[0].clone()
}

/// How much there is: visits, reasons of refusal, submissions that one can speak of.
fn counts(home: &TestHome) -> [i64; 2] {
    ["raw.visits", "system.quarantine"].map(|table| {
        let sql = format!("select count(*) as n from {table}");
        let rows = json(&done(home, &["query", &sql, "--format", "json"]));
        rows[0]["n"].as_i64().unwrap()
    })
}

#[test]
fn a_file_that_is_sent_twice_under_a_key_has_one_id_and_lands_once() {
    let home = filled();
    let file = home.write("w.csv", VISITS.replace("V-", "W-"));
    let file = file.to_str().unwrap();
    let first = visits(&home, &[file, "--key", "k"]);
    assert_eq!(counts(&home), [4, 4]);
    assert_eq!(visits(&home, &[file, "--key", "k"]), first);
    assert_eq!(counts(&home), [4, 4]);
    // Without a key it is another submission, and so is the same file under another key.
    let other = visits(&home, &[file, "--key", "l"]);
    assert_ne!(other["id"], first["id"]);
    assert_eq!(counts(&home), [6, 6]);
    let changed = home.write("x.csv", VISITS);
    let args = [
        "submit",
        "raw.visits",
        changed.to_str().unwrap(),
        "--key",
        "k",
    ];
    let told = format!(
        "the key was used for submission `{}`",
        first["id"].as_str().unwrap()
    );
    fails(&home, &[&args[..], &TO].concat(), 1, &told);
    assert_eq!(counts(&home), [6, 6]);
}

#[test]
fn a_dry_run_leaves_the_row_count_unchanged_at_the_home_and_at_a_server() {
    let home = filled();
    let file = home.write("w.csv", VISITS.replace("V-", "W-"));
    let file = file.to_str().unwrap();
    let judged = |receipt: Value| {
        assert_eq!(receipt["rows"]["landed"], 2, "{receipt}");
        assert_eq!(receipt["rows"]["quarantined"], 1, "{receipt}");
        assert_eq!(receipt["errors"][0]["row"], 3, "{receipt}");
        assert_eq!(receipt["table_version"], Value::Null, "{receipt}");
    };
    let before = counts(&home);
    judged(visits(&home, &[file, "--dry-run", "--key", "k"]));
    assert_eq!(counts(&home), before);

    let server = Server::of(&home);
    let url = format!("http://{}", server.address);
    judged(visits(
        &home,
        &[file, "--dry-run", "--key", "k", "--server", &url],
    ));
    assert_eq!(counts(&home), before);
    let landed = visits(&home, &[file, "--key", "k", "--server", &url]);
    assert_eq!(landed["rows"]["landed"], 2, "{landed}");
    assert_eq!(counts(&home), [before[0] + 2, before[1] + 2]);
    assert_eq!(server.stop(), Some(0));
}
