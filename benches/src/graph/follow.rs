//! A figure traced to the submissions behind it.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use service::{At, Service, TraceRequest};

use crate::house;
use crate::machine;
use crate::task::{Measured, Step};

/// To trace a figure of a filled home, once in a new process and once more.
#[derive(Debug, Serialize, Deserialize)]
pub struct Follow {
    pub home: PathBuf,
    pub dataset: String,
    pub condition: String,
    pub column: String,
}

impl Follow {
    pub async fn perform(self) -> Result<Measured> {
        let opened = house::open(&self.home, &house::shipped()?).await?;
        let mut steps = Vec::new();
        for of in ["first", "second"] {
            let request = TraceRequest {
                dataset: self.dataset.parse()?,
                condition: self.condition.clone(),
                column: Some(self.column.clone()),
                at: At::default(),
            };
            let started = Instant::now();
            let answer = opened.house.trace(&opened.call, request).await?;
            let seconds = started.elapsed().as_secs_f64();
            ensure!(
                answer.verified && !answer.submissions.is_empty(),
                "the trace of `{}` of `{}` is not whole: {answer:?}",
                self.column,
                self.dataset
            );
            let exact = if answer.exact { "exact" } else { "a superset" };
            let count = answer.submissions.len();
            steps.push(Step {
                dataset: of.to_owned(),
                seconds,
                rows: answer.submissions.iter().map(|s| s.rows).sum(),
                scope: Some(format!("{exact}, {count} submissions")),
                ..Step::default()
            });
        }
        let peak_bytes = machine::peak_bytes();
        opened.house.close().await;
        Ok(Measured {
            seconds: steps.iter().map(|step| step.seconds).sum(),
            peak_bytes,
            steps,
            ..Measured::default()
        })
    }
}
