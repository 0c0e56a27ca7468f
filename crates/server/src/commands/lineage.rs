//! `dtm lineage`

mod since;

use std::io::Write;

use calendar::civil;
use clap::Args;
use lineage::Graph;
use lineage::openlineage::{NAMESPACE, Source};
use project::{DatasetName, Project};
use serde_json::Value;

use super::init::tell;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::open;
use crate::output::Format;
use crate::progress;
use crate::settings::Settings;
use crate::shipped::{self, Origin};

/// Show what a dataset or column is made of, or what is made of it
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm lineage served.provincial_scoreboard.score --up --format mermaid"
)]
pub(crate) struct Lineage {
    /// `layer.dataset` or `layer.dataset.column`
    #[arg(required_unless_present_any = ["bless", "opaque", "since"], value_name = "DATASET[.COLUMN]")]
    target: Option<String>,
    /// To what it is made of; the default
    #[arg(long, conflicts_with = "down")]
    up: bool,
    /// To what is made of it
    #[arg(long)]
    down: bool,
    /// Write the project's lineage files anew
    #[arg(long, conflicts_with = "target")]
    bless: bool,
    /// Only what no plan tells
    #[arg(long, conflicts_with_all = ["target", "bless", "up", "down"])]
    opaque: bool,
    /// What the lineage means that changed since a revision of git: who gains and loses which
    /// sources, and everything below
    #[arg(long, value_name = "REV", conflicts_with_all = ["target", "bless", "opaque", "up", "down"])]
    since: Option<String>,
}

impl Lineage {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let project = context.place.project.as_deref();
        if let Some(revision) = &self.since {
            return since::tell(revision, &Origin::of(project)?, context.format).await;
        }
        if self.bless {
            return bless(&Origin::of(project)?).await;
        }
        let spinner = progress::spinner("checking the project");
        let checked = conduct::check(&shipped::sources(project)?).await;
        spinner.finish_and_clear();
        let graph = graph(&checked)?.including(checked.project.contracts.keys().cloned());
        let Some(target) = &self.target else {
            return show(&graph.opaque(), true, (&checked.project, &context));
        };
        let (dataset, column) = named(target, &checked.project)?;
        let part = if self.down {
            graph.down(&dataset, column.as_deref())
        } else {
            graph.up(&dataset, column.as_deref())
        };
        show(&part, column.is_some(), (&checked.project, &context))
    }
}

fn show(part: &Graph, columns: bool, (project, context): (&Project, &Context)) -> Outcome {
    let mut out = std::io::stdout().lock();
    match context.format {
        Format::OpenLineage => {
            let at = civil(open::now()).to_rfc3339();
            let events = source(&context.place.home)?.at_rest(project, part, &at);
            writeln!(out, "{}", Value::Array(events))?;
        }
        Format::Json => writeln!(out, "{}", part.json())?,
        Format::Mermaid if columns => write!(out, "{}", part.mermaid_columns())?,
        Format::Mermaid => write!(out, "{}", part.mermaid())?,
        _ => write!(out, "{}", part.full_text())?,
    }
    Ok(())
}

/// The names that the events of this home bear; where there is none, those of a new one.
fn source(home: &Home) -> Outcome<Source> {
    let settings = match home.exists() {
        true => Settings::read(&home.settings_file(), &open::env)?,
        false => {
            let namespace = NAMESPACE.to_owned();
            return Ok(Source {
                namespace,
                place: None,
            });
        }
    };
    Ok(settings.lineage.source(home, &settings.store))
}

/// What the SQL says now, with every dataset that has SQL.
fn graph(checked: &conduct::Checked) -> Outcome<Graph> {
    let mut edges = Vec::new();
    for dataset in checked.project.transformations.keys() {
        let text = checked
            .lineage
            .get(&format!("lineage/{}.txt", dataset.path()));
        let found = lineage::parse(dataset, text.map_or("", String::as_str));
        edges.extend(found.map_err(anyhow::Error::from)?);
    }
    Ok(Graph::new(edges).including(checked.project.transformations.keys().cloned()))
}

fn named(target: &str, project: &project::Project) -> Outcome<(DatasetName, Option<String>)> {
    let parts: Vec<&str> = target.splitn(3, '.').collect();
    let dataset = parts.iter().take(2).copied().collect::<Vec<_>>().join(".");
    let dataset: DatasetName = dataset
        .parse()
        .map_err(|e: project::NameError| Failure::Usage(e.to_string()))?;
    let contract = project
        .contracts
        .get(&dataset)
        .ok_or_else(|| Failure::Usage(format!("there is no dataset `{dataset}`")))?;
    let column = parts.get(2).map(|c| (*c).to_owned());
    if let Some(column) = &column
        && contract.table_schema().field_with_name(column).is_err()
    {
        let names: Vec<&str> = contract.columns.iter().map(|c| c.name.as_str()).collect();
        return Err(Failure::Usage(format!(
            "dataset `{dataset}` has no column `{column}`; its columns are `{}`",
            names.join("`, `")
        )));
    }
    Ok((dataset, column))
}

/// Writes what the SQL says, and removes what no SQL says any more. Problems other than stale
/// lineage come first: lineage of SQL that does not plan would be wrong.
async fn bless(project: &Origin) -> Outcome {
    let Origin::Folder(folder) = project else {
        return Err(Failure::Usage(
            "`--bless` writes into the folder of a project, and there is no `warehouse` here; name \
             the folder with `--project`"
                .to_owned(),
        ));
    };
    let checked = conduct::check(&shipped::sources(Some(folder))?).await;
    let other: Vec<String> = checked
        .problems
        .iter()
        .filter(|p| !p.place.file.starts_with("lineage"))
        .map(ToString::to_string)
        .collect();
    if !other.is_empty() {
        return Err(Failure::Usage(format!(
            "the project has problems, and lineage is written when it has none: {}",
            other.join("; ")
        )));
    }
    for (path, text) in &checked.lineage {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, text)?;
    }
    let gone = checked
        .project
        .lineage
        .keys()
        .filter(|p| !checked.lineage.contains_key(*p));
    for path in gone.filter(|p| p.ends_with(".txt")) {
        std::fs::remove_file(folder.join(path))?;
    }
    tell(&format!(
        "wrote the lineage of {} transformations",
        checked.project.transformations.len()
    ))
}
