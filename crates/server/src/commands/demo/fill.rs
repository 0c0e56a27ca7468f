//! Filling the home: what the agencies of a country send, through the same path as any agency.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use service::{
    BodyFormat, ByteStream, Call, ErrorKind, RunRequest, Service, StepState, SubmitRequest,
};
use tokio::sync::mpsc;

use super::{Filled, Stage};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::generate::{DEFAULT_SPOIL, Format, Generator, Order, Parcel};
use crate::{progress, shipped};

/// Bytes of a body handed on at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Applies the project, submits a period of every agency, runs the transformations.
pub(crate) async fn fill(
    house: &dyn Service,
    call: &Call,
    context: &Context,
    filled: &Filled,
    bar: &ProgressBar,
) -> Outcome<Vec<Stage>> {
    let mut stages = Vec::new();
    let mut lap = Instant::now();
    let mut stage = |name| {
        stages.push(Stage {
            name,
            seconds: lap.elapsed().as_secs_f64(),
        });
        lap = Instant::now();
    };
    let spinner = progress::spinner("applying the project");
    house.apply(call).await?;
    spinner.finish_and_clear();
    stage("apply");

    submit_all(house, call, context, filled).await?;
    stage("generate and submit");

    progress::show(bar);
    let report = house.run(call, RunRequest::default()).await?;
    bar.finish_and_clear();
    stage("transform");
    let failed = report.steps.iter().find(|s| s.state == StepState::Failed);
    if let Some(step) = failed {
        let message = step.message.clone().unwrap_or_default();
        return Err(Failure::Unavailable(format!(
            "dataset `{}` failed: {message}",
            step.dataset
        )));
    }
    Ok(stages)
}

async fn submit_all(
    house: &dyn Service,
    call: &Call,
    context: &Context,
    filled: &Filled,
) -> Outcome {
    let sources = shipped::sources(context.place.project.as_deref())?;
    let (project, _) = project::Project::read(&sources);
    let usage = |e: &dyn std::fmt::Display| Failure::Usage(e.to_string());
    let code = filled
        .period
        .parse()
        .map_err(|e| usage(&e as &calendar::CalendarError))?;
    let period = project.calendar.get(&code).map_err(|e| usage(&e))?.clone();
    let order = Order {
        period,
        seed: filled.seed,
        rows: filled.rows,
        spoil: DEFAULT_SPOIL,
    };
    let generator = Arc::new(Generator::new(&project, order).map_err(|e| usage(&e))?);
    let parcels = generator.national();
    let at_once = std::thread::available_parallelism().map_or(2, usize::from) + 1;
    let bar = progress::bar("submitting", parcels.len() as u64);
    stream::iter(parcels)
        .map(|parcel| submit(house, call, Arc::clone(&generator), parcel, filled, &bar))
        .buffer_unordered(at_once)
        .try_collect::<()>()
        .await?;
    bar.finish_and_clear();
    Ok(())
}

async fn submit(
    house: &dyn Service,
    call: &Call,
    generator: Arc<Generator>,
    parcel: Parcel,
    filled: &Filled,
    bar: &ProgressBar,
) -> Outcome {
    let format = match parcel.format {
        Format::Ndjson => BodyFormat::Ndjson,
        Format::Csv => BodyFormat::Csv,
        Format::Parquet => BodyFormat::Parquet,
    };
    let request = SubmitRequest {
        agency: Some(parcel.agency.clone()),
        key: Some(format!(
            "demo-{}-{}-{}",
            filled.seed, filled.rows, parcel.part
        )),
        ..SubmitRequest::new(
            parcel.dataset.clone(),
            generator.period().code.clone(),
            format,
        )
    };
    let answer = house.submit(call, request, body(generator, parcel)).await;
    bar.inc(1);
    match answer {
        // A body of which no row landed is part of what a national system receives.
        Err(error) if error.kind == ErrorKind::Refused => Ok(()),
        other => other.map(|_| ()).map_err(Failure::from),
    }
}

/// The parcel's file as it is made, a chunk at a time.
fn body(generator: Arc<Generator>, parcel: Parcel) -> ByteStream {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut chunks = Chunks {
            sender: sender.clone(),
            gathered: Vec::new(),
        };
        let written = generator
            .write(&parcel, &mut chunks)
            .and_then(|_| chunks.hand_on());
        if let Err(error) = written {
            // The receiver is gone when the submission failed, and has said why.
            let _ = sender.blocking_send(Err(error));
        }
    });
    stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    })
    .boxed()
}

struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
}

impl Chunks {
    fn hand_on(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::take(&mut self.gathered));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.sender.blocking_send(Ok(chunk)).map_err(gone)
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK_BYTES {
            self.hand_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
