//! A home with months of data of the whole country, received and transformed once, as the demo's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use project::Project;
use serde::{Deserialize, Serialize};
use server::generate::{DEFAULT_SPOIL, Format, Generator, Order, Parcel};
use service::{
    BodyFormat, ErrorKind, MaintainRequest, RunRequest, Service, StepState, SubmitRequest,
};

use crate::house::{self, Opened};
use crate::task::Measured;
use crate::{machine, tables};

const SEED: u64 = 2026;

/// To fill a new home.
#[derive(Debug, Serialize, Deserialize)]
pub struct Fill {
    pub home: PathBuf,
    /// Rows of dossiers, of all periods together.
    pub rows: u64,
    pub periods: Vec<String>,
}

/// The files of each table of a filled home.
pub type Files = BTreeMap<String, Vec<PathBuf>>;

/// The files of a home that was filled.
pub fn files_in(home: &Path) -> Result<Files> {
    let list = list(home);
    let text = std::fs::read(&list)?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read `{}`", list.display()))
}

fn list(home: &Path) -> PathBuf {
    home.join("files.json")
}

impl Fill {
    pub async fn perform(self) -> Result<Measured> {
        let started = Instant::now();
        let sources = house::shipped()?;
        let (project, _) = Project::read(&sources);
        let opened = house::open(&self.home, &sources).await?;
        opened.house.apply(&opened.call).await?;
        let each = self.rows / (self.periods.len() as u64).max(1);
        for period in &self.periods {
            let generator = generator(&project, period, SEED, each)?;
            stream::iter(generator.national())
                .map(|parcel| submit(&opened, &generator, parcel))
                .buffer_unordered(machine::cores())
                .try_collect::<()>()
                .await?;
        }
        let report = opened
            .house
            .run(&opened.call, RunRequest::default())
            .await?;
        let failed = report
            .steps
            .iter()
            .find(|step| step.state != StepState::Built);
        if let Some(step) = failed {
            let message = step.message.clone().unwrap_or_default();
            bail!("`{}` is {}: {message}", step.dataset, step.state.as_str());
        }
        // As a node does once a day.
        let maintained = MaintainRequest::default();
        opened.house.maintain(&opened.call, maintained).await?;
        let lake = self.home.join("lake");
        let mut files = Files::new();
        for dataset in project.contracts.keys() {
            let live = tables::live_files(&lake, dataset).await?;
            files.insert(dataset.to_string(), live);
        }
        opened.house.close().await;
        std::fs::write(list(&self.home), serde_json::to_vec_pretty(&files)?)?;
        Ok(Measured {
            seconds: started.elapsed().as_secs_f64(),
            rows: self.rows,
            peak_bytes: machine::peak_bytes(),
            ..Measured::default()
        })
    }
}

/// What the country reports for a period.
pub fn generator(project: &Project, period: &str, seed: u64, rows: u64) -> Result<Arc<Generator>> {
    let order = Order {
        period: project.calendar.get(&period.parse()?)?.clone(),
        seed,
        rows,
        spoil: DEFAULT_SPOIL,
    };
    Ok(Arc::new(Generator::new(project, order)?))
}

/// Sends a parcel to the house.
pub async fn submit(opened: &Opened, generator: &Arc<Generator>, parcel: Parcel) -> Result<()> {
    let format = match parcel.format {
        Format::Ndjson => BodyFormat::Ndjson,
        Format::Csv => BodyFormat::Csv,
        Format::Parquet => BodyFormat::Parquet,
    };
    let request = SubmitRequest {
        agency: Some(parcel.agency.clone()),
        ..SubmitRequest::new(
            parcel.dataset.clone(),
            generator.period().code.clone(),
            format,
        )
    };
    let generator = Arc::clone(generator);
    let made = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        generator
            .write(&parcel, &mut bytes)
            .map(|_| Bytes::from(bytes))
    });
    let body = stream::iter([Ok(made.await??)]).boxed();
    match opened.house.submit(&opened.call, request, body).await {
        // A body of which no row landed is part of what a national system receives.
        Err(error) if error.kind == ErrorKind::Refused => Ok(()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}
