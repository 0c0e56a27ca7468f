//! A body from its file to the sink.

use project::Contract;

use crate::body::Text;
use crate::fields::Terms;
use crate::judge::Judge;
use crate::mapping::Mapping;
use crate::sheet::Kind;
use crate::{Checked, Coding, Counts, Envelope, Format, IngestError, Limits, RowRule, Source};
use crate::{body, csv, document, ipc, ndjson, parquet, sheet};

/// Checks a spooled body under its contract and hands every stretch of rows to `sink`, in order.
///
/// Memory is bounded by a batch, by the longest row that is taken, and, if the contract has a key,
/// by some forty bytes for every row; of lines and CSV there are as many batches at a time as
/// [`Limits::workers`], and two more; for Arrow by a few messages, for zstd by what its frames look
/// back, 128 MiB at most. A compressed body whose reader moves about in it is unpacked beside
/// it, into a file that is gone in the end. Blocks while it reads. A body without rows is no
/// error: the counts say so.
///
/// A compressed body, a Parquet file and one of Arrow that were cut off are refused, wherever that
/// was. Text that was cut off between two rows is taken for the whole; one cut off within a row has
/// that row refused as `malformed` if it shows, and in UTF-16 within a character the body.
///
/// Refuses the body as a whole where it cannot be judged row by row, and where it is over a limit;
/// nothing that the sink was given may land then.
pub fn check<'a>(
    body: impl Into<Source<'a>>,
    coding: Coding,
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
    run(body.into(), coding, terms, rules, sink)
}

/// Checks a spooled body of a foreign system as [`check`] does, its rows read by the mapping and
/// its envelope held to the submission's: another agency refuses it with the rule `wrong_agency`,
/// another period with `wrong_period`.
///
/// Refuses a format that the mapping's adapter is not made for.
pub fn check_through<'a>(
    body: impl Into<Source<'a>>,
    coding: Coding,
    mapping: &Mapping<'_>,
    rules: &[RowRule],
    envelope: &Envelope,
    limits: &Limits,
    sink: &mut dyn FnMut(Checked) -> Result<(), IngestError>,
) -> Result<Counts, IngestError> {
    if coding.format != mapping.format() {
        let (name, made_for) = (&mapping.adapter().name, mapping.adapter().format.as_str());
        let message = format!("adapter `{name}` is made for the format `{made_for}`");
        let hint = match (coding.format, mapping.format()) {
            (Format::Xlsx | Format::Ods, Format::Csv) => {
                "Save the sheet as CSV in UTF-8, and send that."
            }
            _ => "Say the format of the body, or name the adapter that is made for it.",
        };
        return Err(IngestError::refused("malformed", Vec::new(), message, hint));
    }
    let terms = Terms {
        contract: mapping.contract(),
        mapping: Some(mapping),
        envelope,
        limits,
    };
    run(body.into(), coding, terms, rules, sink)
}

fn run(
    source: Source<'_>,
    coding: Coding,
    terms: Terms<'_>,
    rules: &[RowRule],
    sink: &mut dyn FnMut(Checked) -> Result<(), IngestError>,
) -> Result<Counts, IngestError> {
    let Terms {
        contract, limits, ..
    } = terms;
    let text = || body::text(source, coding, limits);
    let file = || body::file(source, coding, limits);
    let mut judge = Judge::new(contract, rules, terms.envelope, sink);
    match coding.format {
        Format::Ndjson | Format::Csv | Format::Json | Format::Xml => {
            check_text(text()?, coding, terms, &mut judge)?;
        }
        Format::ArrowStream => {
            let bytes = body::stream(source, coding, limits)?;
            ipc::check_stream(bytes, contract, limits, &mut judge)?;
        }
        Format::ArrowFile => ipc::check_file(file()?, contract, limits, &mut judge)?,
        Format::Parquet => parquet::check(file()?, contract, limits, &mut judge)?,
        Format::Xlsx => sheet::check(file()?, Kind::Xlsx, contract, limits, &mut judge)?,
        Format::Ods => sheet::check(file()?, Kind::Ods, contract, limits, &mut judge)?,
    }
    Ok(judge.counts())
}

/// Checks a body that is text, in UTF-8 by now: JSON unless it is said to be something else.
pub(crate) fn check_text(
    text: Text,
    coding: Coding,
    terms: Terms<'_>,
    judge: &mut Judge<'_>,
) -> Result<(), IngestError> {
    match coding.format {
        Format::Ndjson => ndjson::check(text, coding.charset, terms, judge),
        Format::Csv => csv::check(text, coding, terms, judge),
        Format::Xml => document::check_xml(text, coding.charset.is_some(), terms, judge),
        _ => document::check_json(text, coding.charset, terms, judge),
    }
}

#[cfg(test)]
pub(crate) mod tests;
