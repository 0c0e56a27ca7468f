//! `dtm submit`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::dto::SubmitAnswerDto;
use clap::Args;
use futures::{StreamExt, TryStreamExt};
use project::{AgencyCode, DatasetName};
use serde_json::json;
use service::{
    BodyFormat, BodyType, ErrorKind, Relation, ServiceError, SubmissionId, SubmitAnswer,
    SubmitRequest, Timeliness,
};
use tokio_util::io::ReaderStream;

use super::init::tell;
use super::{restatement, untold};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::{Opened, open};
use crate::output::{Format, Records};
use crate::progress;

/// How long a file waits for a server that is busy, in all, and at a time where it does not say.
const MOST_WAIT_S: u64 = 300;
const USUAL_WAIT_S: u64 = 5;

/// Submit files; each file is one submission, and its receipt is printed
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm submit raw.dossiers dossiers.csv --agency H26 --period 2026-09"
)]
pub(crate) struct Submit {
    /// The dataset, such as `raw.dossiers`
    dataset: DatasetName,
    /// Files ending in `.csv`, `.tsv`, `.ndjson`, `.json`, `.xml`, `.xlsx`, `.ods`, `.parquet`, `.arrow` or
    /// `.arrows`, the texts among them also with `.gz` or `.zst` behind it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The agency that the data is of; by default the token's own
    #[arg(long, value_name = "CODE")]
    agency: Option<AgencyCode>,
    /// The period that the data is for, such as `2026-09`
    #[arg(long, value_name = "PERIOD")]
    period: calendar::PeriodCode,
    /// A key that makes sending the same file again safe
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Check everything, land nothing
    #[arg(long)]
    dry_run: bool,
    /// Show which published figures the rows would change, and which renditions cite them
    #[arg(long, requires = "dry_run")]
    restatement: bool,
    /// The submission that this one takes the place of
    #[arg(long, value_name = "ID", conflicts_with = "corrects")]
    replaces: Option<SubmissionId>,
    /// The submission whose rows with the same keys this one takes the place of
    #[arg(long, value_name = "ID")]
    corrects: Option<SubmissionId>,
    /// A total that you counted, such as `rows=1250` or `fee_vnd=98000000`; a file in which it
    /// differs is refused
    #[arg(long = "control-total", value_name = "NAME=TOTAL", value_parser = total)]
    control_totals: Vec<(String, String)>,
    /// How text is written in bytes: `utf-8`, `utf-16`, `windows-1258` or `tcvn3`
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
    /// What separates the cells of CSV: `,`, `;`, `tab` or `|`; by default it is found out
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,
    /// What encloses cells of CSV: `double`, `single` or `none`
    #[arg(long, value_name = "NAME")]
    quote: Option<String>,
    /// How CSV writes numbers: `comma` or `point`; by default `comma` where `;` separates cells
    #[arg(long, value_name = "NAME")]
    decimal: Option<String>,
    /// The project's adapter through which the rows of a foreign system are read
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// A server to send to instead of the home
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Submit {
    pub(crate) async fn run(self, mut context: Context) -> Outcome {
        self.check_one()?;
        let mut formats = Vec::new();
        for file in &self.files {
            formats.push(self.format_of(file)?);
        }
        context.place.server = self.server.clone();
        let opened = open(&context.place, untold()).await?;
        let mut refused = false;
        let mut answers = Vec::new();
        for (file, format) in self.files.iter().zip(formats) {
            match self.deliver(&opened, file, &format).await {
                Ok(answer) => {
                    if answer.errors.total > 0 {
                        errors(file, &answer.errors)?;
                    }
                    answers.push((file.as_path(), answer));
                }
                Err(Failure::Service(error)) if error.kind == ErrorKind::Refused => {
                    refused = true;
                    told(file, &error)?;
                }
                Err(failure) => {
                    opened.close().await;
                    print(answers, context.format)?;
                    return Err(failure);
                }
            }
        }
        opened.close().await;
        if self.restatement {
            restated(&answers, context.format)?;
        } else {
            print(answers, context.format)?;
        }
        if refused {
            Err(Failure::Refused)
        } else {
            Ok(())
        }
    }

    /// Refuses several files where what was given is about one submission.
    fn check_one(&self) -> Outcome {
        let about_one = [
            ("--key", self.key.is_some()),
            ("--replaces", self.replaces.is_some()),
            ("--corrects", self.corrects.is_some()),
            ("--control-total", !self.control_totals.is_empty()),
        ];
        match about_one.iter().find(|(_, given)| *given) {
            Some((flag, _)) if self.files.len() > 1 => Err(Failure::Usage(format!(
                "`{flag}` is about one submission; give one file, or leave it out"
            ))),
            _ => Ok(()),
        }
    }

    fn format_of(&self, file: &Path) -> Outcome<BodyType> {
        let Some(mut found) = BodyType::from_file_name(&file.to_string_lossy()) else {
            let endings = BodyFormat::ALL.map(BodyFormat::ending).join("`, `.");
            return Err(Failure::Usage(format!(
                "`{}` has no known format; name the file `.{endings}`",
                file.display()
            )));
        };
        for (name, given) in [
            (BodyType::CHARSET, &self.charset),
            (BodyType::DELIMITER, &self.delimiter),
            (BodyType::QUOTE, &self.quote),
            (BodyType::DECIMAL, &self.decimal),
            (BodyType::ADAPTER, &self.adapter),
        ] {
            if let Some(given) = given {
                found.declare(name, given);
            }
        }
        Ok(found)
    }

    /// Sends the file, and again when the server is busy and says when: nothing was kept then.
    async fn deliver(
        &self,
        opened: &Opened,
        file: &Path,
        format: &BodyType,
    ) -> Outcome<SubmitAnswer> {
        let mut waited_s = 0;
        loop {
            let error = match self.send(opened, file, format.clone()).await {
                Err(Failure::Service(error)) if error.kind == ErrorKind::Busy => error,
                other => return other,
            };
            let told = error.retry_after_s.map(|seconds| u64::from(seconds.get()));
            let wait_s = told.unwrap_or(USUAL_WAIT_S);
            if waited_s + wait_s > MOST_WAIT_S {
                return Err(Failure::Service(error));
            }
            tell(&format!(
                "{}: {}; sending it again in {wait_s} s",
                file.display(),
                error.message
            ))?;
            tokio::time::sleep(Duration::from_secs(wait_s)).await;
            waited_s += wait_s;
        }
    }

    async fn send(&self, opened: &Opened, file: &Path, format: BodyType) -> Outcome<SubmitAnswer> {
        let body = tokio::fs::File::open(file)
            .await
            .map_err(|e| Failure::Usage(format!("cannot read `{}`: {e}", file.display())))?;
        let relation = self.replaces.map(Relation::Replaces);
        let request = SubmitRequest {
            agency: self.agency.clone(),
            key: self.key.clone(),
            dry_run: self.dry_run,
            restatement: self.restatement,
            relation: relation.or(self.corrects.map(Relation::Corrects)),
            control_totals: self.control_totals.iter().cloned().collect(),
            ..SubmitRequest::new(self.dataset.clone(), self.period.clone(), format)
        };
        let size = body.metadata().await?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let bar = progress::bytes(&name, size);
        let sent = bar.clone();
        let body = ReaderStream::with_capacity(body, 1 << 18).inspect_ok(move |chunk| {
            sent.inc(chunk.len() as u64);
            if sent.position() >= size {
                sent.set_message("checking and landing");
            }
        });
        let answer = opened.service.submit(&opened.call, request, body.boxed());
        let answer = answer.await;
        bar.finish_and_clear();
        Ok(answer?)
    }
}

fn total(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, total)) if !name.is_empty() && !total.is_empty() => {
            Ok((name.to_owned(), total.to_owned()))
        }
        _ => Err("write it as `NAME=TOTAL`, such as `rows=1250`".to_owned()),
    }
}

/// The figures in place of the receipts, which a dry run has no use for; as JSON, both.
fn restated(answers: &[(&Path, SubmitAnswer)], format: Format) -> Outcome {
    if matches!(format, Format::Json | Format::Ndjson) {
        return print(answers.to_vec(), format);
    }
    for (file, answer) in answers {
        let name = file.display();
        match &answer.restatement {
            Some(restatement) => {
                let unchanged = format!("{name}: it would change no published figure");
                restatement::print(restatement, format, &unchanged)?;
            }
            None => tell(&format!("{name}: no row would land, so no figure changes"))?,
        }
    }
    Ok(())
}

/// As JSON, what the HTTP door answers for each file; else a line per receipt.
fn print(answers: Vec<(&Path, SubmitAnswer)>, format: Format) -> Outcome {
    if !matches!(format, Format::Json | Format::Ndjson) {
        let mut records = Records::new(&[
            "file",
            "id",
            "agency",
            "dataset",
            "period",
            "received",
            "landed",
            "quarantined",
            "timeliness",
            "table_version",
            "evidence_sha256",
        ]);
        for (file, answer) in &answers {
            records.push(row(file, answer));
        }
        return records.print(format);
    }
    let receipts = answers.into_iter().map(|(_, answer)| {
        serde_json::to_value(SubmitAnswerDto::from(answer)).map_err(anyhow::Error::from)
    });
    let receipts = receipts.collect::<Result<Vec<_>, _>>()?;
    let mut out = std::io::stdout().lock();
    if format == Format::Json {
        writeln!(out, "{}", serde_json::Value::Array(receipts))?;
    } else {
        for receipt in receipts {
            writeln!(out, "{receipt}")?;
        }
    }
    Ok(())
}

fn row(file: &Path, answer: &SubmitAnswer) -> Vec<serde_json::Value> {
    let receipt = &answer.receipt;
    vec![
        json!(file.to_string_lossy()),
        json!(receipt.id.to_string()),
        json!(receipt.agency.as_str()),
        json!(receipt.dataset.as_str()),
        json!(receipt.period.as_str()),
        json!(receipt.rows.received),
        json!(receipt.rows.landed),
        json!(receipt.rows.quarantined),
        json!(receipt.timeliness().map(Timeliness::as_str)),
        json!(receipt.table_version),
        json!(receipt.evidence_sha256),
    ]
}

/// Row errors shown per file; the rest are counted.
const SHOWN: usize = 10;

fn errors(file: &Path, errors: &service::RowErrors) -> Outcome {
    tell(&format!("{}: {} row errors", file.display(), errors.total))?;
    for error in errors.errors.iter().take(SHOWN) {
        let column = error
            .column
            .as_ref()
            .map(|c| format!(", column `{c}`"))
            .unwrap_or_default();
        tell(&format!(
            "  row {}{column}: {} ({})",
            error.row, error.message, error.rule
        ))?;
    }
    Ok(())
}

fn told(file: &Path, error: &ServiceError) -> Outcome {
    tell(&format!(
        "dtm: `{}` was refused: {}",
        file.display(),
        error.message
    ))?;
    if let Some(hint) = &error.hint {
        tell(&format!("     {hint}"))?;
    }
    match &error.rows {
        Some(rows) => errors(file, rows),
        None => Ok(()),
    }
}
