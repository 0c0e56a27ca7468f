//! `dtm erase` at the command line; receipts verified afterwards.

use serde_json::Value;
use testkit::TestHome;

use super::{Server, done, fails, json, run};
use crate::home::VISITS;

fn submitted(home: &TestHome, file: &str, key: &str) -> Value {
    let to = ["--agency", "H26", "--period", "2026-09", "--key", key];
    let args = ["submit", "raw.visits", file, "--format", "json"];
    json(&done(home, &[&args[..], &to].concat()))
}

#[test]
fn evidence_is_erased_at_the_command_line_and_the_receipt_verifies_afterwards() {
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    let file = home.write("visits.csv", VISITS);
    let file = file.to_str().unwrap();
    let sent = submitted(&home, file, "k");
    let id = sent[0]["id"].as_str().unwrap();
    let receipt = home.write("receipt.json", sent.to_string());
    let keys = home.write("keys.json", done(&home, &["keys"]));
    let (receipt, keys) = (receipt.to_str().unwrap(), keys.to_str().unwrap());

    fails(&home, &["erase", id], 2, "--reason");
    fails(&home, &["erase", id, "--reason", " "], 2, "gives no reason");
    let nobody = "0192f0c1-0000-7000-8000-0000000000ff";
    fails(
        &home,
        &["erase", nobody, "--reason", "x"],
        2,
        "no submission",
    );

    let erase = [
        "erase",
        id,
        "--reason",
        "sent by mistake",
        "--format",
        "json",
    ];
    let erased = json(&done(&home, &erase));
    assert_eq!(erased[0]["id"], id);
    assert_eq!(erased[0]["sha256"], sent[0]["evidence"]["sha256"]);
    assert_eq!(erased[0]["erased_by"], "operator");
    let again = run(&home, &erase);
    assert!(again.status.success());
    assert_eq!(json(&String::from_utf8(again.stdout).unwrap()), erased);
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(
        told.contains("2 rows landed") && told.contains("`dtm withdraw`"),
        "{told}"
    );

    // Hash and receipt vouch for the file that its sender has kept.
    let verify = ["verify", receipt, "--key", keys];
    done(&home, &verify);
    done(&home, &[&verify[..], &["--evidence", file]].concat());
    assert_eq!(submitted(&home, file, "k"), sent);
    let server = Server::of(&home);
    let erase = ["erase", id, "--reason", "x", "--format", "json"];
    assert_eq!(
        json(&done(&home, &erase)),
        erased,
        "it is asked through the server"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_is_past_its_retention_is_told_and_then_erased() {
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    let file = home.write("visits.csv", VISITS.replace("Ba Đình", "0912345678"));
    submitted(&home, file.to_str().unwrap(), "k");
    let steps = json(&done(&home, &["maintain", "--format", "json"]));
    let erases = |steps: &Value| {
        let steps = steps.as_array().unwrap().iter();
        steps.filter(|step| step["task"] == "erase").count()
    };
    assert_eq!(erases(&steps), 0, "{steps}");
    let help = done(&home, &["maintain", "--help"]);
    assert!(
        help.contains("--erase") && help.contains("evidence.keep_days"),
        "{help}"
    );
}
