//! The walls between the crates, read from cargo's own account of the workspace and its lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// Which crates of ours a crate may use, outside its tests. An arrow that is not here needs a
/// reason in `crates/README.md` first.
const ARROWS: &[(&str, &[&str])] = &[
    ("calendar", &[]),
    ("project", &["calendar"]),
    ("lineage", &["project"]),
    ("service", &["calendar", "lineage", "project"]),
    ("access", &["project", "service"]),
    ("audit", &["service"]),
    ("ingest", &["calendar", "project"]),
    ("render", &["project", "service"]),
    ("books", &["calendar", "project", "service"]),
    ("lake", &["project"]),
    ("profile", &[]),
    ("pull", &[]),
    ("engine", &["calendar", "lineage", "project"]),
    (
        "conduct",
        &[
            "access", "audit", "books", "calendar", "engine", "ingest", "lake", "lineage",
            "profile", "project", "pull", "render", "service",
        ],
    ),
    (
        "api",
        &[
            "access", "calendar", "lineage", "project", "render", "service",
        ],
    ),
    (
        "server",
        &[
            "access", "api", "audit", "books", "calendar", "conduct", "engine", "ingest", "lake",
            "lineage", "project", "pull", "render", "service",
        ],
    ),
    ("testkit", &[]),
    (
        "benches",
        &[
            "audit", "books", "conduct", "engine", "lake", "project", "server", "service",
        ],
    ),
];

/// Packages that only some crates may name, outside their tests.
const HOMES: &[(&str, &[&str])] = &[
    ("deltalake", &["benches", "lake"]),
    ("datafusion", &["benches", "conduct", "engine", "lake"]),
    (
        "object_store",
        &["conduct", "engine", "lake", "pull", "testkit"],
    ),
    ("polars", &["profile"]),
    ("sqlx", &["books", "pull"]),
    ("russh", &["pull"]),
    ("russh-sftp", &["pull"]),
    ("axum", &["api", "server"]),
    ("clap", &["benches", "server"]),
    ("anyhow", &["benches", "server"]),
];

/// Crates in which neither of the heavy packages is linked, by whatever way.
const LIGHT: &[&str] = &[
    "access", "api", "audit", "books", "calendar", "ingest", "lineage", "project", "pull",
    "render", "service",
];
const HEAVY_PACKAGES: &[&str] = &["datafusion", "deltalake"];

/// Two versions of one of these are two worlds whose types do not fit together.
const ONE_VERSION: &[&str] = &[
    "arrow",
    "datafusion",
    "hyper",
    "object_store",
    "parquet",
    "rustls",
    "tokio",
];
const NEVER: &[&str] = &["native-tls", "openssl", "openssl-sys"];

const MOST_CRATES: usize = 17;

struct Workspace {
    members: BTreeMap<String, Member>,
    /// Package → what it depends on, every version of it taken together, from the lock file. It
    /// also knows packages of other platforms, which cargo could only describe after fetching them.
    locked: BTreeMap<String, BTreeSet<String>>,
    versions: BTreeMap<String, BTreeSet<String>>,
}

struct Member {
    /// What it names outside its tests and its build script.
    normal: BTreeSet<String>,
    /// Whether cargo links its library once more to test it.
    library_is_tested: bool,
    folder: String,
}

/// Read once for all tests: it runs cargo.
fn workspace() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let (locked, versions) = lock_file();
        Workspace {
            members: members(),
            locked,
            versions,
        }
    })
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo is the only one that knows its workspace"
)]
fn members() -> BTreeMap<String, Member> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--format-version",
            "1",
            "--no-deps",
        ])
        .current_dir(root())
        .output()
        .expect("the cargo that built this test runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {complaint}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    list(&metadata["packages"])
        .map(|package| (word(&package["name"]), member(package)))
        .collect()
}

fn member(package: &Value) -> Member {
    let normal = list(&package["dependencies"]).filter(|dependency| dependency["kind"].is_null());
    let is_library = |target: &&Value| list(&target["kind"]).any(|kind| kind == "lib");
    let library = list(&package["targets"]).find(is_library);
    let manifest = word(&package["manifest_path"]);
    Member {
        normal: normal.map(|dependency| word(&dependency["name"])).collect(),
        library_is_tested: library
            .is_some_and(|library| library["test"] == true || library["doctest"] == true),
        folder: manifest.rsplit('/').nth(1).unwrap_or_default().to_owned(),
    }
}

type Graph = BTreeMap<String, BTreeSet<String>>;

fn lock_file() -> (Graph, Graph) {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("the lock is committed");
    let lock: toml::Table = text.parse().expect("the lock is TOML");
    let packages = lock["package"].as_array().expect("the lock lists packages");
    let (mut graph, mut versions) = (Graph::new(), Graph::new());
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        versions
            .entry(text("name"))
            .or_default()
            .insert(text("version"));
        let dependencies = package.get("dependencies").and_then(toml::Value::as_array);
        // `name`, or `name version` where the lock holds several of that name.
        let names = dependencies
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str);
        let names = names.map(|name| name.split(' ').next().unwrap_or(name).to_owned());
        graph.entry(text("name")).or_default().extend(names);
    }
    (graph, versions)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Everything that ends up in a binary with `member`.
fn linked(member: &str) -> BTreeSet<&str> {
    let workspace = workspace();
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = vec![member];
    while let Some(name) = next.pop() {
        let dependencies = match workspace.members.get(name) {
            // The lock does not tell a member's own needs from those of its tests.
            Some(member) => &member.normal,
            None => match workspace.locked.get(name) {
                Some(dependencies) => dependencies,
                None => continue,
            },
        };
        next.extend(
            dependencies
                .iter()
                .map(String::as_str)
                .filter(|name| seen.insert(*name)),
        );
    }
    seen
}

#[test]
fn crates_use_only_the_crates_that_the_table_lets_them() {
    let members = &workspace().members;
    let mut breaches = Vec::new();
    for (name, member) in members.iter().filter(|(name, _)| *name != "benches") {
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| from == name) else {
            breaches.push(format!("crate `{name}` is not in the table of arrows"));
            continue;
        };
        let ours = member
            .normal
            .iter()
            .filter(|used| members.contains_key(*used));
        let wrong = ours.filter(|used| !allowed.contains(&used.as_str()));
        breaches.extend(wrong.map(|used| format!("`{name}` → `{used}` is not allowed")));
    }
    for (name, _) in ARROWS
        .iter()
        .filter(|(name, _)| !members.contains_key(*name))
    {
        breaches.push(format!("the table names `{name}`, which is no crate"));
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_arrows_point_down_only() {
    let mut above = BTreeSet::new();
    for (name, allowed) in ARROWS {
        let up = allowed.iter().find(|used| !above.contains(*used));
        assert_eq!(
            up, None,
            "`{name}` stands before what it uses, or in a ring with it"
        );
        above.insert(name);
    }
}

#[test]
fn a_package_with_a_home_is_named_nowhere_else() {
    let mut breaches = Vec::new();
    for (name, member) in workspace()
        .members
        .iter()
        .filter(|(name, _)| *name != "benches")
    {
        for (package, homes) in HOMES {
            if member.normal.contains(*package) && !homes.contains(&name.as_str()) {
                breaches.push(format!(
                    "`{name}` names `{package}`, whose home is {homes:?}"
                ));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn light_crates_link_neither_datafusion_nor_delta() {
    for name in LIGHT {
        assert!(
            workspace().members.contains_key(*name),
            "`{name}` is no crate"
        );
        let linked = linked(name);
        let heavy: Vec<_> = HEAVY_PACKAGES
            .iter()
            .filter(|package| linked.contains(**package))
            .collect();
        assert!(heavy.is_empty(), "`{name}` links {heavy:?}");
    }
    // The walk would find them if they were there.
    for package in HEAVY_PACKAGES {
        assert!(
            linked("conduct").contains(package),
            "`conduct` should link `{package}`"
        );
    }
}

/// Libraries with unit tests of what nobody outside sees: the order of rows, the pace of commits.
const TESTED: &[&str] = &["lake"];

#[test]
fn datafusion_is_not_linked_once_more_to_test_a_library() {
    for (name, member) in &workspace().members {
        if linked(name).contains("datafusion") && !TESTED.contains(&name.as_str()) {
            let advice = "set `[lib] test = false, doctest = false`: `tests/it` tests it";
            assert!(
                !member.library_is_tested,
                "`{name}` links datafusion: {advice}"
            );
        }
    }
}

#[test]
fn the_kit_of_the_tests_is_no_part_of_the_product() {
    for (name, member) in workspace()
        .members
        .iter()
        .filter(|(name, _)| *name != "benches")
    {
        assert!(
            !member.normal.contains("testkit"),
            "`{name}` needs `testkit` outside its tests"
        );
    }
}

#[test]
fn a_crate_has_the_name_of_its_folder_and_there_are_not_too_many() {
    let members = &workspace().members;
    for (name, member) in members {
        assert_eq!(name, &member.folder);
    }
    let rooms = members.keys().filter(|name| *name != "benches").count();
    assert!(
        rooms <= MOST_CRATES,
        "{rooms} crates: merge where a wall does not pay"
    );
}

#[test]
fn there_is_one_version_of_what_must_fit_together_and_no_openssl() {
    let versions = &workspace().versions;
    for name in ONE_VERSION {
        let found = versions.get(*name).map_or(0, BTreeSet::len);
        assert_eq!(found, 1, "`{name}`: {:?}", versions.get(*name));
    }
    for name in NEVER {
        assert!(
            !versions.contains_key(*name),
            "`{name}` is in the lock file"
        );
    }
}
