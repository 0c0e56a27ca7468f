//! The clients of `examples/clients` against a server, and receipts verified at the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use testkit::TestHome;

use super::{Server, done, fails, json};
use crate::home::{VISITS, example};

fn clients() -> PathBuf {
    example().join("../clients")
}

fn token(home: &TestHome) -> String {
    let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
    token.trim().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn client(home: &TestHome, url: &str, words: &[&str]) -> Output {
    let (program, script) = match words[0] {
        "submit.py" => ("python3", clients().join("submit.py")),
        other => ("bash", clients().join(other)),
    };
    Command::new(program)
        .arg(script)
        .args(&words[1..])
        .envs([("DTM_URL", url), ("DTM_TOKEN", &token(home))])
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .current_dir(home.path())
        .output()
        .unwrap()
}

fn receipt(home: &TestHome, key: &str) -> Value {
    let file = home.path().join(format!("receipt-{key}.json"));
    json(&std::fs::read_to_string(file).unwrap())
}

fn applied() -> TestHome {
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    home
}

#[test]
fn the_clients_get_a_receipt_and_the_same_one_again() {
    let home = applied();
    let good = home.write("visits.csv", VISITS);
    let bad = home.write("bad.csv", "visit_id,office,visited_at,minutes\nV-1,,x,-1\n");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let server = Server::of(&home);
    let url = format!("http://{}", server.address);
    for (script, key) in [("submit.sh", "by-curl"), ("submit.py", "by-python")] {
        let words = [script, "raw.visits", good, "H26", "2026-09", key];
        let first = client(&home, &url, &words);
        let told = String::from_utf8_lossy(&first.stderr).into_owned();
        assert_eq!(first.status.code(), Some(0), "{script}: {told}");
        let kept = receipt(&home, key);
        assert_eq!(kept["rows"]["landed"], 2, "{script}");
        assert!(client(&home, &url, &words).status.success(), "{script}");
        assert_eq!(receipt(&home, key), kept, "{script}");
        let bad = [script, "raw.visits", bad, "H26", "2026-09", "bad"];
        let refused = client(&home, &url, &bad);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{script}: {told}");
        assert!(
            told.contains("none of the 1 rows landed"),
            "{script}: {told}"
        );
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_receipt_is_verified_offline_and_what_was_changed_is_named() {
    let home = applied();
    let file = home.write("visits.csv", VISITS);
    let file = file.to_str().unwrap();
    let to = ["--agency", "H26", "--period", "2026-09", "--format", "json"];
    let answers = done(&home, &[&["submit", "raw.visits", file][..], &to].concat());
    let receipts = home.write("receipts.json", &answers);
    let keys = home.write("keys.json", done(&home, &["keys"]));
    let (receipts, keys) = (receipts.to_str().unwrap(), keys.to_str().unwrap());
    let verify = ["verify", receipts, "--key", keys, "--evidence", file];
    let told = json(&done(&home, &[&verify[..], &["--format", "json"]].concat()));
    assert_eq!(told[0]["id"], json(&answers)[0]["id"]);
    assert_eq!(told[0]["evidence"], "verified");

    let rotated = home.write("rotated.json", done(&home, &["keys", "--rotate"]));
    let rotated = rotated.to_str().unwrap();
    done(&home, &["verify", receipts, "--key", rotated]);

    fails(&home, &["verify", receipts], 1, "no public key was given");
    let other = home.write("other.csv", VISITS.replace("V-1", "V-9"));
    let other = other.to_str().unwrap();
    let wrong = ["verify", receipts, "--key", keys, "--evidence", other];
    fails(&home, &wrong, 1, "evidence.sha256");
    let forged = answers.replace("\"landed\":2", "\"landed\":3");
    assert_ne!(forged, answers);
    let forged = home.write("forged.json", &forged);
    fails(
        &home,
        &["verify", forged.to_str().unwrap(), "--key", keys],
        1,
        "rows.landed",
    );
    let stranger = applied();
    let strange = home.write("strange.json", done(&stranger, &["keys"]));
    fails(
        &home,
        &["verify", receipts, "--key", strange.to_str().unwrap()],
        1,
        "not verified",
    );
    let missing = Path::new("none.json").to_str().unwrap();
    fails(
        &home,
        &["verify", missing, "--key", keys],
        2,
        "cannot read `none.json`",
    );
}

#[test]
fn a_submission_is_corrected_and_withdrawn_at_the_command_line() {
    let home = applied();
    let file = home.write("visits.csv", VISITS);
    let fix = home.write(
        "fix.csv",
        "visit_id,office,visited_at,minutes\nV-2,Cầu Giấy,2026-09-02T14:15:00+07:00,9\n",
    );
    let to = ["--agency", "H26", "--period", "2026-09", "--format", "json"];
    let submit = ["submit", "raw.visits", file.to_str().unwrap()];
    let first = json(&done(&home, &[&submit[..], &to].concat()));
    let id = first[0]["id"].as_str().unwrap();
    let fix = [
        "submit",
        "raw.visits",
        fix.to_str().unwrap(),
        "--corrects",
        id,
    ];
    let total = ["--control-total", "rows=1", "--control-total", "minutes=9"];
    let fixed = json(&done(&home, &[&fix[..], &total, &to].concat()));
    assert_eq!(fixed[0]["supersedes"]["rows"], 1);
    let sum = [
        "query",
        "select sum(minutes) as n from raw.visits",
        "--format",
        "json",
    ];
    assert_eq!(json(&done(&home, &sum))[0]["n"], 21);
    fails(
        &home,
        &[&fix[..], &["--control-total", "rows=2"], &to].concat(),
        1,
        "2 were declared",
    );
    done(&home, &["withdraw", id, "--reason", "sent by mistake"]);
    let count = [
        "query",
        "select count(*) as n from raw.visits",
        "--format",
        "json",
    ];
    assert_eq!(json(&done(&home, &count))[0]["n"], 0);
    fails(&home, &[&fix[..], &to].concat(), 1, "was withdrawn");
}
