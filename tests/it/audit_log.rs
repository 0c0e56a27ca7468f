//! The audit log of a home: served, verified, proved, witnessed, damaged, cut off.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use api::client::RemoteService;
use serde_json::Value;
use service::{Call, Credential, Door, ErrorKind, Secret, Service};
use testkit::TestHome;
use testkit::home::copy_folder;
use tokio::runtime::Runtime;

use crate::cli::{Server, done, fails, filled, run};
use crate::sockets::{Node, heard};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn call(token: Option<&str>) -> Call {
    Call {
        credential: token.map(|token| Credential::Token(Secret::new(token.to_owned()))),
        door: Door::Http,
        peer: None,
        user_agent: None,
        correlation_id: String::new(),
    }
}

/// A client without a token of its own.
fn remote(node: &Node) -> RemoteService {
    RemoteService::new(&url(node), None).unwrap()
}

fn url(node: &Node) -> String {
    format!("http://{}", node.server.address)
}

/// The entries of the journal, newest first.
fn entries(node: &Node) -> Vec<Value> {
    let head = "GET /api/v1/audit/entries?limit=1000 HTTP/1.1";
    let entries = heard(node.send(head, 0, b"")).body;
    serde_json::from_str(&entries).unwrap()
}

/// Waits until the checkpoint that is served covers the entry; answers how many it covers.
fn covered(node: &Node, sequence: u64) -> u64 {
    loop {
        let answer = heard(node.send("GET /audit/checkpoint HTTP/1.1", 0, b""));
        let size = answer.body.lines().nth(1).and_then(|l| l.parse().ok());
        match size {
            Some(size) if answer.status == 200 && size >= sequence => return size,
            _ => std::thread::yield_now(),
        }
    }
}

/// What `dtm audit verify` says of the home.
fn verified(home: &TestHome) -> Value {
    json(&done(home, &["audit", "verify", "--format", "json"]))[0].clone()
}

/// The keys of the home as a file, as its owner would hand them out.
fn keys(home: &TestHome) -> String {
    let file = home.write("keys.json", done(home, &["keys"]));
    file.to_str().unwrap().to_owned()
}

/// The folder of the home's log.
fn folder(home: &TestHome) -> PathBuf {
    let node = fs::read_to_string(home.path().join("node")).unwrap();
    home.path().join("lake/audit").join(node.trim())
}

/// Every file below a folder, with its size and when it was changed.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let facts = path.metadata().unwrap();
        if facts.is_dir() {
            found.extend(listing(&path));
        }
        found.insert(path, (facts.len(), facts.modified().unwrap()));
    }
    found
}

#[test]
fn what_was_done_and_what_was_denied_is_in_the_log_that_is_served() {
    let node = Node::with(&[]);
    let runtime = Runtime::new().unwrap();
    let refused = runtime.block_on(remote(&node).datasets(&call(None)));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Unauthenticated);
    assert_eq!(heard(node.query("select 1 as one")).status, 200);
    let entries = entries(&node);
    let newest = entries[0]["sequence"].as_u64().unwrap();
    let size = covered(&node, newest);

    let found = verified(&node.home);
    assert!(found["entries"].as_u64() >= Some(size), "{found}");
    assert_eq!(found["cosigned_by"], "nobody");
    let (keys, address) = (keys(&node.home), url(&node));
    let there = ["audit", "verify", "--url", &address, "--key", &keys];
    done(&node.home, &there);
    fails(&node.home, &there[..4], 2, "cannot vouch for itself");

    let denied = entries.iter().find(|e| e["outcome"] == "denied").unwrap();
    let sequence = denied["sequence"].to_string();
    let file = node.home.root().join("denied.tlog-proof");
    let file = file.to_str().unwrap();
    done(&node.home, &["audit", "prove", &sequence, "--out", file]);
    let check = ["verify", file, "--key", &keys, "--format", "json"];
    let proved = json(&done(&node.home, &check));
    assert_eq!(proved[0]["outcome"], "denied", "{proved}");
    assert_eq!(proved[0]["sequence"], denied["sequence"], "{proved}");

    let text = fs::read_to_string(file).unwrap();
    let other = text.replace(
        &format!("index {}\n", denied["sequence"].as_u64().unwrap() - 1),
        &format!("index {sequence}\n"),
    );
    fs::write(file, other).unwrap();
    fails(&node.home, &check, 1, "cannot believe the proof");
    fails(&node.home, &["audit", "prove", "999999"], 2, "has no entry");
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn hashes_are_open_and_entries_are_for_auditors() {
    let node = Node::with(&[]);
    let home = &node.home;
    let made = |role| {
        let args = ["token", "create", "--name", role, "--role", role];
        done(home, &args).trim().to_owned()
    };
    let (auditor, analyst) = (made("auditor"), made("analyst"));
    let size = covered(&node, 1);
    let (remote, runtime) = (remote(&node), Runtime::new().unwrap());
    let tile = format!("tile/0/000.p/{size}");
    let hashes = runtime.block_on(remote.log_hashes(&tile)).unwrap();
    assert_eq!(hashes.len() as u64, 32 * size);
    let absent = runtime.block_on(remote.log_hashes("tile/0/x999/999"));
    assert_eq!(absent.unwrap_err().kind, ErrorKind::NotFound);

    let bundle = format!("tile/entries/000.p/{size}");
    let ask = |token: Option<&str>| {
        let call = call(token);
        let read = runtime.block_on(remote.log_file(&call, &bundle));
        read.map_err(|error| error.kind)
    };
    assert_eq!(ask(None), Err(ErrorKind::Unauthenticated));
    assert_eq!(ask(Some(&analyst)), Err(ErrorKind::Forbidden));
    let bytes = ask(Some(&auditor)).unwrap();
    let (entries, end) = audit::log::split_bundle(&bytes);
    assert_eq!((entries.len() as u64, end), (size, bytes.len()));
    assert_eq!(node.server.stop(), Some(0));
}

#[test]
fn damage_is_located_and_verifying_writes_nothing() {
    let home = filled();
    let sound = verified(&home);
    let size = sound["entries"].as_u64().unwrap();
    let file = folder(&home).join(format!("tile/entries/000.p/{size}"));
    let bytes = fs::read(&file).unwrap();
    let mut flipped = bytes.clone();
    // In the first entry, after its length.
    flipped[10] ^= 1;
    fs::write(&file, &flipped).unwrap();
    let before = listing(home.root());
    let output = run(&home, &["audit", "verify", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let located = &json(&String::from_utf8(output.stdout).unwrap())[0];
    assert_eq!(located["path"], format!("tile/entries/000.p/{size}"));
    assert_eq!(located["entry"], 1, "{located}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("damaged"), "{told}");
    assert_eq!(listing(home.root()), before);

    fs::write(&file, &bytes).unwrap();
    assert_eq!(verified(&home), sound);
    let copy = home.root().join("copy");
    copy_folder(&folder(&home), &copy);
    let copy = copy.to_str().unwrap();
    fails(
        &home,
        &["audit", "verify", copy],
        2,
        "cannot vouch for itself",
    );
    done(&home, &["audit", "verify", copy, "--key", &keys(&home)]);
    let other = filled();
    let strange = keys(&other);
    fails(
        &home,
        &["audit", "verify", copy, "--key", &strange],
        1,
        "log",
    );
}

#[test]
fn what_the_journal_has_when_the_server_is_killed_is_in_the_log_of_the_next_start() {
    let Node { server, home, .. } = {
        let node = Node::with(&[]);
        for number in 0..20 {
            let sql = format!("select {number} as n");
            assert_eq!(heard(node.query(&sql)).status, 200);
        }
        node
    };
    server.killer()();
    assert_eq!(server.wait(), None);
    let journal = || audit::verify_folder(&home.path().join("journal")).unwrap();
    let left = journal().entries;
    assert!(verified(&home)["entries"].as_u64() <= Some(left));
    let server = Server::of(&home);
    assert_eq!(server.stop(), Some(0));
    assert!(journal().entries >= left);
    assert_eq!(verified(&home)["entries"], journal().entries);
}

#[test]
fn a_home_whose_journal_is_older_than_its_log_is_not_opened() {
    let home = filled();
    let (journal, older) = (home.path().join("journal"), home.root().join("older"));
    copy_folder(&journal, &older);
    done(&home, &["plan"]);
    fs::rename(&journal, home.root().join("newer")).unwrap();
    fs::rename(&older, &journal).unwrap();
    fails(&home, &["plan"], 3, "the journal is older than the log");
    fails(&home, &["serve", "--listen", "127.0.0.1:0"], 3, "older");
    fs::rename(&journal, &older).unwrap();
    fs::rename(home.root().join("newer"), &journal).unwrap();
    done(&home, &["plan"]);
}

/// The private key of a home, as the key of a witness.
fn signing_key(home: &TestHome) -> String {
    let files = fs::read_dir(home.path().join("keys")).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    let key = paths.find(|path| path.extension().is_some_and(|e| e == "pem"));
    key.unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_witness_cosigns_a_log_that_grows_and_no_other() {
    let (node, other) = (Node::with(&[]), filled());
    let size = covered(&node, 1);
    let (url, key, signing) = (url(&node), keys(&node.home), signing_key(&other));
    let state = node.home.root().join("seen");
    let state = state.to_str().unwrap();
    let witness = |key: &str| {
        let named = ["--state", state, "--signing-key", &signing];
        let of = ["audit", "witness", "--url", &url, "--key", key];
        let name = ["--name", "example.org/w"];
        run(&node.home, &[&of[..], &named, &name].concat())
    };
    let output = witness(&key);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with("— example.org/w "), "{line}");

    assert_eq!(heard(node.query("select 1 as one")).status, 200);
    covered(&node, size + 1);
    assert!(witness(&key).status.success());
    let verify = ["audit", "verify", "--against", state, "--format", "json"];
    let found = json(&done(&node.home, &verify));
    assert!(found[0]["goes_on_from"].as_u64() > Some(size), "{found}");
    let strange = witness(&keys(&other));
    assert!(!strange.status.success());
    assert_eq!(node.server.stop(), Some(0));
}
