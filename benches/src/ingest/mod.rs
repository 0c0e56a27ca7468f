//! Receiving: text through the house, and Arrow to a table, beside those who only convert.

pub mod dossiers;
pub mod encode;
pub mod land;

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::cli::Bench;
use crate::contest::{Contestant, rounds, written};
use crate::machine;
use crate::process::ours;
use crate::table::{grouped, megabytes};
use crate::talk::say;
use crate::task::{Measured, Task};

use dossiers::{Data, Form};
use encode::Encode;
use land::Land;

/// What the files that were written hold.
pub const LANDED: &str = include_str!("../../queries/landed.sql");
/// The table of dossiers, here and at the peers.
pub const DOSSIERS: &str = "raw.dossiers";

/// The columns in the words of DuckDB; the contract says the same to us.
const COLUMNS: [(&str, &str); 12] = [
    ("dossier_id", "varchar"),
    ("procedure_code", "varchar"),
    ("agency_code", "varchar"),
    ("channel", "varchar"),
    ("received_at", "timestamptz"),
    ("due_at", "timestamptz"),
    ("finished_at", "timestamptz"),
    ("state", "varchar"),
    ("fee_amount", "bigint"),
    ("fee_paid_online", "boolean"),
    ("paper_count", "integer"),
    ("updated_at", "timestamptz"),
];

/// Measures all of it, or what was named.
pub fn run(bench: &Bench, rows: u64) -> Result<()> {
    let names = ["ndjson", "csv", "write"];
    ensure!(
        names.into_iter().any(|name| bench.wants(name)),
        "`--only` names none of `{}`",
        names.join("`, `")
    );
    let data = Data::ready(&bench.place, rows)?;
    for form in [Form::Ndjson, Form::Csv] {
        if bench.wants(form.extension()) {
            text(bench, &data, form)?;
        }
    }
    if bench.wants("write") {
        write(bench, &data)?;
    }
    Ok(())
}

/// Text → checked, kept and landed rows; beside it text → Parquet.
fn text(bench: &Bench, data: &Data, form: Form) -> Result<()> {
    let name = form.extension();
    let land = |out: &Path| {
        ours(&Task::Land(Land {
            out: out.to_owned(),
            form,
            bodies: data.bodies(form),
        }))
    };
    let duckdb = |out: &Path| {
        let columns: Vec<Value> = COLUMNS
            .iter()
            .map(|(name, kind)| json!([name, kind]))
            .collect();
        peer(
            bench,
            data,
            form,
            out,
            json!({ "task": "text", "format": name, "columns": columns }),
        )
    };
    let contestants = [
        Contestant::new("dtm: receive", land),
        Contestant::new("duckdb: → Parquet", duckdb),
    ];
    let series = rounds(bench, name, &contestants)?;
    let read_bytes = data.read_bytes(form);
    say(&format!(
        "\n## {name} → tables: {} rows × {} columns in {} bodies, {} MB\n\n\
         dtm keeps the body and its SHA-256, judges every row by the contract's \
         rules and its key, sorts, writes Delta and syncs every file to disk; {at_once} bodies at \
         once. duckdb reads the same files \
         in the same types and writes one Parquet file (zstd 3, {at_once} threads), unchecked and \
         unsynced.\n\n{}",
        grouped(data.rows()),
        COLUMNS.len(),
        data.bodies(form).len(),
        megabytes(read_bytes),
        written(&series, read_bytes).text(),
        at_once = machine::cores(),
    ))
}

/// Arrow in memory → a Delta table; beside it the Delta library for Python, and a bare encoder.
fn write(bench: &Bench, data: &Data) -> Result<()> {
    let form = Form::Parquet;
    let encode = |out: &Path| {
        ours(&Task::Encode(Encode {
            out: out.to_owned(),
            files: data.files(form),
        }))
    };
    let deltalake = |out: &Path| peer(bench, data, form, out, json!({ "task": "deltalake" }));
    let pyarrow = |out: &Path| peer(bench, data, form, out, json!({ "task": "pyarrow" }));
    let contestants = [
        Contestant::new("dtm: Table", encode),
        Contestant::new("deltalake", deltalake),
        Contestant::new("pyarrow, one thread", pyarrow),
    ];
    let series = rounds(bench, "write", &contestants)?;
    let read_bytes = data.arrow_bytes();
    say(&format!(
        "\n## Arrow → Delta: {} rows × {} columns, {} MB in memory\n\n\
         dtm writes with {} streams, statistics and a commit, and syncs every file to disk; \
         deltalake writes a table as well, pyarrow one Parquet file. All with zstd 3.\n\n{}",
        grouped(data.rows()),
        COLUMNS.len(),
        megabytes(read_bytes),
        machine::cores(),
        written(&series, read_bytes).text(),
    ))
}

/// A task of `peers.py` over the files of that form.
fn peer(bench: &Bench, data: &Data, form: Form, out: &Path, mut task: Value) -> Result<Measured> {
    task["files"] = json!(data.files(form));
    task["out"] = json!(out);
    task["threads"] = json!(machine::cores());
    task["memory_bytes"] = json!(machine::pool_bytes());
    task["table"] = json!(DOSSIERS);
    task["check"] = json!(LANDED);
    bench.peers.ask(&task)
}
