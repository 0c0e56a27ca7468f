//! `dtm query`

use std::io::Write;
use std::path::{Path, PathBuf};

use api::dto::at_from_text;
use clap::Args;
use futures::StreamExt;
use indicatif::ProgressBar;
use render::encode::{Encoding, encode};
use service::{QueryAnswer, QueryRequest, Value};

use super::{pairs, untold};
use crate::cli::Context;
use crate::failure::{Failure, Outcome};
use crate::open::open;
use crate::output::Format;
use crate::progress;

/// Run a read-only query
#[derive(Debug, Args)]
#[command(
    after_help = "Example: dtm query 'select * from served.provincial_scoreboard where period = $p' \
                  --param p=2026-09"
)]
pub(crate) struct Query {
    /// One `select`; parameters stand as `$name`
    sql: String,
    /// A parameter, `name=value`; may be repeated
    #[arg(long, value_name = "K=V")]
    param: Vec<String>,
    /// The moment to read at: a time, a day (its end), a run's id, `{"dataset": version}`, or the
    /// version of the one dataset that is read
    #[arg(long, value_name = "AT")]
    at: Option<String>,
    /// A file to write instead of stdout: `.json`, `.ndjson`, `.csv`, `.arrow`, `.parquet`, `.xlsx`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Query {
    pub(crate) async fn run(self, context: Context) -> Outcome {
        let encoding = self.encoding(context.format)?;
        let params = pairs(&self.param)?;
        let request = QueryRequest {
            sql: self.sql.clone(),
            params: params
                .into_iter()
                .map(|(k, v)| (k, Value::Text(v)))
                .collect(),
            at: at_from_text(self.at.as_deref().unwrap_or_default())?,
        };
        let opened = open(&context.place, untold()).await?;
        let asked = request.clone();
        let spinner = progress::spinner("asking");
        let written = match opened.service.query(&opened.call, request).await {
            Ok(answer) => self.write(&asked, answer, encoding, &spinner).await,
            Err(error) => Err(error.into()),
        };
        opened.close().await;
        spinner.finish_and_clear();
        written
    }

    fn encoding(&self, format: Format) -> Outcome<Encoding> {
        let ending = self
            .out
            .as_ref()
            .and_then(|f| f.extension())
            .map(|e| e.to_string_lossy());
        match (ending.as_deref(), format) {
            (Some("json"), _) | (None, Format::Json) => Ok(Encoding::Json),
            (Some("ndjson" | "jsonl"), _) | (None, Format::Ndjson) => Ok(Encoding::NdJson),
            (Some("csv"), _) | (None, Format::Csv) => Ok(Encoding::Csv),
            (Some("arrow" | "arrows"), _) | (None, Format::Arrow) => Ok(Encoding::ArrowStream),
            (Some("parquet"), _) => Ok(Encoding::Parquet),
            (Some("xlsx"), _) => Ok(Encoding::Xlsx),
            (None, _) if self.out.is_none() => Ok(Encoding::Table),
            _ => Err(Failure::Usage(
                "the file of `--out` must end in `.json`, `.ndjson`, `.csv`, `.arrow`, `.parquet` or \
                 `.xlsx`"
                    .to_owned(),
            )),
        }
    }

    async fn write(
        &self,
        asked: &QueryRequest,
        answer: QueryAnswer,
        encoding: Encoding,
        spinner: &ProgressBar,
    ) -> Outcome {
        let spool = self.out.as_deref().and_then(folder_of);
        let spool = spool.unwrap_or(Path::new("."));
        let mut sink: Box<dyn Write + Send> = match &self.out {
            Some(file) => Box::new(std::io::BufWriter::new(
                std::fs::File::create(file).map_err(|e| {
                    Failure::Usage(format!("cannot write `{}`: {e}", file.display()))
                })?,
            )),
            None => Box::new(std::io::stdout()),
        };
        let mut chunks = encode(encoding, asked, answer, spool)?;
        while let Some(chunk) = chunks.next().await {
            // Rows may go to the terminal that the spinner is on.
            spinner.finish_and_clear();
            sink.write_all(&chunk?)?;
        }
        sink.flush()?;
        Ok(())
    }
}

/// The folder of a file: what is put together before it is written fits where the file will be.
fn folder_of(file: &Path) -> Option<&Path> {
    file.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
}
