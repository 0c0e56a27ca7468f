//! What must hold of whatever a decoder made of whatever body.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use project::{Contract, Severity};

use super::targets::Made;
use crate::samples::{Judgement, shown};
use crate::{IngestError, Limits, Verdict, looks_personal};

/// The most characters of a value that are shown, its mask among them.
const EXCERPT_CHARS: usize = 48;

/// A promise that was broken, if one was.
pub(super) fn broken(made: &Made, contract: &Contract, limits: &Limits) -> Option<String> {
    match made {
        Made::Judged(Err(error)) => error_broken(error),
        Made::Judged(Ok(judgement)) => judgement_broken(judgement, contract, limits),
        Made::Problems(problems) => {
            let says = |problem: &&String| {
                problem.len() < 12 || problem.chars().any(|c| c.is_control() && c != '\n')
            };
            problems
                .iter()
                .find(says)
                .map(|p| format!("a problem says nothing: `{p}`"))
        }
    }
}

/// Whoever sent the body is told what is wrong and the way out; nothing else may go wrong.
fn error_broken(error: &IngestError) -> Option<String> {
    let told = error.to_string();
    let hint = error.hint().unwrap_or_default();
    let is_theirs = matches!(
        error,
        IngestError::Refused { .. } | IngestError::Limit { .. }
    );
    if !is_theirs {
        return Some(format!("an error that is not the sender's: {error:?}"));
    }
    if told.len() < 10 || !hint.ends_with('.') {
        return Some(format!("an error without a way out: `{told}`, `{hint}`"));
    }
    if told.chars().chain(hint.chars()).any(char::is_control) {
        return Some(format!("an error with control characters: `{told}`"));
    }
    (told.len() > 8 * 1024).then(|| format!("an error of {} bytes", told.len()))
}

fn judgement_broken(judgement: &Judgement, contract: &Contract, limits: &Limits) -> Option<String> {
    let counts = judgement.counts;
    let rows: usize = judgement.landed.iter().map(RecordBatch::num_rows).sum();
    if rows as u64 != counts.landed || counts.landed + counts.quarantined != counts.received {
        return Some(format!("{rows} rows landed, the counts say {counts:?}"));
    }
    if counts.received > limits.rows {
        return Some(format!("{} rows, over the limit", counts.received));
    }
    let refused: BTreeSet<u64> = judgement
        .verdicts
        .iter()
        .filter(|verdict| verdict.severity == Severity::Error)
        .map(|verdict| verdict.row)
        .collect();
    if refused.len() as u64 != counts.quarantined {
        return Some(format!(
            "{} rows are refused, the counts say {counts:?}",
            refused.len()
        ));
    }
    let of_rows = judgement.verdicts.iter();
    let mut of_rows = of_rows.filter_map(|verdict| verdict_broken(verdict, counts.received));
    let landed = || {
        judgement
            .landed
            .iter()
            .find_map(|b| batch_broken(b, contract, limits))
    };
    of_rows.next().or_else(landed)
}

fn verdict_broken(verdict: &Verdict, rows: u64) -> Option<String> {
    let Verdict { row, rule, .. } = verdict;
    let excerpt = verdict.value_excerpt.as_deref().unwrap_or_default();
    let row_text = verdict.row_text.as_deref();
    // Its numbers may be larger than most readers of JSON take.
    let is_json = |text: &str| crate::json::value(text, 64).is_ok();
    let wrong = if *row == 0 || *row > rows {
        "its row is none"
    } else if verdict.message.vi.is_empty() || verdict.message.en.is_empty() {
        "it says nothing"
    } else if verdict.column.is_none() && rule != "malformed" && rule != "unique" {
        "it names no column"
    } else if excerpt.chars().count() > EXCERPT_CHARS || excerpt.chars().any(char::is_control) {
        "its excerpt is long or has control characters"
    } else if looks_personal(excerpt) || row_text.is_some_and(|text| looks_personal(&plain(text))) {
        "it shows what looks personal"
    } else if row_text.is_some_and(|text| !is_json(text)) {
        "the row is kept as no JSON"
    } else if verdict.severity == Severity::Error && row_text.is_none() {
        "the row is not kept"
    } else {
        return None;
    };
    Some(format!("{wrong}: {verdict:?}"))
}

/// The text without what JSON writes for control characters, whose digits may stand beside others.
fn plain(text: &str) -> String {
    let mut parts = text.split("\\u00");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        plain + " " + part.get(2..).unwrap_or_default()
    })
}

fn batch_broken(batch: &RecordBatch, contract: &Contract, limits: &Limits) -> Option<String> {
    let columns = contract.columns.iter().zip(batch.columns());
    for (column, array) in columns {
        if column.required && array.null_count() > 0 {
            return Some(format!("`{}` landed without a value", column.name));
        }
        if *array.data_type() != DataType::Utf8 {
            continue;
        }
        let is_wrong = |text: &&str| {
            let layout = |c: char| matches!(c, '\t' | '\n' | '\r');
            // A value may grow as it is composed, by what one letter takes.
            text.len() > limits.cell_bytes * 3
                || !unicode_normalization::is_nfc(text)
                || text.chars().any(|c| c.is_control() && !layout(c))
        };
        if let Some(text) = array.as_string::<i32>().iter().flatten().find(is_wrong) {
            return Some(format!(
                "`{}` landed as `{}`",
                column.name,
                text.escape_debug()
            ));
        }
    }
    None
}

/// What was made, as text to be compared.
pub(super) fn text(made: &Made, contract: &Contract) -> String {
    match made {
        Made::Judged(Ok(judgement)) => shown(judgement, contract.columns.len()),
        Made::Judged(Err(error)) => format!("{error}\n{}", error.hint().unwrap_or_default()),
        Made::Problems(problems) => problems.join("\n"),
    }
}

/// The kind of what was made: what is said, without the values that it is said of.
pub(super) fn kind(made: &Made) -> String {
    let said: BTreeSet<String> = match made {
        Made::Judged(Ok(judgement)) => {
            let verdicts = judgement.verdicts.iter();
            let mut said: BTreeSet<String> = verdicts
                .map(|verdict| format!("{} {}", verdict.rule, skeleton(&verdict.message.en)))
                .collect();
            if judgement.counts.landed > 0 {
                said.insert("landed".to_owned());
            }
            said
        }
        Made::Judged(Err(error)) => [skeleton(&error.to_string())].into(),
        Made::Problems(problems) => {
            let message = |p: &String| skeleton(p.split_once(": ").map_or(p, |(_, rest)| rest));
            problems.iter().map(message).collect()
        }
    };
    said.into_iter().collect::<Vec<_>>().join("\n")
}

/// A message without what stands in backticks and without numbers.
fn skeleton(message: &str) -> String {
    let outside = message.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let mut plain = String::new();
    for c in outside.chars() {
        match c {
            '0'..='9' if plain.ends_with('#') => {}
            '0'..='9' => plain.push('#'),
            _ => plain.push(c),
        }
    }
    plain
}
