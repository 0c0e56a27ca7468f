//! Figures that would change, for people.

use std::io::Write;

use api::dto::RestatementDto;
use serde_json::json;
use service::{Restatement, StepState};

use super::init::tell;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, Records};

/// A line per figure; who cited them, and what is left out, is talk, and so is `unchanged` where no
/// figure changes. As JSON, what the HTTP door answers.
pub(super) fn print(restatement: &Restatement, format: Format, unchanged: &str) -> Outcome {
    if restatement.datasets.is_empty() && restatement.hidden == 0 {
        tell(unchanged)?;
    }
    if format == Format::Json {
        let dto = RestatementDto::from(restatement.clone());
        let value = serde_json::to_value([dto]).map_err(anyhow::Error::from)?;
        writeln!(std::io::stdout().lock(), "{value}")?;
        return Ok(());
    }
    let mut records = Records::new(&[
        "dataset",
        "how",
        "key",
        "column",
        "before",
        "after",
        "difference",
        "percent",
    ]);
    for of in &restatement.datasets {
        for row in &of.rows {
            let key = row
                .key
                .iter()
                .map(|(name, value)| format!("{name} {value}"));
            let key = key.collect::<Vec<_>>().join(", ");
            for figure in &row.figures {
                records.push(vec![
                    json!(of.dataset.as_str()),
                    json!(row.how),
                    json!(key),
                    json!(figure.column),
                    json!(figure.before),
                    json!(figure.after),
                    json!(figure.difference.as_deref().map(signed)),
                    json!(figure.relative.as_deref().map(percent)),
                ]);
            }
        }
    }
    records.print(format)?;
    told(restatement)
}

/// Fails if a run would publish nothing of a dataset.
pub(super) fn check(restatement: &Restatement) -> Outcome {
    let mut datasets = restatement.datasets.iter();
    if datasets.any(|of| of.state != StepState::Built) {
        return Err(Failure::Refused);
    }
    Ok(())
}

fn told(restatement: &Restatement) -> Outcome {
    for of in &restatement.datasets {
        let (dataset, state) = (&of.dataset, of.state.as_str());
        let message = of.message.as_deref().map(|m| format!(": {m}"));
        tell(&format!(
            "{dataset}: {state}, {} rows changed, {} added, {} removed; {} shown{}",
            of.changed,
            of.added,
            of.removed,
            of.rows.len(),
            message.unwrap_or_default()
        ))?;
    }
    if restatement.hidden > 0 {
        let hidden = restatement.hidden;
        tell(&format!(
            "{hidden} more datasets change that your role may not read"
        ))?;
    }
    for dataset in &restatement.waiting {
        tell(&format!(
            "{dataset} has other rows that wait for the next run; they are not in this"
        ))?;
    }
    for of in &restatement.renditions {
        let params = of
            .params
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        tell(&format!(
            "cited by rendition {} of {} {}, rendered {}",
            of.id,
            of.report,
            params.collect::<Vec<_>>().join(" "),
            of.rendered_at.to_rfc3339()
        ))?;
    }
    let unnamed = restatement.renditions_total - restatement.renditions.len() as u64;
    if unnamed > 0 {
        tell(&format!("cited by {unnamed} renditions that are not named"))?;
    }
    if restatement.renditions_unknown > 0 {
        let unknown = restatement.renditions_unknown;
        tell(&format!("{unknown} renditions could not be looked at"))?;
    }
    Ok(())
}

fn signed(difference: &str) -> String {
    if difference.starts_with('-') {
        difference.to_owned()
    } else {
        format!("+{difference}")
    }
}

/// A share as a percentage: the point goes two places to the right.
fn percent(share: &str) -> String {
    let (sign, digits) = match share.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("+", share),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (up, rest) = part.split_at(part.len().min(2));
    let whole = format!("{whole}{up:0<2}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{rest} %")
}
