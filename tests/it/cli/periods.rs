//! A period that is locked, and its deadline moved at the command line.

use std::process::Command;

use testkit::TestHome;

use super::{bare, json};
use crate::home::example;

const RAW: &str = "warehouse/raw/visits.odcs.yaml";
const PERIODS: &str = "warehouse/codes/periods.csv";

const VISITS: &str = "visit_id,office,visited_at,minutes\n\
    V-1,Huế,2019-12-20T08:30:00+07:00,12\n";

/// The command on a project of the home's own.
fn on(home: &TestHome, args: &[&str]) -> Command {
    let mut command = bare(home);
    command.args(args).arg("--project").arg(home.project());
    command
}

#[track_caller]
fn done(home: &TestHome, args: &[&str]) -> String {
    let output = on(home, args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(home: &TestHome, args: &[&str], code: i32) -> String {
    let output = on(home, args).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
    told
}

fn edit(home: &TestHome, path: &str, from: &str, to: &str) {
    let file = home.project().join(path);
    let before = std::fs::read_to_string(&file).unwrap();
    assert!(before.contains(from), "{path}: {from}");
    std::fs::write(file, before.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_deadline_that_has_long_passed_is_moved_and_the_period_takes_data_again() {
    let home = TestHome::new().with_project(&example());
    let sort = "  - { property: sortBy";
    let deadline = "  - { property: deadline, value: { dueAfterDays: 5, lockAfterDays: 9 } }\n";
    edit(&home, RAW, sort, &format!("{deadline}{sort}"));
    let first = "2026-08,month";
    let old = "2020-01,month,2019-12-15,2020-01-14\n";
    edit(&home, PERIODS, first, &format!("{old}{first}"));
    for act in ["init", "apply"] {
        done(&home, &[act]);
    }
    let file = home.write("visits.csv", VISITS);
    let file = file.to_str().unwrap();
    let to = ["--agency", "H26", "--period", "2020-01"];
    let submit = [&["submit", "raw.visits", file][..], &to].concat();
    let told = fails(&home, &submit, 1);
    assert!(
        told.contains("is locked since 2020-01-24T00:00:00+07:00"),
        "{told}"
    );
    let extend = |until: &'static str, reason: &'static str| {
        let rest = ["--until", until, "--reason", reason, "--format", "json"];
        [&["extend", "raw.visits"][..], &to, &rest].concat()
    };
    let told = fails(&home, &extend("2020-02-01", "too late"), 2);
    assert!(
        told.contains("cannot be extended until 2020-02-01"),
        "{told}"
    );
    let told = fails(&home, &extend("2033-01-01", " "), 2);
    assert!(told.contains("gives no reason"), "{told}");
    let extended = json(&done(&home, &extend("2033-01-01", "merged agencies")));
    assert_eq!(extended[0]["due_on"], "2033-01-01");
    assert_eq!(extended[0]["state"], "open");
    let submit = [&submit[..], &["--format", "json"]].concat();
    let receipt = json(&done(&home, &submit));
    assert_eq!(receipt[0]["rows"]["landed"], 1);
    assert_eq!(receipt[0]["timeliness"], "on_time");
    assert_eq!(receipt[0]["due_on"], "2033-01-01");
}
