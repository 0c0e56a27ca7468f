//! One query over tables of a lake.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use engine::Statement;
use serde::{Deserialize, Serialize};

use crate::tables::{self, Tables};
use crate::task::Measured;
use crate::{answer, machine};

/// How the tables are read.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Scan {
    /// As the product reads them.
    Ours,
    /// As the Delta library does.
    Library,
}

/// To answer a query twice and measure the second time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ask {
    pub lake: PathBuf,
    pub sql: String,
    pub scan: Scan,
    pub out: PathBuf,
}

impl Ask {
    pub async fn perform(self) -> Result<Measured> {
        let lake = tables::open(&self.lake)?;
        let statement = Statement::parse(&self.sql)?;
        let mut asked = Tables::new();
        for dataset in statement.inputs() {
            let table = lake.table(dataset).await?;
            let provider = match self.scan {
                Scan::Ours => table.provider()?,
                Scan::Library => table.generic_provider(table.version()).await?,
            };
            asked.insert(dataset.clone(), provider);
        }
        let engine = tables::engine(&self.out.join("spill"));
        tables::ask(&engine, &asked, &statement).await?;
        let started = Instant::now();
        let (schema, batches) = tables::ask(&engine, &asked, &statement).await?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(Measured {
            seconds,
            rows: answer::rows(&batches),
            bytes: answer::bytes(&batches),
            peak_bytes: machine::peak_bytes(),
            check: answer::check(&schema, &batches)?,
            ..Measured::default()
        })
    }
}
