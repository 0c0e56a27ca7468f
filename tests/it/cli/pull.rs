//! Connectors at the command line: checked, run, scheduled, and killed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use std::io::{BufRead, BufReader};

use axum::http::StatusCode;
use serde_json::{Value, json as value};
use testkit::TestHome;

use super::{Server, bare, json};
use crate::home::{VISITS, example};
use crate::pull::portal::{Instead, Portal, TOKEN};

const INBOX: &str = "\
name: inbox
title: { vi: Hộp nhận, en: Inbox }
kind: folder
source: { folder: inbox, quiet: 0s }
layout: '{agency}/{dataset}/{period}'
schedule: { every: 10s }
repeated: new
";

/// A home with a project of its own that declares the connector.
fn home(connector: &str) -> TestHome {
    let home = TestHome::new().with_project(&example());
    home.write("project/warehouse/connectors/inbox.yaml", connector);
    done(on(&home, &["init"]));
    done(on(&home, &["apply"]));
    fs::create_dir(home.path().join("inbox")).unwrap();
    home
}

fn on(home: &TestHome, args: &[&str]) -> Command {
    let mut command = bare(home);
    command.args(args).arg("--project").arg(home.project());
    command
}

#[track_caller]
fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// Puts a file there as a whole, as a careful program does.
fn put(home: &TestHome, name: &str, text: &str) {
    let folder = home.path().join("inbox/H26/raw.visits/2026-09");
    fs::create_dir_all(&folder).unwrap();
    let unready = folder.join(format!("{name}.part"));
    fs::write(&unready, text).unwrap();
    fs::rename(unready, folder.join(name)).unwrap();
}

/// How many files below the drop folder have names that end so.
fn count(home: &TestHome, ending: &str) -> usize {
    fn walk(folder: &Path, ending: &str) -> usize {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let of = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
            true => walk(&entry.path(), ending),
            false => usize::from(entry.file_name().to_str().unwrap().ends_with(ending)),
        };
        entries.map(of).sum()
    }
    walk(&home.path().join("inbox"), ending)
}

fn rows(home: &TestHome) -> Value {
    let sql = "select count(*) as n, count(distinct visit_id) as d from raw.visits";
    json(&done(on(home, &["query", sql, "--format", "json"])))[0].clone()
}

#[test]
fn a_pull_is_told_as_data_and_by_its_exit_code() {
    let home = home(INBOX);
    put(&home, "a.csv", VISITS);
    let pieces = json(&done(on(&home, &["pull", "inbox", "--format", "json"])));
    let piece = &pieces[0];
    assert_eq!(piece["piece"], "H26/raw.visits/2026-09/a.csv", "{pieces}");
    assert_eq!(
        (&piece["state"], &piece["landed"]),
        (&value!("landed"), &value!(2))
    );
    // The receipt beside the file is one that anybody can verify.
    let keys = home.write("keys.json", done(on(&home, &["keys"])));
    let receipt = home.path().join(format!(
        "inbox/H26/raw.visits/2026-09/done/{}/a.csv.receipt.json",
        piece["submission"].as_str().unwrap()
    ));
    let evidence = receipt.with_file_name("a.csv");
    let verify = [
        "verify",
        receipt.to_str().unwrap(),
        "--key",
        keys.to_str().unwrap(),
    ];
    let with = ["--evidence", evidence.to_str().unwrap()];
    done(on(&home, &[&verify[..], &with[..]].concat()));

    put(
        &home,
        "b.csv",
        "visit_id,office,visited_at,minutes\nV-1,,x,-1\n",
    );
    let refused = on(&home, &["pull"]).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("0 landed, 1 refused"), "{told}");

    let unknown = on(&home, &["pull", "outbox"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    fs::rename(home.path().join("inbox"), home.path().join("away")).unwrap();
    let away = on(&home, &["pull"]).output().unwrap();
    let told = String::from_utf8_lossy(&away.stderr).into_owned();
    assert_eq!(away.status.code(), Some(3), "{told}");
    assert!(told.contains("cannot read the folder"), "{told}");
}

#[test]
fn a_server_runs_what_is_due_and_tells_how_it_stands() {
    let home = home(INBOX);
    put(&home, "a.csv", VISITS);
    let mut serve = on(&home, &["serve", "--listen", "127.0.0.1:0"]);
    serve.env("DTM_LOG", "off,conduct::pull=info");
    let (server, mut log) = Server::start(serve);
    let line = log
        .find(|line| line.contains("a connector has run"))
        .unwrap();
    assert!(
        line.contains("inbox") && line.contains("\"pieces\":1"),
        "{line}"
    );
    let token = fs::read_to_string(home.path().join("operator.token")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let states: Value = runtime.block_on(async {
        let url = format!("http://{}/api/v1/connectors", server.address);
        let asked = reqwest::Client::new().get(url).bearer_auth(token.trim());
        let text = asked.send().await.unwrap().text().await.unwrap();
        json(&text)
    });
    assert_eq!(states[0]["name"], "inbox", "{states}");
    assert_eq!(
        (&states[0]["landed"], &states[0]["failures"]),
        (&value!(1), &value!(0))
    );
    // At the command line it is the server that runs it.
    put(&home, "b.csv", &VISITS.replace("V-", "W-"));
    let pulled = on(&home, &["pull", "--format", "json"]).output().unwrap();
    assert!(pulled.status.success());
    drop(log);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(
        (count(&home, ".csv"), count(&home, ".receipt.json")),
        (4, 2)
    );
    assert_eq!(rows(&home), value!({ "n": 4, "d": 4 }));
}

/// Killed after the first thing that it says, after the second, and so on, until it has ended
/// before it could be killed.
#[test]
fn a_pull_that_is_killed_anywhere_lands_every_file_once() {
    let home = home(INBOX);
    let mut files = 0;
    for said in 1.. {
        for name in ["a", "b"] {
            put(
                &home,
                &format!("{name}{said}.csv"),
                &VISITS.replace("V-", &format!("{name}{said}-")),
            );
            files += 1;
        }
        let mut child = on(&home, &["pull"])
            .env(
                "DTM_LOG",
                "off,conduct::submit=debug,conduct::pull=debug,pull=debug",
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines.map(Result::unwrap).take(said).count();
        child.kill().unwrap();
        child.wait().unwrap();
        done(on(&home, &["pull"]));
        assert_eq!(
            count(&home, ".receipt.json"),
            files,
            "killed after {told} lines"
        );
        // Two rows of each file land; its third goes to quarantine, and is told beside it.
        assert_eq!(
            rows(&home),
            value!({ "n": 2 * files, "d": 2 * files }),
            "after {told} lines"
        );
        assert_eq!(
            count(&home, ".errors.csv"),
            files,
            "killed after {told} lines"
        );
        assert_eq!(count(&home, ".csv"), 2 * files, "killed after {told} lines");
        if told < said {
            assert!(
                told > 12,
                "it said too little to be killed in between: {told}"
            );
            break;
        }
    }
}

/// A runtime for what answers the process under test.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// The same with the token of the portal, and everything logged that may be.
fn on_portal(home: &TestHome, args: &[&str]) -> Command {
    let mut command = on(home, args);
    command.env("PORTAL_TOKEN", TOKEN).env("DTM_LOG", "trace");
    command
}

#[test]
fn a_pull_of_an_api_that_is_killed_in_the_middle_goes_on_where_it_was() {
    let runtime = runtime();
    let portal = runtime.block_on(Portal::start());
    portal.add(1, 5);
    portal.instead("2", Instead::Hold, 1);
    let home = home(&portal.connector());
    let mut child = on_portal(&home, &["pull"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    runtime.block_on(portal.is_waited_for());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(portal.pages(), ["1", "2"]);
    let output = on_portal(&home, &["pull", "inbox", "--format", "json"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(portal.pages(), ["2", "3", "1"]);
    let pieces = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(pieces.as_array().unwrap().len(), 2, "{pieces}");
    assert_eq!(rows(&home), value!({ "n": 5, "d": 5 }));
    // It says a lot, and not the token.
    assert!(told.lines().count() > 50, "{told}");
    assert!(!told.contains(TOKEN), "the token is logged");
    // Everything again is what landed already.
    done(on_portal(&home, &["pull", "inbox", "--from-start"]));
    assert_eq!(rows(&home)["d"], value!(5));
    let every = on_portal(&home, &["pull", "--from-start"])
        .output()
        .unwrap();
    assert_eq!(every.status.code(), Some(2));
}

#[test]
fn a_server_pulls_an_api_and_shows_its_token_nowhere() {
    let runtime = runtime();
    let portal = runtime.block_on(Portal::start());
    portal.add(1, 3);
    portal.instead("2", Instead::Fail(StatusCode::NOT_FOUND), 1);
    let home = home(&portal.connector());
    let serve = on_portal(&home, &["serve", "--listen", "127.0.0.1:0"]);
    let (server, log) = Server::start(serve);
    let mut heard = Vec::new();
    let stopped = |line: &String| line.contains("a connector stopped until its next time");
    for line in log {
        heard.push(line);
        if heard.last().is_some_and(stopped) {
            break;
        }
    }
    let token = fs::read_to_string(home.path().join("operator.token")).unwrap();
    let states = runtime.block_on(async {
        let url = format!("http://{}/api/v1/connectors", server.address);
        loop {
            let asked = reqwest::Client::new().get(&url).bearer_auth(token.trim());
            let text = asked.send().await.unwrap().text().await.unwrap();
            if json(&text)[0]["failures"] == 1 {
                return text;
            }
        }
    });
    let state = &json(&states)[0];
    assert_eq!(
        (&state["kind"], &state["landed"]),
        (&value!("http"), &value!(1))
    );
    assert_eq!(state["error_kind"], "invalid", "{state}");
    assert_eq!(server.stop(), Some(0));
    assert!(!states.contains(TOKEN), "{states}");
    assert!(
        !heard.iter().any(|line| line.contains(TOKEN)),
        "the token is logged"
    );
}

#[test]
fn a_check_tells_what_is_wrong_with_a_connector() {
    let broken = INBOX
        .replace("kind: folder", "kind: foldr")
        .replace("every: 10s", "cron: 0 2 * *")
        .replace("repeated: new", "repeat: new");
    let home = TestHome::new().with_project(&example());
    home.write("project/warehouse/connectors/inbox.yaml", broken);
    let api = INBOX.replace("inbox", "api").replace("folder", "http");
    let source = "{ url: 'http://api.example.vn?key=THE-SECRET', bearer: THE-SECRET }";
    let api = api.replace("{ http: api, quiet: 0s }", source);
    home.write("project/warehouse/connectors/api.yaml", api);
    let output = on(&home, &["check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stdout).unwrap();
    for told in [
        "warehouse/connectors/inbox.yaml:3:7: `kind` must be one of",
        "`0 2 * *` is no schedule",
        "unknown key `repeat` in the connector: did you mean `repeated`?",
        "api.yaml:4:16: `url` is not encrypted: write `https://`, or allow it with `allow_http",
        "api.yaml:4:16: `url` ends before its `?` or `#`: declare what follows under `parameters`",
        "`bearer` must say where the secret is, `env:NAME` or `file:NAME`",
        "`layout` has no use: nothing lies in folders there",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains("THE-SECRET"), "{shown}");
}

#[test]
fn the_connectors_of_the_examples_fit_the_shipped_project() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = TestHome::new().with_project(&root);
    let examples = root.join("examples/connectors/warehouse/connectors");
    let mut found = 0;
    for entry in fs::read_dir(examples).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let path = format!("project/warehouse/connectors/{}", name.to_str().unwrap());
        home.write(&path, fs::read(entry.path()).unwrap());
        found += 1;
    }
    assert_eq!(found, 5);
    done(on(&home, &["check"]));
}
