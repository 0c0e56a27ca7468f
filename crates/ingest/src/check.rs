//! A body from its file to the sink.

use std::path::Path;

use project::Contract;

use crate::judge::Judge;
use crate::sheet::Kind;
use crate::{Checked, Coding, Counts, Envelope, Format, IngestError, Limits, RowRule};
use crate::{body, csv, ipc, ndjson, parquet, sheet};

/// Checks a spooled body under its contract and hands every stretch of rows to `sink`, in order.
///
/// Memory is bounded by a batch, by the longest row that is taken, and, if the contract has a key,
/// by some fifty bytes for every row; for Arrow by a few messages, for zstd by what its frames look
/// back, 128 MiB at most. A compressed body whose reader moves about in it is unpacked beside
/// `path`, into a file that is gone in the end. Blocks while it reads. A body without rows is no
/// error: the counts say so.
///
/// A compressed body, a Parquet file and one of Arrow that were cut off are refused, wherever that
/// was. Text that was cut off between two rows is taken for the whole; one cut off within a row has
/// that row refused as `malformed` if it shows, and in UTF-16 within a character the body.
///
/// Refuses the body as a whole where it cannot be judged row by row, and where it is over a limit;
/// nothing that the sink was given may land then.
pub fn check(
    path: &Path,
    coding: Coding,
    contract: &Contract,
    rules: &[RowRule],
    envelope: &Envelope,
    limits: &Limits,
    sink: &mut dyn FnMut(Checked) -> Result<(), IngestError>,
) -> Result<Counts, IngestError> {
    let text = || body::text(path, coding, limits);
    let file = || body::file(path, coding, limits);
    let mut judge = Judge::new(contract, rules, envelope, sink)?;
    match coding.format {
        Format::Ndjson => ndjson::check(text()?, coding.charset, contract, limits, &mut judge)?,
        Format::Csv => csv::check(text()?, coding, contract, limits, &mut judge)?,
        Format::ArrowStream => {
            let bytes = body::stream(path, coding, limits)?;
            ipc::check_stream(bytes, contract, limits, &mut judge)?;
        }
        Format::ArrowFile => ipc::check_file(file()?, contract, limits, &mut judge)?,
        Format::Parquet => parquet::check(file()?, contract, limits, &mut judge)?,
        Format::Xlsx => sheet::check(file()?, Kind::Xlsx, contract, limits, &mut judge)?,
        Format::Ods => sheet::check(file()?, Kind::Ods, contract, limits, &mut judge)?,
    }
    Ok(judge.counts())
}

#[cfg(test)]
pub(crate) mod tests;
