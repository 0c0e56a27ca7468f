//! A run of the house, step by step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::{Deserialize, Serialize};
use service::{RunRequest, Service, StepState};

use crate::house;
use crate::machine;
use crate::task::{Measured, Step};

/// To run transformations of a filled home.
#[derive(Debug, Serialize, Deserialize)]
pub struct Steps {
    pub home: PathBuf,
    pub select: String,
}

impl Steps {
    pub async fn perform(self) -> Result<Measured> {
        let counted = PrometheusBuilder::new().install_recorder()?;
        let opened = house::open(&self.home, &house::shipped()?).await?;
        let request = RunRequest {
            select: vec![self.select],
        };
        // With what comes after the last step: publishing, recording, profiles.
        let started = Instant::now();
        let report = opened.house.run(&opened.call, request).await?;
        let seconds = started.elapsed().as_secs_f64();
        let peak_bytes = machine::peak_bytes();
        opened.house.close().await;
        let mut steps = Vec::new();
        for step in report.steps {
            if step.state != StepState::Built {
                let message = step.message.unwrap_or_default();
                bail!("`{}` is {}: {message}", step.dataset, step.state.as_str());
            }
            steps.push(Step {
                dataset: step.dataset.to_string(),
                seconds: step.seconds,
                rows: step.rows,
                ..Step::default()
            });
        }
        Ok(Measured {
            seconds,
            peak_bytes,
            steps,
            parts: parts(&counted.render()),
            ..Measured::default()
        })
    }
}

/// The seconds of every part of the run, from what was counted of it.
fn parts(counted: &str) -> BTreeMap<String, f64> {
    let part = |line: &str| {
        let line = line.strip_prefix("dtm_run_part_seconds_sum{part=\"")?;
        let (part, seconds) = line.split_once("\"} ")?;
        Some((part.to_owned(), seconds.parse().ok()?))
    };
    counted.lines().filter_map(part).collect()
}
