//! Queries: TPC-H over tables that our writer wrote, by our scan, by the Delta library's scan, and
//! by DuckDB over the same files.

pub mod ask;
pub mod load;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::cli::Bench;
use crate::contest::{Contestant, Series, rounds};
use crate::figures::geometric_mean;
use crate::machine;
use crate::process::ours;
use crate::table::{Table, grouped, mebibytes, ratio, seconds};
use crate::talk::say;
use crate::task::Task;

use ask::{Ask, Scan};
use load::Data;

const QUERIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/queries");

/// A query and its text.
struct Query {
    name: String,
    sql: String,
}

/// Measures all queries, or the one that was named.
pub fn run(bench: &Bench, scale: f64) -> Result<()> {
    let queries: Vec<Query> = queries()?
        .into_iter()
        .filter(|query| bench.wants(&query.name))
        .collect();
    ensure!(
        !queries.is_empty(),
        "`--only` names no query; they are `q01` to `q22`"
    );
    let data = Data::ready(bench, scale)?;
    let mut measured = Vec::new();
    for query in queries {
        let series = measure(bench, &data, &query)?;
        measured.push((query.name, series));
    }
    show(&measured, scale)
}

fn queries() -> Result<Vec<Query>> {
    let mut queries = Vec::new();
    for entry in std::fs::read_dir(QUERIES)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('q') {
            let sql = std::fs::read_to_string(&path)?;
            queries.push(Query { name, sql });
        }
    }
    queries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(queries)
}

/// Ours, the library's scan in our engine, and DuckDB.
fn measure(bench: &Bench, data: &Data, query: &Query) -> Result<Vec<Series>> {
    let ask = |scan: Scan| {
        move |out: &Path| {
            ours(&Task::Ask(Ask {
                lake: data.lake.clone(),
                sql: query.sql.clone(),
                scan,
                out: out.to_owned(),
            }))
        }
    };
    let duckdb = |out: &Path| {
        bench.peers.ask(&json!({
            "task": "query",
            "tables": data.files,
            "sql": query.sql,
            "out": out,
            "threads": machine::cores(),
            "memory_bytes": machine::pool_bytes(),
        }))
    };
    let contestants = [
        Contestant::new("dtm", ask(Scan::Ours)),
        Contestant::new("generic", ask(Scan::Library)),
        Contestant::new("duckdb", duckdb),
    ];
    rounds(bench, &query.name, &contestants)
}

fn show(measured: &[(String, Vec<Series>)], scale: f64) -> Result<()> {
    let mut table = Table::new([
        "query",
        "rows",
        "dtm s",
        "generic s",
        "duckdb s",
        "dtm ÷ generic",
        "dtm ÷ duckdb",
        "dtm MiB",
        "generic MiB",
        "duckdb MiB",
    ]);
    let mut times = Vec::new();
    let mut peaks = [0; 3];
    for (name, series) in measured {
        let [ours, library, duckdb] = series.as_slice() else {
            continue;
        };
        let three = [ours.seconds(), library.seconds(), duckdb.seconds()];
        let held = [ours.peak_bytes(), library.peak_bytes(), duckdb.peak_bytes()];
        for (peak, held) in peaks.iter_mut().zip(held) {
            *peak = held.max(*peak);
        }
        table.row(row(name, &grouped(ours.rows()), three, held));
        times.push(three);
    }
    let first = times.first().context("nothing was measured")?;
    let sum = times[1..].iter().fold(*first, |sum, three| {
        let [a, b, c] = sum;
        let [x, y, z] = three;
        [a + x, b + y, c + z]
    });
    table.row(row("total", "", sum, peaks));
    let mean = |of: fn(&[f64; 3]) -> f64| geometric_mean(times.iter().map(of));
    let generic = mean(|[ours, library, _]| ours / library.max(1e-9));
    let duckdb = mean(|[ours, _, duckdb]| ours / duckdb.max(1e-9));
    say(&format!(
        "\n## TPC-H at scale {scale}\n\n\
         The same Parquet files, written by dtm. `generic` is the Delta library's scan in our \
         engine. Everyone answers once to warm up and is measured the second time; {} threads, \
         {} MiB at most.\n\n{}\n\n\
         Geometric mean of the ratios: dtm ÷ generic {generic:.2}, dtm ÷ duckdb {duckdb:.2}",
        machine::cores(),
        mebibytes(machine::pool_bytes()),
        table.text(),
    ))
}

fn row(name: &str, rows: &str, times: [f64; 3], peaks: [u64; 3]) -> [String; 10] {
    let [ours, library, duckdb] = times;
    let [ours_peak, library_peak, duckdb_peak] = peaks.map(mebibytes);
    [
        name.to_owned(),
        rows.to_owned(),
        seconds(ours),
        seconds(library),
        seconds(duckdb),
        ratio(ours, library),
        ratio(ours, duckdb),
        ours_peak,
        library_peak,
        duckdb_peak,
    ]
}
