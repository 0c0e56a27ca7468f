//! `dtm generate`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use calendar::PeriodCode;
use clap::Args;
use project::{AgencyCode, DatasetName};

use super::init::tell;
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::generate::{DEFAULT_SPOIL, Format, Generator, Order};
use crate::progress;
use crate::shipped;

/// Write realistic sample data of a dataset to a file
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm generate raw.dossiers --period 2026-09 --rows 1000 --seed 7 --out d.csv"
)]
pub(crate) struct Generate {
    /// The dataset, such as `raw.dossiers`
    dataset: DatasetName,
    /// The period, such as `2026-09`
    #[arg(long, value_name = "PERIOD")]
    period: PeriodCode,
    /// The rows
    #[arg(long, default_value_t = 1000, value_name = "N")]
    rows: u64,
    /// The seed: the same seed gives the same file
    #[arg(long, default_value_t = 2026, value_name = "S")]
    seed: u64,
    /// The file to write; its ending says the format: `.ndjson`, `.csv` or `.parquet`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The share of rows that are spoiled, 0 to 0.5
    #[arg(long, default_value_t = DEFAULT_SPOIL, value_name = "SHARE")]
    spoil: f64,
    /// The agency that reports; by default the first province
    #[arg(long, value_name = "CODE")]
    agency: Option<AgencyCode>,
}

impl Generate {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let format = Format::of_path(&self.out).ok_or_else(|| {
            Failure::Usage(format!(
                "cannot tell the format of `{}`; end it in `.ndjson`, `.csv` or `.parquet`",
                self.out.display()
            ))
        })?;
        let sources = shipped::sources(context.place.project.as_deref())?;
        let (project, _) = project::Project::read(&sources);
        let usage = |e: &dyn std::fmt::Display| Failure::Usage(e.to_string());
        let period = project
            .calendar
            .get(&self.period)
            .map_err(|e| usage(&e))?
            .clone();
        let order = Order {
            period,
            seed: self.seed,
            rows: self.rows,
            spoil: self.spoil,
        };
        let generator = Generator::new(&project, order).map_err(|e| usage(&e))?;
        let parcel = generator
            .one(&self.dataset, self.agency.as_ref(), format, self.rows)
            .map_err(|e| usage(&e))?;
        let unwritable = |e: std::io::Error| {
            Failure::Usage(format!("cannot write `{}`: {e}", self.out.display()))
        };
        let mut file = BufWriter::new(File::create(&self.out).map_err(unwritable)?);
        let bar = progress::bar("generating", self.rows);
        let written = generator.write_telling(&parcel, &mut file, |rows| bar.set_position(rows));
        let written = written.map_err(unwritable)?;
        file.flush().map_err(unwritable)?;
        bar.finish_and_clear();
        tell(&format!(
            "wrote {} rows of `{}` for agency `{}` to `{}`, {} of them spoiled",
            written.rows,
            self.dataset,
            parcel.agency,
            self.out.display(),
            written.spoiled.values().sum::<u64>()
        ))
    }
}
