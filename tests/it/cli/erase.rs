//! `dtm erase` at the command line; receipts verified afterwards.

use std::path::{Path, PathBuf};

use api::client::RemoteService;
use futures::TryStreamExt;
use serde_json::Value;
use service::{Credential, ErrorKind, Secret, Service, ServiceError, SubmissionId};
use testkit::TestHome;
use testkit::home::copy_folder;

use super::{Server, done, fails, json, run};
use crate::home::{Fixture, VISITS, visits};

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

const OLD: &str = "0912345678";
const YOUNG: &str = "0987654321";

/// What was received when the home was new.
struct Past {
    id: SubmissionId,
    receipt: PathBuf,
    file: PathBuf,
}

/// A home that was filled in September of 2026, by the clock, and is opened today; it keeps
/// restricted evidence for 30 days. Of what it received then, two bodies had a phone number in a
/// row, one none.
async fn old_home() -> (TestHome, [Past; 3]) {
    let home = TestHome::new();
    let f = Fixture::on_disk().await;
    let header = "visit_id,office,visited_at,minutes\n";
    let row = |id: &str, office: &str| format!("{id},{office},2026-09-05T08:30:00+07:00,12\n");
    let small = header.to_owned() + &row("S-1", "Huế") + &row("S-2", OLD);
    let many: String = (0..8_000).map(|n| row(&format!("L-{n}"), "Huế")).collect();
    let large = header.to_owned() + &many + &row("L", OLD);
    let clean = header.to_owned() + &row("C-1", "Huế");
    assert!(large.len() > 256 << 10, "it fits into a segment");
    let mut past = Vec::new();
    for (name, body) in [("small", &small), ("large", &large), ("clean", &clean)] {
        let answer = f.submit_this(&f.admin, visits(), body).await.unwrap();
        past.push(Past {
            id: answer.receipt.id,
            receipt: home.write(&format!("{name}.json"), answer.sealed.unwrap()),
            file: home.write(&format!("{name}.csv"), body),
        });
    }
    let Some(Credential::Token(token)) = &f.admin.credential else {
        panic!("the administrator has a token")
    };
    f.house.close().await;
    copy_folder(f.folder(), &home.path());
    home.write("home/operator.token", token.reveal());
    let made = TestHome::new();
    done(&made, &["init"]);
    let settings = std::fs::read_to_string(made.path().join("dtm.toml")).unwrap();
    let shorter = settings.replace("restricted_keep_days = 730", "restricted_keep_days = 30");
    assert_ne!(shorter, settings);
    home.write("home/dtm.toml", shorter);
    (home, past.try_into().ok().unwrap())
}

/// The objects outside of tables that hold the text.
fn traces(home: &TestHome, text: &str) -> usize {
    fn count(folder: &Path, text: &[u8]) -> usize {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let holds = |path: &Path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(text.len()).any(|part| part == text)
        };
        let of = |path: PathBuf| match path.is_dir() {
            true if path.ends_with("delta") => 0,
            true => count(&path, text),
            false => usize::from(holds(&path)),
        };
        paths.map(of).sum()
    }
    count(&home.path().join("lake"), text.as_bytes())
}

/// The steps about evidence, with what was told beside them.
fn erasing(home: &TestHome, args: &[&str]) -> (Vec<Value>, String) {
    let output = run(home, &[&["maintain", "--format", "json"], args].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let steps = json(&String::from_utf8(output.stdout).unwrap());
    let steps = steps.as_array().unwrap().iter();
    let steps = steps.filter(|step| step["task"] == "erase");
    (steps.cloned().collect(), told)
}

/// What a server of the home answers when it is asked for the evidence.
async fn evidence(home: &TestHome, id: SubmissionId) -> Result<Vec<u8>, ServiceError> {
    let server = Server::of(home);
    let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
    let token = Secret::new(token.trim().to_owned());
    let address = format!("http://{}", server.address);
    let remote = RemoteService::new(&address, Some(token.clone())).unwrap();
    let body = remote.evidence(&crate::home::call(&token), id).await?.bytes;
    let parts: Vec<_> = body.try_collect().await.unwrap();
    Ok(parts.concat())
}

/// Without being told to, or by whom it may be told, it says what is due and erases nothing.
fn is_told_and_not_erased(home: &TestHome, due_bytes: u64) {
    let (steps, told) = erasing(home, &[]);
    let [step] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!(
        (&step["state"], &step["dataset"]),
        (&"dry_run".into(), &"raw.visits".into())
    );
    assert_eq!(
        (&step["files_removed"], &step["bytes_removed"]),
        (&2.into(), &due_bytes.into())
    );
    let way = "`dtm maintain --erase` erases that of";
    assert!(told.contains(way), "{told}");
    assert_eq!(traces(home, OLD), 2);
    let operator = ["token", "create", "--name", "night", "--role", "operator"];
    let operator = done(home, &operator);
    let by_operator = ["maintain", "--erase", "--token", operator.trim()];
    fails(home, &by_operator, 1, "ask an administrator");
    assert_eq!(traces(home, OLD), 2);
    let (others, _) = erasing(home, &["--erase", "--select", "served.*"]);
    assert_eq!((others.len(), traces(home, OLD)), (0, 2));
}

/// The receipt vouches for the file that its sender has kept, and for no other.
async fn is_gone_and_verifies(home: &TestHome, past: &Past, keys: &str) {
    let gone = evidence(home, past.id).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::Gone);
    let why = "by `operator`: past the 30 days of `evidence.restricted_keep_days`";
    assert!(gone.message.ends_with(why), "{gone}");
    let verify = ["verify", past.receipt.to_str().unwrap(), "--key", keys];
    done(home, &verify);
    let kept = past.file.to_str().unwrap();
    done(home, &[&verify[..], &["--evidence", kept]].concat());
    let zeros = vec![0; std::fs::read(kept).unwrap().len()];
    let zeros = home.write("zeros.csv", zeros);
    let of_zeros = ["--evidence", zeros.to_str().unwrap()];
    let args = [&verify[..], &of_zeros].concat();
    fails(home, &args, 1, "the file is not the evidence of");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_erases_what_is_past_its_retention_and_its_receipts_verify_for_ever() {
    let (home, [small, large, clean]) = old_home().await;
    let today = home.write("today.csv", VISITS.replace("Ba Đình", YOUNG));
    let young = submitted(&home, today.to_str().unwrap(), "k");
    let young = young[0]["id"].as_str().unwrap().parse().unwrap();
    let keys = home.write("keys.json", done(&home, &["keys"]));
    let due = [&small, &large].map(|past| std::fs::metadata(&past.file).unwrap().len());
    let due: u64 = due.iter().sum();
    assert_eq!((traces(&home, OLD), traces(&home, YOUNG)), (2, 1));

    is_told_and_not_erased(&home, due);
    let (steps, told) = erasing(&home, &["--erase"]);
    let [step] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!(step["state"], "done", "{step}");
    assert_eq!(
        (&step["files_removed"], &step["bytes_removed"]),
        (&2.into(), &due.into())
    );
    assert!(!told.contains("no evidence was erased"), "{told}");
    assert_eq!((traces(&home, OLD), traces(&home, YOUNG)), (0, 1));
    assert!(
        erasing(&home, &["--erase"]).0.is_empty(),
        "nothing is due twice"
    );

    for past in [&small, &large] {
        is_gone_and_verifies(&home, past, keys.to_str().unwrap()).await;
    }
    let kept = evidence(&home, clean.id).await.unwrap();
    assert_eq!(kept, std::fs::read(&clean.file).unwrap());
    let kept = evidence(&home, young).await.unwrap();
    assert_eq!(kept, std::fs::read(&today).unwrap());
    let rows = done(
        &home,
        &[
            "query",
            "select count(*) as n from raw.visits",
            "--format",
            "json",
        ],
    );
    assert_eq!(json(&rows)[0]["n"], 1 + 8_000 + 1 + 1, "rows stay");
    let book = "select sum(files_removed) as n from system.maintenance where task = 'erase'";
    let rows = json(&done(&home, &["query", book, "--format", "json"]));
    assert_eq!(rows[0]["n"], 2, "{rows}");
}
