//! `dtm report`

use std::path::PathBuf;

use clap::Args;
use project::ReportDefinition;
use service::{Document, RenderRequest, Rendition, RenditionFormat};

use super::init::tell;
use super::{pairs, untold};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::{Opened, open};
use crate::progress;

/// Render a report to a file
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm report monthly-summary --param period=2026-09 --out summary.html"
)]
pub(crate) struct Report {
    /// The report, such as `monthly-summary`
    name: String,
    /// A parameter, `name=value`; may be repeated
    #[arg(long, value_name = "K=V")]
    param: Vec<String>,
    /// The file to write; its ending says the format: `.html`, `.xlsx` or `.csv`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The language, `vi` or `en`
    #[arg(long, default_value = "vi", value_name = "LANGUAGE")]
    language: String,
    /// The table that goes into a `.csv`, by its query; by default the report's first
    #[arg(long, value_name = "QUERY")]
    table: Option<String>,
}

impl Report {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let format = self.format()?;
        let opened = open(&context.place, untold()).await?;
        let spinner = progress::spinner("rendering");
        let rendered = self.render(&opened, format).await;
        opened.close().await;
        spinner.finish_and_clear();
        let Rendered {
            rendition,
            document,
            others,
        } = rendered?;
        std::fs::write(&self.out, &document.bytes)
            .map_err(|e| Failure::Usage(format!("cannot write `{}`: {e}", self.out.display())))?;
        let outputs = &rendition.manifest.outputs;
        tell(&format!(
            "wrote `{}`, rendition {}, SHA-256 {}",
            self.out.display(),
            rendition.id,
            outputs.get(&format).map_or("unknown", String::as_str)
        ))?;
        others.map_or(Ok(()), |others| tell(&others))
    }

    async fn render(&self, opened: &Opened, format: RenditionFormat) -> Outcome<Rendered> {
        let Opened { service, call, .. } = opened;
        let request = RenderRequest {
            report: self.name.clone(),
            params: pairs(&self.param)?.into_iter().collect(),
            language: self.language.clone(),
            table: self.table.clone(),
        };
        let rendition = service.render(call, request).await?;
        let document = service.document(call, &rendition.id, format).await?;
        let others = match (format, &self.table) {
            (RenditionFormat::Csv, None) => self.others(&service.reports(call).await?),
            _ => None,
        };
        Ok(Rendered {
            rendition,
            document,
            others,
        })
    }

    /// A word on the tables that a `.csv` leaves out, because nobody chose among them.
    fn others(&self, reports: &[ReportDefinition]) -> Option<String> {
        let report = reports.iter().find(|report| report.name == self.name)?;
        let tables = render::report::tables(report);
        (tables.len() > 1).then(|| {
            format!(
                "the file holds the first of {} tables; `--table` chooses among `{}`",
                tables.len(),
                tables.join("`, `")
            )
        })
    }

    fn format(&self) -> Outcome<RenditionFormat> {
        let ending = self.out.extension().map(|e| e.to_string_lossy());
        let format = ending.as_deref().and_then(RenditionFormat::from_ending);
        let format = format.ok_or_else(|| {
            Failure::Usage(format!(
                "cannot write `{}`: reports are rendered as `.html`, `.xlsx` or `.csv`",
                self.out.display()
            ))
        })?;
        match &self.table {
            Some(table) if format != RenditionFormat::Csv => Err(Failure::Usage(format!(
                "`--table {table}` chooses the table of a `.csv`; the other formats have them all"
            ))),
            _ => Ok(format),
        }
    }
}

/// What was rendered, and what there is to say beside.
struct Rendered {
    rendition: Rendition,
    document: Document,
    others: Option<String>,
}
