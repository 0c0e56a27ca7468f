//! The dossiers that are received: a month of the whole country from the product's own generator,
//! twelve of its columns, the same rows as NDJSON, CSV and Parquet.

use std::cmp::Reverse;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use project::Project;
use serde::{Deserialize, Serialize};
use server::generate::{Generator, Order, Parcel};

use super::{COLUMNS, DOSSIERS};
use crate::house;
use crate::machine;
use crate::place::Place;
use crate::process;
use crate::talk::tell;
use crate::task::{Measured, Task};

/// Counts up when the files change for the same number of rows.
const VERSION: u32 = 1;
const SEED: u64 = 2026;
/// The period that is reported.
pub const PERIOD: &str = "2026-09";
/// Rows of a body, about; the product takes twice as many at most.
const BODY_ROWS: u64 = 2_500_000;

/// A form of the same rows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Form {
    Ndjson,
    Csv,
    Parquet,
}

impl Form {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// A file as an agency would send it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Body {
    pub agency: String,
    pub file: PathBuf,
}

/// The files in a folder.
pub struct Data {
    folder: PathBuf,
    parts: Vec<Part>,
}

/// Some of the rows, in every form.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    agency: String,
    rows: u64,
    arrow_bytes: u64,
    ndjson_bytes: u64,
    csv_bytes: u64,
}

impl Data {
    /// The files of so many rows, made when they are not there yet.
    pub fn ready(place: &Place, rows: u64) -> Result<Self> {
        let folder = place.data(&format!("dossiers-v{VERSION}-{rows}"));
        let list = folder.join("parts.json");
        if !list.exists() {
            tell(&format!("making {rows} dossiers in `{}`", folder.display()))?;
            process::ours(&Task::Make(Make {
                folder: folder.clone(),
                rows,
            }))?;
        }
        let text = std::fs::read(&list)?;
        let parts = serde_json::from_slice(&text)
            .with_context(|| format!("cannot read `{}`", list.display()))?;
        Ok(Self { folder, parts })
    }

    pub fn rows(&self) -> u64 {
        self.parts.iter().map(|part| part.rows).sum()
    }

    /// The size of the rows in memory.
    pub fn arrow_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.arrow_bytes).sum()
    }

    /// The size of what is read in that form.
    pub fn read_bytes(&self, form: Form) -> u64 {
        let bytes = |part: &Part| match form {
            Form::Ndjson => part.ndjson_bytes,
            Form::Csv => part.csv_bytes,
            Form::Parquet => part.arrow_bytes,
        };
        self.parts.iter().map(bytes).sum()
    }

    pub fn files(&self, form: Form) -> Vec<PathBuf> {
        (0..self.parts.len())
            .map(|at| file(&self.folder, at, form))
            .collect()
    }

    pub fn bodies(&self, form: Form) -> Vec<Body> {
        let files = self.files(form).into_iter();
        let bodies = files.zip(&self.parts).map(|(file, part)| Body {
            agency: part.agency.clone(),
            file,
        });
        bodies.collect()
    }
}

fn file(folder: &Path, at: usize, form: Form) -> PathBuf {
    folder.join(format!("dossiers-{at}.{}", form.extension()))
}

/// To make the files of so many rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Make {
    pub folder: PathBuf,
    pub rows: u64,
}

impl Make {
    pub fn perform(self) -> Result<Measured> {
        let started = Instant::now();
        std::fs::create_dir_all(&self.folder)?;
        let (project, _) = Project::read(&house::shipped()?);
        let order = Order {
            period: project.calendar.get(&PERIOD.parse()?)?.clone(),
            seed: SEED,
            rows: self.rows,
            spoil: 0.0,
        };
        let generator = Generator::new(&project, order)?;
        let shares = shares(&generator, self.rows);
        let (generator, folder) = (&generator, self.folder.as_path());
        let parts = std::thread::scope(|scope| {
            let threads: Vec<_> = shares
                .iter()
                .enumerate()
                .map(|(at, share)| scope.spawn(move || make(generator, share, folder, at)))
                .collect();
            let ended = threads.into_iter().map(|thread| {
                let ended = thread.join();
                ended.map_err(|_| anyhow!("a thread that makes dossiers failed"))?
            });
            ended.collect::<Result<Vec<Part>>>()
        })?;
        let rows: u64 = parts.iter().map(|part| part.rows).sum();
        // Last: a folder with the list is complete.
        std::fs::write(
            folder.join("parts.json"),
            serde_json::to_vec_pretty(&parts)?,
        )?;
        Ok(Measured {
            seconds: started.elapsed().as_secs_f64(),
            rows,
            peak_bytes: machine::peak_bytes(),
            ..Measured::default()
        })
    }
}

/// What the agencies report, in parts of about the same size.
fn shares(generator: &Generator, rows: u64) -> Vec<Vec<Parcel>> {
    let parts = usize::try_from(rows.div_ceil(BODY_ROWS).max(2)).unwrap_or(2);
    let mut shares: Vec<(u64, Vec<Parcel>)> = vec![(0, Vec::new()); parts];
    let mut parcels = generator.national();
    parcels.retain(|parcel| parcel.dataset.as_str() == DOSSIERS);
    parcels.sort_by_key(|parcel| Reverse(parcel.rows));
    for parcel in parcels {
        if let Some((rows, share)) = shares.iter_mut().min_by_key(|(rows, _)| *rows) {
            *rows += parcel.rows;
            share.push(parcel);
        }
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

/// Writes one part in every form.
fn make(generator: &Generator, share: &[Parcel], folder: &Path, at: usize) -> Result<Part> {
    let first = share.first().context("too few rows: an agency has none")?;
    let whole = generator
        .batches(first)
        .context("an agency reports nothing")?
        .schema();
    let columns = COLUMNS.iter().map(|(name, _)| whole.index_of(name));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let mut writers = Writers::create(folder, at, whole.project(&columns)?.into())?;
    let (mut rows, mut arrow_bytes) = (0, 0);
    for parcel in share {
        let batches = generator
            .batches(parcel)
            .context("an agency reports nothing")?;
        for batch in batches {
            let batch = batch?.project(&columns)?;
            writers.write(&batch)?;
            rows += batch.num_rows() as u64;
            arrow_bytes += batch.get_array_memory_size() as u64;
        }
    }
    writers.close()?;
    let bytes = |form| std::fs::metadata(file(folder, at, form)).map(|found| found.len());
    Ok(Part {
        agency: first.agency.to_string(),
        rows,
        arrow_bytes,
        ndjson_bytes: bytes(Form::Ndjson)?,
        csv_bytes: bytes(Form::Csv)?,
    })
}

/// One file in every form.
struct Writers {
    ndjson: arrow::json::LineDelimitedWriter<BufWriter<File>>,
    csv: arrow::csv::Writer<BufWriter<File>>,
    parquet: ArrowWriter<File>,
}

impl Writers {
    fn create(folder: &Path, at: usize, schema: SchemaRef) -> Result<Self> {
        let create = |form| File::create(file(folder, at, form));
        let text = |form| create(form).map(|file| BufWriter::with_capacity(1 << 20, file));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        Ok(Self {
            ndjson: arrow::json::LineDelimitedWriter::new(text(Form::Ndjson)?),
            csv: arrow::csv::Writer::new(text(Form::Csv)?),
            parquet: ArrowWriter::try_new(create(Form::Parquet)?, schema, Some(properties))?,
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.ndjson.write(batch)?;
        self.csv.write(batch)?;
        self.parquet.write(batch)?;
        Ok(())
    }

    fn close(self) -> Result<()> {
        let mut ndjson = self.ndjson;
        ndjson.finish()?;
        ndjson.into_inner().flush()?;
        self.csv.into_inner().flush()?;
        self.parquet.close()?;
        Ok(())
    }
}
