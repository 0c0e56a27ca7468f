//! Events of lineage at the command line and from a server.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::TestHome;
use testkit::openlineage::breaches;

use super::{Server, done, dtm, fails, json};
use crate::home::VISITS;

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn kinds(events: &[String]) -> Vec<String> {
    let kind = |event: &String| json(event)["eventType"].as_str().unwrap().to_owned();
    events.iter().map(kind).collect()
}

/// A home that has received.
fn received() -> TestHome {
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    submit(&home, VISITS);
    home
}

fn submit(home: &TestHome, visits: &str) {
    let file = home.write("visits.csv", visits);
    let file = file.to_str().unwrap();
    let of = ["--agency", "H26", "--period", "2026-09"];
    done(home, &[&["submit", "raw.visits", file][..], &of].concat());
}

#[test]
fn what_the_sql_says_is_printed_as_events() {
    let figure = "served.visits_by_office";
    let words = ["lineage", figure, "--format", "openlineage"];
    for home in [TestHome::new(), received()] {
        let printed = json(&done(&home, &words));
        let events = printed.as_array().unwrap();
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        assert_eq!(breaches(&texts), [""; 0]);
        assert_eq!(events.len(), 3, "a job and the two datasets that it reads");
        assert_eq!(events[0]["job"]["name"], figure);
        let of_column = [
            &words[..1],
            &["served.visits_by_office.minutes"],
            &words[2..],
        ];
        let printed = json(&done(&home, &of_column.concat()));
        let columns = &printed[0]["outputs"][0]["facets"]["columnLineage"]["fields"];
        let columns: Vec<&String> = columns.as_object().unwrap().keys().collect();
        assert_eq!(columns, ["minutes"]);
    }
}

#[test]
fn a_run_by_hand_leaves_its_events_in_the_file_that_is_set() {
    let home = received();
    let file = home.path().join("events.ndjson");
    done(&home, &["run"]);
    assert!(!file.exists(), "nobody set it");
    let mut run = dtm(&home);
    run.env("DTM_LINEAGE_OUTBOX", "file:events.ndjson")
        .env("DTM_LINEAGE_NAMESPACE", "dtm://here")
        .args(["run", "--select", "*"]);
    assert!(run.output().unwrap().status.success());
    let events = lines(&file);
    assert_eq!(kinds(&events), ["START", "COMPLETE", "START", "COMPLETE"]);
    assert_eq!(breaches(&events), [""; 0]);
    assert_eq!(json(&events[0])["job"]["namespace"], "dtm://here");
    let link = &json(&events[0])["outputs"][0]["facets"]["symlinks"]["identifiers"][0];
    let folder = link["name"].as_str().unwrap();
    assert!(Path::new(folder).join("_delta_log").is_dir(), "{folder}");
}

#[test]
fn a_server_sends_what_runs_in_it_tell() {
    let home = received();
    let settings = std::fs::read_to_string(home.path().join("dtm.toml")).unwrap();
    let told = settings.replace("outbox = \"\"", "outbox = \"file:events.ndjson\"");
    assert_ne!(told, settings);
    home.write("home/dtm.toml", told);
    let server = Server::of(&home);
    done(&home, &["run"]);
    let file = home.path().join("events.ndjson");
    let begun = Instant::now();
    while lines(&file).len() < 4 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is sent");
        std::thread::yield_now();
    }
    assert_eq!(server.stop(), Some(0));
    assert_eq!(
        kinds(&lines(&file)),
        ["START", "COMPLETE", "START", "COMPLETE"]
    );
}

#[test]
fn settings_that_cannot_work_are_refused_and_not_shown() {
    let home = TestHome::new();
    done(&home, &["init"]);
    for (settings, why) in [
        (&[("OUTBOX", "file:")][..], "names no file"),
        (&[("OUTBOX", "ftp://a.vn/hunter2")][..], "write `https://`"),
        (
            &[("OUTBOX", "https://me:hunter2@a.vn/")][..],
            "by reference",
        ),
        (
            &[("OUTBOX", "http://a.vn/hunter2")][..],
            "lineage.allow_http",
        ),
        (
            &[("OUTBOX", "https://a.vn/"), ("TOKEN", "hunter2")][..],
            "env:NAME",
        ),
        (
            &[("OUTBOX", "https://a.vn/"), ("ALLOW_ADDRESSES", "10.0.0.1")][..],
            "neither `host:port`",
        ),
    ] {
        let mut plan = dtm(&home);
        let named = settings.iter();
        let named = named.map(|(key, value)| (format!("DTM_LINEAGE_{key}"), *value));
        let output = plan.envs(named).arg("plan").output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{why}: {told}");
        assert!(told.contains(why), "{why}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    fails(
        &home,
        &["lineage", "served.no", "--format", "openlineage"],
        2,
        "no dataset",
    );
}
