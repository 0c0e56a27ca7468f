//! Measures receiving, querying and transforming beside others, on the same data in the same run.
//!
//! *What is here*: the data sets, the measurements, the tables of figures. *What is never here*: a
//! figure that was not measured beside its peer, or whose answer was not compared with the peer's.
//! *How it is checked*: `tests.rs` beside the arithmetic; every run compares the answers.
//! *Where to go next*: `contest.rs` for how a pair is measured, `ingest`, `crowd`, `query`,
//! `transform`, `graph` and `lineage` for what is measured, `../README.md` for how to read it.

mod cli;

mod crowd;
mod graph;
mod ingest;
mod lineage;
mod query;
mod transform;

mod contest;
mod figures;
mod header;
mod table;

mod answer;
mod house;
mod tables;

mod task;

mod machine;
mod place;
mod process;
mod talk;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "dtm") {
        return server::run(std::iter::once("dtm".into()).chain(arguments));
    }
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is closed.
            let _ = talk::tell(&format!("benches: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
