//! The built binary: every documented command, exit codes, and what operators get wrong.

mod bombs;
mod clients;
mod erase;
mod large;
mod lineage;
mod maintain;
mod memory;
mod nodes;
mod periods;
mod power;
mod project;
mod pull;
mod receive;
mod restatement;
mod stores;
mod sweep;
mod trouble;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use testkit::TestHome;

use crate::home::{VISITS, example};

#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn dtm(home: &TestHome) -> Command {
    in_home(Command::new(env!("CARGO_BIN_EXE_dtm")), home)
}

fn in_home(mut command: Command, home: &TestHome) -> Command {
    for name in ["DTM_TOKEN", "DTM_LOG", "DTM_QUERY_ROWS"] {
        command.env_remove(name);
    }
    command
        .env("DTM_HOME", home.path())
        // Nothing runs but what a test runs.
        .env("DTM_RUN_LOOK_MS", "0")
        .arg("--project")
        .arg(example());
    command.stdin(Stdio::null());
    command
}

pub fn run(home: &TestHome, args: &[&str]) -> Output {
    dtm(home).args(args).output().unwrap()
}

#[track_caller]
pub fn done(home: &TestHome, args: &[&str]) -> String {
    let output = run(home, args);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
pub fn fails(home: &TestHome, args: &[&str], code: i32, told: &str) {
    let output = run(home, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    assert!(stderr.contains(told), "{args:?}: {stderr}");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A home that has received and run.
pub fn filled() -> TestHome {
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    let file = home.write("visits.csv", VISITS);
    let file = file.to_str().unwrap();
    let receipt = json(&done(
        &home,
        &[
            "submit",
            "raw.visits",
            file,
            "--agency",
            "H26",
            "--period",
            "2026-09",
            "--format",
            "json",
        ],
    ));
    assert_eq!(receipt[0]["rows"]["landed"], 2, "{receipt}");
    assert_eq!(
        receipt[0]["evidence"]["size_bytes"],
        VISITS.len(),
        "{receipt}"
    );
    home
}

#[test]
fn a_project_of_one_s_own_goes_from_contract_to_report() {
    let home = filled();
    let plan = done(&home, &["plan", "--format", "json"]);
    assert_eq!(json(&plan), Value::Array(vec![]));
    let steps = json(&done(&home, &["run", "--format", "json"]));
    assert_eq!(
        (&steps[0]["state"], &steps[0]["rows"]),
        (&"built".into(), &2.into()),
        "{steps}"
    );
    let sql = "select office, visits from visits_by_office where period = $p order by office";
    let rows = json(&done(
        &home,
        &["query", sql, "--param", "p=2026-09", "--format", "json"],
    ));
    assert_eq!(rows[0]["office"], "Ba Đình");
    let file = home.root().join("visits.html");
    done(
        &home,
        &[
            "report",
            "visits",
            "--param",
            "period=2026-09",
            "--out",
            file.to_str().unwrap(),
        ],
    );
    assert!(std::fs::read_to_string(file).unwrap().contains("Cầu Giấy"));
    let out = home.root().join("rows.csv");
    done(
        &home,
        &[
            "query",
            sql,
            "--param",
            "p=2026-09",
            "--out",
            out.to_str().unwrap(),
        ],
    );
    assert_eq!(std::fs::read_to_string(out).unwrap().lines().count(), 3);
    let token = done(
        &home,
        &["token", "create", "--name", "a", "--role", "analyst"],
    );
    assert!(token.starts_with("dtm_") && token.lines().count() == 1);
    let edges = done(
        &home,
        &["lineage", "served.visits_by_office.visits", "--up"],
    );
    assert!(edges.contains("<- raw.visits."), "{edges}");
    let picture = done(
        &home,
        &["lineage", "raw.visits", "--down", "--format", "mermaid"],
    );
    assert!(picture.contains("served"), "{picture}");
}

#[test]
fn a_figure_is_traced_to_the_submission_that_is_in_it() {
    let home = filled();
    done(&home, &["run"]);
    let ask = |condition: &str| {
        let figure = ["trace", "served.visits_by_office", "--where", condition];
        run(
            &home,
            &[&figure[..], &["--column", "visits", "--format", "json"]].concat(),
        )
    };
    let output = ask("office = 'Ba Đình'");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let rows = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(
        (&rows[0]["dataset"], &rows[0]["agency"], &rows[0]["rows"]),
        (&"raw.visits".into(), &"H26".into(), &1.into())
    );
    assert!(told.contains("exact"), "{told}");
    assert!(told.contains("the figure is the same"), "{told}");
    let output = ask("town = 'x'");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No field named town"));
}

#[test]
fn a_run_is_rolled_back_and_what_was_undone_is_told() {
    let home = filled();
    done(&home, &["run"]);
    let ask = |sql: &str| json(&done(&home, &["query", sql, "--format", "json"]));
    let runs = ask("select distinct run_id from system.runs");
    let id = runs[0]["run_id"].as_str().unwrap();
    let output = run(&home, &["rollback", id, "--format", "json"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains(&format!("undone: {id}")), "{told}");
    let restored = json(&String::from_utf8(output.stdout).unwrap());
    let expected = r#"[{"dataset":"served.visits_by_office","from":1,"to":0,"version":2}]"#;
    assert_eq!(restored, json(expected));
    let count = "select count(*) as n from visits_by_office";
    assert_eq!(ask(count)[0]["n"], 0);
    fails(&home, &["rollback", id], 1, "nothing to undo");
    fails(&home, &["rollback", "absent"], 2, "no such run");
    done(&home, &["run"]);
    assert_eq!(ask(count)[0]["n"], 2);
}

#[test]
fn every_command_has_help_with_an_example() {
    let home = TestHome::new();
    let commands: [&[&str]; 23] = [
        &["demo"],
        &["init"],
        &["serve"],
        &["check"],
        &["plan"],
        &["apply"],
        &["generate"],
        &["submit"],
        &["run"],
        &["rollback"],
        &["query"],
        &["report"],
        &["lineage"],
        &["trace"],
        &["pull"],
        &["token"],
        &["token", "create"],
        &["verify"],
        &["audit"],
        &["audit", "verify"],
        &["audit", "prove"],
        &["audit", "witness"],
        &[],
    ];
    for command in commands {
        let help = done(&home, &[command, &["--help"]].concat());
        assert!(
            command.is_empty() || help.contains("Example: dtm"),
            "{command:?}: {help}"
        );
    }
}

#[test]
fn generated_files_are_the_same_for_the_same_seed() {
    let home = TestHome::new();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let make = |name: &str, seed: &str| {
        let out = home.root().join(name);
        let args = [
            "generate",
            "raw.dossiers",
            "--period",
            "2026-09",
            "--rows",
            "50",
        ];
        let more = ["--seed", seed, "--out", out.to_str().unwrap()];
        let output = bare(&home)
            .args(args)
            .args(more)
            .arg("--project")
            .arg(&shipped)
            .output();
        assert!(output.unwrap().status.success());
        std::fs::read(out).unwrap()
    };
    let first = make("a.csv", "7");
    assert_eq!(first, make("b.csv", "7"));
    assert_ne!(first, make("c.csv", "8"));
}

#[test]
fn wrong_calls_are_usage_errors_and_refused_data_is_not() {
    let home = filled();
    let file = home.write("bad.csv", "visit_id,office,visited_at,minutes\nV-1,,x,-1\n");
    let file = file.to_str().unwrap();
    let to = ["--agency", "H26", "--period", "2026-09"];
    fails(
        &home,
        &[&["submit", "raw.visits", file][..], &to].concat(),
        1,
        "none of the 1 rows landed",
    );
    let two = [&["submit", "raw.visits", file, file, "--key", "k"][..], &to].concat();
    fails(&home, &two, 2, "`--key` is about one submission");
    fails(
        &home,
        &[&["submit", "raw.visit", file][..], &to].concat(),
        2,
        "`raw.visit`",
    );
    fails(
        &home,
        &["query", "select 1 from"],
        2,
        "the SQL cannot be read",
    );
    fails(
        &home,
        &["query", "drop table raw.visits"],
        2,
        "only `select` is taken",
    );
    fails(
        &home,
        &["report", "visits", "--param", "period=x", "--out", "x.html"],
        2,
        "`period`",
    );
    fails(&home, &["nonsense"], 2, "unrecognized subcommand");
    fails(&home, &["plan", "--log", "lake=loud"], 2, "`lake=loud`");
}

#[test]
fn a_check_lists_every_problem_with_its_place() {
    let home = TestHome::new().with_project(&example());
    let contract = home.project().join("warehouse/raw/visits.odcs.yaml");
    let text = std::fs::read_to_string(&contract).unwrap();
    let broken = text
        .replace("physicalType: int32", "physicalType: int33")
        .replace("status:", "stat:");
    std::fs::write(&contract, broken).unwrap();
    let output = bare(&home)
        .args(["check", "--project"])
        .arg(home.project())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(
        shown.contains("warehouse/raw/visits.odcs.yaml:6:1:"),
        "{shown}"
    );
    assert!(shown.contains("`int33`"), "{shown}");
}

#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn bare(home: &TestHome) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtm"));
    command.env("DTM_HOME", home.path()).stdin(Stdio::null());
    command
}

#[test]
fn a_home_of_a_newer_version_is_refused_and_left_alone() {
    let home = TestHome::new().with_settings("format = 99\nstore = \"lake\"\n");
    fails(&home, &["plan"], 3, "format 99");
    assert!(!home.path().join("lake").exists());
}

#[test]
fn a_home_that_is_not_there_is_named_with_the_way_out() {
    fails(&TestHome::new(), &["plan"], 3, "`dtm init`");
}

#[test]
fn a_disk_that_cannot_be_written_is_named() {
    let output = bare(&TestHome::new())
        .args(["init", "--home", "/proc/dtm"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("/proc/dtm") && stderr.contains("--home"),
        "{stderr}"
    );
}

#[test]
fn a_second_init_leaves_the_first_home_alone() {
    let home = filled();
    let token = std::fs::read(home.path().join("operator.token")).unwrap();
    fails(&home, &["init"], 2, "already");
    assert_eq!(
        std::fs::read(home.path().join("operator.token")).unwrap(),
        token
    );
}

#[test]
fn a_port_in_use_is_told_before_anything_else() {
    let home = filled();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&home, &["serve", "--listen", &address], 3, "--listen");
}

/// The lines of a server's log. Dropped, the server writes to nobody.
pub type Log = Box<dyn Iterator<Item = String> + Send>;

/// A server that is told to stop when the test ends.
pub struct Server {
    child: Child,
    pub address: String,
}

impl Server {
    pub fn of(home: &TestHome) -> Self {
        Self::with(home, &[])
    }

    pub fn with(home: &TestHome, settings: &[(&str, u64)]) -> Self {
        Self::logged(home, "", settings).0
    }

    /// With what it logs by that filter, to be read while it runs, or once it has ended.
    pub fn logged(home: &TestHome, filter: &str, settings: &[(&str, u64)]) -> (Self, Log) {
        let settings = settings
            .iter()
            .map(|(name, value)| (name, value.to_string()));
        let mut serve = dtm(home);
        serve
            .env("DTM_LOG", filter)
            .envs(settings)
            .args(["serve", "--listen", "127.0.0.1:0"]);
        Self::start(serve)
    }

    fn start(mut serve: Command) -> (Self, Log) {
        let mut child = serve.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let address = lines
            .find_map(|l| {
                l.split("serving on http://")
                    .nth(1)
                    .map(|a| a.trim().to_owned())
            })
            .unwrap();
        (Self { child, address }, Box::new(lines))
    }

    pub fn stop(self) -> Option<i32> {
        self.tell_to_stop();
        self.wait()
    }

    /// Ends it as a power switch does, from another thread.
    pub fn killer(&self) -> impl FnOnce() + Send + 'static {
        let pid = rustix::process::Pid::from_child(&self.child);
        move || {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    pub fn tell_to_stop(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Whoever stopped it has waited for it; a test that failed leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn commands_on_a_home_that_a_server_holds_go_through_that_server() {
    let home = filled();
    let server = Server::of(&home);
    let run = json(&done(&home, &["run", "--format", "json"]));
    assert_eq!(run[0]["state"], "built", "{run}");
    let sql = "select sum(visits) as n from visits_by_office";
    let rows = json(&done(&home, &["query", sql, "--format", "json"]));
    assert_eq!(rows[0]["n"], 2);
    let file = home.write("more.csv", VISITS.replace("V-", "W-"));
    let file = file.to_str().unwrap();
    let args = [
        "submit",
        "raw.visits",
        file,
        "--agency",
        "H26",
        "--period",
        "2026-09",
    ];
    assert!(done(&home, &args).contains("raw.visits"));
    let url = format!("http://{}", server.address);
    let there = [&args[..], &["--server", &url, "--dry-run"]].concat();
    done(&home, &there);
    fails(
        &home,
        &["serve", "--listen", "127.0.0.1:0"],
        3,
        "is open in process",
    );
    assert_eq!(server.stop(), Some(0));
    done(&home, &["plan"]);
}

#[test]
fn a_run_takes_what_was_selected_due_or_not() {
    let home = filled();
    let state = |pattern: &str| {
        let steps = json(&done(
            &home,
            &["run", "--select", pattern, "--format", "json"],
        ));
        assert_eq!(steps[0]["dataset"], "served.visits_by_office", "{steps}");
        steps[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("served.*"), "built");
    assert_eq!(state("*by_office"), "built");
    let due = json(&done(&home, &["run", "--format", "json"]));
    assert_eq!(due[0]["state"], "up_to_date", "{due}");
    fails(
        &home,
        &["run", "--select", "served.other*"],
        2,
        "`served.other*`",
    );
}

/// Changes the copied project's contract of the raw dataset, then runs a command on it.
fn with_contract(home: &TestHome, change: impl Fn(String) -> String, args: &[&str]) -> Output {
    let contract = home.project().join("warehouse/raw/visits.odcs.yaml");
    let text = std::fs::read_to_string(&contract).unwrap();
    std::fs::write(&contract, change(text)).unwrap();
    bare(home)
        .args(args)
        .args(["--format", "json", "--project"])
        .arg(home.project())
        .output()
        .unwrap()
}

#[test]
fn a_table_follows_its_contract_and_a_change_that_breaks_readers_needs_a_major_version() {
    let home = TestHome::new().with_project(&example());
    let shown = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    with_contract(&home, |text| text, &["init"]);
    with_contract(&home, |text| text, &["apply"]);
    let note = "      - name: note\n        businessName: Ghi chú\n        logicalType: string\n        \
                physicalType: string\n        description: A note\n        customProperties: \
                [ { property: businessName.en, value: Note } ]\n    quality:\n";
    let added = with_contract(
        &home,
        |text| text.replacen("    quality:\n", note, 1),
        &["apply"],
    );
    assert_eq!(
        json(&shown(&added))[0]["change"],
        "add_columns",
        "{}",
        shown(&added)
    );
    let same = with_contract(&home, |text| text, &["plan"]);
    assert_eq!(json(&shown(&same)), Value::Array(vec![]));

    let narrow = |text: String| text.replace("physicalType: int32", "physicalType: int64");
    let refused = with_contract(&home, narrow, &["apply"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        told.contains("`minutes`") && told.contains("major version"),
        "{told}"
    );
    let count = ["query", "select count(note) as n from raw.visits"];
    let rows = with_contract(&home, |text| text, &count);
    assert!(rows.status.success(), "the table is as it was");

    let major = |text: String| text.replacen("version: 1.0.0", "version: 2.0.0", 1);
    let rebuilt = with_contract(&home, major, &["apply"]);
    assert_eq!(
        json(&shown(&rebuilt))[0]["change"],
        "rebuild",
        "{}",
        shown(&rebuilt)
    );
}
