//! `dtm maintain` at the command line, and killed.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;
use testkit::TestHome;

use super::{done, dtm, fails, filled, json};
use crate::home::VISITS;

fn submit(home: &TestHome, prefixes: &[String]) {
    let files: Vec<String> = prefixes
        .iter()
        .map(|prefix| {
            let file = home.write(&format!("{prefix}.csv"), VISITS.replace("V-", prefix));
            file.to_str().unwrap().to_owned()
        })
        .collect();
    let mut args = vec!["submit", "raw.visits"];
    args.extend(files.iter().map(String::as_str));
    args.extend(["--agency", "H26", "--period", "2026-09"]);
    done(home, &args);
}

fn count(home: &TestHome, sql: &str) -> Value {
    json(&done(home, &["query", sql, "--format", "json"]))[0]["n"].clone()
}

#[test]
fn maintenance_is_told_as_data_and_kept_in_its_book() {
    let home = filled();
    submit(&home, &["a-", "b-", "c-"].map(str::to_owned));
    let steps = json(&done(&home, &["maintain", "--format", "json"]));
    let of_visits = |step: &&Value| step["dataset"] == "raw.visits";
    let visits: Vec<&Value> = steps.as_array().unwrap().iter().filter(of_visits).collect();
    assert_eq!(visits.len(), 1, "{steps}");
    assert_eq!(
        (&visits[0]["task"], &visits[0]["state"]),
        (&"compact".into(), &"done".into())
    );
    assert_eq!(
        (&visits[0]["files_removed"], &visits[0]["files_added"]),
        (&4.into(), &1.into())
    );
    assert_eq!(count(&home, "select count(*) as n from raw.visits"), 8);
    let book =
        "select sum(files_removed) as n from system.maintenance where dataset = 'raw.visits'";
    assert_eq!(count(&home, book), 4);
    let select = ["maintain", "--select", "raw.*", "--format", "json"];
    assert_eq!(json(&done(&home, &select)), Value::Array(vec![]));
    fails(
        &home,
        &["maintain", "--select", "row.*"],
        2,
        "no table fits `row.*`",
    );
    fails(
        &home,
        &["maintain", "--keep-hours", "0"],
        2,
        "at least 1 hour",
    );
}

/// Killed after the first thing that it says, after the second, and so on, until it has ended
/// before it could be killed.
#[test]
fn maintenance_that_is_killed_anywhere_loses_nothing() {
    let home = filled();
    let mut rows = 2;
    for said in 1.. {
        submit(
            &home,
            &["a", "b", "c", "d"].map(|name| format!("{name}{said}-")),
        );
        rows += 8;
        let mut child = dtm(&home)
            .args(["maintain", "--vacuum", "--keep-hours", "1"])
            .env("DTM_LOG", "off,conduct::maintain=debug")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines.map(Result::unwrap).take(said).count();
        child.kill().unwrap();
        child.wait().unwrap();
        let received = "select count(distinct visit_id) * 1000 + count(*) as n from raw.visits";
        assert_eq!(
            count(&home, received),
            rows * 1001,
            "killed after {told} lines"
        );
        if told < said {
            assert!(told > 3, "it said too little to be killed in between");
            break;
        }
    }
    done(&home, &["maintain"]);
    let steps = json(&done(&home, &["maintain", "--format", "json"]));
    assert_eq!(steps, Value::Array(vec![]));
}
