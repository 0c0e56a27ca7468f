//! Transforming: the SQL files of the shipped project over a month of data, by a run of the house,
//! and by DuckDB over the same inputs.

pub mod fill;
pub mod steps;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use project::Project;
use serde_json::{Value, json};

use crate::cli::Bench;
use crate::contest::{Contestant, Series, rounds};
use crate::figures::median;
use crate::house;
use crate::ingest::dossiers::PERIOD;
use crate::machine;
use crate::process::ours;
use crate::table::{Table, grouped, mebibytes, rate, ratio, seconds};
use crate::talk::{say, tell};
use crate::task::{Step, Task};

use fill::{Fill, files_in};
use steps::Steps;

/// Measures every transformation, or the one that was named.
pub fn run(bench: &Bench, rows: u64) -> Result<()> {
    let (project, _) = Project::read(&house::shipped()?);
    let transformations = project.transformations.values();
    let wanted = transformations.filter(|t| bench.wants(t.dataset.as_str()));
    let asked: Vec<Value> = wanted
        .map(|t| json!({ "dataset": t.dataset.as_str(), "sql": t.sql }))
        .collect();
    ensure!(
        !asked.is_empty(),
        "`--only` names no transformation; one of them is `refined.dossiers`"
    );
    let home = bench.place.fresh()?;
    tell(&format!(
        "filling a home with {rows} dossiers and what belongs to them"
    ))?;
    ours(&Task::Fill(Fill {
        home: home.path().to_owned(),
        rows,
        periods: vec![PERIOD.to_owned()],
    }))?;
    let files = files_in(home.path())?;
    let run_at = machine::now().to_rfc3339();
    let dtm = |_: &Path| {
        ours(&Task::Steps(Steps {
            home: home.path().to_owned(),
            // Selected, they run although nothing has changed.
            select: bench.only.clone().unwrap_or_else(|| "*".to_owned()),
        }))
    };
    let duckdb = |out: &Path| {
        bench.peers.ask(&json!({
            "task": "transform",
            "tables": files,
            "steps": asked,
            "run_at": run_at,
            "out": out,
            "threads": machine::cores(),
            "memory_bytes": machine::pool_bytes(),
        }))
    };
    let contestants = [
        Contestant::new("dtm", dtm),
        Contestant::new("duckdb", duckdb),
    ];
    let series = rounds(bench, "transform", &contestants)?;
    let [ours, duckdb] = series.as_slice() else {
        return Ok(());
    };
    show(ours, duckdb, rows)
}

/// A transformation in all rounds of one contestant.
struct Rounds<'s> {
    steps: Vec<&'s Step>,
}

impl<'s> Rounds<'s> {
    fn of(series: &'s Series, dataset: &str) -> Self {
        let steps = series.runs.iter().flat_map(|run| &run.steps);
        Self {
            steps: steps.filter(|step| step.dataset == dataset).collect(),
        }
    }

    fn seconds(&self) -> f64 {
        median(self.steps.iter().map(|step| step.seconds))
    }

    /// Why it was not done.
    fn refused(&self) -> Option<&'s str> {
        self.steps.iter().find_map(|step| step.refused.as_deref())
    }

    /// The rows, in which all rounds must agree.
    fn rows(&self, dataset: &str) -> Result<u64> {
        let first = self.steps.first();
        let rows = first
            .with_context(|| format!("`{dataset}` was not transformed"))?
            .rows;
        let same = self.steps.iter().all(|step| step.rows == rows);
        ensure!(
            same,
            "`{dataset}` does not have the same rows in every round"
        );
        Ok(rows)
    }
}

fn show(ours: &Series, duckdb: &Series, rows: u64) -> Result<()> {
    let mut table = Table::new([
        "step",
        "rows",
        "dtm s",
        "rows/s",
        "duckdb s",
        "dtm ÷ duckdb",
    ]);
    let first = ours.runs.first().context("nothing was measured")?;
    let (mut both_ours, mut both_theirs, mut refusals) = (0.0, 0.0, Vec::new());
    for step in &first.steps {
        let dataset = step.dataset.as_str();
        let (mine, theirs) = (Rounds::of(ours, dataset), Rounds::of(duckdb, dataset));
        let (count, time) = (mine.rows(dataset)?, mine.seconds());
        let (shown, compared) = if let Some(reason) = theirs.refused() {
            refusals.push(format!("\n- `{dataset}`: {reason}"));
            ("refused".to_owned(), "–".to_owned())
        } else {
            let found = theirs.rows(dataset)?;
            ensure!(
                found == count,
                "`{dataset}` has {count} rows by dtm and {found} by duckdb"
            );
            both_ours += time;
            both_theirs += theirs.seconds();
            (seconds(theirs.seconds()), ratio(time, theirs.seconds()))
        };
        table.row([
            dataset.to_owned(),
            grouped(count),
            seconds(time),
            rate(count, time),
            shown,
            compared,
        ]);
    }
    table.row([
        "what both did".to_owned(),
        String::new(),
        seconds(both_ours),
        String::new(),
        seconds(both_theirs),
        ratio(both_ours, both_theirs),
    ]);
    let refused = if refusals.is_empty() {
        String::new()
    } else {
        format!("\n\nRefused by duckdb:{}", refusals.concat())
    };
    say(&format!(
        "\n## Transformations: {} dossiers reported\n\n\
         dtm plans, runs, writes Delta, judges the contract's rules over what it wrote, commits and \
         syncs to disk; {} MiB for each. duckdb runs the same text over the same Parquet files into \
         one Parquet file, in {} threads. A whole run of dtm took {} s.\n\n{}\n\n\
         Peak memory: dtm {} MiB, duckdb {} MiB{refused}",
        grouped(rows),
        mebibytes(server::Settings::new("lake").run.memory_bytes),
        machine::cores(),
        seconds(ours.seconds()),
        table.text(),
        mebibytes(ours.peak_bytes()),
        mebibytes(duckdb.peak_bytes()),
    ))
}
