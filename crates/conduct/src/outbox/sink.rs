//! Whoever is told: a file of lines, or an address.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pull::{Guard, PostSpec, Poster};

use super::settings::Sink;
use crate::handles::Handles;
use crate::pull::Vault;

/// A sink that is open.
pub(super) enum Way {
    File(PathBuf),
    Http(Poster),
}

impl Way {
    /// Opens it; the error is for the operator.
    pub(super) fn open(handles: &Handles, sink: &Sink) -> Result<Self, String> {
        Ok(match sink {
            Sink::File(path) => Self::File(path.clone()),
            Sink::Http {
                url,
                plain,
                token,
                allow_addresses,
                answer_within,
            } => {
                let guard = Guard::new(allow_addresses).map_err(|error| error.to_string())?;
                let spec = PostSpec {
                    url: url.clone(),
                    plain: *plain,
                    content_type: "application/json",
                    bearer: token.clone(),
                    answer_within: *answer_within,
                };
                let poster = Poster::new(&spec, &guard, &Vault(handles));
                Self::Http(poster.map_err(|error| error.to_string())?)
            }
        })
    }

    /// Gives an event; comes back once it is acknowledged: the answer is a success, or the line is
    /// on the disk.
    pub(super) async fn give(&self, event: &str) -> Result<(), String> {
        match self {
            Self::Http(poster) => {
                let posted = poster.post(event.as_bytes().to_vec()).await;
                posted.map_err(|error| error.to_string())
            }
            Self::File(path) => {
                let (path, event) = (path.clone(), event.to_owned());
                let told = format!("cannot add a line to `{}`", path.display());
                let added = tokio::task::spawn_blocking(move || add(&path, &event)).await;
                match added {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(format!("{told}: {error}")),
                    Err(error) => Err(format!("{told}: {error}")),
                }
            }
        }
    }
}

/// Adds a line and syncs it.
fn add(path: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path)?;
    let end = whole(&mut file)?;
    file.seek(SeekFrom::Start(end))?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()?;
    if end == 0
        && let Some(folder) = path.parent()
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Where the next line begins. What a crash left of a line is cut off: it was not acknowledged, so
/// it comes again. A last line that is whole and only lacks its end gets that.
fn whole(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let (mut at, mut tail) = (length, Vec::new());
    while at > 0 {
        let from = at.saturating_sub(4096);
        let mut chunk = vec![0; usize::try_from(at - from).unwrap_or_default()];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut chunk)?;
        let line = chunk.iter().rposition(|byte| *byte == b'\n');
        let begins = line.map_or(0, |newline| newline + 1);
        let mut rest = chunk.split_off(begins);
        rest.append(&mut tail);
        tail = rest;
        at = from;
        if line.is_some() {
            break;
        }
    }
    if tail.is_empty() {
        return Ok(length);
    }
    let begins = length - tail.len() as u64;
    if serde_json::from_slice::<serde_json::Value>(&tail).is_ok() {
        file.seek(SeekFrom::End(0))?;
        file.write_all(b"\n")?;
        return Ok(length + 1);
    }
    file.set_len(begins)?;
    Ok(begins)
}
