//! Contestants measured in turns, each time in a process of its own, and compared.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::cli::Bench;
use crate::figures;
use crate::table::{Table, grouped, mebibytes, megabytes, rate, ratio, seconds};
use crate::talk::tell;
use crate::task::Measured;

/// Someone who does the work once, in a folder that is empty before and gone afterwards.
pub struct Contestant<'a> {
    name: String,
    work: Box<Work<'a>>,
}

type Work<'a> = dyn Fn(&Path) -> Result<Measured> + 'a;

impl<'a> Contestant<'a> {
    pub fn new(name: impl Into<String>, work: impl Fn(&Path) -> Result<Measured> + 'a) -> Self {
        Self {
            name: name.into(),
            work: Box::new(work),
        }
    }
}

/// What one contestant needed in all rounds.
pub struct Series {
    pub name: String,
    pub runs: Vec<Measured>,
}

impl Series {
    /// The median time.
    pub fn seconds(&self) -> f64 {
        figures::median(self.runs.iter().map(|run| run.seconds))
    }

    /// The highest peak.
    pub fn peak_bytes(&self) -> u64 {
        self.runs
            .iter()
            .map(|run| run.peak_bytes)
            .max()
            .unwrap_or(0)
    }

    /// The rows, in which all rounds agree.
    pub fn rows(&self) -> u64 {
        self.runs.first().map_or(0, |run| run.rows)
    }

    fn bytes(&self) -> u64 {
        self.runs.first().map_or(0, |run| run.bytes)
    }

    /// From the quickest to the slowest round.
    fn span(&self) -> String {
        let times = self.runs.iter().map(|run| run.seconds);
        let least = times.clone().fold(f64::INFINITY, f64::min);
        let most = times.fold(0.0, f64::max);
        format!("{least:.2}–{most:.2}")
    }
}

/// Measures everyone once per round, in turns, and refuses figures of different rows.
pub fn rounds(bench: &Bench, what: &str, contestants: &[Contestant<'_>]) -> Result<Vec<Series>> {
    let mut all: Vec<Series> = contestants
        .iter()
        .map(|contestant| Series {
            name: contestant.name.clone(),
            runs: Vec::new(),
        })
        .collect();
    for round in 1..=bench.repeat {
        for (contestant, series) in contestants.iter().zip(&mut all) {
            let name = &contestant.name;
            tell(&format!(
                "{what}: round {round} of {}, {name}",
                bench.repeat
            ))?;
            let folder = bench.place.fresh()?;
            let measured = (contestant.work)(folder.path());
            let measured =
                measured.with_context(|| format!("cannot measure `{what}` of {name}"))?;
            series.runs.push(measured);
        }
    }
    verify(what, &all)?;
    Ok(all)
}

/// Refuses series that are not of the same rows.
fn verify(what: &str, all: &[Series]) -> Result<()> {
    let Some((first, wanted)) = all.first().and_then(|s| Some((s, s.runs.first()?))) else {
        return Ok(());
    };
    for series in all {
        for run in &series.runs {
            ensure!(
                run.rows == wanted.rows,
                "`{what}`: {} has {} rows, {} has {}",
                first.name,
                wanted.rows,
                series.name,
                run.rows
            );
            ensure!(
                figures::agree(&wanted.check, &run.check),
                "`{what}`: {} and {} do not have the same rows: {:?}, {:?}",
                first.name,
                series.name,
                wanted.check,
                run.check
            );
        }
    }
    Ok(())
}

/// The figures of rows that were read as `read_bytes` and written. The first is ours.
pub fn written(all: &[Series], read_bytes: u64) -> Table {
    let mut table = Table::new([
        "who",
        "median s",
        "from–to s",
        "rows/s",
        "MB/s read",
        "MB written",
        "peak MiB",
        "dtm ÷ it",
    ]);
    let ours = all.first().map_or(0.0, Series::seconds);
    for series in all {
        let median = series.seconds();
        table.row([
            series.name.clone(),
            seconds(median),
            series.span(),
            rate(series.rows(), median),
            grouped((read_bytes as f64 / 1e6 / median.max(1e-9)).round() as u64),
            megabytes(series.bytes()),
            mebibytes(series.peak_bytes()),
            ratio(ours, median),
        ]);
    }
    table
}
