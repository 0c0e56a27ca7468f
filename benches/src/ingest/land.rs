//! Bodies through the house, as agencies send them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use service::{At, BodyFormat, QueryRequest, RowCounts, Service, SubmitRequest};
use tokio_util::io::ReaderStream;

use super::dossiers::{Body, Form, PERIOD};
use super::{DOSSIERS, LANDED};
use crate::house::{self, Opened};
use crate::task::{Check, Measured};
use crate::{answer, machine};

/// Bytes of a body that are read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// To receive bodies in a new home.
#[derive(Debug, Serialize, Deserialize)]
pub struct Land {
    pub out: PathBuf,
    pub form: Form,
    pub bodies: Vec<Body>,
    /// Whether the rows are judged by the rules and the key of their contract.
    pub judged: bool,
}

impl Land {
    pub async fn perform(self) -> Result<Measured> {
        let project = match self.judged {
            true => house::received()?,
            false => house::received_unjudged()?,
        };
        let opened = house::open(&self.out, &project).await?;
        opened.house.apply(&opened.call).await?;
        let form = self.form;
        let started = Instant::now();
        let counts: Vec<RowCounts> = stream::iter(self.bodies)
            .map(|body| submit(&opened, form, body))
            .buffer_unordered(machine::cores())
            .try_collect()
            .await?;
        let seconds = started.elapsed().as_secs_f64();
        let peak_bytes = machine::peak_bytes();
        let rows: u64 = counts.iter().map(|counts| counts.landed).sum();
        let detail = opened
            .house
            .dataset(&opened.call, &DOSSIERS.parse()?)
            .await?;
        let table = detail.summary.table.context("the dossiers have no table")?;
        ensure!(
            table.rows == rows,
            "{rows} rows landed, and the table has {}",
            table.rows
        );
        let check = check(&opened).await?;
        opened.house.close().await;
        Ok(Measured {
            seconds,
            rows,
            bytes: table.size_bytes,
            peak_bytes,
            check,
            ..Measured::default()
        })
    }
}

/// Submits a file and waits for its receipt. Every row must land.
async fn submit(opened: &Opened, form: Form, body: Body) -> Result<RowCounts> {
    let format = match form {
        Form::Ndjson => BodyFormat::Ndjson,
        Form::Csv => BodyFormat::Csv,
        Form::Parquet => BodyFormat::Parquet,
    };
    let request = SubmitRequest {
        agency: Some(body.agency.parse()?),
        ..SubmitRequest::new(DOSSIERS.parse()?, PERIOD.parse()?, format)
    };
    let shown = || format!("cannot submit `{}`", body.file.display());
    let file = tokio::fs::File::open(&body.file)
        .await
        .with_context(shown)?;
    let bytes = ReaderStream::with_capacity(file, CHUNK_BYTES).boxed();
    let answer = opened.house.submit(&opened.call, request, bytes).await;
    let answer = answer.with_context(shown)?;
    let rows = answer.receipt.rows;
    if rows.landed != rows.received {
        let first = answer.errors.errors.first();
        bail!(
            "{} of {} rows of `{}` did not land, the first for {first:?}",
            rows.received - rows.landed,
            rows.received,
            body.file.display()
        );
    }
    Ok(rows)
}

/// What the table holds, asked as anyone would.
async fn check(opened: &Opened) -> Result<Check> {
    let request = QueryRequest {
        sql: LANDED.to_owned(),
        params: BTreeMap::new(),
        at: At::Now,
    };
    let found = opened.house.query(&opened.call, request).await?;
    let batches: Vec<RecordBatch> = found.batches.try_collect().await?;
    answer::check(&found.schema, &batches)
}
