//! What processes hold while they run queries that need many times what they may have, and while
//! they write results that are larger than what they may grow by.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use calamine::{Data, Reader, Xlsx, open_workbook};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;
use testkit::TestHome;

use super::{Server, bare, done, json, run};
use crate::home::example;

const POOL: u64 = 320 << 20;
const QUERY: u64 = 48 << 20;

/// Visits of which a cross join makes half a million keys of four hundred bytes: four times what a
/// query may have, before anything is sorted, grouped or joined.
const VISITS: usize = 720;
const KEYS: &str = "select a.visit_id || repeat('-', 384) || b.visit_id as k
    from raw.visits a, raw.visits b where a.minutes < {most} and b.minutes < {most}";

/// The keys of all visits, or of some.
fn keys(most: u64) -> String {
    KEYS.replace("{most}", &most.to_string())
}

fn sorted(keys: &str) -> String {
    format!(
        "select count(*) as n, count(*) filter (where k < before) as wrong
         from (select k, lag(k) over (order by k) as before from ({keys}))"
    )
}

fn grouped(keys: &str) -> String {
    format!(
        "select sum(n) as n, max(n) - 1 as wrong
         from (select k, count(*) as n from ({keys}) group by k)"
    )
}

fn joined(keys: &str) -> String {
    format!(
        "select count(*) as n, count(*) filter (where k <> j) as wrong
         from ({keys}) x inner join (select k as j from ({keys})) y on k = j"
    )
}

fn visits() -> String {
    let mut text = "visit_id,office,visited_at,minutes\n".to_owned();
    for n in 0..VISITS {
        text.push_str(&format!(
            "V-{n:05},Ba Đình,2026-09-01T08:30:00+07:00,{}\n",
            n % 60
        ));
    }
    text
}

fn filled() -> TestHome {
    let home = TestHome::new();
    done(&home, &["init"]);
    done(&home, &["apply"]);
    let file = home.write("visits.csv", visits());
    let to = ["--agency", "H26", "--period", "2026-09"];
    done(
        &home,
        &[&["submit", "raw.visits", file.to_str().unwrap()][..], &to].concat(),
    );
    home
}

/// The most memory that the process has held since it began.
pub(super) fn peak(server: &Server) -> u64 {
    let status = format!("/proc/{}/status", server.child.id());
    let status = std::fs::read_to_string(status).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

fn first(home: &TestHome, sql: &str) -> Value {
    json(&done(home, &["query", sql, "--format", "json"]))[0].clone()
}

/// The promise: beside what the process held before (its code, its caches, the same statements on
/// few rows), no more than the pool and a quarter of it, whatever it is asked.
#[test]
fn a_server_stays_under_its_pool_and_a_quarter_whatever_it_is_asked() {
    let home = filled();
    let server = Server::with(
        &home,
        &[
            ("DTM_MEMORY_BYTES", POOL),
            ("DTM_QUERY_MEMORY_BYTES", QUERY),
            ("DTM_QUERY_WAIT_MS", 600_000),
        ],
    );
    let statements = [sorted, grouped, joined];
    for statement in statements {
        assert_eq!(first(&home, &statement(&keys(1)))["wrong"], 0);
    }
    let before = peak(&server);
    let most = before + POOL + POOL / 4;
    let stays_under = |what: &str| {
        let peak = peak(&server);
        assert!(
            peak <= most,
            "{what}: {before} before, {peak} at most, allowed {most}"
        );
    };
    let right = |statement: fn(&str) -> String| {
        let answer = first(&home, &statement(&keys(60)));
        assert_eq!(
            (&answer["n"], &answer["wrong"]),
            (&(VISITS * VISITS).into(), &0.into())
        );
    };
    for statement in statements {
        right(statement);
        stays_under(&statement("keys"));
    }
    std::thread::scope(|scope| {
        for statement in statements {
            let right = &right;
            scope.spawn(move || right(statement));
        }
    });
    stays_under("all at once");

    // What cannot spill names its limit, and the server is as it was.
    let kept = format!("select array_agg(k) as keys from ({})", keys(60));
    let output = run(&home, &["query", &kept]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("`query.memory_bytes`"), "{told}");
    stays_under(&kept);
    let folders = std::fs::read_dir(home.path().join("spill"))
        .unwrap()
        .flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap());
    assert_eq!(files.count(), 0);
    assert_eq!(server.stop(), Some(0));
}

/// A row of this is a hundred and eighty bytes in memory.
const ROWS: &str = "select a.visit_id || repeat('-', 150) || b.visit_id as k, a.minutes as minutes
    from raw.visits a, raw.visits b, (select visit_id from raw.visits limit 2) c limit {rows}";
const MANY: u64 = 1_000_000;
/// Half of what the rows take, and enough for a row group of Parquet and its encoder, twice.
const GROWTH: u64 = 90 << 20;

const MEDIA_TYPES: [(&str, &str); 2] = [
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("parquet", "application/vnd.apache.parquet"),
];

/// Runs a program, then prints the most KiB of memory that it has held.
const PEAK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// Lets the command line write the file; gives the most memory that it has held.
#[expect(clippy::disallowed_methods, reason = "this suite is about the process")]
fn written(home: &TestHome, sql: &str, file: &Path) -> u64 {
    let output = Command::new("python3")
        .args(["-c", PEAK])
        .arg(bare(home).get_program())
        .args(["query", sql, "--out"])
        .arg(file)
        .env("DTM_HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let kib: u64 = String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    kib * 1024
}

/// Lets the server write the file.
fn fetched(home: &TestHome, server: &Server, sql: &str, media_type: &str, file: &Path) {
    let token = std::fs::read_to_string(home.path().join("operator.token")).unwrap();
    let (address, token) = (&server.address, token.trim());
    let body = serde_json::json!({ "sql": sql }).to_string();
    let length = body.len();
    let mut socket = TcpStream::connect(address).unwrap();
    // In this version the answer ends with the connection.
    let request = format!(
        "POST /api/v1/query HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Accept: {media_type}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(answer.read_line(&mut head).unwrap(), 0, "{head}");
    }
    assert!(
        head.contains(" 200 ") && head.contains(media_type),
        "{head}"
    );
    std::io::copy(&mut answer, &mut File::create(file).unwrap()).unwrap();
}

/// The rows of a file, as it says itself at its end.
fn rows_of(file: &Path) -> u64 {
    if file.extension().unwrap() == "parquet" {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        return reader.metadata().file_metadata().num_rows() as u64;
    }
    let mut book: Xlsx<BufReader<File>> = open_workbook(file).unwrap();
    let manifest = book.worksheet_range("manifest").unwrap();
    let line = manifest
        .rows()
        .find(|line| line[0] == *"rows")
        .unwrap()
        .to_vec();
    match line[2] {
        Data::Float(rows) => rows as u64,
        ref other => panic!("{other:?}"),
    }
}

/// A result of a million rows is held as a whole neither by the client that writes the file nor by
/// the server, which sends the rows to it and at the same time writes such a file itself.
#[test]
fn a_million_rows_become_a_workbook_and_a_parquet_file_in_bounded_memory() {
    let home = filled();
    let server = Server::with(&home, &[("DTM_QUERY_WAIT_MS", 600_000)]);
    let by_server = |rows: u64, ending: &str, media_type: &str| {
        let sql = ROWS.replace("{rows}", &rows.to_string());
        let file = home.root().join(format!("fetched.{ending}"));
        fetched(&home, &server, &sql, media_type, &file);
        assert_eq!(rows_of(&file), rows, "{ending} by the server");
    };
    let by_client = |rows: u64, ending: &str| {
        let sql = ROWS.replace("{rows}", &rows.to_string());
        let file = home.root().join(format!("written.{ending}"));
        let peak = written(&home, &sql, &file);
        assert_eq!(rows_of(&file), rows, "{ending} by the client");
        peak
    };
    let mut few = Vec::new();
    for (ending, media_type) in MEDIA_TYPES {
        by_server(1000, ending, media_type);
        few.push(by_client(1000, ending));
    }
    let before = peak(&server);
    for ((ending, media_type), few) in MEDIA_TYPES.into_iter().zip(few) {
        let most = std::thread::scope(|scope| {
            scope.spawn(|| by_server(MANY, ending, media_type));
            by_client(MANY, ending)
        });
        let client = most.saturating_sub(few);
        let serving = peak(&server).saturating_sub(before);
        let grown = format!("{ending}: the client grew by {client} bytes, the server by {serving}");
        println!("{grown}");
        assert!(client.max(serving) <= GROWTH, "{grown}");
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_a_killed_process_spilled_is_gone_with_the_next_start() {
    let home = filled();
    let left = home.write("home/spill/datafusion-x/y.tmp", "left over");
    assert!(left.exists());
    let server = Server::with(&home, &[]);
    assert!(!left.exists());
    assert_eq!(
        first(&home, "select count(*) as n from raw.visits")["n"],
        VISITS
    );
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_share_that_leaves_the_machine_nothing_is_refused() {
    let home = filled();
    let settings = home.path().join("dtm.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("share = 0.5", "share = 1.0")).unwrap();
    super::fails(&home, &["plan"], 2, "`memory.share` is 1");
}

#[test]
fn the_memory_of_a_container_counts_as_the_machine_s() {
    let root = TestHome::new();
    let under = |files: &[(&str, &str)]| {
        for (path, text) in files {
            root.write(path, text);
        }
        server::machine::memory_under(root.root())
    };
    assert_eq!(under(&[]), 0);
    assert_eq!(
        under(&[("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\n")]),
        1_024_000
    );
    let unlimited = [
        ("proc/self/cgroup", "1:cpu:/x\n0::/a/b\n"),
        ("sys/fs/cgroup/a/b/memory.max", "max\n"),
    ];
    assert_eq!(under(&unlimited), 1_024_000);
    assert_eq!(under(&[("sys/fs/cgroup/a/memory.max", "4096\n")]), 4096);
    let older = [
        ("proc/self/cgroup", "4:memory:/c\n"),
        (
            "sys/fs/cgroup/memory/c/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "8192\n"),
    ];
    assert_eq!(under(&older), 8192);
}

/// The transformation's build side takes many times `run.memory_bytes`; it is staged again from the
/// start with joins that spill, and only the second staging is committed.
#[test]
fn a_run_whose_join_does_not_fit_is_staged_again() {
    let home = TestHome::new().with_project(&example());
    let joined = format!(
        "-- why: to join more than fits\n-- write: replace\n-- refresh: on change\n\
         select cast('2026-09' as varchar) as period, cast('a' as varchar) as agency_name,\n\
         cast(min(x.k) as varchar) as office, cast(count(*) as bigint) as visits,\n\
         cast(sum(length(y.j)) as bigint) as minutes\n\
         from ({keys}) as x inner join (select k as j from ({keys})) as y on x.k = y.j\n",
        keys = keys(60)
    );
    let sql = home.project().join("sql/served/visits_by_office.sql");
    std::fs::write(sql, joined).unwrap();
    let own = |args: &[&str]| {
        let output = bare(&home)
            .env("DTM_RUN_MEMORY_BYTES", QUERY.to_string())
            .args(args)
            .arg("--project")
            .arg(home.project())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{args:?}: {told} {answer}");
        answer
    };
    own(&["lineage", "--bless"]);
    own(&["init"]);
    own(&["apply"]);
    let file = home.write("visits.csv", visits());
    let file = file.to_str().unwrap();
    own(&[
        "submit",
        "raw.visits",
        file,
        "--agency",
        "H26",
        "--period",
        "2026-09",
    ]);
    let steps = own(&["run", "--format", "json"]);
    assert_eq!(json(&steps)[0]["state"], "built", "{steps}");
    let rows = own(&[
        "query",
        "select visits, minutes from visits_by_office",
        "--format",
        "json",
    ]);
    let all = (VISITS * VISITS) as u64;
    assert_eq!(json(&rows)[0]["visits"], all);
    assert_eq!(json(&rows)[0]["minutes"], all * 398);
    let files = home.path().join("lake/delta/served/visits_by_office");
    let data = std::fs::read_dir(files).unwrap().flatten();
    let data = data.filter(|file| file.path().extension().is_some_and(|end| end == "parquet"));
    assert_eq!(data.count(), 1, "what was staged first is deleted");
}
