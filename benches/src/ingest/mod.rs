//! Receiving: text through the house, and Arrow to a table, beside those who only convert.

pub mod dossiers;
pub mod encode;
pub mod keep;
pub mod land;

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::cli::Bench;
use crate::contest::{Contestant, Series, rounds, written};
use crate::machine;
use crate::process::ours;
use crate::table::{Table, grouped, megabytes};
use crate::talk::say;
use crate::task::{Measured, Task};

use dossiers::{Data, Form};
use encode::Encode;
use keep::Keep;
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
    let names = ["ndjson", "csv", "parquet", "write", "shares"];
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
    if bench.wants("parquet") {
        parquet(bench, &data)?;
    }
    if bench.wants("write") {
        write(bench, &data)?;
    }
    if bench.wants("shares") {
        for form in [Form::Ndjson, Form::Csv, Form::Parquet] {
            shares(bench, &data, form)?;
        }
    }
    Ok(())
}

fn land(data: &Data, form: Form, out: &Path, judged: bool) -> Result<Measured> {
    ours(&Task::Land(Land {
        out: out.to_owned(),
        form,
        bodies: data.bodies(form),
        judged,
    }))
}

/// Text → checked, kept and landed rows; beside it text → Parquet.
fn text(bench: &Bench, data: &Data, form: Form) -> Result<()> {
    let name = form.extension();
    let land = |out: &Path| land(data, form, out, true);
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

/// Parquet → checked, kept and landed rows; beside it the Delta library for Python, which is given
/// the same rows in memory.
fn parquet(bench: &Bench, data: &Data) -> Result<()> {
    let form = Form::Parquet;
    let land = |out: &Path| land(data, form, out, true);
    let deltalake = |out: &Path| peer(bench, data, form, out, json!({ "task": "deltalake" }));
    let contestants = [
        Contestant::new("dtm: receive", land),
        Contestant::new("deltalake", deltalake),
    ];
    let series = rounds(bench, "parquet", &contestants)?;
    let read_bytes = data.arrow_bytes();
    say(&format!(
        "\n## parquet → tables: {} rows × {} columns in {} bodies, {} MB in memory\n\n\
         dtm reads Parquet files, keeps them and their SHA-256, judges every row by the contract's \
         rules and its key, sorts, writes Delta and syncs every file to disk; {} bodies at once. \
         deltalake writes a table of the same rows, which it has as Arrow in memory. All with zstd \
         3.\n\n{}",
        grouped(data.rows()),
        COLUMNS.len(),
        data.bodies(form).len(),
        megabytes(read_bytes),
        machine::cores(),
        written(&series, read_bytes).text(),
    ))
}

/// What judging and keeping are of the whole.
fn shares(bench: &Bench, data: &Data, form: Form) -> Result<()> {
    let name = format!("shares of {}", form.extension());
    let whole = [
        Contestant::new("all of it", |out: &Path| land(data, form, out, true)),
        Contestant::new("without rules and key", |out: &Path| {
            land(data, form, out, false)
        }),
    ];
    let whole = rounds(bench, &name, &whole)?;
    let kept = [Contestant::new("only kept and hashed", |out: &Path| {
        ours(&Task::Keep(Keep {
            out: out.to_owned(),
            bodies: data.bodies(form),
        }))
    })];
    let kept = rounds(bench, &name, &kept)?;
    let [all, unjudged] = &whole[..] else {
        return Ok(());
    };
    let (all, unjudged) = (all.seconds(), unjudged.seconds());
    let kept = kept.first().map_or(0.0, Series::seconds);
    let mut table = Table::new(["of the time of", "s", "share"]);
    for (what, seconds) in [
        ("all of it", all),
        ("rules and key (all − without them)", all - unjudged),
        ("evidence (only kept and hashed)", kept),
    ] {
        let share = format!("{:.0} %", 100.0 * seconds / all.max(1e-9));
        table.row([what.to_owned(), format!("{seconds:.3}"), share]);
    }
    say(&format!(
        "\n## Shares of receiving {}: {} rows, {} cores\n\n{}",
        form.extension(),
        grouped(data.rows()),
        machine::cores(),
        table.text()
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
