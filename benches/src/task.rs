//! What a process of its own is asked, and what it answers.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::graph::again::Again;
use crate::graph::follow::Follow;
use crate::ingest::dossiers::Make;
use crate::ingest::encode::Encode;
use crate::ingest::keep::Keep;
use crate::ingest::land::Land;
use crate::query::ask::Ask;
use crate::query::load::Load;
use crate::talk;
use crate::transform::fill::Fill;
use crate::transform::steps::Steps;

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// Make the files of dossiers.
    Make(Make),
    /// Receive bodies through the house.
    Land(Land),
    /// Keep bodies as evidence.
    Keep(Keep),
    /// Write Arrow batches to a table.
    Encode(Encode),
    /// Load the tables of TPC-H.
    Load(Load),
    /// Answer a query.
    Ask(Ask),
    /// Fill a home with a period.
    Fill(Fill),
    /// Run the transformations of a home.
    Steps(Steps),
    /// Run what is due after rows came, or after none came.
    Again(Again),
    /// Trace a figure.
    Follow(Follow),
}

/// What was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    /// The time of what is measured, without what comes before and after it.
    pub seconds: f64,
    /// Rows that landed or were answered.
    pub rows: u64,
    /// Bytes that were written, or of the answer in memory.
    pub bytes: u64,
    /// The most memory that the process had held when the measured work ended.
    pub peak_bytes: u64,
    /// What the rows are.
    pub check: Check,
    /// The parts of the work, where it has some.
    pub steps: Vec<Step>,
    /// What the time of a run went into, by name.
    pub parts: BTreeMap<String, f64>,
    /// What the peers are; only when that is asked.
    pub versions: Vec<String>,
}

/// What rows are, whatever their order: a hash of texts and days, and the sum of each column of
/// numbers, since engines differ in how exact a quotient is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Check {
    pub texts: String,
    pub sums: Vec<f64>,
}

/// A transformation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    pub dataset: String,
    pub seconds: f64,
    pub rows: u64,
    /// Why it was not done.
    pub refused: Option<String>,
    /// What of it was computed; none where nothing was.
    pub scope: Option<String>,
}

/// Does the task on stdin and answers on stdout.
pub fn answer() -> Result<()> {
    let task: Task =
        serde_json::from_reader(std::io::stdin().lock()).context("cannot read the task")?;
    // As the binary `dtm` has it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(perform(task))?;
    talk::say(&serde_json::to_string(&measured)?)
}

async fn perform(task: Task) -> Result<Measured> {
    match task {
        Task::Make(task) => task.perform(),
        Task::Land(task) => task.perform().await,
        Task::Keep(task) => task.perform().await,
        Task::Encode(task) => task.perform().await,
        Task::Load(task) => task.perform().await,
        Task::Ask(task) => task.perform().await,
        Task::Fill(task) => task.perform().await,
        Task::Steps(task) => task.perform().await,
        Task::Again(task) => task.perform().await,
        Task::Follow(task) => task.perform().await,
    }
}
