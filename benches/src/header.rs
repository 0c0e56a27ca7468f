//! What a table of figures needs beside it to mean anything.

use anyhow::Result;
use serde_json::json;

use crate::cli::Bench;
use crate::machine;

/// The machine, the day, the versions and the command.
pub fn header(bench: &Bench) -> Result<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let peers = bench.peers.ask(&json!({ "task": "versions" }))?.versions;
    let profile = if cfg!(debug_assertions) {
        "debug build: the figures mean nothing"
    } else {
        "release build"
    };
    Ok(format!(
        "Command: cargo run --release -p benches -- {command}\n\
         Machine: {cores} cores of {processor}, {memory:.1} GiB\n\
         Date: {date}\n\
         Ours: dtm {dtm}, DataFusion {datafusion}, Arrow {arrow}, Delta {delta}; {profile}\n\
         Peers: {peers}\n\
         Rounds: {rounds}; each measurement in a process of its own, in turns; medians, and the \
         highest peak of memory",
        command = arguments.join(" "),
        cores = machine::cores(),
        processor = machine::processor(),
        memory = machine::memory_bytes() as f64 / f64::from(1 << 30),
        date = machine::now().format("%Y-%m-%d"),
        dtm = env!("CARGO_PKG_VERSION"),
        datafusion = datafusion::DATAFUSION_VERSION,
        arrow = arrow::ARROW_VERSION,
        delta = deltalake::crate_version(),
        peers = peers.join(", "),
        rounds = bench.repeat,
    ))
}
