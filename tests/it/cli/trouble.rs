//! Homes that are held, stores that take nothing, servers that are gone, runs that fail.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use sha2::{Digest, Sha256};
use testkit::TestHome;

use super::{Server, bare, done, dtm, fails, filled, in_home, json};
use crate::home::{VISITS, example};

const TO: [&str; 4] = ["--agency", "H26", "--period", "2026-09"];

fn visits(home: &TestHome) -> i64 {
    let count = [
        "query",
        "select count(*) as n from raw.visits",
        "--format",
        "json",
    ];
    json(&done(home, &count))[0]["n"].as_i64().unwrap()
}

/// The writing end of a pipe, once the process reads from it.
fn writer(pipe: &Path, reader: &mut Child) -> File {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    loop {
        // Nobody can be written to before somebody reads.
        if let Ok(file) = options.open(pipe) {
            return file;
        }
        let ended = reader.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "it ended before it read its file: {ended:?}"
        );
        std::thread::yield_now();
    }
}

#[test]
fn a_home_that_a_command_holds_is_refused_with_its_process_and_the_command_ends_well() {
    let home = filled();
    let pipe = home.root().join("slow.csv");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    // It holds the home as long as its file has no end, and it serves nobody.
    let args = [&["submit", "raw.visits", pipe.to_str().unwrap()][..], &TO].concat();
    let mut holder = dtm(&home)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut body = writer(&pipe, &mut holder);
    let path = home.path();
    let told = format!(
        "dtm: the home `{}` is open in process {}; wait until that is done, or name another with \
         `--home`",
        path.display(),
        holder.id()
    );
    fails(&home, &["plan"], 3, &told);
    fails(&home, &["query", "select 1 as n"], 3, &told);
    fails(&home, &["serve", "--listen", "127.0.0.1:0"], 3, &told);
    fails(&home, &["init"], 3, &told);

    body.write_all(VISITS.replace("V-", "W-").as_bytes())
        .unwrap();
    drop(body);
    let output = holder.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(visits(&home), 4);
}

/// Puts a file in the place of a folder, which is what even an administrator cannot write into.
fn blocked(folder: &Path) -> impl FnOnce() + use<> {
    let aside = folder.with_extension("aside");
    if folder.exists() {
        std::fs::rename(folder, &aside).unwrap();
    }
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    std::fs::write(folder, "in the way").unwrap();
    let folder = folder.to_owned();
    move || {
        std::fs::remove_file(&folder).unwrap();
        if aside.exists() {
            std::fs::rename(&aside, &folder).unwrap();
        }
    }
}

const WAY_OUT: &str =
    "a part of the path is a file, not a folder; move it away or choose another place";

#[test]
fn a_store_that_cannot_be_written_is_named_and_everything_is_there_afterwards() {
    let home = filled();
    let body = VISITS.replace("V-", "W-");
    let file = home.write("more.csv", &body);
    let submit = [
        &["submit", "raw.visits", file.to_str().unwrap(), "--key", "k"][..],
        &TO,
    ]
    .concat();
    let lake = home.path().join("lake");
    let shown = lake.canonicalize().unwrap();
    let shown = shown.display();

    let mend = blocked(&lake);
    let told = format!(
        "cannot use the store: cannot open the folder `{}` as a store: {WAY_OUT}",
        lake.display()
    );
    fails(&home, &submit, 3, &told);
    fails(&home, &["serve", "--listen", "127.0.0.1:0"], 3, &told);
    mend();

    let mend = blocked(&lake.join("probe"));
    let told =
        format!("cannot use the store: cannot write to the store `LocalStore({shown})`: {WAY_OUT}");
    fails(&home, &submit, 3, &told);
    fails(&home, &["query", "select 1 as n"], 3, &told);
    mend();

    // A store that takes the first writes and not the body, be it a small one or a large one.
    let mend = blocked(&lake.join("evidence/segments"));
    let told = format!(".zip`: {WAY_OUT}");
    fails(
        &home,
        &submit,
        3,
        "cannot store evidence in `evidence/segments/",
    );
    fails(&home, &submit, 3, &told);
    mend();
    let large = body.clone() + &"\n".repeat(300_000);
    let sha256 = hex::encode(Sha256::digest(&large));
    let file = home.write("large.csv", &large);
    let large = [&["submit", "raw.visits", file.to_str().unwrap()][..], &TO].concat();
    let mend = blocked(&lake.join("evidence/sha256").join(&sha256[..2]));
    let told = format!("cannot store evidence `{sha256}`: {WAY_OUT}");
    fails(&home, &large, 3, &told);
    assert_eq!(visits(&home), 2);
    mend();

    done(&home, &submit);
    assert_eq!(visits(&home), 4);
    done(&home, &submit);
    assert_eq!(visits(&home), 4);
}

#[test]
fn the_operator_s_token_is_for_its_owner_alone() {
    let home = TestHome::new();
    done(&home, &["init"]);
    let token = home.path().join("operator.token");
    let mode = token.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600, "{mode:o}");
}

#[test]
fn a_run_that_fails_exits_1_says_why_and_leaves_the_figures() {
    let home = TestHome::new().with_project(&example());
    let project = home.project();
    let own = |args: &[&str]| {
        let output = bare(&home)
            .args(args)
            .arg("--project")
            .arg(&project)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            told,
        )
    };
    let file = home.write("visits.csv", VISITS);
    let submit = [&["submit", "raw.visits", file.to_str().unwrap()][..], &TO].concat();
    for args in [&["init"][..], &["apply"], &submit, &["run"]] {
        let (code, _, told) = own(args);
        assert_eq!(code, Some(0), "{args:?}: {told}");
    }
    let contract = project.join("warehouse/served/visits_by_office.odcs.yaml");
    let text = std::fs::read_to_string(&contract).unwrap();
    std::fs::write(&contract, text.replace("minimum: 1 }", "minimum: 2 }")).unwrap();
    let (code, steps, told) = own(&["run", "--select", "served.*", "--format", "json"]);
    assert_eq!(code, Some(1), "{told}");
    let steps = json(&steps);
    assert_eq!(steps[0]["state"], "failed", "{steps}");
    let message = steps[0]["message"].as_str().unwrap();
    assert!(
        message.contains("`range`") && message.contains("`visits`"),
        "{message}"
    );
    let sum = [
        "query",
        "select sum(visits) as n from visits_by_office",
        "--format",
        "json",
    ];
    let (code, rows, told) = own(&sum);
    assert_eq!((code, &json(&rows)[0]["n"]), (Some(0), &2.into()), "{told}");
}

#[test]
fn a_server_that_is_gone_is_named_and_exits_3() {
    let home = filled();
    let file = home.write("more.csv", VISITS.replace("V-", "W-"));
    // A port that is taken and at which nobody listens.
    let port = tokio::net::TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", port.local_addr().unwrap());
    let submit = [
        "submit",
        "raw.visits",
        file.to_str().unwrap(),
        "--server",
        &url,
    ];
    let told = format!("cannot reach the server at `{url}");
    fails(&home, &[&submit[..], &TO].concat(), 3, &told);
    assert_eq!(visits(&home), 2);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn a_query_whose_temporary_files_cannot_grow_is_told_of_their_disk() {
    let home = filled();
    let rows = (0..720).map(|n| format!("W-{n:05},Ba Đình,2026-09-01T08:30:00+07:00,1\n"));
    let head = "visit_id,office,visited_at,minutes\n";
    let body = head.to_owned() + &rows.collect::<String>();
    let file = home.write("more.csv", body);
    done(
        &home,
        &[&["submit", "raw.visits", file.to_str().unwrap()][..], &TO].concat(),
    );
    // Half a million keys of four hundred bytes, of which a query may hold a part. What is sorted
    // and does not fit goes to files of several megabytes each.
    let sql = "select count(*) as n, count(*) filter (where k < before) as wrong from (
        select k, lag(k) over (order by k) as before from (
            select a.visit_id || repeat('-', 384) || b.visit_id as k
            from raw.visits a, raw.visits b
        ))";
    let mut query = Command::new("sh");
    let program = "trap '' XFSZ && ulimit -f 2048 && exec \"$0\" \"$@\"";
    query.args(["-c", program, env!("CARGO_BIN_EXE_dtm")]);
    let mut query = in_home(query, &home);
    query.env("DTM_QUERY_MEMORY_BYTES", (96 << 20).to_string());
    let output = query.args(["query", sql]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    for part in [
        "the disk for temporary files lets no file grow further",
        "the operator sets `memory.spill_bytes` in `dtm.toml`",
    ] {
        assert!(told.contains(part), "{told}");
    }
    // The home is as it was.
    assert_eq!(visits(&home), 722);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn a_server_that_is_started_with_few_open_files_takes_as_many_as_it_may_have() {
    let home = filled();
    let mut serve = Command::new("sh");
    let program = "ulimit -S -n 128 && exec \"$0\" \"$@\"";
    serve.args(["-c", program, env!("CARGO_BIN_EXE_dtm")]);
    let mut serve = in_home(serve, &home);
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    let (server, _log) = Server::start(serve);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let numbers: Vec<&str> = files.unwrap().split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{limits}");
    assert_ne!(numbers[0], "128");
    assert_eq!(server.stop(), Some(0));
}
