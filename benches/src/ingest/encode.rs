//! Arrow batches to a table: encoded by every core, committed once.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use engine::Statement;
use futures::stream;
use lake::{CommitRequest, StagedFile, TableShape, WriteSettings};
use serde::{Deserialize, Serialize};

use super::{DOSSIERS, LANDED};
use crate::tables::{self, Tables};
use crate::task::Measured;
use crate::{answer, machine};

/// To write the rows of Parquet files, from memory, to a table of a new lake.
#[derive(Debug, Serialize, Deserialize)]
pub struct Encode {
    pub out: PathBuf,
    pub files: Vec<PathBuf>,
}

impl Encode {
    pub async fn perform(self) -> Result<Measured> {
        let mut batches = Vec::new();
        for file in &self.files {
            for batch in tables::parquet(file)?.build()? {
                batches.push(batch?);
            }
        }
        let schema = batches.first().context("there are no rows")?.schema();
        let lake = tables::open(&self.out.join("lake"))?;
        let shape = TableShape::new(schema.clone());
        let table = lake.create(&DOSSIERS.parse()?, shape).await?;
        let part = batches.len().div_ceil(machine::cores()).max(1);
        let streams = batches.chunks(part).map(|part| {
            let batches: Vec<_> = part.iter().cloned().map(Ok).collect();
            tables::stream(schema.clone(), stream::iter(batches))
        });
        let streams = streams.collect();

        let started = Instant::now();
        let files = table
            .stage_streams(&WriteSettings::default(), streams)
            .await?;
        let bytes: u64 = files.iter().map(StagedFile::bytes).sum();
        table.commit(CommitRequest::append(files)).await?;
        let seconds = started.elapsed().as_secs_f64();
        let peak_bytes = machine::peak_bytes();

        let engine = tables::engine(&self.out.join("spill"));
        let asked = Tables::from([(table.dataset().clone(), table.provider()?)]);
        let (schema, found) = tables::ask(&engine, &asked, &Statement::parse(LANDED)?).await?;
        Ok(Measured {
            seconds,
            rows: table.row_count()?,
            bytes,
            peak_bytes,
            check: answer::check(&schema, &found)?,
            ..Measured::default()
        })
    }
}
