//! The command line.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::crowd::Crowd;
use crate::place::{PEERS, Peers, Place};
use crate::{crowd, graph, header, ingest, lineage, query, talk, task, transform};

/// Measures DTM beside DuckDB and the Delta library for Python
#[derive(Debug, Parser)]
#[command(name = "benches", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive text and Parquet, write Arrow: `ndjson`, `csv`, `parquet`, `write`, `shares`
    Ingest(Options),
    /// Receive many small submissions, on time, by a server
    Crowd {
        #[command(flatten)]
        crowd: Crowd,
        /// The folder for data and for what is written; without it one beside the build
        #[arg(long, value_name = "DIR")]
        work: Option<PathBuf>,
    },
    /// The 22 queries of TPC-H: `q01` to `q22`
    Query(Options),
    /// The transformations of the shipped project, such as `refined.dossiers`
    Transform(Options),
    /// The whole shipped graph over a year: built, after little came, after nothing came, a figure
    /// traced: `full`, `again`, `trace`
    Graph(Options),
    /// The lineage of a thousand datasets, as a server answers it
    Lineage {
        /// The folder for what is written; without it one beside the build
        #[arg(long, value_name = "DIR")]
        work: Option<PathBuf>,
    },
    /// One measurement, asked on stdin and answered on stdout
    #[command(hide = true)]
    Child,
}

#[derive(Debug, Args)]
struct Options {
    /// Rows of dossiers; without it 5000000 to ingest, 1000000 to transform, 10000000 for the graph
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1000..))]
    rows: Option<u64>,
    /// The scale of TPC-H
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    scale: f64,
    /// Rounds; the median of them counts
    #[arg(long, value_name = "R", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Only the measurement of that name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The folder for data and for what is written; without it one beside the build
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

/// What every measurement is given.
pub struct Bench {
    pub place: Place,
    pub peers: Peers,
    pub repeat: u32,
    pub only: Option<String>,
}

impl Bench {
    fn open(options: &Options) -> Result<Self> {
        Self::at(options.work.as_deref(), options.repeat, &options.only)
    }

    fn at(work: Option<&Path>, repeat: u32, only: &Option<String>) -> Result<Self> {
        let place = Place::open(work)?;
        let peers = place.peers(&PEERS)?;
        let bench = Self {
            place,
            peers,
            repeat,
            only: only.clone(),
        };
        talk::say(&header::header(&bench)?)?;
        Ok(bench)
    }

    /// Whether the measurement of that name was asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }
}

/// Runs the command that the process was called with.
pub fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Ingest(options) => {
            let rows = options.rows.unwrap_or(5_000_000);
            ingest::run(&Bench::open(&options)?, rows)
        }
        Command::Crowd { crowd, work } => crowd::run(&Bench::at(work.as_deref(), 1, &None)?, crowd),
        Command::Query(options) => query::run(&Bench::open(&options)?, options.scale),
        Command::Transform(options) => {
            let rows = options.rows.unwrap_or(1_000_000);
            transform::run(&Bench::open(&options)?, rows)
        }
        Command::Graph(options) => {
            let rows = options.rows.unwrap_or(10_000_000);
            graph::run(&Bench::open(&options)?, rows)
        }
        Command::Lineage { work } => lineage::run(&Bench::at(work.as_deref(), 1, &None)?),
        Command::Child => task::answer(),
    }
}
