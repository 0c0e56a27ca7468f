//! `dtm report`

use std::path::PathBuf;

use clap::Args;
use service::{RenderRequest, RenditionFormat};

use super::init::tell;
use super::{pairs, untold};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::open;

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
    /// The file to write; its ending says the format: `.html`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The language, `vi` or `en`
    #[arg(long, default_value = "vi", value_name = "LANGUAGE")]
    language: String,
}

impl Report {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let ending = self
            .out
            .extension()
            .map(|e| e.to_string_lossy().into_owned());
        if ending
            .as_deref()
            .and_then(RenditionFormat::from_ending)
            .is_none()
        {
            return Err(Failure::Usage(format!(
                "cannot write `{}`: reports are rendered as `.html`",
                self.out.display()
            )));
        }
        let request = RenderRequest {
            report: self.name,
            params: pairs(&self.param)?.into_iter().collect(),
            language: self.language,
        };
        let opened = open(&context.place, untold()).await?;
        let rendition = opened.service.render(&opened.call, request).await;
        opened.close().await;
        let rendition = rendition?;
        std::fs::write(&self.out, &rendition.bytes)
            .map_err(|e| Failure::Usage(format!("cannot write `{}`: {e}", self.out.display())))?;
        tell(&format!(
            "wrote `{}`, rendition {}, SHA-256 {}",
            self.out.display(),
            rendition.id,
            rendition.manifest.output_sha256
        ))
    }
}
