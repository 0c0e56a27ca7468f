//! A run of the house, step by step.

use std::path::PathBuf;

use anyhow::{Result, bail};
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
        let opened = house::open(&self.home, &house::shipped()?).await?;
        let request = RunRequest {
            select: vec![self.select],
        };
        let report = opened.house.run(&opened.call, request).await?;
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
                refused: None,
            });
        }
        Ok(Measured {
            seconds: report.seconds,
            peak_bytes,
            steps,
            ..Measured::default()
        })
    }
}
