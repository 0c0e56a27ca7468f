//! A run of what is due, after an agency sent rows or after nobody did.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use project::Project;
use serde::{Deserialize, Serialize};
use server::generate::Format;
use service::{RunRequest, Service, StepState};

use crate::house;
use crate::machine;
use crate::task::{Measured, Step};
use crate::transform::fill::{generator, submit};

/// To run what is due in a filled home.
#[derive(Debug, Serialize, Deserialize)]
pub struct Again {
    pub home: PathBuf,
    /// Rows of dossiers that come before, of one agency; their coming is not measured.
    pub rows: u64,
    pub agency: String,
    pub period: String,
    /// Other rows for every seed.
    pub seed: u64,
}

impl Again {
    pub async fn perform(self) -> Result<Measured> {
        let sources = house::shipped()?;
        let opened = house::open(&self.home, &sources).await?;
        if self.rows > 0 {
            let (project, _) = Project::read(&sources);
            let generator = generator(&project, &self.period, self.seed, self.rows)?;
            let agency = self.agency.parse()?;
            let dossiers = "raw.dossiers".parse()?;
            let parcel = generator.one(&dossiers, Some(&agency), Format::Parquet, self.rows)?;
            submit(&opened, &generator, parcel).await?;
        }
        let started = Instant::now();
        let report = opened
            .house
            .run(&opened.call, RunRequest::default())
            .await?;
        let seconds = started.elapsed().as_secs_f64();
        let peak_bytes = machine::peak_bytes();
        opened.house.close().await;
        let mut steps = Vec::new();
        for step in report.steps {
            match step.state {
                StepState::Built => steps.push(Step {
                    dataset: step.dataset.to_string(),
                    seconds: step.seconds,
                    rows: step.rows,
                    scope: step.scope,
                    ..Step::default()
                }),
                StepState::UpToDate => {}
                state => {
                    let message = step.message.unwrap_or_default();
                    bail!("`{}` is {}: {message}", step.dataset, state.as_str());
                }
            }
        }
        ensure!(
            self.rows > 0 || steps.is_empty(),
            "nothing came, and {} datasets were computed",
            steps.len()
        );
        if self.rows > 0 {
            steps
                .first()
                .context("rows came, and nothing was computed")?;
        }
        Ok(Measured {
            seconds,
            peak_bytes,
            steps,
            ..Measured::default()
        })
    }
}
