//! Figures that would change, at the command line: data on stdout, talk on stderr.

use testkit::TestHome;

use super::{done, filled, json, run};
use crate::home::VISITS;

const UNCHANGED: &str = "nothing that waits would change a published figure";
const HEADER: &str = "dataset,how,key,column,before,after,difference,percent";

/// What a command that ends well printed, and what it told.
#[track_caller]
fn said(home: &TestHome, args: &[&str]) -> (String, String) {
    let output = run(home, args);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {told}");
    (String::from_utf8(output.stdout).unwrap(), told)
}

/// Submits the visits once more, with what is given besides; gives what was printed.
fn again(home: &TestHome, more: &[&str]) -> (String, String) {
    let file = home.write("again.csv", VISITS);
    let to = ["--agency", "H26", "--period", "2026-09"];
    let submit = ["submit", "raw.visits", file.to_str().unwrap()];
    said(home, &[&submit[..], &to, more].concat())
}

#[test]
fn a_plan_says_that_nothing_that_waits_changes_a_figure() {
    let home = filled();
    done(&home, &["run"]);
    let plan = |format: &str| said(&home, &["plan", "--restatement", "--format", format]);
    let (figures, told) = plan("csv");
    assert_eq!(figures.trim_end(), HEADER);
    assert!(told.contains(UNCHANGED), "{told}");
    let (figures, told) = plan("json");
    assert_eq!(json(&figures)[0]["datasets"], json("[]"), "{figures}");
    assert!(told.contains(UNCHANGED), "{told}");

    again(&home, &[]);
    let (figures, told) = plan("csv");
    assert!(figures.lines().count() > 1, "{figures}");
    assert!(!told.contains(UNCHANGED), "{told}");
}

#[test]
fn a_dry_run_says_that_no_figure_changes_and_a_withdrawal_shows_those_that_do() {
    let home = filled();
    let (receipts, _) = again(&home, &["--format", "json"]);
    let receipts = json(&receipts);
    let id = receipts[0]["id"].as_str().unwrap();
    done(&home, &["run"]);

    // The same rows in their place.
    let replaces = ["--replaces", id, "--dry-run", "--restatement"];
    let (_, told) = again(&home, &replaces);
    let unchanged = "again.csv: it would change no published figure";
    assert!(told.contains(unchanged), "{told}");
    let (figures, told) = said(&home, &["withdraw", id, "--dry-run", "--format", "csv"]);
    assert!(figures.lines().count() > 1, "{figures}");
    assert!(!told.contains("no published figure"), "{told}");
}
