//! `dtm lineage --since`: the committed lineage of a revision against what the SQL says now.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use lineage::{Finding, Graph};
use project::DatasetName;
use serde_json::Value;

use crate::commands::init::tell as say;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, Records};
use crate::progress;
use crate::shipped::{self, Origin};

const FOLDER: &str = "lineage";

pub(super) async fn tell(revision: &str, project: &Origin, format: Format) -> Outcome {
    let Origin::Folder(folder) = project else {
        return Err(Failure::Usage(
            "`--since` asks git about the folder of a project, and there is no `warehouse` here; \
             name the folder with `--project`"
                .to_owned(),
        ));
    };
    let old = committed(folder, revision)?;
    let spinner = progress::spinner("checking the project");
    let checked = conduct::check(&shipped::sources(Some(folder))?).await;
    spinner.finish_and_clear();
    let broken = checked
        .problems
        .iter()
        .find(|p| !p.place.file.starts_with(FOLDER));
    if let Some(problem) = broken {
        return Err(Failure::Usage(format!(
            "the project has problems, and what its SQL means is known when it has none: \
             {problem}; see `dtm check`"
        )));
    }
    let found = lineage::review(&old, &super::graph(&checked)?);
    if found.is_empty() {
        say(&format!("the lineage is that of `{revision}`"))?;
    }
    records(&found).print(format)
}

fn records(found: &[Finding]) -> Records {
    let words = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(" ");
    let mut records = Records::new(&["change", "dataset", "column", "source", "before", "after"]);
    for finding in found {
        let source = finding.source.as_ref().map(ToString::to_string);
        records.push(vec![
            finding.outcome.as_str().into(),
            finding.target.dataset.as_str().into(),
            finding.target.column.as_str().into(),
            source.map_or(Value::Null, Value::from),
            words(&finding.before).into(),
            words(&finding.after).into(),
        ]);
    }
    records
}

/// The graph of the files that the revision has.
fn committed(folder: &Path, revision: &str) -> Outcome<Graph> {
    let commit = format!("{revision}^{{commit}}");
    let names = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    let id = git(folder, &[&names[..], &[&commit]].concat())?.map_err(|said| {
        let said = if said.is_empty() {
            said
        } else {
            format!(" ({said})")
        };
        Failure::Usage(format!(
            "git knows no revision `{revision}` of the project `{}`{said}; name a commit, a branch \
             or a tag, as `--since main`",
            folder.display()
        ))
    })?;
    let id = id.trim();
    let gone = |said| {
        Failure::Usage(format!(
            "git cannot read `{FOLDER}/` at `{revision}`: {said}"
        ))
    };
    let list = ["ls-tree", "-r", "-z", "--name-only", id, "--", FOLDER];
    let list = git(folder, &list)?.map_err(gone)?;
    let mut edges = Vec::new();
    let mut datasets = Vec::new();
    for path in list.split('\0').filter(|path| path.ends_with(".txt")) {
        let Some(dataset) = dataset(path) else {
            continue;
        };
        let text = git(folder, &["show", &format!("{id}:./{path}")])?.map_err(gone)?;
        let found = lineage::parse(&dataset, &text).map_err(|error| {
            Failure::Usage(format!("`{path}` at `{revision}` is no lineage: {error}"))
        })?;
        edges.extend(found);
        datasets.push(dataset);
    }
    Ok(Graph::new(edges).including(datasets))
}

/// `lineage/served/x.txt` is the file of `served.x`.
fn dataset(path: &str) -> Option<DatasetName> {
    let name = path.strip_prefix(FOLDER)?.strip_prefix('/')?;
    name.strip_suffix(".txt")?
        .replacen('/', ".", 1)
        .parse()
        .ok()
}

/// What git prints, or what it says against it.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever reviews asks git, once and to read; no server does"
)]
fn git(folder: &Path, args: &[&str]) -> Outcome<Result<String, String>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(args)
        .output()
        .map_err(|error| {
            Failure::Unavailable(format!(
                "cannot start `git`, which `--since` asks for the earlier lineage: {error}"
            ))
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr).trim().to_owned())
    })
}
