//! A body from its file to the sink.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use project::Contract;

use crate::fields::Terms;
use crate::judge::Judge;
use crate::mapping::Mapping;
use crate::{Checked, Counts, Envelope, Format, IngestError, Limits, RowRule};
use crate::{csv, document, ndjson, parquet};

/// Checks a spooled body under its contract and hands every stretch of rows to `sink`, in order.
///
/// Memory is bounded by a batch, by the longest row that is taken, and, if the contract has a key,
/// by some fifty bytes for every row. Blocks while it reads. A body without rows is no error: the
/// counts say so.
///
/// Refuses the body as a whole where it cannot be judged row by row, and where it is over a limit;
/// nothing that the sink was given may land then.
pub fn check(
    path: &Path,
    format: Format,
    contract: &Contract,
    rules: &[RowRule],
    envelope: &Envelope,
    limits: &Limits,
    sink: &mut dyn FnMut(Checked) -> Result<(), IngestError>,
) -> Result<Counts, IngestError> {
    let terms = Terms {
        contract,
        mapping: None,
        envelope,
        limits,
    };
    run(path, format, terms, rules, sink)
}

/// Checks a spooled body of a foreign system as [`check`] does, its rows read by the mapping and
/// its envelope held to the submission's: another agency refuses it with the rule `wrong_agency`,
/// another period with `wrong_period`.
///
/// Refuses a format that the mapping's adapter is not made for.
pub fn check_through(
    path: &Path,
    format: Format,
    mapping: &Mapping<'_>,
    rules: &[RowRule],
    envelope: &Envelope,
    limits: &Limits,
    sink: &mut dyn FnMut(Checked) -> Result<(), IngestError>,
) -> Result<Counts, IngestError> {
    if format != mapping.format() {
        let (name, made_for) = (&mapping.adapter().name, mapping.adapter().format.as_str());
        let message = format!("adapter `{name}` is made for the format `{made_for}`");
        let hint = "Say the format of the body, or name the adapter that is made for it.";
        return Err(IngestError::refused("malformed", Vec::new(), message, hint));
    }
    let terms = Terms {
        contract: mapping.contract(),
        mapping: Some(mapping),
        envelope,
        limits,
    };
    run(path, format, terms, rules, sink)
}

fn run(
    path: &Path,
    format: Format,
    terms: Terms<'_>,
    rules: &[RowRule],
    sink: &mut dyn FnMut(Checked) -> Result<(), IngestError>,
) -> Result<Counts, IngestError> {
    let Terms {
        contract, limits, ..
    } = terms;
    let file = File::open(path).map_err(IngestError::io("open the spooled body"))?;
    let mut judge = Judge::new(contract, rules, terms.envelope, sink)?;
    match format {
        Format::Ndjson => ndjson::check(file, terms, &mut judge)?,
        Format::Csv => csv::check(file, contract, limits, &mut judge)?,
        Format::Parquet => parquet::check(file, contract, limits, &mut judge)?,
        Format::Json => document::check_json(buffered(file), terms, &mut judge)?,
        Format::Xml => document::check_xml(buffered(file), false, terms, &mut judge)?,
    }
    Ok(judge.counts())
}

fn buffered(file: File) -> BufReader<File> {
    BufReader::with_capacity(1 << 18, file)
}

#[cfg(test)]
mod tests;
