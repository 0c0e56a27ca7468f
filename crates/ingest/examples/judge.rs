//! How fast one body is decoded and judged, and what follows it: rows a second of each stage alone.
//!
//! `cargo run --release -p ingest --example judge -- BODY CONTRACT [WORKERS] [ROUNDS]`, a body of
//! the benches as `.ndjson` or `.csv` and their contract. The rules are two of the contract's, by
//! hand, for the engine that compiles all of them is not here.

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, BooleanArray, RecordBatch};
use chrono::{DateTime, NaiveDate};
use ingest::{Envelope, Format, Limits, RowRule};
use project::{Contract, Severity, Text};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "judge BODY CONTRACT [WORKERS] [ROUNDS]";
    let body = args.next().ok_or(usage)?;
    let contract = args.next().ok_or(usage)?;
    let workers: usize = args.next().map_or(Ok(1), |n| n.parse())?;
    let rounds: usize = args.next().map_or(Ok(3), |n| n.parse())?;
    let text = std::fs::read_to_string(&contract)?;
    let contract = Contract::read("warehouse/raw/dossiers.odcs.yaml", &text)
        .map_err(|problems| format!("{problems:?}"))?;
    let path = Path::new(&body);
    let format = match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => Format::Csv,
        _ => Format::Ndjson,
    };
    let limits = Limits {
        workers,
        ..Limits::default()
    };
    for _ in 0..rounds {
        let started = Instant::now();
        let cpu = cpu_seconds()?;
        let mut rows = 0;
        ingest::check(
            path,
            format.into(),
            &contract,
            &rules(&contract),
            &envelope(),
            &limits,
            &mut |checked| {
                rows += checked.landed.num_rows();
                Ok(())
            },
        )?;
        said("judge", rows, started, cpu)?;
    }
    let started = Instant::now();
    let cpu = cpu_seconds()?;
    let (mut hash, mut file, mut buffer) = (Sha256::new(), File::open(path)?, vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    hash.finalize();
    said("hash", 0, started, cpu)
}

fn said(stage: &str, rows: usize, started: Instant, cpu: f64) -> Result<(), Box<dyn Error>> {
    let seconds = started.elapsed().as_secs_f64();
    let used = cpu_seconds()? - cpu;
    let per_row = used * 1e9 / rows.max(1) as f64;
    let rate = rows as f64 / seconds;
    writeln!(
        std::io::stdout(),
        "{stage}: {rows} rows, {seconds:.3} s, {rate:.0} rows/s, {used:.2} CPU s, \
         {per_row:.0} ns/row"
    )?;
    Ok(())
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let fields = behind.split_whitespace().skip(11).take(2);
    let ticks: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() as f64 / 100.0)
}

/// `required` of every column, as the contract has it.
fn rules(contract: &Contract) -> Vec<RowRule> {
    let columns = contract.columns.iter().enumerate();
    let required = columns.filter(|(_, column)| column.required);
    let rules = required.map(|(place, column)| RowRule {
        name: "required".to_owned(),
        column: Some(column.name.clone()),
        severity: Severity::Error,
        message: Text::default(),
        holds: Arc::new(move |batch: &RecordBatch| {
            let column = batch.column(place);
            Ok(match column.nulls() {
                None => BooleanArray::from(vec![true; column.len()]),
                Some(nulls) => BooleanArray::new(nulls.inner().clone(), None),
            })
        }),
        in_order: false,
    });
    rules.collect()
}

fn envelope() -> Envelope {
    Envelope {
        submission_id: "019a0000-0000-7000-8000-000000000000".to_owned(),
        agency: "H29".to_owned(),
        period: "2026-09".to_owned(),
        received_at: DateTime::UNIX_EPOCH,
        period_start_on: NaiveDate::MIN,
        period_end_on: NaiveDate::MAX,
    }
}
