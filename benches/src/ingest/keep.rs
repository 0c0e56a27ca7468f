//! Bodies that are only kept: hashed on their way in and stored as evidence.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use ingest::{Source, Spool, Spooled};
use serde::{Deserialize, Serialize};

use super::dossiers::Body;
use crate::task::Measured;
use crate::{machine, tables};

const CHUNK_BYTES: usize = 1 << 20;

/// To keep bodies in a new lake.
#[derive(Debug, Serialize, Deserialize)]
pub struct Keep {
    pub out: PathBuf,
    pub bodies: Vec<Body>,
}

impl Keep {
    pub async fn perform(self) -> Result<Measured> {
        let folder = self.out.join("spool");
        std::fs::create_dir_all(&folder)?;
        let evidence = tables::open(&self.out.join("lake"))?.evidence();
        let started = Instant::now();
        let sizes: Vec<u64> = stream::iter(self.bodies)
            .map(|body| {
                let (folder, evidence) = (folder.clone(), evidence.clone());
                async move {
                    let spooled =
                        tokio::task::spawn_blocking(move || spool(&folder, &body)).await??;
                    if let Source::File(path) = spooled.source() {
                        let (sha256, size) = (spooled.sha256(), spooled.size_bytes());
                        evidence.give_file(path, sha256, size).await?;
                    }
                    anyhow::Ok(spooled.size_bytes())
                }
            })
            .buffer_unordered(machine::cores())
            .try_collect()
            .await?;
        Ok(Measured {
            seconds: started.elapsed().as_secs_f64(),
            bytes: sizes.iter().sum(),
            peak_bytes: machine::peak_bytes(),
            ..Measured::default()
        })
    }
}

fn spool(folder: &std::path::Path, body: &Body) -> Result<Spooled> {
    let file = std::fs::File::open(&body.file);
    let mut file = file.with_context(|| format!("cannot read `{}`", body.file.display()))?;
    let mut spool = Spool::new(folder, u64::MAX);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = std::io::Read::read(&mut file, &mut chunk)?;
        if read == 0 {
            return Ok(spool.finish()?);
        }
        spool.push(&chunk[..read])?;
    }
}
