//! The whole shipped graph over a year of data: built beside dbt and SQLMesh, run again after
//! little came and after nothing came, and asked where a figure comes from.

pub mod again;
pub mod follow;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use project::Project;
use serde_json::{Value, json};

use crate::cli::Bench;
use crate::contest::{Contestant, Series, rounds};
use crate::figures::median;
use crate::house;
use crate::machine;
use crate::place::BUILDERS;
use crate::process::ours;
use crate::table::{Table, grouped, mebibytes, ratio, seconds};
use crate::talk::{say, tell};
use crate::task::{Measured, Step, Task};
use crate::transform::fill::{Fill, files_in};
use crate::transform::steps::Steps;

use again::Again;
use follow::Follow;

/// The year, and its last month, in which something comes.
const PERIODS: [&str; 12] = [
    "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05",
    "2026-06", "2026-07", "2026-08", "2026-09",
];
const NEWEST: &str = "2026-09";
/// Who sends it.
const AGENCY: &str = "H26";
/// What comes is this part of what is there.
const PART: u64 = 1000;

/// The figures that are traced: dataset, row and column.
const FIGURES: [(&str, &str, &str); 3] = [
    (
        "served.dossiers_by_agency",
        "agency_code = 'H26' and period = '2026-09'",
        "overdue",
    ),
    (
        "served.dossiers_by_agency",
        "agency_code = 'H26' and period = '2026-09'",
        "received_total",
    ),
    (
        "served.provincial_scoreboard",
        "province_code = '01' and period = '2026-09'",
        "score",
    ),
];

/// Measures all of it, or the part that was named.
pub fn run(bench: &Bench, rows: u64) -> Result<()> {
    let parts = ["full", "again", "trace"];
    ensure!(
        parts.iter().any(|part| bench.wants(part)),
        "`--only` names none of `full`, `again` and `trace`"
    );
    let home = bench.place.fresh()?;
    tell(&format!("filling a home with {rows} dossiers of a year"))?;
    let filled = ours(&Task::Fill(Fill {
        home: home.path().to_owned(),
        rows,
        periods: PERIODS.map(str::to_owned).to_vec(),
    }))?;
    say(&format!(
        "\n## The shipped graph over a year: {} dossiers reported\n\n\
         To receive it and to compute all of it once took {} s.",
        grouped(rows),
        seconds(filled.seconds)
    ))?;
    if bench.wants("full") {
        full(bench, home.path())?;
    }
    if bench.wants("again") {
        again(bench, home.path(), rows)?;
    }
    if bench.wants("trace") {
        trace(bench, home.path())?;
    }
    Ok(())
}

fn everything(home: &Path) -> Result<Measured> {
    ours(&Task::Steps(Steps {
        home: home.to_owned(),
        // Selected, they run although nothing has changed.
        select: "*".to_owned(),
    }))
}

/// A full build, beside others that are given the same text and the same files.
fn full(bench: &Bench, home: &Path) -> Result<()> {
    let builders = bench.place.peers(&BUILDERS)?;
    let versions = builders.ask(&json!({ "task": "versions" }))?.versions;
    let (project, _) = Project::read(&house::shipped()?);
    let models: Vec<Value> = project
        .transformations
        .values()
        .map(|t| json!({ "dataset": t.dataset.as_str(), "sql": t.sql }))
        .collect();
    let files = files_in(home)?;
    let run_at = machine::now().to_rfc3339();
    let built = |task: &'static str| {
        let (builders, models, files, run_at) = (&builders, &models, &files, &run_at);
        move |out: &Path| {
            builders.ask(&json!({
                "task": task,
                "tables": files,
                "steps": models,
                "run_at": run_at,
                "out": out,
                "threads": machine::cores(),
                "memory_bytes": machine::pool_bytes(),
            }))
        }
    };
    let contestants = [
        Contestant::new("dtm", |_: &Path| everything(home)),
        Contestant::new("dbt", built("dbt")),
        Contestant::new("SQLMesh", built("sqlmesh")),
    ];
    let series = rounds(bench, "graph", &contestants)?;
    compare(&series)?;
    let mut table = Table::new(["who", "median s", "peak MiB", "dtm ÷ it"]);
    let ours = series.first().map_or(0.0, Series::seconds);
    for one in &series {
        table.row([
            one.name.clone(),
            seconds(one.seconds()),
            mebibytes(one.peak_bytes()),
            ratio(ours, one.seconds()),
        ]);
    }
    let shares = shares(series.first().context("nothing was measured")?);
    say(&format!(
        "\n### Everything built: {} transformations\n\n\
         dtm plans, runs, writes Delta, judges the contract's rules over what it wrote, commits, \
         publishes, and syncs to disk. The others ({}) make native tables of one DuckDB file from \
         views over the same Parquet files, in {} threads, unjudged; their start is counted, \
         Python's is not.\n\n{}\n\nWhat the time of dtm went into; rules, publishing and recording are \
         what the others do not do:\n\n{}",
        models.len(),
        versions.join(", "),
        machine::cores(),
        table.text(),
        shares.text()
    ))
}

/// What the time of the runs went into.
fn shares(series: &Series) -> Table {
    let whole = series.seconds();
    let mut table = Table::new(["part", "median s", "share"]);
    let share = |time: f64| format!("{:.1} %", 100.0 * time / whole.max(1e-9));
    let names: BTreeSet<&String> = series
        .runs
        .iter()
        .flat_map(|run| run.parts.keys())
        .collect();
    let mut known = 0.0;
    for name in names {
        let times = series.runs.iter().filter_map(|run| run.parts.get(name));
        let time = median(times.copied());
        known += time;
        table.row([name.clone(), seconds(time), share(time)]);
    }
    table.row([
        "the rest".to_owned(),
        seconds(whole - known),
        share(whole - known),
    ]);
    table.row(["all".to_owned(), seconds(whole), share(whole)]);
    table
}

/// Refuses figures of tables that do not have the same number of rows.
fn compare(all: &[Series]) -> Result<()> {
    let steps = |series: &Series| -> Result<Vec<(String, u64)>> {
        let run = series.runs.first().context("nothing was measured")?;
        let steps = run.steps.iter();
        let mut steps: Vec<_> = steps.map(|s| (s.dataset.clone(), s.rows)).collect();
        steps.sort();
        Ok(steps)
    };
    let Some((first, others)) = all.split_first() else {
        return Ok(());
    };
    let wanted = steps(first)?;
    for other in others {
        let found = steps(other)?;
        ensure!(
            found == wanted,
            "{} and {} did not build the same: {wanted:?}, {found:?}",
            first.name,
            other.name
        );
    }
    Ok(())
}

/// Runs after little came and after nothing came, beside a full run, in turns.
fn again(bench: &Bench, home: &Path, rows: u64) -> Result<()> {
    let come = rows / PART;
    let (mut all, mut some, mut none) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=bench.repeat {
        tell(&format!("again: round {round} of {}", bench.repeat))?;
        let again = |rows: u64| {
            ours(&Task::Again(Again {
                home: home.to_owned(),
                rows,
                agency: AGENCY.to_owned(),
                period: NEWEST.to_owned(),
                seed: u64::from(round),
            }))
        };
        all.push(everything(home)?);
        some.push(again(come)?);
        none.push(again(0)?);
    }
    let time = |runs: &[Measured]| median(runs.iter().map(|run| run.seconds));
    let peak = |runs: &[Measured]| runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0);
    let mut table = Table::new(["run", "median s", "peak MiB", "÷ everything"]);
    let came = format!("after {} dossiers of an agency", grouped(come));
    let named = [
        ("everything", &all),
        (came.as_str(), &some),
        ("after nothing", &none),
    ];
    for (name, runs) in named {
        table.row([
            name.to_owned(),
            seconds(time(runs)),
            mebibytes(peak(runs)),
            ratio(time(runs), time(&all)),
        ]);
    }
    let first: Vec<&Step> = some.iter().flat_map(|run| &run.steps).collect();
    let mut steps = Table::new(["step", "rows", "median s", "computed"]);
    let names: Vec<&String> = some.first().map_or_else(Vec::new, |run| {
        run.steps.iter().map(|step| &step.dataset).collect()
    });
    for name in names {
        let of = || first.iter().filter(|step| step.dataset == *name);
        steps.row([
            name.clone(),
            of().next()
                .map_or_else(String::new, |step| grouped(step.rows)),
            seconds(median(of().map(|step| step.seconds))),
            of().next()
                .and_then(|step| step.scope.clone())
                .unwrap_or_default(),
        ]);
    }
    say(&format!(
        "\n### Run again\n\n{}\n\nWhat little came had computed:\n\n{}",
        table.text(),
        steps.text()
    ))
}

/// Figures traced, each in a new process.
fn trace(bench: &Bench, home: &Path) -> Result<()> {
    let mut table = Table::new([
        "figure", "row", "first s", "second s", "peak MiB", "rows", "answer",
    ]);
    for (dataset, condition, column) in FIGURES {
        let mut runs = Vec::new();
        for round in 1..=bench.repeat {
            tell(&format!(
                "trace: `{column}`, round {round} of {}",
                bench.repeat
            ))?;
            runs.push(ours(&Task::Follow(Follow {
                home: home.to_owned(),
                dataset: dataset.to_owned(),
                condition: condition.to_owned(),
                column: column.to_owned(),
            }))?);
        }
        let time = |of: &str| {
            let steps = runs.iter().flat_map(|run| &run.steps);
            median(steps.filter(|s| s.dataset == of).map(|s| s.seconds))
        };
        let first = runs.first().and_then(|run| run.steps.first());
        let first = first.context("nothing was traced")?;
        table.row([
            format!("{dataset}.{column}"),
            condition.to_owned(),
            seconds(time("first")),
            seconds(time("second")),
            mebibytes(runs.iter().map(|run| run.peak_bytes).max().unwrap_or(0)),
            grouped(first.rows),
            first.scope.clone().unwrap_or_default(),
        ]);
    }
    say(&format!(
        "\n### Figures traced to submissions\n\n\
         Twice in a process of its own: each answer is computed again from the submissions that it \
         names.\n\n{}",
        table.text()
    ))
}
