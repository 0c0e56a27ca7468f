//! What lies in a drop folder and is ready; what can never be taken is put away at once.

use std::ffi::{OsStr, OsString};
use std::io;
use std::time::UNIX_EPOCH;

use rustix::fs::FileType;

use super::FolderOptions;
use super::dir::{Dir, Stamp};
use crate::names::{REFUSED, is_put_away, is_unready, paper};
use crate::{PullError, Result};

/// Folders within folders.
const DEPTH: usize = 16;
/// Files of one look; the next ones wait for the next.
const FILES: usize = 100_000;

/// A file that is ready.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path in the folder, joined by `/`.
    pub(super) name: String,
    /// Its state.
    pub(super) stamp: Stamp,
    /// Grows from file to file of a look: older files come first.
    pub(super) mark: String,
}

/// Every file that is ready, oldest first.
pub(super) fn look(root: &Dir, options: &FolderOptions) -> Result<Vec<Found>> {
    let now = options.now.duration_since(UNIX_EPOCH);
    let now_ns = now.map_or(0, |now| i128::try_from(now.as_nanos()).unwrap_or(i128::MAX));
    let quiet_ns = i128::try_from(options.quiet.as_nanos()).unwrap_or(i128::MAX);
    let mut looking = Looking {
        latest_ns: now_ns.saturating_sub(quiet_ns),
        found: Vec::new(),
    };
    looking.folder(root, "", 0).map_err(|error| {
        let folder = options.folder.display();
        PullError::Unavailable(format!(
            "cannot look through the folder `{folder}`: {error}"
        ))
    })?;
    let mut found = looking.found;
    found.sort_by(|one, other| one.mark.cmp(&other.mark));
    Ok(found)
}

struct Looking {
    /// Whatever was written later is still growing.
    latest_ns: i128,
    found: Vec<Found>,
}

impl Looking {
    fn folder(&mut self, dir: &Dir, path: &str, depth: usize) -> io::Result<()> {
        for (raw, kind) in dir.entries()? {
            if self.found.len() >= FILES {
                return Ok(());
            }
            let Some(name) = raw.to_str() else {
                refuse(dir, &raw, "its name is no UTF-8 text")?;
                continue;
            };
            if is_unready(name) {
                continue;
            }
            if name.contains(char::is_control) || name.contains('\\') {
                refuse(dir, &raw, "its name has control characters or `\\`")?;
                continue;
            }
            let inner = match path {
                "" => name.to_owned(),
                path => format!("{path}/{name}"),
            };
            match kind {
                FileType::Directory if is_put_away(name) => {}
                FileType::Directory if depth < DEPTH => match dir.below(&raw) {
                    Ok(below) => self.folder(&below, &inner, depth + 1)?,
                    // It went away, or became a link, since it was listed.
                    Err(error) => tracing::debug!(folder = %inner, %error, "a folder is left"),
                },
                FileType::Directory => refuse(dir, &raw, "it lies too deep")?,
                FileType::RegularFile => self.file(dir, &raw, inner)?,
                FileType::Symlink => refuse(dir, &raw, "it is a symbolic link")?,
                _ => refuse(dir, &raw, "it is no plain file")?,
            }
        }
        Ok(())
    }

    fn file(&mut self, dir: &Dir, raw: &OsStr, name: String) -> io::Result<()> {
        let Some(stamp) = dir.stamp(raw)? else {
            return Ok(());
        };
        if stamp.written_ns > self.latest_ns {
            tracing::debug!(piece = %name, "a file may still be written");
            return Ok(());
        }
        let written = stamp.written_ns.max(0);
        self.found.push(Found {
            mark: format!("{written:020}:{name}"),
            name,
            stamp,
        });
        Ok(())
    }
}

/// Puts away what can never be a piece, with a text beside it that says why. It is moved as it is:
/// a link is not followed.
pub(super) fn refuse(dir: &Dir, raw: &OsStr, why: &str) -> io::Result<()> {
    let refused = dir.made(REFUSED)?;
    let mut name: OsString = raw.to_owned();
    let mut number = 1;
    while refused.has(&name)? {
        number += 1;
        name = OsString::from(format!("{number}-"));
        name.push(raw);
    }
    let shown = name.to_string_lossy().replace(['/', '\0'], "_");
    let shown: String = shown
        .chars()
        .map(|c| if c.is_control() { '_' } else { c })
        .collect();
    let text = format!(
        "Không nhận. Hãy đặt lại nội dung thành một tệp thường với tên thường.\r\n\
         Not taken: {why}. Put its content here again as a plain file with a plain name.\r\n"
    );
    refused.write(&paper(&shown, "errors.txt"), text.as_bytes())?;
    dir.moved(raw, &refused, &name)?;
    tracing::warn!(name = %shown, why, "something that is no piece was put away");
    Ok(())
}
