//! A project that is edited while a server goes by it, and one that the server does not go by.

use std::process::{Command, Output};

use testkit::TestHome;

use super::{Server, bare, json};
use crate::edits::with_note;
use crate::home::{VISITS, example};

const RAW: &str = "warehouse/raw/visits.odcs.yaml";
const SERVED: &str = "warehouse/served/visits_by_office.odcs.yaml";
const SQL: &str = "sql/served/visits_by_office.sql";
const AGENCIES: &str = "warehouse/codes/agencies.csv";

const LONGEST: &str = "      - name: longest
        businessName: Lượt lâu nhất
        logicalType: integer
        physicalType: int64
        description: Minutes of the longest visit
        customProperties: [ { property: businessName.en, value: Longest } ]
";

/// The command on a project of the home's own.
fn on(home: &TestHome, args: &[&str]) -> Command {
    let mut command = bare(home);
    command.args(args).arg("--project").arg(home.project());
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fails(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    let told = told(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {told}");
    told
}

#[track_caller]
fn edit(home: &TestHome, path: &str, change: impl Fn(String) -> String) {
    let file = home.project().join(path);
    let before = std::fs::read_to_string(&file).unwrap();
    let after = change(before.clone());
    assert_ne!(before, after, "the edit of `{path}` changes nothing");
    std::fs::write(file, after).unwrap();
}

fn submission(home: &TestHome, agency: &str, period: &str) -> Command {
    let file = home.write("visits.csv", VISITS);
    let mut command = on(home, &["submit", "raw.visits"]);
    command.arg(file);
    command.args(["--agency", agency, "--period", period]);
    command
}

/// A home that has received, under a copy of the example project, and its server.
fn served() -> (TestHome, Server) {
    let home = TestHome::new().with_project(&example());
    for act in ["init", "apply"] {
        done(on(&home, &[act]));
    }
    done(submission(&home, "H26", "2026-09"));
    let server = Server::start(on(&home, &["serve", "--listen", "127.0.0.1:0"])).0;
    (home, server)
}

fn one(home: &TestHome, sql: &str) -> serde_json::Value {
    let rows = json(&done(on(home, &["query", sql, "--format", "json"])));
    rows[0]["n"].clone()
}

#[test]
fn an_edited_project_is_planned_applied_and_run_by_the_server_that_holds_the_home() {
    let (home, server) = served();
    done(on(&home, &["run"]));
    edit(&home, RAW, with_note);
    edit(&home, SERVED, |text| format!("{text}{LONGEST}"));
    edit(&home, SQL, |text| {
        let minutes = "cast(sum(visits.minutes) as bigint) as minutes";
        let longest = "cast(max(visits.minutes) as bigint) as longest";
        text.replace(minutes, &format!("{minutes},\n    {longest}"))
    });
    assert!(fails(on(&home, &["plan"]), 1).contains("the lineage is stale"));
    done(on(&home, &["lineage", "--bless"]));

    let plan = json(&done(on(&home, &["plan", "--format", "json"])));
    let shown = |at: usize| {
        let text = |key: &str| plan[at][key].as_str().unwrap().to_owned();
        [text("dataset"), text("change"), text("detail")]
    };
    assert_eq!(plan.as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(shown(0), ["raw.visits", "add_columns", "note"]);
    let longest = ["served.visits_by_office", "add_columns", "longest"];
    assert_eq!(shown(1), longest);
    let early = fails(on(&home, &["run"]), 1);
    assert!(early.contains("not applied") && early.contains("dtm apply"));

    done(on(&home, &["apply"]));
    let steps = json(&done(on(&home, &["run", "--format", "json"])));
    assert_eq!(steps[0]["state"], "built", "{steps}");
    assert_eq!(
        one(&home, "select max(longest) as n from visits_by_office"),
        12
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_broken_edit_is_refused_with_its_place_and_the_server_goes_on_by_what_was_before() {
    let (home, server) = served();
    edit(&home, RAW, |text| text.replace("status:", "stat:"));
    for act in ["plan", "apply", "run"] {
        let told = fails(on(&home, &[act]), 1);
        assert!(told.contains(&format!("{RAW}:6:1:")), "{act}: {told}");
    }
    assert_eq!(one(&home, "select count(*) as n from raw.visits"), 2);
    done(submission(&home, "H29", "2026-09"));
    // A folder that is gone is not the project that the binary carries.
    let away = home.root().join("away");
    let rooms = home.project().join("warehouse");
    std::fs::rename(&rooms, &away).unwrap();
    let from = home.root().to_owned();
    let mut plan = bare(&home);
    plan.arg("plan").current_dir(from);
    assert!(fails(plan, 3).contains("has no folder `warehouse`"));
    std::fs::rename(&away, &rooms).unwrap();
    assert_eq!(server.stop(), Some(0));
    // Without a server it is the same refusal.
    assert!(fails(on(&home, &["plan"]), 1).contains(&format!("{RAW}:6:1:")));
}

#[test]
fn a_plan_tells_whom_an_edit_concerns_and_a_preview_which_rows_differ() {
    let (home, server) = served();
    done(on(&home, &["run"]));
    edit(&home, SQL, |text| format!("{text}-- that is all\n"));
    assert_eq!(
        done(on(&home, &["plan", "--impact", "--format", "json"])),
        "[]\n"
    );
    assert_eq!(
        done(on(&home, &["plan", "--format", "json", "--preview"])),
        "[]\n"
    );

    edit(&home, SQL, |text| text.replace("count(*)", "count(*) * 10"));
    done(on(&home, &["lineage", "--bless"]));
    let plan = on(&home, &["plan", "--format", "json"]).output().unwrap();
    assert_eq!(plan.stdout, b"[]\n", "nothing must be applied for it");
    let line = "changed: served.visits_by_office (example): sql; \
        read by report visits (example); breaks nothing";
    assert!(told(&plan).contains(line), "{}", told(&plan));
    let impact = json(&done(on(&home, &["plan", "--impact", "--format", "json"])));
    assert_eq!(
        impact[0]["readers"][0], "report visits (example)",
        "{impact}"
    );
    assert_eq!(impact[0]["breaking"], false, "{impact}");

    let preview = ["plan", "--format", "json", "--preview"];
    let of = json(&done(on(&home, &preview)));
    assert_eq!(of.as_array().unwrap().len(), 1, "{of}");
    assert_eq!(of[0]["changed"], 2, "{of}");
    assert_eq!(of[0]["columns"], serde_json::json!({"visits": 2}), "{of}");
    fails(on(&home, &["plan", "--preview", "served.nothing"]), 2);
    assert_eq!(
        one(&home, "select sum(visits) as n from visits_by_office"),
        2
    );

    // A rule that breaks is told, and the command fails.
    edit(&home, SQL, |text| text.replace("* 10", "* 0"));
    let broken = on(&home, &preview).output().unwrap();
    assert_eq!(broken.status.code(), Some(1), "{}", told(&broken));
    let of = json(&String::from_utf8(broken.stdout).unwrap());
    assert_eq!(of[0]["state"], "failed", "{of}");
    assert!(
        of[0]["message"].as_str().unwrap().contains("rule `range`"),
        "{of}"
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_code_list_that_was_edited_is_in_force_after_apply() {
    let (home, _server) = served();
    edit(&home, AGENCIES, |text| {
        format!("{text}H30,Mới,New,2020-01-01,\n")
    });
    assert!(fails(submission(&home, "H30", "2026-09"), 2).contains("agency `H30`"));
    assert!(done(on(&home, &["apply"])).contains("load_codes"));
    done(submission(&home, "H30", "2026-09"));
}

#[test]
fn a_project_that_the_server_does_not_go_by_is_never_passed_over_in_silence() {
    let (home, _server) = served();
    let elsewhere = TestHome::new().with_project(&example());
    let other = elsewhere.project();
    let named = |args: &[&str]| {
        let mut command = bare(&home);
        command.args(args).arg("--project").arg(&other);
        command
    };
    // Another folder of the same files is the same project.
    done(named(&["plan"]));

    let contract = other.join(RAW);
    let text = std::fs::read_to_string(&contract).unwrap();
    std::fs::write(&contract, with_note(text)).unwrap();
    let names = [home.project(), other.clone()];
    let names = names.map(|folder| std::fs::canonicalize(folder).unwrap());
    let names = names.map(|folder| format!("`{}`", folder.display()));
    for act in ["plan", "apply", "run"] {
        let mut here = bare(&home);
        here.arg(act).current_dir(&other);
        for refusal in [fails(named(&[act]), 2), fails(here, 2)] {
            assert!(names.iter().all(|name| refusal.contains(name)), "{refusal}");
        }
    }
    // A query is not about the project; one that names another is told.
    let query = named(&["query", "select 1"]).output().unwrap();
    assert!(query.status.success());
    let noted = told(&query);
    assert!(names.iter().all(|name| noted.contains(name)), "{noted}");
    // Where there is no project, it is said which one is meant.
    let plan = bare(&home).arg("plan").current_dir(home.root()).output();
    let plan = plan.unwrap();
    assert!(plan.status.success(), "{}", told(&plan));
    assert!(told(&plan).contains(&names[0]), "{}", told(&plan));
}

#[test]
fn lineage_is_written_into_the_folder_of_a_project_and_nowhere_else() {
    let home = TestHome::new().with_project(&example());
    let elsewhere = home.root().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut bless = bare(&home);
    bless.args(["lineage", "--bless"]).current_dir(&elsewhere);
    assert!(fails(bless, 2).contains("`--project`"));
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);

    edit(&home, "lineage/README.md", |text| {
        text.replace("raw_visits --> served_visits_by_office\n", "")
    });
    let output = on(&home, &["check", "--format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let problems = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(problems[0]["file"], "lineage/README.md", "{problems}");
    done(on(&home, &["lineage", "--bless"]));
    assert_eq!(done(on(&home, &["check", "--format", "json"])), "[]\n");
    assert_eq!(done(on(&home, &["check"])), "");
    let kept = std::fs::read(home.project().join("lineage/README.md")).unwrap();
    assert_eq!(
        kept,
        std::fs::read(example().join("lineage/README.md")).unwrap()
    );
}

/// Git on the folder that the project is a part of.
#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn git(home: &TestHome, args: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(home.root());
    command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]);
    command.args(["-c", "commit.gpgsign=false"]).args(args);
    done(command);
}

#[test]
fn what_an_edit_means_for_lineage_is_told_against_a_revision_of_git() {
    let home = TestHome::new().with_project(&example());
    let since = |revision: &str| {
        let mut command = on(&home, &["lineage", "--format", "json"]);
        command.arg(format!("--since={revision}"));
        command.env("GIT_CEILING_DIRECTORIES", home.root().parent().unwrap());
        command
    };
    assert!(fails(since("HEAD"), 2).contains("not a git repository"));
    git(&home, &["init", "--quiet", "--initial-branch=main"]);
    let project = home.project();
    git(&home, &["add", project.to_str().unwrap()]);
    git(&home, &["commit", "--quiet", "--message=first"]);
    assert_eq!(done(since("main")), "[]\n");
    for unknown in ["absent", "--output=x", "HEAD:lineage"] {
        assert!(fails(since(unknown), 2).contains("knows no revision"));
    }

    edit(&home, SERVED, |text| format!("{text}{LONGEST}"));
    edit(&home, SQL, |text| {
        let minutes = "cast(sum(visits.minutes) as bigint) as minutes";
        let longest = "cast(max(visits.minutes) as bigint) as longest";
        let longest = format!("{minutes},\n    {longest}");
        text.replace(minutes, &longest)
            .replace("count(*)", "count(visits.office)")
    });
    // Neither the files of now nor the index are asked.
    std::fs::remove_file(project.join("lineage/served/visits_by_office.txt")).unwrap();
    let found = json(&done(since("HEAD")));
    let told = |at: usize| {
        let text = |key: &str| found[at][key].as_str().unwrap().to_owned();
        ["change", "dataset", "column", "source", "before", "after"].map(text)
    };
    let gained = |column, source| {
        let dataset = "served.visits_by_office";
        ["gains", dataset, column, source, "", "aggregated"]
    };
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    assert_eq!(told(0), gained("longest", "raw.visits.minutes"));
    assert_eq!(told(1), gained("visits", "raw.visits.office"));
    std::fs::write(project.join(SQL), "select").unwrap();
    assert!(fails(since("HEAD"), 2).contains("see `dtm check`"));
}
